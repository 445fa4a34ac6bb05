/**
 * Nearest neighbours: whether those of a space share a value, and whether two spaces agree on who
 * they are.
 *
 * @module
 */

import { type Points, squaredDistances } from "@lib/analysis/points.ts";
import { mean } from "@lib/analysis/stats.ts";

/** The k nearest other points of each point by Euclidean distance, [n, k], the nearest first. */
export interface Neighbours {
  /** Neighbours a point. */
  readonly k: number;
  /** Numbers of points, [n, k]. */
  readonly of: Uint32Array;
}

/**
 * Finds neighbours by comparing all points.
 *
 * @throws {RangeError} when k is not 1 … n − 1.
 *
 * ```ts
 * import { nearest } from "@lib/analysis/neighbours.ts";
 * import { makePoints } from "@lib/analysis/points.ts";
 * import assert from "node:assert/strict";
 *
 * const line = makePoints([[0], [1], [3], [7]]);
 * assert.deepEqual([...nearest(line, 1).of], [1, 0, 1, 2]);
 * ```
 */
export function nearest(points: Points, k: number): Neighbours {
  const n = points.length;
  if (!(Number.isInteger(k) && k >= 1 && k < n)) {
    throw new RangeError(`Cannot find ${k} neighbours in ${n} points: must be 1 … ${n - 1}`);
  }
  const squared = squaredDistances(points), of = new Uint32Array(n * k);
  for (let i = 0; i < n; i++) {
    const row = squared.subarray(i * n, (i + 1) * n), own = of.subarray(i * k, (i + 1) * k);
    let found = 0;
    for (let j = 0; j < n; j++) {
      if (j === i || found === k && row[j] >= row[own[k - 1]]) continue;
      let place = found < k ? found++ : k - 1;
      for (; place > 0 && row[own[place - 1]] > row[j]; place--) own[place] = own[place - 1];
      own[place] = j;
    }
  }
  return { k, of };
}

/**
 * The mean value of each point's neighbours: what they foretell of it. With R² above 0, neighbours
 * share the value.
 */
export function neighbourMean({ k, of }: Neighbours, values: ArrayLike<number>): Float64Array {
  return Float64Array.from(
    { length: of.length / k },
    (_, i) => mean(Array.from(of.subarray(i * k, (i + 1) * k), (j) => values[j])),
  );
}

/**
 * For each point the share of its neighbours, 0 … 1, that are also its neighbours in the other space.
 *
 * @throws {RangeError} when they differ in n or k.
 */
export function sharedNeighbours(a: Neighbours, b: Neighbours): Float64Array {
  if (a.k !== b.k || a.of.length !== b.of.length) {
    throw new RangeError(
      `Cannot compare ${a.of.length / a.k} points of ${a.k} neighbours with ` +
        `${b.of.length / b.k} of ${b.k}: must be equal`,
    );
  }
  const { k } = a;
  return Float64Array.from({ length: a.of.length / k }, (_, i) => {
    const others = new Set(b.of.subarray(i * k, (i + 1) * k));
    return a.of.subarray(i * k, (i + 1) * k).filter((j) => others.has(j)).length / k;
  });
}
