/**
 * Grids: many jobs as one piece of work, done by an engine (the processes of this machine, or workers
 * anywhere), resumed where it stopped, with one view of how far it is.
 *
 * @module
 */

import { clock, progressLine } from "@lib/notebook/progress.ts";
import { insideKernel, live } from "@lib/notebook/display.ts";
import { type Job, jobKey, type Json, readResult } from "@lib/jobs/job.ts";
import { openPool, type PoolOptions, ProcessDied } from "@lib/jobs/pool.ts";

/** What an engine tells while it works. */
export interface GridEvents {
  /** How far a job is, 0 … 1. */
  progress(key: string, fraction: number): void;
  /** A job's result is there. */
  done(key: string): void;
  /** A job has failed for good. */
  failed(key: string, message: string): void;
}

/** What does the jobs of grids. */
export interface GridEngine extends AsyncDisposable {
  /** Its name, for the view: `2 processes`. */
  readonly name: string;
  /**
   * Does jobs and resolves when each is done or has failed.
   *
   * @throws the signal's reason when it is stopped.
   */
  run(
    jobs: ReadonlyMap<string, Job>,
    folder: string,
    events: GridEvents,
    signal?: AbortSignal,
  ): Promise<void>;
}

/** Where a grid stands. */
export interface GridState {
  /** What the jobs are. */
  readonly label: string;
  /** Jobs, those alike counted once. */
  readonly total: number;
  /** Jobs with a result. */
  readonly done: number;
  /** Those of them whose result was there from before. */
  readonly found: number;
  /** Jobs in progress, and how far each is. */
  readonly running: ReadonlyMap<string, number>;
  /** Jobs that failed, and why. */
  readonly failures: ReadonlyMap<string, string>;
  /** Seconds since the start. */
  readonly seconds: number;
  /** What does the work. */
  readonly engine: string;
}

/** How a grid is run. */
export interface GridOptions {
  /** The folder of results: what is there already is not done again. */
  readonly folder: string;
  /** What does the jobs (default: a pool of this machine for this grid). */
  readonly engine?: GridEngine | undefined;
  /** What the jobs are, for the view: `labelling`. */
  readonly label?: string;
  /** Stops it; what is done is kept. */
  readonly signal?: AbortSignal | undefined;
  /** Told how it goes, at most five times a second and at the end (default: {@linkcode showGrid}). */
  readonly onProgress?: ((state: GridState) => void) | undefined;
}

const TELL_EVERY = 200; // milliseconds
const ATTEMPTS = 3; // of a job whose process dies

/**
 * Does the jobs of a grid and returns their results in order. Each result is a file as soon as it is
 * made, so a grid that was stopped, or whose process was killed, goes on where it was when the same
 * jobs are run again.
 *
 * @throws {Error} when jobs failed, after all others are done.
 * @throws the signal's reason when it was stopped.
 *
 * ```ts
 * import { runGrid } from "@lib/jobs/grid.ts";
 * import assert from "node:assert/strict";
 *
 * const jobs = ["greedy", "random"].map((a) => ({
 *   kind: "match",
 *   spec: { a, b: "random", games: 2, seed: 1 },
 * }));
 * const results = await runGrid(jobs, { folder: Deno.makeTempDirSync(), onProgress() {} });
 * assert.deepEqual(results.map((result) => (result as { a: string }).a), ["greedy", "random"]);
 * ```
 */
export async function runGrid(jobs: readonly Job[], options: GridOptions): Promise<Json[]> {
  const { folder, label = "jobs", signal, onProgress = showGrid() } = options;
  const begun = performance.now();
  const keyed = new Map(jobs.map((job) => [jobKey(job), job]));
  const open = new Map(
    [...keyed].filter(([, job]) => readResult(folder, job, console.error) === undefined),
  );
  const found = keyed.size - open.size;
  const running = new Map<string, number>(), failures = new Map<string, string>();
  const done = new Set<string>();
  const own = options.engine === undefined ? localEngine() : undefined;
  await using _own = own;
  const engine = options.engine ?? own!;
  const state = (): GridState => ({
    label,
    total: keyed.size,
    done: found + done.size,
    found,
    running,
    failures,
    seconds: (performance.now() - begun) / 1000,
    engine: engine.name,
  });
  let told = -Infinity;
  const tell = (always = false) => {
    if (!always && performance.now() - told < TELL_EVERY) return;
    told = performance.now();
    onProgress(state());
  };
  tell(true);
  try {
    if (open.size > 0) {
      await engine.run(open, folder, {
        progress: (key, fraction) => (running.set(key, fraction), tell()),
        done: (key) => (running.delete(key), failures.delete(key), done.add(key), tell()),
        failed: (key, message) => (running.delete(key), failures.set(key, message), tell()),
      }, signal);
    }
  } finally {
    tell(true);
  }
  if (failures.size > 0) {
    const [[key, message]] = failures;
    throw new Error(
      `${failures.size} of ${keyed.size} jobs failed, the first ${keyed.get(key)!.kind} ${key}: ` +
        `${message}\nThe results of the others are kept; the same command tries again`,
    );
  }
  return jobs.map((job) => {
    const result = readResult(folder, job, console.error);
    if (result !== undefined) return result;
    throw new Error(`Cannot find the result of ${job.kind} ${jobKey(job)} in ${folder}`);
  });
}

