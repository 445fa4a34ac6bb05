/**
 * Runs side by side: what differs in their configurations, their losses after equally many examples,
 * and their speed.
 *
 * @module
 */

import { median } from "d3-array";
import * as Plot from "@observablehq/plot";
import { figure, PALETTE } from "@lib/notebook/figure.ts";
import type { Picture } from "@lib/notebook/svg.ts";
import {
  type LossRow,
  queryLosses,
  queryRuns,
  type RunRow,
  type RunsOptions,
} from "@lib/query/runs.ts";

/** A row of a table with a column a run. */
export type ByRun<T> = Readonly<Record<string, T>>;

/** Losses after equally many examples. */
export interface LossesAt {
  /** Examples seen. */
  readonly units: number;
  /** By run, nats; null where the run was not measured near there. */
  readonly training: ByRun<number | null>;
  /** By run, nats; null where the run was not measured near there. */
  readonly validation: ByRun<number | null>;
}

/** Runs side by side. */
export interface Comparison {
  /** The runs, one row each. */
  readonly runs: readonly RunRow[];
  /** The fields in which they differ, with their values by run; null where one has no such field. */
  readonly differences: readonly { readonly field: string; readonly values: ByRun<unknown> }[];
  /** Losses after a tenth, a quarter, a half and all of the examples that every run has seen. */
  readonly losses: readonly LossesAt[];
  /** Examples a second, by run: over all of the training, and the median of its lines. */
  readonly speed: readonly {
    readonly run: string;
    readonly overall: number;
    readonly median: number | null;
    readonly seconds: number;
  }[];
  /** What keeps the numbers from being compared as they stand. */
  readonly remarks: readonly string[];
  /** All lines of all runs. */
  readonly lines: readonly LossRow[];
}

/** Shares of the examples that all runs have seen, at which losses are compared. */
const SHARES = [0.1, 0.25, 0.5, 1];

/**
 * Compares two or more runs.
 *
 * Training losses are the mean of the last tenth of the examples before the point; validation losses
 * stand where they were measured, or on the line between two evaluations at most a factor of 2 apart.
 *
 * @param ids of the runs; a `*` stands for anything
 * @throws {RangeError} for fewer than two runs, or an id that fits none.
 *
 * ```ts
 * import { compareRuns } from "@lib/query/mod.ts";
 * import assert from "node:assert/strict";
 *
 * const { differences, losses } = compareRuns(["boardnet-cap1000", "boardnet-cap1500"]);
 * assert.deepEqual(differences.find(({ field }) => field === "data.dataset")?.values, {
 *   "boardnet-cap1000": "cap1000",
 *   "boardnet-cap1500": "cap1500",
 * });
 * assert.equal(losses.length, 4);
 * ```
 */
export function compareRuns(ids: readonly string[], options: RunsOptions = {}): Comparison {
  const runs = queryRuns(ids, options);
  if (runs.length < 2) {
    const which = runs.map(({ run }) => run).join(", ") || "none";
    throw new RangeError(`Cannot compare ${which}: must be two runs or more`);
  }
  const lines = queryLosses(runs.map(({ run }) => run), options);
  const sameUnit = new Set(runs.map(({ unit }) => unit)).size === 1;
  const shared = Math.min(...runs.map(({ units }) => units));
  const byRun = <T>(of: (lines: readonly LossRow[], run: RunRow) => T): ByRun<T> =>
    Object.fromEntries(
      runs.map((row) => [row.run, of(lines.filter(({ run }) => run === row.run), row)]),
    );
  return {
    runs,
    differences: differencesOf(runs),
    losses: !sameUnit || shared === 0 ? [] : SHARES.map((share) => ({
      units: Math.round(share * shared),
      training: byRun((own) => trainingAt(own, share * shared)),
      validation: byRun((own) => validationAt(own, share * shared)),
    })),
    speed: runs.map(({ run, rate, seconds, manifest }) => ({
      run,
      overall: rate,
      median: median(intervalRates(lines.filter((line) => line.run === run), manifest)) ?? null,
      seconds,
    })),
    remarks: remarksOn(runs, sameUnit),
    lines,
  };
}

/**
 * Draws the losses of compared runs by the examples seen.
 *
 * @param name when given, the figure is saved as `results/figures/NAME.png`
 * @throws {RangeError} when their examples are of different kinds.
 *
 * ```ts
 * import { compareRuns, comparisonFigure } from "@lib/query/mod.ts";
 * import assert from "node:assert/strict";
 *
 * const compared = compareRuns(["boardnet-cap1000", "boardnet-cap1300"]);
 * assert.match(comparisonFigure(compared).svg, /boardnet-cap1300/);
 * ```
 */
