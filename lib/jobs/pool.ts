/**
 * A pool of processes that do jobs: as many as there are cores, each with a bound on its memory. A
 * process that dies, is killed or grows too large takes no other job with it.
 *
 * @module
 */

import { freemem } from "node:os";
import { join } from "node:path";
import { readProcFile } from "@lib/files.ts";
import type { Job } from "@lib/jobs/job.ts";
import { CACHE, ROOT } from "@lib/paths.ts";

/** What a process is told. */
export type Order = { readonly job: Job; readonly folder: string } | { readonly stop: true };

/** What it answers: how far a job is, and how it ended. */
export type Answer =
  | { readonly fraction: number }
  | { readonly done: true }
  | { readonly failed: string; readonly stopped: boolean };

/** What comes before an answer, so that nothing else that is printed is taken for one. */
export const ANSWER = "\x1e";

/** How large a pool is; all optional. */
export interface PoolOptions {
  /** Processes (default: one a core). */
  readonly processes?: number | undefined;
  /** MiB that each may take (default: an equal part of what is free now). */
  readonly memory?: number | undefined;
}

/** How one job is done. */
export interface RunOptions {
  /** The folder of results, see `lib/jobs/job.ts`. */
  readonly folder: string;
  /** Stops it, with a checkpoint where it has one. */
  readonly signal?: AbortSignal | undefined;
  /** Told how far the job is, 0 … 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** A process died under a job, killed or out of memory: the job may be tried again. */
export class ProcessDied extends Error {
  /** Of the error. */
  override name = "ProcessDied";
}

/** Processes that wait for jobs. */
export interface Pool extends AsyncDisposable {
  /** How many there are at most. */
  readonly processes: number;
  /** Processes that run now: their ids. */
  readonly pids: readonly number[];
  /**
   * Does a job on the next free process; its result is then in the folder.
   *
   * @throws {ProcessDied} when the process ended under it.
   * @throws {Error} with the job's message when it failed; the signal's reason when it was stopped.
   */
  run(job: Job, options: RunOptions): Promise<void>;
}

/** Milliseconds for which a job that is asked to stop may save what it has. */
const PATIENCE = 20_000;
const LOOK_EVERY = 1000; // milliseconds between two looks at a process's memory

interface Process {
  readonly pid: number;
  readonly folder: string;
  readonly dead: boolean;
  run(job: Job, options: RunOptions): Promise<void>;
  end(): Promise<void>;
}

/**
 * Opens a pool; processes start with the first jobs.
 *
 * @throws {RangeError} for a number of processes or a bound on memory that is not positive.
 *
 * ```ts
 * import { readResult } from "@lib/jobs/job.ts";
 * import { openPool } from "@lib/jobs/pool.ts";
 * import assert from "node:assert/strict";
 *
 * const folder = Deno.makeTempDirSync();
 * const job = { kind: "match", spec: { a: "greedy", b: "random", games: 2, seed: 1 } };
 * await using pool = openPool({ processes: 1 });
 * await pool.run(job, { folder });
 * assert.ok(readResult(folder, job));
 * ```
 */
export function openPool(options: PoolOptions = {}): Pool {
  const { processes = navigator.hardwareConcurrency } = options;
  const { memory = Math.floor(0.9 * freemem() / processes / 2 ** 20) } = options;
  for (const [what, value] of Object.entries({ processes, memory })) {
    if (!(Number.isInteger(value) && value > 0)) {
      throw new RangeError(`Cannot open a pool with ${what} ${value}: must be a positive integer`);
    }
  }
  const threads = Math.max(1, Math.floor(navigator.hardwareConcurrency / processes));
  const idle: Process[] = [];
  const all = new Set<Process>();
  const waiting: (() => void)[] = [];
  let busy = 0;
  return {
    processes,
    get pids() {
      return [...all].filter(({ dead }) => !dead).map(({ pid }) => pid);
    },
    async run(job, { folder, signal, ...rest }) {
      signal?.throwIfAborted();
      if (busy === processes) await new Promise<void>((resolve) => waiting.push(resolve));
      else busy++;
      let process: Process | undefined;
      try {
        signal?.throwIfAborted();
        process = idle.pop();
        while (process && (process.dead || process.folder !== folder)) {
          all.delete(process);
          process.end();
          process = idle.pop();
        }
        if (process === undefined) all.add(process = startProcess({ threads, memory, folder }));
        await process.run(job, { folder, signal, ...rest });
      } finally {
        if (process?.dead) all.delete(process);
        else if (process) idle.push(process);
        const next = waiting.shift(); // takes over the place
        if (next) next();
        else busy--;
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...all].map((process) => process.end()));
    },
  };
}

