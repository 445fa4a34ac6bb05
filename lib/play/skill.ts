/**
 * Stockfish's `Skill Level` with a seed: its rule, applied to scores of several moves with our own
 * generator, for results that must reproduce (no engine lets its skill be seeded).
 *
 * @module
 */

import type { Random } from "@lib/random.ts";
import type { ScoredMove } from "@lib/play/stockfish.ts";

/** Moves the rule chooses from. */
export const SKILL_MULTI_PV = 4;

/** The depth in plies at which a level chooses: 1 + level. */
export function skillDepth(level: number): number {
  return 1 + level;
}

/**
 * Chooses a move as `Skill Level` does: with weakness w = 120 − 2·level, a move `d` behind the best
 * is pushed up by (w·d + window·u) / 128, where u is uniform over 0 … w − 1 and the window is the
 * spread of the scores, at most one pawn; the highest sum is played (paper.md § 7). The engine does
 * this on its inner units, this on centipawns, so the two differ a little in strength.
 *
 * @param best scored moves, best first, such as the four best of a search to `skillDepth(level)`.
 * @param level 0 to 19; from 20 on the best move.
 *
 * ```ts
 * import { chooseBySkill } from "@lib/play/skill.ts";
 * import { random } from "@lib/random.ts";
 * import assert from "node:assert/strict";
 *
 * const best = [{ move: 1, score: 900 }, { move: 2, score: 20 }];
 * assert.equal(chooseBySkill(best, 20, random(1, "skill")).move, 1);
 * ```
 */
export function chooseBySkill(
  best: readonly ScoredMove[],
  level: number,
  random: Random,
): ScoredMove {
  if (best.length === 0) throw new RangeError("Cannot choose among 0 moves: must be 1 or more");
  if (level >= 20) return best[0];
  const top = best[0].score;
  const window = Math.min(top - best.at(-1)!.score, 100);
  const weakness = 120 - 2 * level;
  let chosen = best[0];
  let highest = -Infinity;
  for (const candidate of best) {
    const luck = Math.floor(random() * weakness);
    const push = Math.trunc((weakness * (top - candidate.score) + window * luck) / 128);
    if (candidate.score + push >= highest) {
      highest = candidate.score + push;
      chosen = candidate;
    }
  }
  return chosen;
}
