/**
 * Training runs from a notebook: each is a task in a process of its own, several side by side, and
 * the cell watches.
 *
 * @module
 */

import { join } from "node:path";
import { writeJson } from "@lib/files.ts";
import { CACHE, RESULTS } from "@lib/paths.ts";
import { configHash, parseTrainConfig, type TrainConfigInput } from "@lib/train/config.ts";
import { readManifest, type RunManifest } from "@lib/train/run.ts";
import { readMetrics } from "@lib/notebook/attach.ts";
import { live } from "@lib/notebook/display.ts";
import { delay, type Job, launch } from "@lib/notebook/job.ts";
import { forgetOldStop, stopPoint } from "@lib/notebook/kernel.ts";

/** How runs are carried out; all optional. */
export interface TrainRunsOptions {
  /** Runs side by side, sharing the cores (default: one a core, at most as many as runs). */
  readonly parallel?: number;
  /** The folder that keeps the runs (default: `RESULTS`). */
  readonly results?: string;
}

/**
 * Trains the models of several configurations, anew, and returns their manifests. A run that was
 * interrupted goes on where it stopped; one that is complete starts over, so that a notebook's
 * results are always its own; so does an unfinished one of another configuration.
 *
 * @throws {TypeError} for a wrong configuration, before anything starts.
 * @throws {Error} with its last lines when a run fails; {Interrupted} after Stop, with checkpoints
 * kept.
 */
export async function trainRuns(
  configs: readonly TrainConfigInput[],
  options: TrainRunsOptions = {},
): Promise<RunManifest[]> {
  const runs = configs.map(parseTrainConfig), { results = RESULTS } = options;
  const cores = navigator.hardwareConcurrency;
  const parallel = options.parallel ?? Math.max(1, Math.min(cores, runs.length));
  const threads = Math.max(1, Math.floor(cores / parallel));
  const directories = runs.map(({ name }) => join(results, name));
  const waiting = runs.map((_, i) => i);
  const jobs = new Map<number, Job>();
  const place = live();
  const start = (i: number) => {
    const file = join(CACHE, "configs", `${runs[i].name}-${configHash(runs[i])}.json`);
    writeJson(file, runs[i]);
    const before = readManifest(directories[i]);
    const resumes = before !== null && before.status !== "complete" &&
      before.configHash === configHash(runs[i]);
    const how = ["--results", results, ...(resumes ? [] : ["--fresh"])];
    jobs.set(i, launch("train", ["--config", file, ...how], { threads, folder: results }));
  };
  const state = (i: number) => {
    const { name, steps } = runs[i];
    if (waiting.includes(i)) return `${name}: waiting`;
    const last = readMetrics(join(directories[i], "metrics.jsonl")).at(-1);
    if (!last) return `${name}: starting`;
    const loss = last.loss ?? last.validation_loss;
    return `${name}: step ${last.step} of ${steps}, loss ${loss?.toFixed(3)}`;
  };
  forgetOldStop();
  try {
    for (;;) {
      const active = [...jobs.values()].filter((job) => !job.ended).length;
      for (let free = parallel - active; free > 0 && waiting.length > 0; free--) {
        start(waiting.shift()!);
      }
      for (const job of jobs.values()) if (job.ended) await job.finished;
      if (waiting.length === 0 && [...jobs.values()].every((job) => job.ended)) break;
      place.show(runs.map((_, i) => state(i)).join("\n"));
      await delay(500);
      await stopPoint();
    }
    place.end(`${runs.length} runs complete`);
  } catch (error) {
    for (const job of jobs.values()) job.stop();
    place.end("not finished");
    throw error;
  }
  return directories.map((directory) => readManifest(directory)!);
}
