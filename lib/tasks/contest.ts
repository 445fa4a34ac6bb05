/**
 * Benchmarks beside other programs: each contestant is a process of its own that obeys orders on
 * stdin, one a line, and answers each with a line of JSON, so that they can take turns.
 *
 * @module
 */

import { readLines } from "@lib/data/lines.ts";
import { readProcFile } from "@lib/files.ts";

/** A contestant, ready. */
export interface Contestant {
  /** For the table. */
  readonly name: string;
  /** What it is, for people. */
  readonly about: string;
  /** Gives an order and waits for the milliseconds that it answers. */
  order(line: string): Promise<number>;
  /** Ends it. */
  close(): Promise<void>;
}

/**
 * Starts a contestant, and waits until it says that it is ready.
 *
 * @param env variables of its environment beside this process's.
 * @throws {Error} when the program is not there or ends.
 */
export async function startContestant(
  name: string,
  command: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<Contestant> {
  const child = new Deno.Command(command, {
    args,
    env,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  const answers = readLines(child.stdout)[Symbol.asyncIterator]();
  const answer = async (): Promise<Record<string, never>> => {
    for (;;) {
      const { value, done } = await answers.next();
      if (done) throw new Error(`Cannot bench ${name}: ${command} ended; see its message above`);
      if (value.startsWith("{")) return JSON.parse(value);
    }
  };
  const { ready } = await answer();
  return {
    name,
    about: ready,
    order: async (line) => {
      await writer.write(new TextEncoder().encode(`${line}\n`));
      return (await answer())["ms"];
    },
    close: async () => {
      await writer.close();
      await answers.return?.(undefined);
      await child.status;
    },
  };
}

/**
 * A contestant's side: says that it is ready, then answers each order.
 *
 * @param obey does what a line says and returns the milliseconds.
 */
export async function serveOrders(
  about: string,
  obey: (line: string) => number | Promise<number>,
): Promise<void> {
  console.log(JSON.stringify({ ready: about }));
  for await (const line of readLines(Deno.stdin.readable)) {
    console.log(JSON.stringify({ ms: await obey(line) }));
  }
}

/** The middle one, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b), middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** To two decimals. */
export const round2 = (x: number): number => Math.round(100 * x) / 100;

/** What the numbers were measured on: `machine` and `versions` of a benchmark's file. */
export function describeMachine(tfjs: string): {
  machine: { cores: number; os: string; arch: string; cpu: string };
  versions: { deno: string; tfjs: string };
} {
  const { os, arch } = Deno.build;
  return {
    machine: { cores: navigator.hardwareConcurrency, os, arch, cpu: cpuName() },
    versions: { deno: Deno.version.deno, tfjs },
  };
}

function cpuName(): string {
  try {
    return /model name\s*: (.*)/.exec(readProcFile("/proc/cpuinfo"))?.[1] ?? "unknown";
  } catch {
    return "unknown";
  }
}
