/**
 * A shuffled order of n items that needs no memory.
 *
 * @module
 */

import { hash32 } from "@lib/random.ts";

/**
 * A pseudo-random permutation of 0 … n − 1 as a function: the item at place i is had at once, without
 * shuffling an array, so that an epoch over 10⁹ positions can be entered at any step.
 *
 * A balanced Feistel network of six rounds permutes the numbers of 2k bits, 2^(2k) ≥ n; a result beyond n
 * is sent through again until it falls below (cycle walking; fewer than four times on average).
 * Source: Black and Rogaway, Ciphers with Arbitrary Finite Domains, 2002.
 *
 * @param n 1 … 2³²
 * @param key integers that select the permutation, such as a seed and an epoch
 * @throws {RangeError} when n is out of range
 *
 * ```ts
 * import { permutation } from "@lib/data/permutation.ts";
 * import assert from "node:assert/strict";
 *
 * const at = permutation(5, 7);
 * assert.deepEqual([0, 1, 2, 3, 4].map(at).toSorted(), [0, 1, 2, 3, 4]);
 * ```
 */
export function permutation(n: number, ...key: readonly number[]): (i: number) => number {
  if (!(Number.isSafeInteger(n) && n >= 1 && n <= 2 ** 32)) {
    throw new RangeError(`Cannot permute ${n} items: must be 1 … 2^32`);
  }
  let half = 1;
  while (4 ** half < n) half++;
  const mask = 2 ** half - 1;
  const rounds = Int32Array.from({ length: 6 }, (_, round) => hash32(...key, round));
  return (i) => {
    do {
      let left = i >>> half, right = i & mask;
      for (let round = 0; round < 6; round++) {
        // The round function: one multiplication and a shift mix well enough for a shuffle.
        let mixed = Math.imul(right ^ rounds[round], 0x9e3779b1);
        mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b);
        [left, right] = [right, left ^ ((mixed >>> 16) & mask)];
      }
      i = ((left << half) | right) >>> 0;
    } while (i >= n);
    return i;
  };
}
