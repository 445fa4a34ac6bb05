/**
 * Points of a space, such as a network's states: one row of numbers each.
 *
 * @module
 */

/** Points: `length` rows of `dimension` numbers. */
export interface Points {
  /** Number of points. */
  readonly length: number;
  /** Numbers a point. */
  readonly dimension: number;
  /** [length, dimension], row by row. */
  readonly values: Float32Array;
}

/**
 * Points of rows.
 *
 * @throws {RangeError} for no rows, or rows of different lengths.
 *
 * ```ts
 * import { makePoints } from "@lib/analysis/points.ts";
 * import assert from "node:assert/strict";
 *
 * const { length, dimension } = makePoints([[0, 1, 2], [3, 4, 5]]);
 * assert.deepEqual([length, dimension], [2, 3]);
 * ```
 */
export function makePoints(rows: readonly ArrayLike<number>[]): Points {
  const dimension = rows[0]?.length ?? 0;
  const odd = rows.findIndex((row) => row.length !== dimension);
  if (dimension === 0 || odd >= 0) {
    throw new RangeError(
      `Cannot make points of ${rows.length} rows, row ${Math.max(odd, 0)} of ` +
        `${
          rows[odd]?.length ?? dimension
        } numbers: must have as many as the first, ${dimension}, ` +
        "and at least 1",
    );
  }
  const values = new Float32Array(rows.length * dimension);
  rows.forEach((row, i) => values.set(Float32Array.from(row), i * dimension));
  return { length: rows.length, dimension, values };
}

/** One point's numbers: a view, not a copy. */
export function pointAt({ dimension, values }: Points, i: number): Float32Array {
  return values.subarray(i * dimension, (i + 1) * dimension);
}

/** Some of the points, in the order asked for. */
export function selectPoints(points: Points, which: ArrayLike<number>): Points {
  return makePoints(Array.from(which, (i) => pointAt(points, i)));
}

/**
 * Two spaces as one: each point's numbers in both, side by side.
 *
 * @throws {RangeError} when they have not the same number of points.
 */
export function joinPoints(a: Points, b: Points): Points {
  if (a.length !== b.length) {
    throw new RangeError(`Cannot join ${a.length} points with ${b.length}: must be equal`);
  }
  return makePoints(
    Array.from({ length: a.length }, (_, i) => [...pointAt(a, i), ...pointAt(b, i)]),
  );
}

/**
 * The mean over the parts of each point: [length, parts · d] → [length, d]. With 64 parts, the squares
 * of a board become one.
 *
 * @throws {RangeError} when the dimension is no multiple of the parts.
 */
export function meanOfParts(points: Points, parts: number): Points {
  const d = points.dimension / parts;
  if (!Number.isInteger(d)) {
    throw new RangeError(
      `Cannot cut ${points.dimension} dimensions into ${parts} parts: must be a multiple`,
    );
  }
  const values = new Float32Array(points.length * d);
  for (let i = 0; i < points.length; i++) {
    const row = pointAt(points, i);
    for (let j = 0; j < row.length; j++) values[i * d + j % d] += row[j] / parts;
  }
  return { length: points.length, dimension: d, values };
}

/** Squared Euclidean distances between all points, [length, length]. */
export function squaredDistances(points: Points): Float32Array {
  const n = points.length, squared = new Float32Array(n * n);
  for (let i = 0; i < n; i++) {
    const a = pointAt(points, i);
    for (let j = 0; j < i; j++) {
      const b = pointAt(points, j);
      let total = 0;
      for (let c = 0; c < a.length; c++) total += (a[c] - b[c]) ** 2;
      squared[i * n + j] = squared[j * n + i] = total;
    }
  }
  return squared;
}