/**
 * What the process of a job may do. Orders can come from a queue, so: write to the folder of results
 * alone, no network, and none of the environment's secrets. Compiled kernels and engines need the rest.
 */
function permissions(folder: string): string[] {
  return [
    "--no-prompt",
    "--allow-read",
    `--allow-write=${folder},${CACHE}`,
    "--allow-env=LAB_RESULTS,LAB_BACKEND,LAB_THREADS,LAB_BLAS,LAB_KERNELS,INIT_CWD,CC,PATH",
    "--ignore-env",
    "--allow-run",
    "--allow-ffi",
  ];
}

function startProcess(
  { threads, memory, folder }: {
    readonly threads: number;
    readonly memory: number;
    readonly folder: string;
  },
): Process {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      ...permissions(folder),
      `--v8-flags=--max-old-space-size=${memory}`,
      join(ROOT, "lib", "jobs", "process.ts"),
    ],
    env: { NO_COLOR: "1", LAB_THREADS: String(threads) },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const input = child.stdin.getWriter();
  let dead = false;
  let killed = "";
  let words = ""; // what it said last, for the error when it dies
  let listen: ((answer: Answer) => void) | undefined;
  let mourn: ((error: Error) => void) | undefined;

  const kill = (why: string) => {
    killed ||= why;
    try {
      child.kill("SIGKILL");
    } catch { /* it is gone already */ }
  };
  const hear = async () => {
    let rest = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        if (line.startsWith(ANSWER)) listen?.(JSON.parse(line.slice(ANSWER.length)));
      }
    }
  };
  const overhear = async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      words = (words + text).slice(-2000);
    }
  };
  const watch = setInterval(() => {
    const used = residentMemory(child.pid);
    if (used > memory) kill(`it took ${used} MiB, may take ${memory}`);
  }, LOOK_EVERY);
  Deno.unrefTimer(watch);
  const ended = (async () => {
    const [{ code, signal }] = await Promise.all([child.status, hear(), overhear()]);
    dead = true;
    clearInterval(watch);
    const how = killed ||
      (signal ? `it was ended by ${signal}` : `it ended with exit code ${code}`);
    mourn?.(
      new ProcessDied(`The process ${child.pid} died: ${how}${words && `\n${words.trimEnd()}`}`),
    );
  })();
  const send = (order: Order) =>
    // A broken pipe means that the process has died, which is told by its end.
    input.write(new TextEncoder().encode(JSON.stringify(order) + "\n")).catch(() => {});

  return {
    pid: child.pid,
    folder,
    get dead() {
      return dead;
    },
    async run(job, { signal, onProgress }) {
      let patience: ReturnType<typeof setTimeout> | undefined;
      const stop = () => {
        send({ stop: true });
        patience = setTimeout(() => kill("it did not stop when asked to"), PATIENCE);
      };
      signal?.addEventListener("abort", stop);
      try {
        await new Promise<void>((resolve, reject) => {
          mourn = reject;
          listen = (answer) => {
            if ("fraction" in answer) onProgress?.(answer.fraction);
            else if ("done" in answer) resolve();
            else reject(answer.stopped ? signal?.reason : new Error(answer.failed));
          };
          send({ job, folder });
        });
      } finally {
        listen = mourn = undefined;
        clearTimeout(patience);
        signal?.removeEventListener("abort", stop);
      }
    },
    async end() {
      const patience = setTimeout(() => kill("it did not end when asked to"), PATIENCE);
      await input.close().catch(() => {});
      await ended;
      clearTimeout(patience);
    },
  };
}

/** MiB of memory that a process holds; 0 where the system does not tell. */
function residentMemory(pid: number): number {
  try {
    const [, pages] = readProcFile(`/proc/${pid}/statm`).split(" ");
    return Math.round(Number(pages) * 4096 / 2 ** 20);
  } catch {
    return 0;
  }
}
