/**
 * The paper's ratings: Glicko-2 with one period a game, over the opponents one after the other. They
 * depend on the order of the games and remember about the last 33; `rating.ts` does neither.
 *
 * @module
 */

import rate from "glicko2-lite";

/** A Glicko-2 rating. */
export interface Glicko {
  /** The estimate. */
  readonly rating: number;
  /** Rating deviation: one standard error. */
  readonly rd: number;
  /** Volatility σ. */
  readonly volatility: number;
}

/** What the paper's code starts from (paper.md § 2.6). */
export const PAPER_START: Glicko = { rating: 1500, rd: 500, volatility: 0.06 };

/** One game against an opponent whose rating is taken as exact. */
export interface RatedGame {
  /** The opponent's rating. */
  readonly opponent: number;
  /** 1, ½ or 0. */
  readonly score: number;
}

/**
 * One Glicko-2 update after another, each of one game, system constant τ = 0.5, opponents of
 * deviation 0, as the paper's code does.
 *
 * @param games in the order in which they count, which changes the result.
 * @throws {RangeError} for a score outside 0 … 1 or an opponent without a finite rating.
 *
 * ```ts
 * import { chainedGlicko } from "@lib/play/glicko.ts";
 * import assert from "node:assert/strict";
 *
 * const losses = Array.from({ length: 100 }, () => ({ opponent: 1554, score: 0 }));
 * assert.equal(Math.round(chainedGlicko(losses).rating), 846);
 * ```
 */
export function chainedGlicko(games: readonly RatedGame[], start: Glicko = PAPER_START): Glicko {
  let { rating, rd, volatility } = start;
  for (const { opponent, score } of games) {
    if (!(score >= 0 && score <= 1 && Number.isFinite(opponent))) {
      throw new RangeError(
        `Cannot rate a score of ${score} against ${opponent}: must be 0 to 1, against a finite rating`,
      );
    }
    const next = rate(rating, rd, volatility, [[opponent, 0, score]], { tau: 0.5 });
    ({ rating, rd, vol: volatility } = next);
  }
  return { rating, rd, volatility };
}
