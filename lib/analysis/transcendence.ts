/**
 * The question itself: is R_p(f̂_τ) > max_i R_p(f_i)? (Definition of transcendence, paper § 1.)
 *
 * @module
 */

import { averageOverStates, rewardPerState, temper } from "@lib/analysis/reward.ts";
import type { Policy, States } from "@lib/analysis/states.ts";
import { clusteredMean, exactly, type Interval, type Level } from "@lib/analysis/stats.ts";

/** What an interval of the gap says. */
export type TranscendenceVerdict = "transcends" | "does not transcend" | "undecided";

/** The gap between a policy at a temperature and the best of its experts. */
export interface Transcendence {
  /** τ. */
  readonly tau: number;
  /** R_p(f̂_τ). */
  readonly reward: number;
  /** R_p(f_i) of every expert, in the order given. */
  readonly experts: Float64Array;
  /** The best expert's number. */
  readonly best: number;
  /** R_p(f̂_τ) − max_i R_p(f_i). */
  readonly gap: Interval;
  /** What the interval of the gap says. */
  readonly verdict: TranscendenceVerdict;
}

/**
 * Measures the gap R_p(f̂_τ) − max_i R_p(f_i) and says whether its sign is known.
 *
 * Whole populations (states without `cluster`) give an exact gap. Samples give an interval of the
 * paired differences d_i = R(f̂_τ) − R(f_i) by cluster: the gap is the smallest of them, so it is
 * positive only if all are, and the smallest lower limit needs no correction for choosing the best
 * expert after the fact; the upper limits are widened for their number (Bonferroni). The interval
 * therefore covers the gap at least as often as `level` says.
 *
 * @param policy f̂ at τ = 1.
 * @param experts Their policies; any iterable, so that they need not be in memory at once.
 * @throws {RangeError} for no experts, τ < 0, policies that do not fit the states.
 *
 * ```ts
 * import { makeStates } from "@lib/analysis/states.ts";
 * import { mixture } from "@lib/analysis/reward.ts";
 * import { transcendence } from "@lib/analysis/transcendence.ts";
 * import assert from "node:assert/strict";
 *
 * // The paper's appendix C: two experts, right in part and wrong in different ways.
 * const states = makeStates([[0, 1, 0]]);
 * const experts = [Float64Array.of(0.6, 0.4, 0), Float64Array.of(0, 0.4, 0.6)];
 * assert.equal(transcendence(states, mixture(experts), experts, { tau: 1 }).gap.value, 0);
 * const cool = transcendence(states, mixture(experts), experts, { tau: 0 });
 * assert.equal(cool.verdict, "transcends");
 * assert.ok(Math.abs(cool.gap.value - 0.6) < 1e-12);
 * ```
 */
export function transcendence(
  states: States,
  policy: Policy,
  experts: Iterable<Policy>,
  { tau, level = 0.95 }: { readonly tau: number } & Level,
): Transcendence {
  const tempered = rewardPerState(states, temper(states, policy, tau));
  const reward = averageOverStates(states, tempered);
  const perExpert = Array.from(experts, (expert) => rewardPerState(states, expert));
  if (perExpert.length < 1) {
    throw new RangeError("Cannot compare with 0 experts: must be 1 or more");
  }
  const rewards = Float64Array.from(perExpert, (r) => averageOverStates(states, r));
  const best = rewards.indexOf(Math.max(...rewards));
  const value = reward - rewards[best];
  const gap = states.cluster ? smallest(states, tempered, perExpert, value, level) : exactly(value);
  return { tau, reward, experts: rewards, best, gap, verdict: judgeGap(gap) };
}

/**
 * The sign of a gap, where its interval lies on one side of zero. An exact gap of less than 1e-12 is
 * rounding and counts as zero, which does not transcend.
 *
 * ```ts
 * import { judgeGap } from "@lib/analysis/transcendence.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(judgeGap({ value: 2, low: 1, high: 3, n: 9 }), "transcends");
 * assert.equal(judgeGap({ value: -2, low: -3, high: -1, n: 9 }), "does not transcend");
 * ```
 */
export function judgeGap(gap: Interval): TranscendenceVerdict {
  if (gap.n === 0) return gap.value > 1e-12 ? "transcends" : "does not transcend";
  if (gap.low > 0) return "transcends";
  return gap.high <= 0 ? "does not transcend" : "undecided";
}

function smallest(
  states: States,
  tempered: Float64Array,
  experts: readonly Float64Array[],
  value: number,
  level: number,
): Interval {
  const { cluster, weight } = states;
  const options = { ...(cluster && { cluster }), ...(weight && { weight }) };
  const wide = 1 - (1 - level) / experts.length;
  let low = Infinity, high = Infinity, n = 0;
  for (const expert of experts) {
    const difference = tempered.map((r, x) => r - expert[x]);
    const interval = clusteredMean(difference, { ...options, level });
    low = Math.min(low, interval.low);
    high = Math.min(high, clusteredMean(difference, { ...options, level: wide }).high);
    n = interval.n;
  }
  return { value, low, high, n };
}
