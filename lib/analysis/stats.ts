/**
 * Sums, means and 95 % intervals: every number that the workspace reports has one of these.
 *
 * Which one: runs over seeds → {@linkcode meanInterval}; states or moves from games →
 * {@linkcode clusteredMean} or {@linkcode bootstrapMean} by game; two policies on the same states →
 * {@linkcode pairedDifference}; a share of successes → {@linkcode wilson}; anything else →
 * {@linkcode bootstrap}.
 *
 * @module
 */

import { random, randomInteger } from "@lib/random.ts";
import { normalCdf, normalQuantile, studentQuantile } from "@lib/analysis/quantiles.ts";

/** An estimate with its interval (95 % unless said otherwise) and the number of independent units. */
export interface Interval {
  /** The estimate. */
  readonly value: number;
  /** The lower end. */
  readonly low: number;
  /** The upper end. */
  readonly high: number;
  /** Independent units: seeds, games, trials; 0 for a number that is exact. */
  readonly n: number;
}

/** How sure the interval is; the default everywhere is 0.95. */
export interface Level {
  /** Coverage, between 0 and 1. */
  readonly level?: number;
}

/** Options of the bootstrap. */
export interface Resampling extends Level {
  /** Seed of the resamples. */
  readonly seed: number;
  /** Number of resamples, 2,000 unless given. */
  readonly resamples?: number;
}

/**
 * A number known without error.
 *
 * ```ts
 * import { exactly } from "@lib/analysis/stats.ts";
 * import assert from "node:assert/strict";
 *
 * const { value, low, high } = exactly(0.5);
 * assert.deepEqual([value, low, high], [0.5, 0.5, 0.5]);
 * ```
 */
export function exactly(value: number): Interval {
  return { value, low: value, high: value, n: 0 };
}

/**
 * Σ values with the rounding carried along (Neumaier's sum): correct to the last digit or so for
 * millions of terms.
 *
 * ```ts
 * import { sum } from "@lib/analysis/stats.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(sum([1, 1e100, 1, -1e100]), 2);
 * ```
 */
export function sum(values: ArrayLike<number>): number {
  let total = 0, carry = 0;
  for (let i = 0; i < values.length; i++) {
    const v = values[i], next = total + v;
    carry += Math.abs(total) >= Math.abs(v) ? (total - next) + v : (v - next) + total;
    total = next;
  }
  return total + carry;
}

/**
 * The mean.
 *
 * @throws {RangeError} for no values.
 *
 * ```ts
 * import { mean } from "@lib/analysis/stats.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(mean([1, 2, 6]), 3);
 * ```
 */
export function mean(values: ArrayLike<number>): number {
  if (values.length < 1) {
    throw new RangeError("Cannot take the mean of 0 values: must be 1 or more");
  }
  return sum(values) / values.length;
}

/**
 * The sample variance (divided by n − 1).
 *
 * @throws {RangeError} for fewer than two values.
 *
 * ```ts
 * import { variance } from "@lib/analysis/stats.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(variance([1, 2, 6]), 7);
 * ```
 */
export function variance(values: ArrayLike<number>): number {
  if (values.length < 2) {
    throw new RangeError(`Cannot take the variance of ${values.length} values: must be 2 or more`);
  }
  const center = mean(values);
  return sum(Float64Array.from(values, (v) => (v - center) ** 2)) / (values.length - 1);
}

/**
 * The mean of independent values (one a seed) with Student's interval.
 *
 * @throws {RangeError} for fewer than two values: one run has no interval.
 *
 * ```ts
 * import { meanInterval } from "@lib/analysis/stats.ts";
 * import assert from "node:assert/strict";
 *
 * const { value, low, high, n } = meanInterval([1, 2, 3, 4, 5]);
 * assert.equal(value, 3);
 * assert.equal(n, 5);
 * assert.ok(Math.abs(high - (3 + 2.776445105 * Math.sqrt(2.5 / 5))) < 1e-8);
 * assert.ok(Math.abs(low + high - 6) < 1e-12);
 * ```
 */
export function meanInterval(values: ArrayLike<number>, { level = 0.95 }: Level = {}): Interval {
  const n = values.length, value = mean(values);
  const half = studentQuantile(upper(level), n - 1) * Math.sqrt(variance(values) / n);
  return { value, low: value - half, high: value + half, n };
}

/** One value a state with the state's game and weight. */
export interface Clustered {
  /** The game of each value; each value its own when absent. */
  readonly cluster?: ArrayLike<number>;
  /** Weight of each value; equal when absent. */
  readonly weight?: ArrayLike<number>;
}

