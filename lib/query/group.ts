/**
 * Groups of rows, each with a mean or a share and its interval.
 *
 * @module
 */

import { studentQuantile } from "@lib/analysis/quantiles.ts";
import { clusteredMean, type Interval, mean, wilson } from "@lib/analysis/stats.ts";

/** What is averaged over which groups. */
export interface MeanBy<T, K extends Readonly<Record<string, unknown>>> {
  /** The group of a row, as the fields that the result shall have; undefined leaves the row out. */
  readonly by: (row: T) => K | undefined;
  /** What is averaged: a number, or a truth, whose share is taken; undefined leaves the row out. */
  readonly value: (row: T) => number | boolean | undefined;
  /** What rows have in common that are not independent, such as their game (default: nothing). */
  readonly cluster?: (row: T) => number | string;
}

/**
 * The mean of a number, or the share of a truth, in each group of rows, with a 95 % interval: rows
 * for `curve`, `whiskers` and `table`. Groups come in the order of their fields.
 *
 * `n` is the number of clusters. A mean of one cluster has no interval: its ends are NaN. Shares have
 * Wilson's interval, at the size of an independent sample that would be as uncertain (Kish's effective
 * sample size), and so never leave 0 … 1.
 *
 * ```ts
 * import { meanBy, queryLabels } from "@lib/query/mod.ts";
 * import { curve, figure } from "@lib/notebook/mod.ts";
 * import assert from "node:assert/strict";
 *
 * const rates = meanBy(queryLabels("human-test"), {
 *   by: ({ rating, phase }) => ({ rating: 300 * Math.floor(rating / 300), phase }),
 *   value: ({ loss }) => loss >= 20, // a blunder
 *   cluster: ({ game }) => game,
 * });
 * const drawn = figure({ marks: curve(rates, { x: "rating", color: "phase" }) });
 * assert.match(drawn.svg, /middlegame/);
 * ```
 */
export function meanBy<T, K extends Readonly<Record<string, unknown>>>(
  rows: Iterable<T>,
  { by, value, cluster }: MeanBy<T, K>,
): (K & Interval)[] {
  const groups = new Map<string, { key: K; values: (number | boolean)[]; clusters: unknown[] }>();
  let row = 0;
  for (const each of rows) {
    const key = by(each), measured = key === undefined ? undefined : value(each);
    if (key === undefined || measured === undefined) continue;
    const name = JSON.stringify(key);
    if (!groups.has(name)) groups.set(name, { key, values: [], clusters: [] });
    const found = groups.get(name)!;
    found.values.push(measured);
    found.clusters.push(cluster ? cluster(each) : row++);
  }
  return [...groups.values()].sort((a, b) => compare(a.key, b.key))
    .map(({ key, values, clusters }) => ({ ...key, ...intervalOf(values, clusters) }));
}

function intervalOf(values: readonly (number | boolean)[], clusters: readonly unknown[]): Interval {
  const numbers = Float64Array.from(values, Number);
  const ids = numbered(clusters), n = new Set(ids).size;
  const share = values.every((value) => typeof value === "boolean");
  if (n === 1 && !share) return { value: mean(numbers), low: NaN, high: NaN, n };
  if (!share) return clusteredMean(numbers, { cluster: ids });
  const p = mean(numbers);
  if (n < numbers.length && n > 1 && p > 0 && p < 1) {
    const { value, high } = clusteredMean(numbers, { cluster: ids });
    const error = (high - value) / studentQuantile(0.975, n - 1);
    const size = Math.max(1, Math.min(numbers.length, p * (1 - p) / error ** 2));
    return { ...wilson(p * size, size), value: p, n };
  }
  // All alike: nothing tells how alike rows of one cluster are, so each cluster counts once.
  return { ...wilson(p * n, n), value: p, n };
}

function numbered(clusters: readonly unknown[]): Uint32Array {
  const ids = new Map<unknown, number>();
  for (const cluster of clusters) if (!ids.has(cluster)) ids.set(cluster, ids.size);
  return Uint32Array.from(clusters, (cluster) => ids.get(cluster)!);
}

function compare(
  a: Readonly<Record<string, unknown>>,
  b: Readonly<Record<string, unknown>>,
): number {
  for (const field of Object.keys(a)) {
    const [x, y] = [a[field], b[field]];
    if (x === y) continue;
    if (typeof x === "number" && typeof y === "number") return x - y;
    return String(x) < String(y) ? -1 : 1;
  }
  return 0;
}
