/**
 * A process that does jobs, one at a time: orders come on stdin, a line of JSON each, and answers go
 * to stdout. Work of hours cannot block the process that gave the order, and its end is the end of
 * this one: it asks the job to stop, which saves its checkpoint, and leaves.
 *
 * @module
 */

import { doJob } from "@lib/jobs/kinds.ts";
import { type Job, readResult, writeResult } from "@lib/jobs/job.ts";
import { ANSWER, type Answer, type Order } from "@lib/jobs/pool.ts";
import { openStockfish, type Stockfish } from "@lib/play/stockfish.ts";

const PROGRESS_EVERY = 200; // milliseconds
const PATIENCE = 20_000; // milliseconds that a job may take to stop when nobody waits for it

async function main(): Promise<void> {
  // What jobs print is not for this stream; Ctrl-C of the terminal reaches the giver of orders.
  console.log = console.info = console.debug = console.error;
  Deno.addSignalListener("SIGINT", () => {});
  let stop = new AbortController();
  let told = 0;
  const encoder = new TextEncoder();
  const answer = (message: Answer) => {
    const bytes = encoder.encode(ANSWER + JSON.stringify(message) + "\n");
    for (let sent = 0; sent < bytes.length;) sent += Deno.stdout.writeSync(bytes.subarray(sent));
  };
  const engines = new Map<string, Stockfish>();
  const stockfish = async (engine: string) => {
    const open = engines.get(engine) ?? await openStockfish({ engine });
    engines.set(engine, open);
    return open;
  };

  const perform = async ({ job, folder }: { readonly job: Job; readonly folder: string }) => {
    const { signal } = stop;
    try {
      if (readResult(folder, job, console.error) === undefined) {
        const result = await doJob(job, {
          folder,
          signal,
          stockfish,
          onProgress(fraction) {
            if (performance.now() - told < PROGRESS_EVERY) return;
            told = performance.now();
            answer({ fraction });
          },
        });
        writeResult(folder, job, result);
      }
      answer({ done: true });
    } catch (error) {
      const failed = error instanceof Error ? error.message : String(error);
      answer({ failed, stopped: signal.aborted });
    }
  };

  let rest = "";
  let work: Promise<void> = Promise.resolve();
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      const order = JSON.parse(line) as Order;
      if ("stop" in order) {
        stop.abort(new Error("Stopped"));
      } else {
        stop = new AbortController();
        work = perform(order);
      }
    }
  }
  stop.abort(new Error("Stopped"));
  setTimeout(() => Deno.exit(1), PATIENCE);
  await work.catch(() => {}); // nobody hears the answer any more
  for (const open of engines.values()) await open[Symbol.asyncDispose]();
  Deno.exit(0);
}

if (import.meta.main) await main();
