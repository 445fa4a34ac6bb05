/**
 * What every task does on the command line: errors in one line, Ctrl-C, numbers among the options.
 *
 * @module
 */

/** The exit code of a program that Ctrl-C ended. */
const INTERRUPTED = 130;

/**
 * Runs a task with the arguments of the command line and ends the process: with the exit code that it
 * returns (0 without one), 1 after an error, whose message goes to stderr, or 130 after Ctrl-C. The
 * first Ctrl-C asks the task to end, by its signal; a second one ends it at once.
 *
 * @param stopped what is said when an error followed on Ctrl-C.
 */
export async function runCommand(
  task: (args: readonly string[], signal: AbortSignal) => unknown,
  stopped = "Stopped",
): Promise<never> {
  const stop = new AbortController();
  let since = 0;
  Deno.addSignalListener("SIGINT", () => {
    if (!stop.signal.aborted) {
      since = Date.now();
      console.error("\nStopping; Ctrl-C again stops at once");
      stop.abort(new Error(stopped));
    } else if (Date.now() - since > 100) { // one Ctrl-C can arrive twice, from the terminal and its parent
      Deno.exit(INTERRUPTED);
    }
  });
  try {
    const code = await task(Deno.args, stop.signal);
    Deno.exit(stop.signal.aborted ? INTERRUPTED : typeof code === "number" ? code : 0);
  } catch (error) {
    if (stop.signal.aborted) {
      console.error(stopped);
      Deno.exit(INTERRUPTED);
    }
    console.error(error instanceof Error ? error.message : error);
    if (isForbidden(error)) console.error(FORBIDDEN);
    Deno.exit(1);
  }
}

const FORBIDDEN =
  "A task may do what its line in deno.json lists: it writes to results, data/cache and the folder " +
  "in which it is called. Call it there, or give it all by deno run -A lib/tasks/….ts";

/** Whether a permission was missing, behind whatever words. */
function isForbidden(error: unknown): boolean {
  return error instanceof Deno.errors.NotCapable ||
    (error instanceof Error && error.cause !== undefined && isForbidden(error.cause));
}

/**
 * Reads the number of an option.
 *
 * @throws {RangeError} for what is no finite number.
 *
 * ```ts
 * import { parseNumber } from "@lib/tasks/command.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(parseNumber("minutes", "0.5"), 0.5);
 * assert.throws(() => parseNumber("minutes", "half"), /--minutes half: must be a number/);
 * ```
 */
export function parseNumber(flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw new RangeError(`Cannot read --${flag} ${text}: must be a number`);
}

/**
 * Reads the count of an option.
 *
 * @throws {RangeError} for what is no integer of `least` or more.
 */
export function parseCount(flag: string, text: string, least = 1): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isSafeInteger(value) && value >= least) return value;
  throw new RangeError(`Cannot read --${flag} ${text}: must be an integer of ${least} or more`);
}

/**
 * Reads a range, such as 1000-1300.
 *
 * @throws {RangeError} for what is none, or has its ends the wrong way round.
 */
export function parseRange(flag: string, text: string): [low: number, high: number] {
  const ends = /^(\d+)-(\d+)$/.exec(text.trim())?.slice(1).map(Number);
  if (ends && ends[0] < ends[1]) return [ends[0], ends[1]];
  throw new RangeError(`Cannot read --${flag} ${text}: must be low-high, such as 1000-1300`);
}
