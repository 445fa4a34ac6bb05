/**
 * Grids over a queue: BullMQ in Redis hands jobs to workers on any number of machines that share a
 * folder of results. Redis holds what is to be done, files hold what is done; so a queue that is lost
 * loses nothing but its order.
 *
 * @module
 */

import { Queue, QueueEvents, UnrecoverableError, WaitingError, Worker } from "bullmq";
import type { GridEngine, GridEvents } from "@lib/jobs/grid.ts";
import { type Job, jobKey, readResult } from "@lib/jobs/job.ts";
import { checkJob } from "@lib/jobs/kinds.ts";
import { openPool, type PoolOptions } from "@lib/jobs/pool.ts";
import { connectRedis, redactUrl } from "@lib/jobs/redis.ts";

/** The queue's name in Redis. */
const QUEUE = "transcendence-lab";

const ADDED_AT_ONCE = 500; // jobs a round trip
const SWEEP_EVERY = 3000; // milliseconds
const SWEPT_AT_ONCE = 200; // jobs
const FILE_PATIENCE = 5000; // milliseconds until a result made elsewhere is seen here

/**
 * A queue as an engine. It computes nothing itself: start workers with `deno task worker`. Jobs that
 * wait stay in the queue when the grid is stopped, and workers go on with them.
 *
 * @throws {Error} when Redis cannot be reached.
 */
