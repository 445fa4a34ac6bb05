/**
 * f(y|x) for one position x: probabilities of its legal moves, and drawing from them.
 *
 * @module
 */

import type { Move } from "@lib/chess/position.ts";
import type { Random } from "@lib/random.ts";

/** Probabilities of the legal moves of a position. */
export interface Distribution {
  /** The legal moves. */
  readonly moves: Uint16Array | readonly Move[];
  /** f(y|x), aligned with `moves`; sums to 1. */
  readonly p: Float64Array;
}

/**
 * Draws an index with the given probabilities.
 *
 * @param p probabilities or weights, 0 or more, not all 0.
 * @throws {RangeError} when there is nothing to draw.
 *
 * ```ts
 * import { sampleIndex } from "@lib/analysis/distribution.ts";
 * import { random } from "@lib/random.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(sampleIndex([0, 1, 0], random(1, "example")), 1);
 * ```
 */
export function sampleIndex(p: ArrayLike<number>, random: Random): number {
  let total = 0;
  for (let i = 0; i < p.length; i++) total += p[i];
  if (!(total > 0 && total < Infinity)) {
    throw new RangeError(`Cannot draw with probabilities of sum ${total}: must be more than 0`);
  }
  let left = random() * total;
  let last = 0;
  for (let i = 0; i < p.length; i++) {
    if (p[i] === 0) continue;
    last = i;
    left -= p[i];
    if (left < 0) return i;
  }
  // Rounding may leave a little over.
  return last;
}

/**
 * Draws a move.
 *
 * @throws {RangeError} when there is nothing to draw.
 *
 * ```ts
 * import { sample } from "@lib/analysis/distribution.ts";
 * import { random } from "@lib/random.ts";
 * import assert from "node:assert/strict";
 *
 * const certain = { moves: [10, 20], p: Float64Array.of(0, 1) };
 * assert.equal(sample(certain, random(1, "moves")), 20);
 * ```
 */
export function sample({ moves, p }: Distribution, random: Random): Move {
  return moves[sampleIndex(p, random)];
}