/**
 * The processes of this machine as an engine. A job whose process dies is tried three times in all; one
 * that fails of itself would fail again and is not.
 */
export function localEngine(options: PoolOptions = {}): GridEngine {
  const pool = openPool(options);
  return {
    name: `${pool.processes} processes`,
    async run(jobs, folder, events, signal) {
      const waiting = jobs.entries();
      const lane = async () => {
        for (const [key, job] of waiting) {
          for (let attempt = 1;; attempt++) {
            events.progress(key, 0);
            try {
              const onProgress = (fraction: number) => events.progress(key, fraction);
              await pool.run(job, { folder, signal, onProgress });
              events.done(key);
            } catch (error) {
              if (signal?.aborted) throw signal.reason;
              if (error instanceof ProcessDied && attempt < ATTEMPTS) continue;
              events.failed(key, (error as Error).message);
            }
            break;
          }
        }
      };
      await Promise.all(Array.from({ length: pool.processes }, lane));
    },
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}

/** Opens the engine that a command line asks for: a queue, or else the processes of this machine. */
export async function openEngine(
  { queue, ...options }: PoolOptions & { readonly queue?: string | undefined },
): Promise<GridEngine> {
  if (queue === undefined) return localEngine(options);
  const { queueEngine } = await import("@lib/jobs/queue.ts");
  return await queueEngine(queue);
}

/**
 * The state of a grid in words: how far, how fast, how long still, and what failed.
 *
 * ```ts
 * import { gridText } from "@lib/jobs/grid.ts";
 * import assert from "node:assert/strict";
 *
 * const text = gridText({
 *   label: "labelling",
 *   total: 40,
 *   done: 20,
 *   found: 10,
 *   running: new Map([["a", 0.5], ["b", 0.5]]),
 *   failures: new Map([["c3f1", "Cannot start the engine"]]),
 *   seconds: 11,
 *   engine: "2 processes",
 * });
 * assert.match(text, /52 %  21 of 40 · 1.0\/s · 0:19 left · 2 running on 2 processes · 10 from before/);
 * assert.match(text, /1 failed\n  c3f1: Cannot start the engine/);
 * ```
 */
export function gridText(state: GridState): string {
  const { label, total, done, found, running, failures, seconds, engine } = state;
  const parts = [...running.values()].reduce((a, b) => a + b, 0);
  const line = done === total
    ? `${label}  ${total} jobs done in ${clock(seconds)}`
    : progressLine({ label, done: done + parts, before: found, total, seconds });
  return [
    line,
    ...(running.size > 0 ? [`${running.size} running on ${engine}`] : []),
    ...(found > 0 ? [`${found} from before`] : []),
    ...(failures.size > 0 ? [`${failures.size} failed`] : []),
  ].join(" · ") +
    [...failures].slice(0, 3)
      .map(([key, message]) => `\n  ${key.slice(0, 12)}: ${message.split("\n", 1)[0]}`).join("");
}

const LOG_EVERY = 10_000; // milliseconds between two lines where there is no terminal

/** A view of a grid: in a notebook a place that is renewed, in a terminal a line, else a line now and then. */
export function showGrid(): (state: GridState) => void {
  const place = insideKernel() ? live() : undefined;
  const terminal = place === undefined && Deno.stderr.isTerminal();
  let logged = -Infinity, seen = "";
  return (state) => {
    const text = gridText(state), ended = state.done + state.failures.size === state.total;
    if (place) return ended ? place.end(text) : place.show(text);
    if (terminal) {
      const up = seen.split("\n").length - 1;
      const back = `\r${up > 0 ? `\x1b[${up}A` : ""}\x1b[J`;
      seen = ended ? "" : text;
      Deno.stderr.writeSync(new TextEncoder().encode(back + text + (ended ? "\n" : "")));
    } else if (ended || performance.now() - logged > LOG_EVERY) {
      logged = performance.now();
      console.error(text);
    }
  };
}
