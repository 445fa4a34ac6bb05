/**
 * Long work from a notebook: a cell starts a task as a process of its own and watches it. The kernel
 * drops what its children print, so their lines are piped and shown.
 *
 * @module
 */

import { join } from "node:path";
import { ROOT } from "@lib/paths.ts";
import { taskPermissions } from "@lib/permissions.ts";
import { live } from "@lib/notebook/display.ts";
import { stopPoint } from "@lib/notebook/kernel.ts";

/** A task that runs. */
export interface Job {
  /** Its name, such as `train`. */
  readonly task: string;
  /** Resolves when it has ended well. Rejects with its last words when it has not. */
  readonly finished: Promise<void>;
  /** Whether it has ended, well or not. */
  readonly ended: boolean;
  /** What it printed last, oldest first; a line that was rewritten in place counts once. */
  readonly lines: readonly string[];
  /** Asks it to end cleanly (SIGINT), as Ctrl-C in a terminal does. */
  stop(): void;
}

/** How a job runs; all optional. */
export interface JobOptions {
  /** Threads that it computes with (default: all cores); fewer where jobs run side by side. */
  readonly threads?: number;
  /** Where it may write beside the results and the cache (default: where the notebook was called). */
  readonly folder?: string;
}

const KEPT = 200; // lines

/**
 * Starts `deno task NAME …` beside the notebook; tasks are files of `lib/tasks`.
 *
 * @throws {RangeError} when there is no such task.
 *
 * ```ts ignore
 * import { attach, launch } from "@lib/notebook/mod.ts";
 *
 * const job = launch("train", ["--model", "endgameformer", "--name", "first"]);
 * await attach("first", { job });
 * ```
 */
export function launch(task: string, args: readonly string[] = [], options: JobOptions = {}): Job {
  const file = join(ROOT, "lib", "tasks", `${task}.ts`);
  if (!exists(file)) {
    throw new RangeError(`Cannot start the task "${task}": there is no lib/tasks/${task}.ts`);
  }
  return start(task, [...taskPermissions(task, options.folder), file, ...args], options);
}

/** Starts a file as a job, `launch` for files that are no task: flags of `deno run`, the file, its arguments. */
export function start(
  name: string,
  run: readonly string[],
  { threads }: JobOptions = {},
): Job {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", ...run],
    cwd: ROOT,
    env: { NO_COLOR: "1", ...(threads !== undefined && { LAB_THREADS: String(threads) }) },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const lines: string[] = [];
  let ended = false;
  const take = (line: string) => {
    lines.push(line);
    if (lines.length > KEPT) lines.shift();
  };
  const read = Promise.all([readLines(child.stdout, take), readLines(child.stderr, take)]);
  const finished = Promise.all([child.status, read]).then(([{ success, code, signal }]) => {
    ended = true;
    if (success) return;
    const how = signal ? `by ${signal}` : `with exit code ${code}`;
    throw new Error(`The task "${name}" ended ${how}:\n${lines.slice(-20).join("\n")}`);
  });
  finished.catch(() => {}); // it is also told to who awaits it later
  return {
    task: name,
    finished,
    lines,
    get ended() {
      return ended;
    },
    stop() {
      if (!ended) child.kill("SIGINT");
    },
  };
}

/**
 * Shows what a job prints until it ends; Stop ends the watching and asks the job to end.
 *
 * @throws {Error} with the job's last lines when it fails; {Interrupted} after Stop.
 */
export async function watch(job: Job): Promise<void> {
  const place = live();
  try {
    while (!job.ended) {
      place.show(job.lines.slice(-3).join("\n") || `${job.task}: started`);
      await Promise.race([job.finished.catch(() => {}), delay(200)]);
      await stopPoint();
    }
    await job.finished;
    place.end(`${job.task}: finished`);
  } catch (error) {
    job.stop();
    place.end(`${job.task}: not finished`);
    throw error;
  }
}

/** Milliseconds of waiting that let the event loop run. */
export function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function readLines(
  stream: ReadableStream<Uint8Array>,
  take: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream() as never)) {
    const parts = (rest + text).split(/[\r\n]+/);
    rest = parts.pop() ?? "";
    for (const part of parts) if (part.trim()) take(part);
  }
  if (rest.trim()) take(rest);
}

function exists(file: string): boolean {
  try {
    return Deno.statSync(file).isFile;
  } catch {
    return false;
  }
}
