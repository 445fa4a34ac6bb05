/**
 * The four propositions of the paper (§ 1), each as a function that checks it on an instance and
 * returns what it found there.
 *
 * f̂ is the mixture f̄ of the experts: what a learner with unlimited data and capacity imitates. Its
 * temperature is the power form, f̂^{1/τ} / Z, unless said otherwise; the paper's theory writes
 * e^{f̂/τ} / Z instead, which Proposition 2 takes as an option (`temperature.ts` has both).
 *
 * @module
 */

import { averageOverStates, expectedReward, mixture, temper } from "@lib/analysis/reward.ts";
import { checkPolicy, checkStates, type Policy, type States } from "@lib/analysis/states.ts";
import { mean } from "@lib/analysis/stats.ts";
import { sharpen, type Sharpening } from "@lib/analysis/temperature.ts";
import { bisect } from "@lib/theory/bisect.ts";
import { complementaryGap, noisyGap } from "@lib/theory/closed_forms.ts";
import { complementaryExperts, noisyExpert } from "@lib/theory/worlds.ts";

/** What Proposition 1 says of an instance. */
export interface NoFreeLunch {
  /** R(f̂) − mean_i R(f_i): zero. */
  readonly error: number;
  /** R(f̂) − max_i R(f_i): never above zero. */
  readonly gap: number;
  /** Whether both are as the proposition says, to 1e-12 of the largest reward. */
  readonly holds: boolean;
}

/**
 * **Proposition 1, no free lunch**: R(f̂) = mean_i R(f_i), so some expert is at least as good as the
 * imitator at τ = 1.
 *
 * @param imitator f̂; anything but the mixture need not obey.
 * @throws {RangeError} for states, experts or imitator that are none.
 *
 * ```ts
 * import { proposition1 } from "@lib/theory/propositions.ts";
 * import { appendixExample } from "@lib/theory/worlds.ts";
 * import assert from "node:assert/strict";
 *
 * const { states, experts } = appendixExample();
 * assert.ok(proposition1(states, experts).holds);
 * assert.ok(!proposition1(states, experts, Float64Array.of(0, 1, 0)).holds);
 * ```
 */
export function proposition1(
  states: States,
  experts: readonly Policy[],
  imitator: Policy = mixture(experts),
): NoFreeLunch {
  const { rewards, best, rounding } = examine(states, experts);
  const reward = expectedReward(states, checkPolicy(states, imitator));
  const error = reward - mean(rewards), gap = reward - best;
  return { error, gap, holds: Math.abs(error) <= rounding && gap <= rounding };
}

/** What Proposition 2 says of an instance. */
export interface ArgMaxCriterion {
  /** The left side: R(f̂_max) − max_i R(f_i), f̂_max uniform over the modes. */
  readonly atZero: number;
  /** The right side: the largest τ* up to which the gap is positive at every τ; 0 where none is. */
  readonly tauStar: number;
  /**
   * Below this temperature the gap is known to keep the sign that it has at zero: too little
   * probability is left off the modes to undo it. 0 where the gap at zero is zero.
   */
  readonly settledBelow: number;
  /** Whether both sides agree. */
  readonly holds: boolean;
}

/**
 * **Proposition 2, the arg-max criterion**: R(f̂_max) > max_i R(f_i) if and only if there is a τ in
 * (0, 1) such that R(f̂_τ') > max_i R(f_i) for all τ' ≤ τ.
 *
 * Left to right it holds because f̂_τ → f̂_max. Right to left, the limit of gaps above zero may be
 * zero itself (`boundaryExample` in `worlds.ts`): there the strict inequality of the statement, as it
 * reached us, fails.
 *
 * τ* is looked for from low temperatures upwards on a grid of 4 % steps and located by bisection; two
 * crossings within one step would be missed.
 *
 * @param sharpening The sense of temperature.
 * @throws {RangeError} for states or experts that are none.
 *
 * ```ts
 * import { proposition2 } from "@lib/theory/propositions.ts";
 * import { appendixExample, boundaryExample } from "@lib/theory/worlds.ts";
 * import assert from "node:assert/strict";
 *
 * const appendix = appendixExample();
 * const { atZero, tauStar, holds } = proposition2(appendix.states, appendix.experts);
 * assert.ok(Math.abs(atZero - 0.6) < 1e-12); // always right, where the experts are .4
 * assert.ok(holds && tauStar > 0.999); // any cooling helps
 * const boundary = boundaryExample();
 * assert.ok(!proposition2(boundary.states, boundary.experts).holds);
 * ```
 */
export function proposition2(
  states: States,
  experts: readonly Policy[],
  { sharpening = sharpen }: { readonly sharpening?: Sharpening } = {},
): ArgMaxCriterion {
  const { imitator, best, rounding } = examine(states, experts);
  const cooled = (tau: number) => temper(states, imitator, tau, sharpening);
  const gap = (tau: number) => expectedReward(states, cooled(tau)) - best;
  const atZero = gap(0), size = Math.abs(atZero) > rounding ? Math.abs(atZero) : 0;
  const modes = temper(states, imitator, 0);
  const settledBelow = settle(size, (tau) => atStake(states, modes, cooled(tau)));
  const tauStar = lastAbove(gap, settledBelow / 4 || 1e-3, rounding);
  return { atZero, tauStar, settledBelow, holds: (atZero > rounding) === (tauStar > 0) };
}

/** A temperature, halved from 1, below which what is at stake is less than the gap; 0 where none is. */
function settle(gap: number, stake: (tau: number) => number): number {
  for (let tau = 1; tau > 1e-12; tau /= 2) if (stake(tau) < gap) return tau;
  return 0;
}

