/**
 * How often a model that may write what is no move wrote a legal one.
 *
 * @module
 */

import { type Interval, wilson } from "@lib/analysis/stats.ts";
import type { Player } from "@lib/play/player.ts";

/** How often a model wrote a legal move. */
export interface Legality {
  /** Moves it had to make. */
  readonly moves: number;
  /** Texts it wrote for them. */
  readonly tries: number;
  /** Texts that were no legal move. */
  readonly illegal: number;
  /** Games it lost because no text was legal. */
  readonly forfeits: number;
  /** Share of texts that were a legal move, with its interval; n = 0 before the first. */
  readonly rate: Interval;
}

/** A player that counts its illegal texts. */
export interface CountingPlayer extends Player {
  /** What it has written since it was made. */
  legality(): Legality;
}

/**
 * Counts with the share of legal texts among all, and Wilson's interval.
 *
 * ```ts
 * import { legalityOf } from "@lib/play/legality.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(legalityOf({ moves: 3, tries: 4, illegal: 1, forfeits: 0 }).rate.value, 0.75);
 * ```
 */
export function legalityOf(counts: Omit<Legality, "rate">): Legality {
  const { tries, illegal } = counts;
  const rate = tries === 0 ? { value: NaN, low: 0, high: 1, n: 0 } : wilson(tries - illegal, tries);
  return { ...counts, rate };
}
