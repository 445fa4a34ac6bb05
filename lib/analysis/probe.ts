/**
 * Linear probes: what a linear map can read off a network's states, always measured on points that it
 * was not fitted to (Alain and Bengio, arXiv 1610.01644).
 *
 * Shapes: `n` points, `d` dimensions, `m` targets.
 *
 * @module
 */

import { pointAt, type Points, selectPoints } from "@lib/analysis/points.ts";
import { random, shuffle } from "@lib/random.ts";
import { bootstrap, type Interval, mean, type Resampling } from "@lib/analysis/stats.ts";

/** A linear map from points to targets. */
export interface Probe {
  /** [m][d]. */
  readonly weights: readonly Float64Array[];
  /** [m], added. */
  readonly offset: Float64Array;
}

/**
 * Ridge regression: the linear map that minimises mean squared error + penalty · |w|², with w on
 * dimensions scaled to deviation 1 and the offset free.
 *
 * @param targets [m][n]
 * @param penalty 0 is least squares.
 * @throws {RangeError} for targets of another length than the points, or a penalty that is too small
 * for the dimensions to be told apart.
 *
 * ```ts
 * import { makePoints } from "@lib/analysis/points.ts";
 * import { readOff, ridge } from "@lib/analysis/probe.ts";
 * import assert from "node:assert/strict";
 *
 * const points = makePoints([[0, 1], [1, 0], [2, 2], [3, 1]]);
 * const probe = ridge(points, [[1, 2, 6, 7]], 0); // 2 a + b, with no error
 * const [there] = readOff(probe, makePoints([[10, 5]]));
 * assert.ok(Math.abs(there[0] - 25) < 1e-6);
 * ```
 */
export function ridge(
  points: Points,
  targets: readonly ArrayLike<number>[],
  penalty: number,
): Probe {
  return fit(summarise(points, targets), penalty);
}

/** What a probe says of each point, [m][n]. */
export function readOff({ weights, offset }: Probe, points: Points): Float64Array[] {
  return weights.map((w, t) =>
    Float64Array.from({ length: points.length }, (_, i) => {
      const row = pointAt(points, i);
      let y = offset[t];
      for (let a = 0; a < w.length; a++) y += w[a] * row[a];
      return y;
    })
  );
}

/** How points are held out. */
export interface HeldOut {
  /** Seed of the parts. */
  readonly seed: number;
  /** Parts, 5 unless given: each is foretold from the others. */
  readonly folds?: number;
}

/** Penalties to choose from. */
const PENALTIES = [0.001, 0.01, 0.1, 1, 10];

/**
 * What a probe says of each point when it was fitted without the point's part of the data, [m][n]. The
 * penalty, one for all targets, is chosen within the other parts: one of them judges probes of the
 * rest.
 *
 * Points must be independent (one position of a game), or a part knows something of the others.
 *
 * @throws {RangeError} for fewer than 3 folds or more than points.
 */
export function heldOut(
  points: Points,
  targets: readonly ArrayLike<number>[],
  { seed, folds = 5 }: HeldOut,
): Float64Array[] {
  const n = points.length;
  if (!(folds >= 3 && folds <= n)) {
    throw new RangeError(`Cannot hold out ${folds} parts of ${n} points: must be 3 … ${n}`);
  }
  const order = shuffle(random(seed, "folds"), Uint32Array.from({ length: n }, (_, i) => i));
  const part = (keep: (fold: number) => boolean) => {
    const which = order.filter((_, place) => keep(place % folds));
    const values = targets.map((target) => Float64Array.from(which, (i) => target[i]));
    return { which, points: selectPoints(points, which), targets: values };
  };
  const said = targets.map(() => new Float64Array(n));
  for (let fold = 0; fold < folds; fold++) {
    const judge = (fold + 1) % folds;
    const inner = part((f) => f !== fold && f !== judge), judged = part((f) => f === judge);
    const sums = summarise(inner.points, inner.targets);
    const errors = PENALTIES.map((penalty) =>
      squaredError(readOff(fit(sums, penalty), judged.points), judged.targets)
    );
    const penalty = PENALTIES[errors.indexOf(Math.min(...errors))];
    const known = part((f) => f !== fold), asked = part((f) => f === fold);
    readOff(ridge(known.points, known.targets, penalty), asked.points).forEach((values, t) =>
      values.forEach((value, i) => said[t][asked.which[i]] = value)
    );
  }
  return said;
}

/**
 * R² = 1 − Σ (actual − foretold)² / Σ (actual − mean)², with a bootstrap interval over points. 1 is
 * exact, 0 as good as the mean, below 0 worse.
 *
 * The points must be independent; what foretold them is taken as given.
 */
export function explained(
  foretold: ArrayLike<number>,
  actual: ArrayLike<number>,
  resampling: Resampling,
): Interval {
  return bootstrap(actual.length, (picked) => rSquared(foretold, actual, picked), resampling);
}

