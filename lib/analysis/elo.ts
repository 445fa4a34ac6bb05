/**
 * Elo's curve between rating differences and expected scores.
 *
 * @module
 */

/** Elo points of one natural unit. */
export const ELO: number = 400 / Math.LN10;

/**
 * The expected score at a rating difference, from 0 to 1.
 *
 * ```ts
 * import { eloOfScore, expectedScore } from "@lib/analysis/elo.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(expectedScore(0), 0.5);
 * assert.equal(expectedScore(400).toFixed(4), (10 / 11).toFixed(4));
 * assert.equal(eloOfScore(expectedScore(100)).toFixed(6), "100.000000");
 * ```
 */
export function expectedScore(difference: number): number {
  return 1 / (1 + Math.exp(-difference / ELO));
}

/**
 * The rating difference at which a score is expected: −∞ at 0, ∞ at 1.
 *
 * ```ts
 * import { eloOfScore } from "@lib/analysis/elo.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([eloOfScore(0.5), Math.round(eloOfScore(0.75))], [0, 191]);
 * ```
 */
export function eloOfScore(score: number): number {
  return ELO * Math.log(score / (1 - score));
}
