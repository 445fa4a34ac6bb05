/**
 * Isotonic regression: the best fit that never falls.
 *
 * @module
 */

/**
 * The non-decreasing sequence nearest to the values in weighted least squares, by pooling adjacent
 * violators (Ayer et al. 1955; PAVA), in linear time.
 *
 * @param weights one a value, 0 or more; equal when absent. Values of weight 0 take the fit of the
 * pool that they fall into.
 * @throws {RangeError} for weights that do not fit.
 *
 * ```ts
 * import { isotonic } from "@lib/analysis/isotonic.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(isotonic([1, 3, 2, 4]), Float64Array.of(1, 2.5, 2.5, 4));
 * ```
 */
export function isotonic(values: ArrayLike<number>, weights?: ArrayLike<number>): Float64Array {
  if (weights && weights.length !== values.length) {
    throw new RangeError(
      `Cannot fit ${values.length} values with ${weights.length} weights: must be equal`,
    );
  }
  const pools: { value: number; weight: number; size: number }[] = [];
  for (let i = 0; i < values.length; i++) {
    const weight = weights ? weights[i] : 1;
    if (!(weight >= 0)) throw new RangeError(`Cannot use weight ${weight}: must be 0 or more`);
    let pool = { value: values[i], weight, size: 1 };
    for (let last = pools.at(-1); last && !(last.value < pool.value); last = pools.at(-1)) {
      const total = last.weight + pool.weight;
      pool = {
        value: total > 0
          ? (last.value * last.weight + pool.value * pool.weight) / total
          : (last.value + pool.value) / 2,
        weight: total,
        size: last.size + pool.size,
      };
      pools.pop();
    }
    pools.push(pool);
  }
  const fit = new Float64Array(values.length);
  let at = 0;
  for (const { value, size } of pools) fit.fill(value, at, at += size);
  return fit;
}

/**
 * As {@linkcode isotonic}, but the sequence never rises.
 *
 * ```ts
 * import { antitonic } from "@lib/analysis/isotonic.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([...antitonic([3, 1, 2])], [3, 1.5, 1.5]);
 * ```
 */
export function antitonic(values: ArrayLike<number>, weights?: ArrayLike<number>): Float64Array {
  return isotonic(Float64Array.from(values, (v) => -v), weights).map((v) => -v);
}
