/**
 * Progress of a loop: how far, how fast, how long still; and the place where Stop takes effect.
 *
 * @module
 */

import { insideKernel, live } from "@lib/notebook/display.ts";
import { forgetOldStop, stopPoint } from "@lib/notebook/kernel.ts";

/** What a progress line says; all optional. */
export interface ProgressOptions {
  /** What is being done: "labelling positions". */
  readonly label?: string;
  /** Number of items, when the iterable cannot say it itself. */
  readonly total?: number;
}

const EVERY = 100; // milliseconds between two looks at the clock's worth of output

/**
 * Passes the items of an iterable on and shows how far it is, with rate and time left.
 *
 * At each step it may let the event loop run, so that outputs appear while the cell works and the
 * Stop button ends the loop with variables kept. The line that stays names no times, so that a
 * notebook run twice has the same outputs.
 *
 * @throws {Interrupted} after Stop.
 *
 * ```ts
 * import { progress } from "@lib/notebook/mod.ts";
 * import assert from "node:assert/strict";
 *
 * let sum = 0;
 * for await (const x of progress([1, 2, 3], { label: "adding" })) sum += x;
 * assert.equal(sum, 6);
 * ```
 */
export async function* progress<T>(
  items: Iterable<T> | AsyncIterable<T>,
  options: ProgressOptions = {},
): AsyncGenerator<T, void, undefined> {
  const label = options.label ?? "progress";
  const total = options.total ?? sizeOf(items);
  const line = startLine();
  const begun = performance.now();
  let done = 0;
  let shown = begun;
  let finished = false;
  forgetOldStop();
  line.show(progressLine({ label, done, total, seconds: 0 })); // its place is above what the loop shows
  try {
    for await (const item of items as AsyncIterable<T>) {
      yield item;
      done++;
      const now = performance.now();
      if (now - shown < EVERY) continue;
      shown = now;
      line.show(progressLine({ label, done, total, seconds: (now - begun) / 1000 }));
      await stopPoint();
    }
    finished = true;
  } finally {
    const of = total === undefined ? "" : ` of ${count(total)}`;
    line.end(`${label}: ${finished ? count(done) : `stopped after ${count(done)}${of}`}`);
  }
}

/** The state of a loop. */
export interface ProgressState {
  /** What is being done. */
  readonly label: string;
  /** Items done. */
  readonly done: number;
  /** Those of them that were done before the start, such as by a run that this one resumes. */
  readonly before?: number | undefined;
  /** Items in all, when known. */
  readonly total?: number | undefined;
  /** Seconds since the start. */
  readonly seconds: number;
}

/**
 * Writes the state of a loop as one line: bar, share, counts, rate, time left.
 *
 * ```ts
 * import { progressLine } from "@lib/notebook/mod.ts";
 * import assert from "node:assert/strict";
 *
 * const line = progressLine({ label: "games", done: 250, total: 1000, seconds: 5 });
 * assert.equal(line, "games  █████───────────────   25 %  250 of 1,000 · 50.0/s · 0:15 left");
 * ```
 */
export function progressLine({ label, done, before = 0, total, seconds }: ProgressState): string {
  const rate = seconds > 0 ? (done - before) / seconds : 0;
  const speed = rate >= 100 ? `${count(Math.round(rate))}/s` : `${rate.toFixed(1)}/s`;
  if (total === undefined) return `${label}  ${count(done)} · ${speed} · ${clock(seconds)}`;
  const share = total > 0 ? Math.min(1, done / total) : 1;
  const bar = "█".repeat(Math.round(20 * share)).padEnd(20, "─");
  const left = rate > 0 ? clock((total - done) / rate) : "–";
  const percent = `${Math.floor(100 * share)}`.padStart(3);
  return `${label}  ${bar}  ${percent} %  ${count(Math.floor(done))} of ${
    count(total)
  } · ${speed} · ${left} left`;
}

/**
 * Seconds as minutes and seconds, from an hour on with hours: `2:05`, `1:02:05`.
 *
 * ```ts
 * import { clock } from "@lib/notebook/mod.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([clock(125), clock(3725)], ["2:05", "1:02:05"]);
 * ```
 */
export function clock(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  const two = (n: number) => String(n).padStart(2, "0");
  const minutes = Math.floor(s / 60);
  if (minutes < 60) return `${minutes}:${two(s % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(s % 60)}`;
}

function count(n: number): string {
  return n.toLocaleString("en");
}

function sizeOf(items: unknown): number | undefined {
  const { length, size } = items as { length?: unknown; size?: unknown };
  if (typeof length === "number") return length;
  return typeof size === "number" ? size : undefined;
}

/** A line that is rewritten: in the kernel's output, or on the terminal's error channel. */
function startLine(): { show(text: string): void; end(text: string): void } {
  if (insideKernel()) return live();
  const encoder = new TextEncoder();
  const terminal = Deno.stderr.isTerminal();
  const write = (text: string) => Deno.stderr.writeSync(encoder.encode(text));
  return {
    show: (text) => {
      if (terminal) write(`\r\x1b[2K${text}`);
    },
    end: (text) => {
      if (terminal) write(`\r\x1b[2K${text}\n`);
    },
  };
}
