/**
 * Favor, state by state: what cooling a model brings where, and what kind of states these are
 * (paper § 2.4).
 *
 * @module
 */

import { rewardPerState, temper } from "@lib/analysis/reward.ts";
import type { Policy, States } from "@lib/analysis/states.ts";

/**
 * F(f_τ, f; x) = r_x(f_τ) − r_x(f): the gain of temperature τ over 1, one entry a state. An exact sum
 * over the moves, where the paper draws a hundred of them.
 *
 * ```ts
 * import { favor } from "@lib/analysis/favor.ts";
 * import { makeStates } from "@lib/analysis/states.ts";
 * import assert from "node:assert/strict";
 *
 * const states = makeStates([[1, 0], [1, 0]]), policy = Float64Array.of(0.75, 0.25, 0.25, 0.75);
 * assert.deepEqual(favor(states, policy, 0), Float64Array.of(0.25, -0.25));
 * ```
 */
export function favor(states: States, policy: Policy, tau: number): Float64Array {
  const warm = rewardPerState(states, policy);
  return rewardPerState(states, temper(states, policy, tau)).map((r, x) => r - warm[x]);
}

/**
 * The probability that a policy puts on the k best moves of each state: those with fewer than k
 * better ones, so that moves of equal reward are in or out together.
 */
export function topAccuracy(states: States, policy: Policy, k: number): Float64Array {
  return perState(states, (start, end) => {
    const falling = states.reward.slice(start, end).sort().reverse();
    const least = falling[Math.min(k, falling.length) - 1];
    let inside = 0;
    for (let i = start; i < end; i++) if (states.reward[i] >= least) inside += policy[i];
    return inside;
  });
}

/** What is at stake in each state; rewards in win-% points. */
export interface Stakes {
  /** The best move's reward. */
  readonly best: Float64Array;
  /** The best move's reward less the mean of all legal moves': what a random mover loses. */
  readonly spread: Float64Array;
  /** The best move's reward less the second best's; 0 where there is one move. */
  readonly lead: Float64Array;
  /** How many moves give away less than 5 points. */
  readonly good: Float64Array;
}

/** Describes states by their rewards alone. */
export function stakes(states: States): Stakes {
  const { reward } = states;
  const sorted = (start: number, end: number) => reward.slice(start, end).sort().reverse();
  const best = perState(states, (start, end) => sorted(start, end)[0]);
  return {
    best,
    spread: perState(states, (start, end, x) => {
      let sum = 0;
      for (let i = start; i < end; i++) sum += reward[i];
      return best[x] - sum / (end - start);
    }),
    lead: perState(states, (start, end, x) => best[x] - (sorted(start, end)[1] ?? best[x])),
    good: perState(
      states,
      (start, end, x) => reward.subarray(start, end).filter((r) => best[x] - r < 5).length,
    ),
  };
}

/** The probability that a policy puts on moves that give away `points` or more, at each state. */
export function blunderRisk(states: States, policy: Policy, points = 20): Float64Array {
  const { best } = stakes(states);
  return perState(states, (start, end, x) => {
    let risk = 0;
    for (let i = start; i < end; i++) if (best[x] - states.reward[i] >= points) risk += policy[i];
    return risk;
  });
}

function perState(
  { length, offsets }: States,
  of: (start: number, end: number, state: number) => number,
): Float64Array {
  return Float64Array.from({ length }, (_, x) => of(offsets[x], offsets[x + 1], x));
}
