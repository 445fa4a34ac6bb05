/**
 * How unevenly a gain is spread over states: "transcendence sits in few high-stakes states" as a
 * number (paper § 2.4).
 *
 * @module
 */

import { sum } from "@lib/analysis/stats.ts";

/**
 * The share of the total that lies in the given share of states, those of the largest values first:
 * points of the Lorenz curve, turned round. It exceeds 1 where the rest of the states lose.
 *
 * @param values One a state, such as its gain.
 * @param tops Shares of the states, 0 … 1; a share that is no whole number of states is rounded.
 * @param by What ranks the states, largest first; the values themselves unless given. States chosen
 * after the fact by their own gain hold more of it than states chosen beforehand by what is at stake.
 * @returns One share of the total for each of `tops`.
 * @throws {RangeError} for no values, a value that is not finite, a total that is not positive (there
 * is no gain to share), or a share outside 0 … 1.
 *
 * ```ts
 * import { shareInTop } from "@lib/analysis/concentration.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(shareInTop([0, 6, 1, -1, 4], [0.2, 0.4, 1]), [0.6, 1, 1]);
 * ```
 */
export function shareInTop(
  values: ArrayLike<number>,
  tops: readonly number[],
  by: ArrayLike<number> = values,
): number[] {
  if (by.length !== values.length) {
    throw new RangeError(
      `Cannot rank ${values.length} states by ${by.length} values: must be equal`,
    );
  }
  const bad = Array.prototype.findIndex.call(values, (v) => !Number.isFinite(v));
  if (bad >= 0) throw new RangeError(`Cannot share ${values[bad]} (entry ${bad}): must be finite`);
  const total = sum(values);
  if (!(total > 0)) {
    throw new RangeError(`Cannot share a total of ${total} among states: must be more than 0`);
  }
  const order = Uint32Array.from(values, (_, x) => x).sort((a, b) => by[b] - by[a] || a - b);
  const falling = Float64Array.from(order, (x) => values[x]);
  return tops.map((top) => {
    if (!(top >= 0 && top <= 1)) {
      throw new RangeError(`Cannot take a share ${top} of the states: must be 0 to 1`);
    }
    return sum(falling.subarray(0, Math.round(top * falling.length))) / total;
  });
}
