/**
 * Performance ratings against opponents of known rating, as engine anchors are: one unknown, draws
 * counted as half, as the paper does (paper.md § 2.6).
 *
 * @module
 */

import { ELO, expectedScore } from "@lib/analysis/elo.ts";
import type { Estimate } from "@lib/play/rating.ts";

/** Half the 95 % quantile of χ² with one degree of freedom: how far the log-likelihood may drop. */
const DROP = 1.920729410347062;

/** Results against one opponent, from the view of the rated player. */
export interface Against {
  /** The opponent's rating in Elo points. */
  readonly rating: number;
  /** Games won. */
  readonly wins: number;
  /** Games drawn. */
  readonly draws: number;
  /** Games lost. */
  readonly losses: number;
}

/** A performance rating. */
export interface Performance extends Estimate {
  /** Standard error in Elo points; NaN where the rating is infinite. */
  readonly se: number;
  /** How many it rests on. */
  readonly games: number;
  /** Points a game. */
  readonly score: number;
}

/**
 * The rating whose expected score is the actual one, with a 95 % interval by profile likelihood.
 * All points lost or won: the rating is infinite and the interval one-sided, up to where such a
 * record had probability 5 %. Draws vary less than wins and losses with the same mean, so with many
 * of them the interval is too wide rather than too narrow.
 *
 * @throws {RangeError} for no games, a negative count, or an opponent without a finite rating.
 *
 * ```ts
 * import { performanceRating } from "@lib/play/performance.ts";
 * import assert from "node:assert/strict";
 *
 * const { value, low, high } = performanceRating([
 *   { rating: 1552, wins: 30, draws: 10, losses: 60 },
 *   { rating: 1842, wins: 5, draws: 5, losses: 90 },
 * ]);
 * assert.ok(1380 < value && value < 1460);
 * assert.ok(low < value - 40 && value + 40 < high);
 * ```
 */
export function performanceRating(results: readonly Against[]): Performance {
  let games = 0;
  let points = 0;
  for (const { rating, wins, draws, losses } of results) {
    if (!Number.isFinite(rating) || ![wins, draws, losses].every((n) => n >= 0 && n < Infinity)) {
      throw new RangeError(
        `Cannot rate +${wins} =${draws} −${losses} against ${rating}: ` +
          `must be 0 or more each, against a finite rating`,
      );
    }
    games += wins + draws + losses;
    points += wins + draws / 2;
  }
  if (games === 0) throw new RangeError("Cannot rate a performance of 0 games: must be 1 or more");
  const score = points / games;

  const logLikelihood = (rating: number) =>
    results.reduce((sum, { rating: opponent, wins, draws, losses }) => {
      const won = wins + draws / 2, lost = losses + draws / 2;
      const p = expectedScore(rating - opponent);
      // 1 − p from the other side, exact where p is nearly 1
      const q = expectedScore(opponent - rating);
      return sum + (won > 0 ? won * Math.log(p) : 0) + (lost > 0 ? lost * Math.log(q) : 0);
    }, 0);
  const surplus = (rating: number) =>
    results.reduce(
      (sum, r) =>
        sum + r.wins + r.draws / 2 -
        (r.wins + r.draws + r.losses) * expectedScore(rating - r.rating),
      0,
    );

  const bottom = Math.min(...results.map((r) => r.rating)) - 20_000;
  const top = Math.max(...results.map((r) => r.rating)) + 20_000;
  if (score === 0 || score === 1) {
    const bound = rootOf((rating) => logLikelihood(rating) - Math.log(0.05), bottom, top);
    return score === 0
      ? { value: -Infinity, low: -Infinity, high: bound, se: NaN, games, score }
      : { value: Infinity, low: bound, high: Infinity, se: NaN, games, score };
  }
  const value = rootOf(surplus, bottom, top);
  const limit = logLikelihood(value) - DROP;
  const information = results.reduce((sum, r) => {
    const p = expectedScore(value - r.rating);
    return sum + (r.wins + r.draws + r.losses) * p * (1 - p);
  }, 0);
  return {
    value,
    low: rootOf((rating) => logLikelihood(rating) - limit, bottom, value),
    high: rootOf((rating) => logLikelihood(rating) - limit, value, top),
    se: ELO / Math.sqrt(information),
    games,
    score,
  };
}

/** Where a function that is positive at one end of an interval and negative at the other is zero. */
function rootOf(f: (x: number) => number, low: number, high: number): number {
  const rises = f(low) < f(high);
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if ((f(middle) < 0) === rises) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