/**
 * The (weighted) mean of values that come in clusters (states of the same game), with an interval
 * from the variance between clusters: the linearised ratio estimate with the factor m / (m − 1) and
 * Student's t on m − 1 degrees, m clusters.
 *
 * @throws {RangeError} for fewer than two clusters, arrays that do not match, no weight.
 *
 * ```ts
 * import { clusteredMean } from "@lib/analysis/stats.ts";
 * import assert from "node:assert/strict";
 *
 * // Two games, three positions each, alike within a game: six positions count as two games.
 * const cluster = [0, 0, 0, 1, 1, 1];
 * const { value, n, low } = clusteredMean([1, 1, 1, 3, 3, 3], { cluster });
 * assert.deepEqual([value, n], [2, 2]);
 * assert.ok(low < clusteredMean([1, 1, 1, 3, 3, 3]).low);
 * ```
 */
export function clusteredMean(
  values: ArrayLike<number>,
  { cluster, weight, level = 0.95 }: Clustered & Level = {},
): Interval {
  const { totals, weights } = byCluster(values, cluster, weight);
  const m = totals.length, w = sum(weights), value = sum(totals) / w;
  const residuals = totals.map((t, j) => (t - value * weights[j]) ** 2);
  const error = Math.sqrt(sum(residuals) * m / (m - 1)) / w;
  const half = studentQuantile(upper(level), m - 1) * error;
  return { value, low: value - half, high: value + half, n: m };
}

/**
 * The mean of a − b, value by value, with its interval: two policies on the same states, two models
 * on the same seeds.
 *
 * @throws {RangeError} for arrays of different length, or as {@linkcode clusteredMean}.
 *
 * ```ts
 * import { pairedDifference } from "@lib/analysis/stats.ts";
 * import assert from "node:assert/strict";
 *
 * const { value, low } = pairedDifference([5, 9, 1, 7], [4, 8.5, 0.25, 5.75]);
 * assert.equal(value, 0.875);
 * assert.ok(low > 0); // though the values themselves vary far more than that
 * ```
 */
export function pairedDifference(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  options: Clustered & Level = {},
): Interval {
  if (a.length !== b.length) {
    throw new RangeError(`Cannot pair ${a.length} values with ${b.length}: must be equal`);
  }
  return clusteredMean(Float64Array.from(a, (v, i) => v - b[i]), options);
}

/**
 * The (weighted) mean with a bootstrap interval over clusters, bias-corrected and accelerated (BCa;
 * Efron 1987), which keeps its coverage for skewed values such as favor.
 *
 * @throws {RangeError} as {@linkcode clusteredMean}.
 *
 * ```ts
 * import { bootstrapMean } from "@lib/analysis/stats.ts";
 * import assert from "node:assert/strict";
 *
 * const { value, low, high } = bootstrapMean([0, 1, 1, 2, 9], { seed: 1 });
 * assert.ok(low < value && value < high && high - value > value - low); // skewed, as the values are
 * ```
 */
export function bootstrapMean(
  values: ArrayLike<number>,
  { cluster, weight, ...resampling }: Clustered & Resampling,
): Interval {
  const { totals, weights } = byCluster(values, cluster, weight);
  const t = sum(totals), w = sum(weights), value = t / w;
  const statistic = (picked: Uint32Array) => {
    let total = 0, mass = 0;
    for (const j of picked) {
      total += totals[j];
      mass += weights[j];
    }
    return total / mass;
  };
  // The acceleration: skewness of the estimate when each cluster is left out in turn.
  const without = totals.map((v, j) => (t - v) / (w - weights[j]));
  const center = mean(without);
  const square = sum(without.map((v) => (center - v) ** 2));
  const cube = sum(without.map((v) => (center - v) ** 3));
  const acceleration = square > 0 ? cube / (6 * square ** 1.5) : 0;
  const draws = resample(totals.length, statistic, resampling);
  const below = draws.findIndex((d) => d >= value);
  const notAbove = draws.findIndex((d) => d > value);
  const share = ((below < 0 ? draws.length : below) + (notAbove < 0 ? draws.length : notAbove)) /
    2 / draws.length;
  const edge = 1 / (2 * draws.length);
  const bias = normalQuantile(Math.min(1 - edge, Math.max(edge, share)));
  const corrected = (p: number) => {
    const z = bias + normalQuantile(p);
    return normalCdf(bias + z / (1 - acceleration * z));
  };
  const top = upper(resampling.level ?? 0.95);
  return {
    value,
    low: quantileOf(draws, corrected(1 - top)),
    high: quantileOf(draws, corrected(top)),
    n: totals.length,
  };
}

