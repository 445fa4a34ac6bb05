/**
 * Engine scores as numbers, and Lichess's win probability of them (paper.md § 7).
 *
 * @module
 */

/** Beyond this many centipawns a score is a mate: mate in n moves is ±(10000 − n). */
export const MATE_BOUND = 9000;

/**
 * One number for a score in centipawns: itself, kept out of the range of mates.
 *
 * @param centipawns the score; engines answer up to ±20000 for positions in tablebases.
 */
export function centipawnScore(centipawns: number): number {
  return Math.max(-MATE_BOUND, Math.min(MATE_BOUND, centipawns));
}

/**
 * One number for a mate: 10000 − n for the side that mates in `n` moves, n − 10000 for the other.
 *
 * @param moves moves to the mate; negative when the side to move is mated; 0 when it is mate now,
 * which the side to move has lost.
 */
export function mateScore(moves: number): number {
  return moves > 0 ? 10000 - moves : -10000 - moves;
}

/**
 * The chance to win, with draws as half, of the side whose view the score is.
 *
 * W = 1 / (1 + e^(−0.00368208·cp)) with cp within ±1000, and for a mate in n moves
 * cp = ±100·(21 − min(10, n)): Lichess's formula as python-chess has it, without its rounding to
 * 1/1000. It is an expected score, not Stockfish's win–draw–loss model.
 *
 * @param score centipawns, or a mate as {@linkcode mateScore} writes it.
 * @throws {RangeError} when the score is not a number within ±10000.
 *
 * ```ts
 * import { mateScore, winProbability } from "@lib/chess/win_probability.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(winProbability(0), 0.5);
 * assert.equal(winProbability(303).toFixed(3), "0.753");
 * assert.equal(winProbability(mateScore(-1)).toFixed(3), "0.001");
 * ```
 */
export function winProbability(score: number): number {
  if (!(Math.abs(score) <= 10000)) {
    throw new RangeError(`Cannot take the win probability of ${score}: must be within ±10000`);
  }
  const size = Math.abs(score);
  const centipawns = size > MATE_BOUND
    ? 100 * (21 - Math.min(10, 10000 - size))
    : Math.min(1000, size);
  return 1 / (1 + Math.exp(-0.00368208 * Math.sign(score) * centipawns));
}
