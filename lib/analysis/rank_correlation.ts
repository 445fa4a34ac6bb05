/**
 * Whether two measures put things into the same order.
 *
 * @module
 */

import { bootstrap, type Interval, type Resampling } from "@lib/analysis/stats.ts";

/**
 * Spearman's rank correlation, −1 … 1, with a bootstrap interval; ties have their mean rank.
 *
 * @throws {RangeError} for lists of different lengths, or fewer than 2.
 *
 * ```ts
 * import { rankCorrelation } from "@lib/analysis/rank_correlation.ts";
 * import assert from "node:assert/strict";
 *
 * const { value } = rankCorrelation([1, 2, 3, 4], [1, 10, 1000, 100], { seed: 1 });
 * assert.ok(Math.abs(value - 0.8) < 1e-12);
 * ```
 */
export function rankCorrelation(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  resampling: Resampling,
): Interval {
  if (a.length !== b.length) {
    throw new RangeError(`Cannot correlate ${a.length} values with ${b.length}: must be equal`);
  }
  return bootstrap(
    a.length,
    (picked) =>
      correlation(
        ranks(Float64Array.from(picked, (i) => a[i])),
        ranks(Float64Array.from(picked, (i) => b[i])),
      ),
    resampling,
  );
}

/** The place of each value in rising order, from 0; equal values share the mean of their places. */
function ranks(values: Float64Array): Float64Array {
  const order = Uint32Array.from(values, (_, i) => i).sort((i, j) => values[i] - values[j]);
  const ranked = new Float64Array(values.length);
  for (let from = 0, to = 0; from < order.length; from = to) {
    while (to < order.length && values[order[to]] === values[order[from]]) to++;
    for (let place = from; place < to; place++) ranked[order[place]] = (from + to - 1) / 2;
  }
  return ranked;
}

/** Pearson's correlation; 0 where one never varies. */
function correlation(a: Float64Array, b: Float64Array): number {
  const centre = (a.length - 1) / 2; // the mean of ranks
  let both = 0, own = 0, other = 0;
  for (let i = 0; i < a.length; i++) {
    both += (a[i] - centre) * (b[i] - centre);
    own += (a[i] - centre) ** 2;
    other += (b[i] - centre) ** 2;
  }
  return own === 0 || other === 0 ? 0 : both / Math.sqrt(own * other);
}