/**
 * Any statistic of n independent units with a percentile bootstrap interval.
 *
 * @param n Number of units (games, seeds).
 * @param statistic The statistic of the units picked, given their numbers 0 … n − 1 with repeats.
 * @throws {RangeError} for fewer than two units.
 *
 * ```ts
 * import { bootstrap } from "@lib/analysis/stats.ts";
 * import assert from "node:assert/strict";
 *
 * const lengths = [31, 40, 38, 55, 62, 47, 29, 50];
 * const longest = (picked: Uint32Array) => Math.max(...Array.from(picked, (i) => lengths[i]));
 * const { value, low, high } = bootstrap(lengths.length, longest, { seed: 1 });
 * assert.equal(value, 62);
 * assert.ok(low < 62 && high === 62);
 * ```
 */
export function bootstrap(
  n: number,
  statistic: (picked: Uint32Array) => number,
  resampling: Resampling,
): Interval {
  const draws = resample(n, statistic, resampling);
  const top = upper(resampling.level ?? 0.95);
  return {
    value: statistic(Uint32Array.from({ length: n }, (_, i) => i)),
    low: quantileOf(draws, 1 - top),
    high: quantileOf(draws, top),
    n,
  };
}

/**
 * A share of successes with Wilson's score interval, good also at 0 and at n successes.
 *
 * @throws {RangeError} for n < 1 or successes outside 0 … n.
 *
 * ```ts
 * import { wilson } from "@lib/analysis/stats.ts";
 * import assert from "node:assert/strict";
 *
 * const { value, low, high } = wilson(0, 10);
 * assert.equal(value, 0);
 * assert.equal(low, 0);
 * assert.ok(Math.abs(high - 0.2775) < 1e-4);
 * ```
 */
export function wilson(successes: number, n: number, { level = 0.95 }: Level = {}): Interval {
  if (!(n >= 1) || !(successes >= 0 && successes <= n)) {
    throw new RangeError(`Cannot take the share of ${successes} in ${n}: must be 0 … n, n ≥ 1`);
  }
  const z = normalQuantile(upper(level)), p = successes / n;
  const center = (p + z * z / (2 * n)) / (1 + z * z / n);
  const half = z * Math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n);
  return {
    value: p,
    low: successes === 0 ? 0 : center - half,
    high: successes === n ? 1 : center + half,
    n,
  };
}

/**
 * The quantile of sorted values, linear between neighbours (Hyndman and Fan's type 7).
 *
 * ```ts
 * import { quantileOf } from "@lib/analysis/stats.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(quantileOf([1, 2, 4, 8], 0.5), 3);
 * ```
 */
export function quantileOf(sorted: ArrayLike<number>, p: number): number {
  const at = Math.min(1, Math.max(0, p)) * (sorted.length - 1), i = Math.floor(at);
  return i + 1 < sorted.length ? sorted[i] + (at - i) * (sorted[i + 1] - sorted[i]) : sorted[i];
}

function resample(
  n: number,
  statistic: (picked: Uint32Array) => number,
  { seed, resamples = 2000 }: Resampling,
): Float64Array {
  if (!(n >= 2)) throw new RangeError(`Cannot resample ${n} units: must be 2 or more`);
  if (!(resamples >= 1)) {
    throw new RangeError(`Cannot draw ${resamples} resamples: must be 1 or more`);
  }
  const next = random(seed, "bootstrap");
  const picked = new Uint32Array(n);
  const draws = new Float64Array(resamples);
  for (let b = 0; b < resamples; b++) {
    for (let i = 0; i < n; i++) picked[i] = randomInteger(next, n);
    draws[b] = statistic(picked);
  }
  return draws.sort();
}

function byCluster(
  values: ArrayLike<number>,
  cluster: ArrayLike<number> | undefined,
  weight: ArrayLike<number> | undefined,
): { totals: Float64Array; weights: Float64Array } {
  for (const [name, array] of [["clusters", cluster], ["weights", weight]] as const) {
    if (array && array.length !== values.length) {
      throw new RangeError(
        `Cannot use ${array.length} ${name} for ${values.length} values: must be equal`,
      );
    }
  }
  const slots = new Map<number, number>();
  const totals: number[] = [], weights: number[] = [];
  for (let i = 0; i < values.length; i++) {
    const w = weight ? weight[i] : 1;
    if (w === 0) continue; // a state without weight is not part of the sample
    const name = cluster ? cluster[i] : i;
    let slot = slots.get(name);
    if (slot === undefined) {
      slots.set(name, slot = totals.length);
      totals.push(0);
      weights.push(0);
    }
    totals[slot] += values[i] * w;
    weights[slot] += w;
  }
  if (totals.length < 2) {
    throw new RangeError(
      `Cannot give an interval from ${totals.length} clusters: must be 2 or more`,
    );
  }
  return { totals: Float64Array.from(totals), weights: Float64Array.from(weights) };
}

function upper(level: number): number {
  if (!(level > 0 && level < 1)) {
    throw new RangeError(`Cannot give an interval of level ${level}: must be between 0 and 1`);
  }
  return (1 + level) / 2;
}