/** The end, up to 1, of the temperatures from the lowest on at which the gap is positive. */
function lastAbove(gap: (tau: number) => number, lowest: number, rounding: number): number {
  const above = (tau: number) => gap(tau) > rounding;
  let last = 0;
  for (let step = lowest; step < 1.04; step *= 1.04) {
    const tau = Math.min(step, 1);
    if (above(tau)) last = tau;
    else if (last > 0) return bisect(above, last, tau);
    // At the lowest temperatures of the boundary case the gap is lost in rounding: go on.
    else if (gap(tau) < -rounding) return 0;
  }
  return last;
}

/** What Propositions 3 and 4 say of an instance. */
export interface ClosedForm {
  /** R(f̂_max) − max_i R(f_i), from the experts' tables. */
  readonly gain: number;
  /** The same from the formula. */
  readonly predicted: number;
  /** Largest difference between tables and formula over several temperatures. */
  readonly error: number;
  /** The largest τ* up to which the gap is positive. */
  readonly tauStar: number;
  /** Whether tables and formula agree, and cooling transcends exactly where the formula says so. */
  readonly holds: boolean;
}

/**
 * **Proposition 3, noisy experts**: one expert that makes a share ρ of its moves at random
 * transcends itself at low τ, for every ρ in (0, 1); the gain at τ → 0 is ρ · E_x[max_y r − mean_y r].
 * Several such experts gain the smallest of their ρ times the same.
 *
 * @param rhos ρ of every expert.
 * @param experts Their policies; others than noisy experts need not obey.
 * @throws {RangeError} for ρ outside (0, 1), or where all moves of every state earn the same.
 *
 * ```ts
 * import { proposition3 } from "@lib/theory/propositions.ts";
 * import { makeStates } from "@lib/analysis/states.ts";
 * import assert from "node:assert/strict";
 *
 * const { gain, holds } = proposition3(makeStates([[1, 0, 0, 0]]), [0.4]);
 * assert.ok(holds && Math.abs(gain - 0.4 * 0.75) < 1e-12);
 * ```
 */
export function proposition3(
  states: States,
  rhos: readonly number[],
  experts: readonly Policy[] = rhos.map((rho) => noisyExpert(states, rho)),
): ClosedForm {
  return compare(states, experts, (tau) => noisyGap(states, rhos, tau));
}

/**
 * **Proposition 4, complementary experts**: when each expert is perfect on its own block of the
 * states and uniform elsewhere, the imitator transcends at low τ if p puts mass on two blocks or more.
 * The gain at τ → 0 is the least, over the experts, of Σ_{x not in X_i} p(x) (max_y r − mean_y r).
 *
 * @param blocks The block of every state, numbered 0 … k − 1.
 * @param experts Their policies; others than complementary experts need not obey.
 * @throws {RangeError} for blocks that do not fit, or where all moves of every state earn the same.
 *
 * ```ts
 * import { proposition4 } from "@lib/theory/propositions.ts";
 * import { makeStates } from "@lib/analysis/states.ts";
 * import assert from "node:assert/strict";
 *
 * const states = makeStates([[1, 0], [0, 1]], [3, 1]);
 * assert.equal(proposition4(states, [0, 1]).gain, 0.125);
 * assert.equal(proposition4(states, [0, 0]).gain, 0); // one expert knows it all
 * ```
 */
export function proposition4(
  states: States,
  blocks: ArrayLike<number>,
  experts: readonly Policy[] = complementaryExperts(states, blocks),
): ClosedForm {
  return compare(states, experts, (tau) => complementaryGap(states, blocks, tau));
}

function compare(
  states: States,
  experts: readonly Policy[],
  formula: (tau: number) => number,
): ClosedForm {
  const { imitator, best, rounding } = examine(states, experts);
  const gap = (tau: number) => expectedReward(states, temper(states, imitator, tau)) - best;
  const gain = gap(0), predicted = formula(0);
  const error = Math.max(
    ...[0, 0.1, 0.3, 0.5, 0.75, 1, 2].map((t) => Math.abs(gap(t) - formula(t))),
  );
  const { tauStar } = proposition2(states, experts);
  const agree = (tauStar > 0) === (predicted > rounding);
  return { gain, predicted, error, tauStar, holds: error <= rounding && agree };
}

function examine(states: States, experts: readonly Policy[]) {
  checkStates(states);
  if (experts.length < 1) throw new RangeError("Cannot examine 0 experts: must be 1 or more");
  const rewards = experts.map((expert) => expectedReward(states, checkPolicy(states, expert)));
  const imitator = mixture(experts);
  return { rewards, best: Math.max(...rewards), imitator, rounding: roundingOf(states) };
}

/** How far rounding may carry a difference of rewards: 1e-12 of the largest. */
export function roundingOf({ reward }: States): number {
  const smallest = 1e-290; // numbers near 1e-308 have fewer digits
  return 1e-12 * reward.reduce((most, r) => Math.max(most, Math.abs(r)), smallest);
}

/**
 * By how much a policy's reward can differ from that of its modes: what it puts on other moves, times
 * the range of the rewards there. It falls with τ.
 */
function atStake(states: States, modes: Policy, policy: Policy): number {
  const { length, offsets, reward } = states;
  const perState = Float64Array.from({ length }, (_, x) => {
    let stray = 0, low = Infinity, high = -Infinity;
    for (let i = offsets[x]; i < offsets[x + 1]; i++) {
      if (modes[i] === 0) stray += policy[i];
      low = Math.min(low, reward[i]);
      high = Math.max(high, reward[i]);
    }
    return stray * (high - low);
  });
  return averageOverStates(states, perState);
}
