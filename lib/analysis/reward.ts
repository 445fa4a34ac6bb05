/**
 * Expected reward, the mixture of experts, and temperature over whole worlds (paper § 1).
 *
 * @module
 */

import type { Policy, States } from "@lib/analysis/states.ts";
import { sum } from "@lib/analysis/stats.ts";
import { sharpen, type Sharpening } from "@lib/analysis/temperature.ts";

/**
 * r_x(f) = Σ_y f(y|x) r(x, y), one entry a state.
 *
 * ```ts
 * import { rewardPerState } from "@lib/analysis/reward.ts";
 * import { makeStates } from "@lib/analysis/states.ts";
 * import assert from "node:assert/strict";
 *
 * const states = makeStates([[1, 0], [0, 1, 1]]); // r(x, y): two states, of two and three moves
 * const policy = Float64Array.of(0.75, 0.25, 0.5, 0.25, 0.25);
 * assert.deepEqual([...rewardPerState(states, policy)], [0.75, 0.5]);
 * ```
 */
export function rewardPerState(states: States, policy: Policy): Float64Array {
  const { length, offsets, reward } = states;
  if (policy.length !== reward.length) {
    throw new RangeError(
      `Cannot reward a policy of ${policy.length} entries on ${reward.length} moves: must be equal`,
    );
  }
  const perState = new Float64Array(length);
  for (let x = 0; x < length; x++) {
    let total = 0;
    for (let i = offsets[x]; i < offsets[x + 1]; i++) total += policy[i] * reward[i];
    perState[x] = total;
  }
  return perState;
}

/**
 * R_p(f) = E_{x∼p} E_{y∼f(·|x)} r(x, y): a sum over all states and moves, not a sample.
 *
 * ```ts
 * import { expectedReward } from "@lib/analysis/reward.ts";
 * import { makeStates, uniformPolicy } from "@lib/analysis/states.ts";
 * import assert from "node:assert/strict";
 *
 * const states = makeStates([[1, 0], [1, 0, 0, 0]]);
 * assert.equal(expectedReward(states, uniformPolicy(states)), 0.375);
 * ```
 */
export function expectedReward(states: States, policy: Policy): number {
  return averageOverStates(states, rewardPerState(states, policy));
}

/**
 * E_{x∼p} of one value a state.
 *
 * ```ts
 * import { averageOverStates } from "@lib/analysis/reward.ts";
 * import { makeStates } from "@lib/analysis/states.ts";
 * import assert from "node:assert/strict";
 *
 * const states = makeStates([[1, 0], [0, 1, 1]]); // r(x, y): two states, of two and three moves
 * assert.equal(averageOverStates(states, Float64Array.of(2, 4)), 3);
 * ```
 */
export function averageOverStates(states: States, values: Float64Array): number {
  const { weight } = states;
  return weight ? sum(values.map((v, x) => v * weight[x])) : sum(values) / states.length;
}

/**
 * f̄ = (1/k) Σ f_i: what a learner with unlimited data and capacity imitates, f̂ = f̄.
 *
 * @param policies The experts; any iterable, so that tables need not be in memory at once.
 * @throws {RangeError} for no policies, or policies of different length.
 *
 * ```ts
 * import { mixture } from "@lib/analysis/reward.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(mixture([Float64Array.of(1, 0), Float64Array.of(0, 1)]), Float64Array.of(0.5, 0.5));
 * ```
 */
export function mixture(policies: Iterable<Policy>): Policy {
  let total: Float64Array | undefined;
  let k = 0;
  for (const policy of policies) {
    total ??= new Float64Array(policy.length);
    if (policy.length !== total.length) {
      throw new RangeError(
        `Cannot mix policies of ${total.length} and ${policy.length} entries: must be equal`,
      );
    }
    for (let i = 0; i < total.length; i++) total[i] += policy[i];
    k++;
  }
  if (!total) throw new RangeError("Cannot mix 0 policies: must be 1 or more");
  for (let i = 0; i < total.length; i++) total[i] /= k;
  return total;
}

/**
 * f_τ for every state: p^{1/τ} / Z, and at τ = 0 the uniform distribution over the arg-max.
 *
 * @param sharpening The sense of temperature: the power form unless given.
 * @throws {RangeError} as `sharpen` of `temperature.ts`.
 *
 * ```ts
 * import { temper } from "@lib/analysis/reward.ts";
 * import { makeStates } from "@lib/analysis/states.ts";
 * import assert from "node:assert/strict";
 *
 * const states = makeStates([[1, 0]]);
 * const cooled = temper(states, Float64Array.of(0.6, 0.4), 0.5);
 * assert.ok(Math.abs(cooled[0] - 0.36 / 0.52) < 1e-12);
 * assert.deepEqual([...temper(states, Float64Array.of(0.6, 0.4), 0)], [1, 0]);
 * ```
 */
export function temper(
  states: States,
  policy: Policy,
  tau: number,
  sharpening: Sharpening = sharpen,
): Policy {
  if (policy.length !== states.reward.length) {
    throw new RangeError(
      `Cannot temper a policy of ${policy.length} entries on ${states.reward.length} moves: ` +
        `must be equal`,
    );
  }
  const out = new Float64Array(policy.length);
  for (let x = 0; x < states.length; x++) {
    sharpening(policy, tau, out, states.offsets[x], states.offsets[x + 1]);
  }
  return out;
}

/**
 * The experts' majority vote, move by move: f̄ at τ = 0, ties shared.
 *
 * ```ts
 * import { expectedReward, majorityVote } from "@lib/analysis/reward.ts";
 * import { makeStates } from "@lib/analysis/states.ts";
 * import assert from "node:assert/strict";
 *
 * // Three experts, each wrong in another state; together they never are.
 * const states = makeStates([[1, 0], [1, 0], [1, 0]]);
 * const experts = [0, 1, 2].map((i) => {
 *   const policy = Float64Array.of(1, 0, 1, 0, 1, 0);
 *   policy.set([0, 1], 2 * i);
 *   return policy;
 * });
 * assert.equal(expectedReward(states, experts[0]), 2 / 3);
 * assert.equal(expectedReward(states, majorityVote(states, experts)), 1);
 * ```
 */
export function majorityVote(states: States, policies: Iterable<Policy>): Policy {
  return temper(states, mixture(policies), 0);
}

/** R_p(f_τ) at one temperature. */
export interface TemperaturePoint {
  /** τ. */
  readonly tau: number;
  /** R_p(f_τ). */
  readonly reward: number;
}

/**
 * R_p(f_τ) for each temperature, in the order given.
 *
 * ```ts
 * import { temperatureSweep } from "@lib/analysis/reward.ts";
 * import { makeStates } from "@lib/analysis/states.ts";
 * import assert from "node:assert/strict";
 *
 * const states = makeStates([[1, 0]]);
 * const points = temperatureSweep(states, Float64Array.of(0.6, 0.4), [1, 0]);
 * assert.deepEqual(points.map(({ tau, reward }) => [tau, reward]), [[1, 0.6], [0, 1]]);
 * ```
 */
export function temperatureSweep(
  states: States,
  policy: Policy,
  taus: readonly number[],
): TemperaturePoint[] {
  return taus.map((tau) => ({ tau, reward: expectedReward(states, temper(states, policy, tau)) }));
}