export async function queueEngine(url: string): Promise<GridEngine> {
  const say = sayOnce();
  const connection = await connectRedis(url, say);
  const eventsConnection = await connectRedis(url, say);
  const queue = new Queue(QUEUE, { connection: connection as never });
  const heard = new QueueEvents(QUEUE, { connection: eventsConnection as never });
  queue.on("error", () => {}); // the connections tell
  heard.on("error", () => {});
  await heard.waitUntilReady();

  const add = async (jobs: readonly (readonly [string, Job])[]) => {
    for (let i = 0; i < jobs.length; i += ADDED_AT_ONCE) {
      await queue.addBulk(
        jobs.slice(i, i + ADDED_AT_ONCE).map(([jobId, job]) => ({
          name: job.kind,
          data: job,
          opts: {
            jobId, // what is in the queue already is not added again
            attempts: 4,
            backoff: { type: "exponential", delay: 2000 },
            removeOnComplete: true,
          },
        })),
      );
    }
  };

  const run = async (
    jobs: ReadonlyMap<string, Job>,
    folder: string,
    events: GridEvents,
    signal?: AbortSignal,
  ) => {
    signal?.throwIfAborted();
    const open = new Map(jobs);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const settle = (key: string, message?: string) => {
      if (!open.delete(key)) return;
      message === undefined ? events.done(key) : events.failed(key, message);
      if (open.size === 0) resolve();
    };
    const isThere = (key: string) => {
      const job = open.get(key);
      return job !== undefined && readResult(folder, job, say) !== undefined;
    };
    const completed = async ({ jobId }: { jobId: string }) => {
      for (let waited = 0; open.has(jobId) && waited < FILE_PATIENCE; waited += 250) {
        if (isThere(jobId)) return settle(jobId);
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
      settle(
        jobId,
        `it was done, but its result is not in ${folder}: workers must share the folder`,
      );
    };
    const active = ({ jobId }: { jobId: string }) => open.has(jobId) && events.progress(jobId, 0);
    const progress = ({ jobId, data }: { jobId: string; data: unknown }) =>
      open.has(jobId) && events.progress(jobId, Number(data));
    const failed = ({ jobId, failedReason }: { jobId: string; failedReason: string }) =>
      settle(jobId, failedReason);
    // Events are lost when Redis is; the files and the queue itself tell the same, more slowly.
    const sweep = async () => {
      for (const [key, job] of [...open].slice(0, SWEPT_AT_ONCE)) {
        if (signal?.aborted) return;
        if (isThere(key)) {
          settle(key);
          continue;
        }
        const queued = await queue.getJob(key);
        const state = await queued?.getState();
        if (state === "failed") settle(key, queued!.failedReason);
        else if (state === undefined && !isThere(key)) await add([[key, job]]);
        if (open.delete(key)) open.set(key, job); // those not looked at come first next time
      }
    };
    let sweeping: Promise<void> | undefined;
    const timer = setInterval(() => {
      sweeping ??= sweep().catch((error) => say(error.message)).finally(() => sweeping = undefined);
    }, SWEEP_EVERY);
    const stop = () => reject(signal!.reason);
    signal?.addEventListener("abort", stop);
    heard.on("completed", completed).on("failed", failed).on("active", active)
      .on("progress", progress);
    try {
      for (const old of await queue.getFailed()) {
        if (old.id !== undefined && open.has(old.id)) await old.remove(); // to be tried anew
      }
      await add([...open]);
      await promise;
    } finally {
      clearInterval(timer);
      signal?.removeEventListener("abort", stop);
      heard.off("completed", completed).off("failed", failed).off("active", active)
        .off("progress", progress);
      await sweeping;
    }
  };

  return {
    name: redactUrl(url),
    run,
    async [Symbol.asyncDispose]() {
      await heard.close();
      await queue.close();
      connection.disconnect();
      eventsConnection.disconnect();
    },
  };
}

/** How a worker works; all optional but the folder. */
export interface WorkerOptions extends PoolOptions {
  /** The folder of results, the same for all who share the queue. */
  readonly folder: string;
  /** Seconds after which the jobs of a worker that is gone go to others; 60 by default. */
  readonly patience?: number | undefined;
  /** Ends the work; jobs in progress save their checkpoints and go back to the queue. */
  readonly signal?: AbortSignal | undefined;
  /** Told what happens, a line each. */
  readonly onEvent?: ((text: string) => void) | undefined;
}

/**
 * Does jobs of a queue, as many at once as it has processes, until the signal fires. The work is done
 * in processes of their own, so the connection is kept alive however long a job computes.
 *
 * @throws {Error} when Redis cannot be reached.
 */
export async function workQueue(url: string, options: WorkerOptions): Promise<void> {
  const { folder, patience = 60, signal, onEvent = () => {}, ...poolOptions } = options;
  const say = sayOnce(onEvent);
  const connection = await connectRedis(url, say);
  await using pool = openPool(poolOptions);
  const worker = new Worker(
    QUEUE,
    async (queued, token) => {
      const job: Job = { kind: queued.data.kind, spec: queued.data.spec };
      try {
        checkJob(job, "network");
        if (jobKey(job) !== queued.id) {
          throw new TypeError(`The job ${queued.id} is not what it says`);
        }
      } catch (error) {
        throw new UnrecoverableError((error as Error).message);
      }
      let told = performance.now();
      try {
        await pool.run(job, {
          folder,
          signal,
          onProgress(fraction) {
            if (performance.now() - told < 1000) return;
            told = performance.now();
            queued.updateProgress(fraction).catch(() => {}); // only for the view
          },
        });
        onEvent(`${job.kind} ${queued.id}: done`);
      } catch (error) {
        if (signal?.aborted) {
          await queued.moveToWait(token);
          throw new WaitingError();
        }
        onEvent(`${job.kind} ${queued.id}: ${(error as Error).message}`);
        throw error;
      }
    },
    {
      connection: connection as never,
      concurrency: pool.processes,
      lockDuration: 1000 * patience,
      stalledInterval: 500 * patience,
      maxStalledCount: 10, // a machine that is taken away is no fault of the job
    },
  );
  worker.on("error", (error) => say(error.message));
  await worker.waitUntilReady();
  onEvent(`Working on ${redactUrl(url)} with ${pool.processes} processes, results in ${folder}`);
  await new Promise<void>((resolve) => {
    if (signal?.aborted) resolve();
    signal?.addEventListener("abort", () => resolve(), { once: true });
  });
  await worker.close();
  connection.disconnect();
}

/** How many jobs wait, run and have failed in a queue, and the last failures. */
export async function queueText(url: string): Promise<string> {
  const connection = await connectRedis(url, () => {});
  const queue = new Queue(QUEUE, { connection: connection as never });
  try {
    const { waiting, active, delayed, failed } = await queue.getJobCounts();
    const workers = await queue.getWorkers();
    const jobs = await queue.getFailed(0, 9);
    return [
      `${redactUrl(url)}: ${workers.length} workers; ${active} jobs run, ${
        waiting + delayed
      } wait, ` +
      `${failed} failed`,
      ...jobs.map(({ id, name, failedReason, attemptsMade }) =>
        `  ${name} ${id}: ${failedReason.split("\n", 1)[0]} (${attemptsMade} tries)`
      ),
    ].join("\n");
  } finally {
    await queue.close();
    connection.disconnect();
  }
}

/** Tells a message, but not the same one again and again. */
function sayOnce(tell: (text: string) => void = console.error): (message: string) => void {
  let last = "";
  return (message) => {
    if (message !== last) tell(last = message);
  };
}
