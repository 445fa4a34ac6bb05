/**
 * Watching a training run from a notebook: the live loss, read from the run's `metrics.jsonl`.
 *
 * @module
 */

import { basename, isAbsolute, join } from "node:path";
import * as Plot from "@observablehq/plot";
import { readTextIfPresent } from "@lib/files.ts";
import { RESULTS } from "@lib/paths.ts";
import { live } from "@lib/notebook/display.ts";
import { figure, PALETTE } from "@lib/notebook/figure.ts";
import { delay, type Job } from "@lib/notebook/job.ts";
import { forgetOldStop, stopPoint } from "@lib/notebook/kernel.ts";
import type { Picture } from "@lib/notebook/svg.ts";
import type { Metrics } from "@lib/train/run.ts";

/** Measures and their names in the legend. */
type Series = { readonly [key in keyof Metrics]?: string };

/** How a run is watched; all optional. */
export interface AttachOptions {
  /** The job that trains; without it the run's `run.json` says when it has ended. */
  readonly job?: Job;
  /** Measures to draw and their names in the legend (default: all losses). */
  readonly series?: Series;
  /**
   * Seconds without a new line after which a run counts as ended, though its `run.json` says that it
   * runs: for one that was killed (default 60).
   */
  readonly quiet?: number;
  /** The finding, for the figure that stays. */
  readonly title?: string;
  /** When given, the last figure is saved as `results/figures/NAME.png`. */
  readonly name?: string;
}

/**
 * Watches a run: its loss is drawn anew while it trains and stays as a picture when it ends.
 *
 * @param run the run's id, its folder's name under `results`, or the path of its folder
 * @returns the metrics of all steps
 * @throws {Deno.errors.NotFound} when there is no such run or no metrics appear; {Interrupted} after Stop: the run goes on.
 */
export async function attach(run: string, options: AttachOptions = {}): Promise<Metrics[]> {
  const directory = isAbsolute(run) ? run : join(RESULTS, run);
  const file = join(directory, "metrics.jsonl");
  const { job, quiet = 60, name } = options;
  if (!job) Deno.statSync(directory); // a misspelled run fails at once
  const place = live();
  let metrics: Metrics[] = [];
  let changed = Date.now();
  forgetOldStop();
  try {
    while (true) {
      const ended = job ? job.ended : hasEnded(directory) || Date.now() - changed > 1000 * quiet;
      const found = readMetrics(file);
      if (found.length !== metrics.length) { // fewer: a resumed run cuts back to its checkpoint
        metrics = found;
        changed = Date.now();
        if (ended) break;
        if (metrics.length > 1) place.show(lossFigure(metrics, run, options));
        else place.show(`${basename(run)}: step ${metrics[0]?.step ?? 0}`);
      }
      if (ended) break;
      await Promise.race([delay(500), job?.finished.catch(() => {}) ?? delay(500)]);
      await stopPoint();
    }
    await job?.finished;
    if (metrics.length === 0) throw new Deno.errors.NotFound(`Cannot attach to ${run}: no ${file}`);
    return metrics;
  } finally {
    if (metrics.length > 0) {
      place.end(lossFigure(metrics, run, { ...options, ...(name && { name }) }));
    } else place.end(`${run}: no metrics`);
  }
}

/**
 * Reads the lines of `metrics.jsonl`; a last line that is only half written is left for later, and a
 * resumed run's later line of a step replaces the earlier one.
 *
 * ```ts
 * import { readMetrics } from "@lib/notebook/mod.ts";
 * import assert from "node:assert/strict";
 *
 * const file = `${Deno.makeTempDirSync()}/metrics.jsonl`;
 * Deno.writeTextFileSync(file, '{"step":1,"seconds":2,"loss":3}\n{"step":2,"sec');
 * assert.deepEqual(readMetrics(file), [{ step: 1, seconds: 2, loss: 3 }]);
 * ```
 */
export function readMetrics(file: string): Metrics[] {
  const text = readTextIfPresent(file);
  if (text === undefined) return [];
  const complete = text.slice(0, text.lastIndexOf("\n") + 1);
  const bySteps = new Map<number, Metrics>();
  for (const line of complete.split("\n").filter(Boolean)) {
    const metrics: Metrics = JSON.parse(line);
    bySteps.set(metrics.step, { ...bySteps.get(metrics.step), ...metrics });
  }
  return [...bySteps.values()].sort((a, b) => a.step - b.step);
}

/**
 * Draws the losses of a run against its steps.
 *
 * ```ts
 * import { lossFigure } from "@lib/notebook/mod.ts";
 * import assert from "node:assert/strict";
 *
 * const metrics = [1, 2, 3].map((step) => ({ step, seconds: step, loss: 3 / step }));
 * assert.match(lossFigure(metrics, "mine").svg, /Loss of mine/);
 * ```
 */
export function lossFigure(
  metrics: readonly Metrics[],
  run: string,
  options: Pick<AttachOptions, "series" | "title" | "name"> = {},
): Picture {
  const series = options.series ?? lossesOf(metrics);
  const points = (Object.entries(series) as [keyof Metrics, string][]).flatMap(([key, label]) =>
    metrics.filter((line) => Number.isFinite(line[key]))
      .map((line) => ({ step: line.step, loss: line[key], label }))
  );
  const last = metrics[metrics.length - 1];
  return figure({
    title: options.title ?? `Loss of ${basename(run)}`,
    subtitle: `after step ${last.step.toLocaleString("en")}`,
    height: 300,
    x: { label: "step" },
    y: { label: "loss (nats)", nice: true },
    color: { domain: Object.values(series), range: [...PALETTE] },
    marks: [
      Plot.lineY(points, { x: "step", y: "loss", z: "label", stroke: "label", strokeWidth: 1.75 }),
      ...(points.length <= 60
        ? [Plot.dot(points, { x: "step", y: "loss", fill: "label", r: 2.5 })]
        : []),
    ],
    ...(options.name && { name: options.name }),
  });
}

function lossesOf(metrics: readonly Metrics[]): Series {
  const isMeasured = (key: keyof Metrics) => metrics.some((line) => key in line);
  return {
    ...(isMeasured("loss") && { loss: "training" }),
    ...(isMeasured("validation_loss") && { validation_loss: "validation" }),
  };
}

/** Whether a run's `run.json` says that nobody trains it now. */
function hasEnded(directory: string): boolean {
  try {
    const { status } = JSON.parse(Deno.readTextFileSync(join(directory, "run.json")));
    return status === "complete" || status === "stopped";
  } catch {
    return false; // not written yet
  }
}
