/**
 * Training runs as rows: what each was, and its losses, for tables and figures.
 *
 * @module
 */

import { join } from "node:path";
import { RESULTS } from "@lib/paths.ts";
import { readMetrics } from "@lib/notebook/attach.ts";
import { readManifest, runFiles, type RunManifest } from "@lib/train/run.ts";

/** A run in one row. */
export interface RunRow {
  /** Its id: the folder under `results/`. */
  readonly run: string;
  /** How far it is. */
  readonly status: RunManifest["status"];
  /** The model's family, such as `boardnet`. */
  readonly model: string;
  /** What it was trained on: a dataset's name, or an ending. */
  readonly data: string;
  /** How many numbers the model has. */
  readonly parameters: number;
  /** Steps done. */
  readonly steps: number;
  /** What its examples are, in the plural: positions, or tokens. */
  readonly unit: string;
  /** Examples seen. */
  readonly units: number;
  /** Seconds of training. */
  readonly seconds: number;
  /** Examples a second, over all of the training. */
  readonly rate: number;
  /** On its validation set at the last evaluation, nats. */
  readonly loss: number | null;
  /** Of weights and batches. */
  readonly seed: number;
  /** `run.json` as a whole. */
  readonly manifest: RunManifest;
}

/** A loss of a run at a step. */
export interface LossRow {
  /** Its id. */
  readonly run: string;
  /** `training`: the mean since the line before; `validation`: on the fixed validation set. */
  readonly kind: "training" | "validation";
  /** Optimizer steps done. */
  readonly step: number;
  /** Examples seen until then: positions, or tokens. */
  readonly units: number;
  /** Seconds of training until then. */
  readonly seconds: number;
  /** Nats. */
  readonly loss: number;
}

/** Where runs are looked for. */
export interface RunsOptions {
  /** The folder that keeps the runs (default: `RESULTS`). */
  readonly results?: string;
}

/**
 * The runs with these ids, in this order, or all there are, by name. A `*` in an id stands for
 * anything.
 *
 * @throws {RangeError} when an id fits no run, with those whose names are like it.
 *
 * ```ts
 * import { queryRuns } from "@lib/query/mod.ts";
 * import assert from "node:assert/strict";
 *
 * const [run] = queryRuns("boardnet-cap1000");
 * assert.equal(run.units, run.steps * run.manifest.unitsPerBatch);
 * assert.throws(() => queryRuns("boardnet-cap9"), /boardnet-cap1000/);
 * ```
 */
export function queryRuns(
  ids: string | readonly string[] = "*",
  { results = RESULTS }: RunsOptions = {},
): RunRow[] {
  const present = runsIn(results);
  const wanted = typeof ids === "string" ? [ids] : ids;
  const found = wanted.flatMap((id) => {
    const pattern = new RegExp(`^${id.split("*").map(RegExp.escape).join(".*")}$`);
    const fitting = present.filter((run) => pattern.test(run));
    if (fitting.length === 0 && id !== "*") throw new RangeError(noRun(id, present, results));
    return fitting;
  });
  return [...new Set(found)].map((run) => rowOf(readManifest(join(results, run))!));
}

/**
 * The losses of runs, line by line of their `metrics.jsonl`.
 *
 * @throws {RangeError} when an id fits no run.
 *
 * ```ts
 * import { queryLosses } from "@lib/query/mod.ts";
 * import { figure, Plot } from "@lib/notebook/mod.ts";
 * import assert from "node:assert/strict";
 *
 * const rows = queryLosses("boardnet-cap1*").filter(({ kind }) => kind === "validation");
 * const drawn = figure({ marks: [Plot.lineY(rows, { x: "units", y: "loss", stroke: "run" })] });
 * assert.match(drawn.svg, /boardnet-cap1300/);
 * ```
 */
export function queryLosses(
  ids: string | readonly string[] = "*",
  { results = RESULTS }: RunsOptions = {},
): LossRow[] {
  return queryRuns(ids, { results }).flatMap(({ run, manifest }) =>
    readMetrics(runFiles(join(results, run)).metrics).flatMap((line): LossRow[] => {
      const { step, seconds } = line;
      const at = { run, step, units: step * manifest.unitsPerBatch, seconds };
      return [
        ...(line.loss === undefined ? [] : [{ ...at, kind: "training" as const, loss: line.loss }]),
        ...(line.validation_loss === undefined
          ? []
          : [{ ...at, kind: "validation" as const, loss: line.validation_loss }]),
      ];
    })
  );
}

function runsIn(results: string): string[] {
  try {
    return [...Deno.readDirSync(results)]
      .filter(({ name, isDirectory }) => isDirectory && readManifest(join(results, name)) !== null)
      .map(({ name }) => name)
      .sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function noRun(id: string, present: readonly string[], results: string): string {
  const start = id.replaceAll("*", "").slice(0, 4);
  const near = present.filter((run) => start !== "" && run.includes(start));
  const known = near.length > 0 ? near : present;
  const some = known.slice(0, 12).join(", ") + (known.length > 12 ? ", …" : "");
  return `Cannot find the run "${id}" in ${results}: there are ${some || "none"}`;
}

function rowOf(manifest: RunManifest): RunRow {
  const { id, status, config, parameters, step, unit, unitsPerBatch, seconds } = manifest;
  const units = step * unitsPerBatch;
  return {
    run: id,
    status,
    model: config.model.model,
    data: config.data.kind === "endgame" ? config.data.ending : config.data.dataset,
    parameters,
    steps: step,
    unit,
    units,
    seconds,
    rate: seconds > 0 ? units / seconds : NaN,
    loss: manifest.validationLoss,
    seed: config.seed,
    manifest,
  };
}
