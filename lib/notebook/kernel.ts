/**
 * What the notebook kernel of Deno 2.9 gets wrong, put right from within: outputs that arrive after
 * the cell is said to be done and show up elsewhere, errors that are swallowed, a Stop button that
 * kills the kernel.
 *
 * `mod.ts` calls {@linkcode mendKernel} on import: the one place where this workspace does something
 * on import. Outside the kernel it does nothing.
 *
 * @module
 */

import {
  beforeBroadcast,
  broadcast,
  describe,
  insideKernel,
  isDisplayable,
} from "@lib/notebook/display.ts";
import { outputsHaveLeft } from "@lib/notebook/leaving.ts";

/** The error that ends a cell after Stop: everything computed before stays. */
export class Interrupted extends Error {
  /** What it is called. */
  override readonly name = "Interrupted";

  constructor() {
    super("Stopped; variables are kept");
  }
}

type BroadcastResult = (executionCount: number, result: unknown) => Promise<void>;

interface Internals {
  readonly Console?: new (print: (text: string, level: number) => void) => Console;
  readonly jupyter?: { broadcastResult?: BroadcastResult };
}

/** The part of Deno that the mending relies on and that no version promises; a test watches it. */
export function internals(): Internals {
  const key = (Deno as unknown as { internal?: symbol }).internal;
  return key ? (Deno as unknown as Record<symbol, Internals>)[key] ?? {} : {};
}

let mended = false;
let messages = 0; // sent since the last cell ended
let pending: { name: "stdout" | "stderr"; text: string }[] = [];
let stoppedAt = 0; // when Stop was pressed, 0: not

/** Mends the kernel, once; does nothing outside it. */
export function mendKernel(): void {
  if (mended || !insideKernel()) return;
  mended = true;
  const { Console, jupyter } = internals();
  if (!Console || !jupyter?.broadcastResult) {
    console.warn(
      `The kernel of Deno ${Deno.version.deno} is not the one that is mended here (2.9): outputs may ` +
        "come under the wrong cell. `npx --yes deno@2.9.6 task lab` installs that one",
    );
  }
  beforeBroadcast((type) => {
    if (type !== "stream") flush();
    messages++;
  });
  batchConsole();
  waitForOutputs();
  showLostErrors();
  catchStop();
}

/** Whether the kernel was mended: false outside it. */
export function isMended(): boolean {
  return mended;
}

/** Console output of one turn of the event loop goes out in as few messages as its order allows. */
function batchConsole(): void {
  const { Console } = internals();
  if (!Console) return;
  const batched = new Console((text, level) => {
    const name = level > 1 ? "stderr" : "stdout";
    if (pending.length === 0) queueMicrotask(flush);
    const last = pending.at(-1);
    if (last?.name === name) last.text += text;
    else pending.push({ name, text });
  });
  for (const [name, method] of Object.entries(batched)) {
    if (typeof method === "function") Object.assign(console, { [name]: method });
  }
}

function flush(): void {
  const batch = pending;
  pending = [];
  for (const { name, text } of batch) broadcast("stream", { name, text });
}

/** The kernel awaits `broadcastResult` at the end of a cell: there the outputs' leaving is awaited. */
function waitForOutputs(): void {
  const jupyter = internals().jupyter;
  const original = jupyter?.broadcastResult;
  if (!jupyter || !original) return;
  jupyter.broadcastResult = async (count, result) => {
    flush();
    if (isDisplayable(result)) {
      // the kernel's own result has no place for the width at which a sharp PNG is shown
      const { data, metadata } = describe(result);
      broadcast("execute_result", { execution_count: count, data, metadata, transient: {} });
    } else {
      if (result !== undefined) messages++;
      await original(count, result);
    }
    if (messages > 0) await outputsHaveLeft(broadcast, 30 + 4 * messages);
    messages = 0;
    stoppedAt = 0;
  };
}

/** Errors that no cell awaits (in a timer, in a forgotten promise) are shown instead of lost. */
function showLostErrors(): void {
  const report = (error: unknown) => {
    const known = error instanceof Error;
    const ename = known ? error.name : "Error";
    const evalue = known ? error.message : String(error);
    const traceback = known ? (error.stack ?? `${ename}: ${evalue}`).split("\n") : [evalue];
    broadcast("error", { ename, evalue, traceback });
  };
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    report(event.error ?? event.message);
  });
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    report(event.reason);
  });
}

/** Stop sends SIGINT, which would end the kernel: the first one only asks, a second one ends it. */
function catchStop(): void {
  Deno.addSignalListener("SIGINT", () => {
    const since = Date.now() - stoppedAt;
    if (since < 500) return; // Ctrl-C in a terminal reaches the kernel twice
    if (since < 5000) Deno.exit(130);
    stoppedAt = Date.now();
    stopping?.abort(new Interrupted());
    console.error(
      "Stop: the cell ends at its next step of progress(). Stop again to end the kernel.",
    );
  });
}

let stopping: AbortController | undefined;

/**
 * A signal that is aborted by Stop, for functions that take one.
 *
 * ```ts
 * import { stopSignal } from "@lib/notebook/mod.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(stopSignal().aborted, false);
 * ```
 */
export function stopSignal(): AbortSignal {
  if (!stopping || stopping.signal.aborted) stopping = new AbortController();
  return stopping.signal;
}

/**
 * Lets what was shown leave the kernel, and ends the cell when Stop was pressed: for loops that do
 * not run through `progress`.
 *
 * @throws {Interrupted} after Stop.
 *
 * ```ts
 * import { stopPoint } from "@lib/notebook/mod.ts";
 * import assert from "node:assert/strict";
 *
 * let sum = 0;
 * for (let i = 0; i < 3; i++) {
 *   sum += i;
 *   await stopPoint();
 * }
 * assert.equal(sum, 3);
 * ```
 */
export async function stopPoint(): Promise<void> {
  await sleep(0);
  if (stoppedAt === 0) return;
  stoppedAt = 0;
  throw new Interrupted();
}

/** Forgets a Stop that was pressed while nothing ran; called where a loop begins. */
export function forgetOldStop(): void {
  if (Date.now() - stoppedAt > 1000) stoppedAt = 0;
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