/** R² of one forecast less that of another of the same points, with a bootstrap interval. */
export function explainedMore(
  foretold: ArrayLike<number>,
  other: ArrayLike<number>,
  actual: ArrayLike<number>,
  resampling: Resampling,
): Interval {
  const more = (picked: Uint32Array) =>
    rSquared(foretold, actual, picked) - rSquared(other, actual, picked);
  return bootstrap(actual.length, more, resampling);
}

function rSquared(
  foretold: ArrayLike<number>,
  actual: ArrayLike<number>,
  picked: Uint32Array,
): number {
  let total = 0, squares = 0, missed = 0;
  for (const i of picked) {
    total += actual[i];
    squares += actual[i] ** 2;
    missed += (actual[i] - foretold[i]) ** 2;
  }
  return 1 - missed / (squares - total ** 2 / picked.length);
}

function squaredError(
  said: readonly Float64Array[],
  targets: readonly Float64Array[],
): number {
  return said.reduce(
    (sum, values, t) => values.reduce((s, value, i) => s + (value - targets[t][i]) ** 2, sum),
    0,
  );
}

/** All that a probe's fit needs to know of the points: the same for every penalty. */
interface Sums {
  /** Mean of each dimension, [d], and 1 over its standard deviation (0 where it never varies). */
  readonly centre: Float64Array;
  readonly scale: Float64Array;
  /** Mean products of the scaled dimensions, lower rows of [d, d]. */
  readonly gram: Float64Array;
  /** [m], and mean products with the scaled dimensions, [m][d]. */
  readonly means: Float64Array;
  readonly cross: readonly Float64Array[];
}

function summarise(points: Points, targets: readonly ArrayLike<number>[]): Sums {
  const { length: n, dimension: d } = points;
  const odd = targets.find((target) => target.length !== n);
  if (odd) throw new RangeError(`Cannot fit ${odd.length} targets to ${n} points: must be equal`);
  const { centre, scale } = moments(points);
  const gram = new Float64Array(d * d), cross = targets.map(() => new Float64Array(d));
  const means = Float64Array.from(targets, mean), x = new Float64Array(d);
  for (let i = 0; i < n; i++) {
    const row = pointAt(points, i);
    for (let a = 0; a < d; a++) x[a] = (row[a] - centre[a]) * scale[a];
    for (let a = 0; a < d; a++) {
      const share = x[a] / n;
      for (let b = 0; b <= a; b++) gram[a * d + b] += share * x[b];
    }
    for (let t = 0; t < targets.length; t++) {
      const y = targets[t][i] / n; // its mean need not be taken off: that of x is 0
      if (y !== 0) { for (let a = 0; a < d; a++) cross[t][a] += y * x[a]; }
    }
  }
  return { centre, scale, gram, means, cross };
}

function fit({ centre, scale, gram, means, cross }: Sums, penalty: number): Probe {
  const d = scale.length, penalised = gram.slice();
  // A dimension that never varies has weight 0, whatever the penalty.
  for (let a = 0; a < d; a++) penalised[a * d + a] += scale[a] === 0 ? 1 : penalty;
  const root = cholesky(penalised, d);
  const weights = cross.map((c) => solve(root, c).map((w, a) => w * scale[a]));
  const offset = means.map((y, t) => y - weights[t].reduce((sum, w, a) => sum + w * centre[a], 0));
  return { weights, offset };
}

function moments({ length: n, dimension: d, values }: Points) {
  const centre = new Float64Array(d), scale = new Float64Array(d);
  for (let i = 0; i < n; i++) {
    for (let a = 0; a < d; a++) centre[a] += values[i * d + a] / n;
  }
  for (let i = 0; i < n; i++) {
    for (let a = 0; a < d; a++) scale[a] += (values[i * d + a] - centre[a]) ** 2 / n;
  }
  return { centre, scale: scale.map((v) => (v < 1e-12 ? 0 : 1 / Math.sqrt(v))) };
}

/** L of A = L Lᵀ, lower rows of [d, d]. */
function cholesky(A: Float64Array, d: number): Float64Array {
  const L = new Float64Array(d * d);
  for (let a = 0; a < d; a++) {
    for (let b = 0; b <= a; b++) {
      let rest = A[a * d + b];
      for (let c = 0; c < b; c++) rest -= L[a * d + c] * L[b * d + c];
      if (b < a) L[a * d + b] = rest / L[b * d + b];
      else if (rest > 1e-12) L[a * d + a] = Math.sqrt(rest);
      else {
        throw new RangeError(
          `Cannot fit a probe of ${d} dimensions: dimension ${a} follows from those before; ` +
            "must have a larger penalty",
        );
      }
    }
  }
  return L;
}

/** x of L Lᵀ x = b. */
function solve(L: Float64Array, b: Float64Array): Float64Array {
  const d = b.length, x = b.slice();
  for (let a = 0; a < d; a++) {
    for (let c = 0; c < a; c++) x[a] -= L[a * d + c] * x[c];
    x[a] /= L[a * d + a];
  }
  for (let a = d - 1; a >= 0; a--) {
    for (let c = a + 1; c < d; c++) x[a] -= L[c * d + a] * x[c];
    x[a] /= L[a * d + a];
  }
  return x;
}
