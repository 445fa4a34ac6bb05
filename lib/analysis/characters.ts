/**
 * Temperature on characters instead of moves: what the paper's models do (paper § 1, "Tokens vs
 * moves"). Greedy characters need not spell the most probable move: the first letter is that of the
 * likeliest piece, summed over all its moves.
 *
 * @module
 */

import { sharpen } from "@lib/analysis/temperature.ts";

/** Stands for the end of a text, which is a choice like any other. */
const END = "\0";

/**
 * The distribution over texts when each is written character by character, and each character is
 * sampled at temperature τ from what `p` implies for it after those before. At τ = 1 it is `p`.
 *
 * @param texts Different texts, such as the SAN of all legal moves.
 * @param p Their probabilities at τ = 1.
 * @throws {RangeError} for a text that occurs twice, arrays of different length, or as `sharpen`.
 *
 * ```ts
 * import { sharpenCharacters } from "@lib/analysis/characters.ts";
 * import assert from "node:assert/strict";
 *
 * // The knight's one move is likeliest, but most of the probability is on the rook's.
 * const texts = ["Nf4", "Re8", "Rg4"], p = Float64Array.of(0.4, 0.35, 0.25);
 * assert.deepEqual(sharpenCharacters(texts, p, 0), Float64Array.of(0, 1, 0));
 * ```
 */
export function sharpenCharacters(
  texts: readonly string[],
  p: Float64Array,
  tau: number,
): Float64Array {
  if (texts.length !== p.length || new Set(texts).size !== texts.length) {
    throw new RangeError(
      `Cannot write ${new Set(texts).size} different texts of ${texts.length} with ${p.length} ` +
        "probabilities: must be equal",
    );
  }
  const out = new Float64Array(p.length);
  const write = (those: readonly number[], place: number, share: number) => {
    const after = Map.groupBy(those, (i) => texts[i][place] ?? END);
    const groups = [...after.values()];
    const mass = Float64Array.from(groups, (group) => group.reduce((sum, i) => sum + p[i], 0));
    const sharp = sharpen(mass, tau);
    [...after.keys()].forEach((character, g) => {
      if (sharp[g] === 0) return;
      if (character === END) out[groups[g][0]] = share * sharp[g];
      else write(groups[g], place + 1, share * sharp[g]);
    });
  };
  write(texts.map((_, i) => i), 0, 1);
  return out;
}