export function comparisonFigure(comparison: Comparison, name?: string): Picture {
  const { runs, lines, losses, remarks } = comparison;
  const units = [...new Set(runs.map(({ unit }) => unit))];
  if (units.length > 1) {
    throw new RangeError(`Cannot draw ${units.join(" and ")} on one axis: must be of one kind`);
  }
  const ofKind = (kind: LossRow["kind"]) => lines.filter((line) => line.kind === kind);
  const ids = runs.map(({ run }) => run);
  const range = ids.map((_, i) => PALETTE[i % PALETTE.length]);
  return figure({
    title: titleOf(comparison),
    subtitle:
      "loss by examples seen; faint: training, with dots: validation; dashed: as far as all have come",
    caption: remarks.join(" "),
    height: 360,
    x: { label: units[0] },
    y: { label: "loss (nats)", nice: true },
    color: { domain: ids, range },
    marks: [
      Plot.lineY(ofKind("training"), {
        x: "units",
        y: "loss",
        stroke: "run",
        strokeOpacity: 0.35,
        strokeWidth: 1.25,
      }),
      Plot.lineY(ofKind("validation"), { x: "units", y: "loss", stroke: "run", strokeWidth: 2 }),
      Plot.dot(ofKind("validation"), { x: "units", y: "loss", fill: "run", r: 3 }),
      ...(losses.length > 0
        ? [Plot.ruleX([losses[losses.length - 1].units], {
          stroke: "#5d5d5d",
          strokeDasharray: "5,4",
        })]
        : []),
    ],
    ...(name !== undefined && { name }),
  });
}

function titleOf({ runs, losses }: Comparison): string {
  const last = losses.at(-1);
  const sameData = new Set(runs.map(({ manifest }) => manifest.dataHash)).size === 1;
  if (!last || !sameData) return `Loss of ${runs.map(({ run }) => run).join(", ")}`;
  const validated = Object.values(last.validation).every((loss) => loss !== null);
  const kind = validated ? "validation" : "training";
  const [best] = Object.entries(last[kind]).filter(([, loss]) => loss !== null)
    .sort(([, a], [, b]) => a! - b!);
  if (!best) return `Loss of ${runs.map(({ run }) => run).join(", ")}`;
  return `${best[0]} has the lowest ${kind} loss after ` +
    `${last.units.toLocaleString("en")} ${runs[0].unit}: ${best[1]!.toFixed(3)}`;
}

// Fields of the configuration, by path, and of where and from what a run was made.
function fieldsOf({ manifest }: RunRow): Map<string, unknown> {
  const { name: _, ...config } = manifest.config;
  const { dataHash: data, backend, versions, git, host } = manifest;
  const fields = new Map<string, unknown>();
  const visit = (value: unknown, path: string) => {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      for (const [key, part] of Object.entries(value)) {
        visit(part, path === "" ? key : `${path}.${key}`);
      }
    } else fields.set(path, value);
  };
  visit({
    ...config,
    "data hash": data,
    commit: git?.commit.slice(0, 10),
    backend,
    versions,
    cpu: host?.cpu,
  }, "");
  return fields;
}

function differencesOf(runs: readonly RunRow[]): Comparison["differences"] {
  const all = runs.map(fieldsOf);
  const names = [...new Set(all.flatMap((fields) => [...fields.keys()]))];
  return names
    .filter((name) => new Set(all.map((fields) => JSON.stringify(fields.get(name)))).size > 1)
    .map((field) => ({
      field,
      values: Object.fromEntries(runs.map(({ run }, i) => [run, all[i].get(field) ?? null])),
    }));
}

// Each line is a mean since the line before, so that longer stretches weigh more.
function trainingAt(lines: readonly LossRow[], units: number): number | null {
  let total = 0, weight = 0, before = 0;
  for (const { kind, units: at, loss } of lines) {
    if (kind !== "training") continue;
    const inside = Math.min(at, units) - Math.max(before, 0.9 * units);
    if (inside > 0) total += inside * loss, weight += inside;
    before = at;
  }
  return weight > 0 ? total / weight : null;
}

function validationAt(lines: readonly LossRow[], units: number): number | null {
  const measured = lines.filter(({ kind }) => kind === "validation");
  const before = measured.findLast((line) => line.units <= units);
  const after = measured.find((line) => line.units >= units);
  if (!before || !after) return null;
  if (after.units === before.units) return after.loss;
  if (after.units > 2 * before.units) return null;
  const share = (units - before.units) / (after.units - before.units);
  return before.loss + share * (after.loss - before.loss);
}

// Examples a second between neighbouring lines with a training loss.
function intervalRates(lines: readonly LossRow[], manifest: RunRow["manifest"]): number[] {
  const own = lines.filter(({ kind }) => kind === "training");
  return own.slice(1).map(({ step, seconds }, i) =>
    (step - own[i].step) * manifest.unitsPerBatch / (seconds - own[i].seconds)
  ).filter((rate) => Number.isFinite(rate) && rate > 0);
}

function remarksOn(runs: readonly RunRow[], sameUnit: boolean): string[] {
  const differ = (of: (run: RunRow) => unknown) => new Set(runs.map(of)).size > 1;
  const dirty = runs.filter(({ manifest }) => manifest.git?.dirty).map(({ run }) => run);
  return [
    ...(sameUnit
      ? []
      : ["Their examples are of different kinds: losses cannot stand side by side."]),
    ...(differ(({ manifest }) => manifest.dataHash)
      ? ["Their data differ: so do their validation sets, and a lower loss may be an easier one."]
      : []),
    ...(differ(({ manifest }) => `${manifest.host?.cpu} ${manifest.backend}`)
      ? ["They ran on different machines or backends: speeds differ by that, too."]
      : []),
    ...(runs.every(({ status }) => status === "complete")
      ? []
      : ["Not all are complete: the learning rate of one that is under way has not yet fallen."]),
    ...(dirty.length > 0 ? [`Made from changed files, not a commit: ${dirty.join(", ")}.`] : []),
    "One run each: seeds alone make losses differ, and there is no interval for that here.",
  ];
}
