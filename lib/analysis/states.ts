/**
 * The theory's vocabulary as arrays, the same for every world (tables, endgames, a crowd, humans):
 * states x, their moves y, rewards r(x, y), and policies f(y|x). Source: paper § 1.
 *
 * The layout is flat (CSR): the moves of state x are the entries `offsets[x] … offsets[x + 1] − 1`
 * of every array that has one entry a move.
 *
 * @module
 */

/** States x with their legal moves y and rewards r(x, y). */
export interface States {
  /** Number of states. */
  readonly length: number;
  /** Where each state's moves start; `length + 1` entries. */
  readonly offsets: Uint32Array;
  /** r(x, y), one entry a move. */
  readonly reward: Float64Array;
  /** p(x), summing to 1; uniform when absent. */
  readonly weight?: Float64Array;
  /**
   * The game (or other unit drawn independently) that each state comes from. Present: the states
   * are a sample, and results have intervals by cluster. Absent: they are the whole population,
   * and results are exact.
   */
  readonly cluster?: Uint32Array;
}

/** f(y|x) for all states: probabilities aligned with {@linkcode States.reward}. */
export type Policy = Float64Array;

/**
 * States from rows of rewards, one row a state.
 *
 * @param rewards `rewards[x][y]` is r(x, y); rows may differ in length.
 * @param weight p(x), any positive sum; uniform when absent.
 * @throws {RangeError} for an empty row, a reward that is not finite, weights that do not fit.
 *
 * ```ts
 * import { makeStates } from "@lib/analysis/states.ts";
 * import assert from "node:assert/strict";
 *
 * const states = makeStates([[1, 0], [0, 1, 0]]);
 * assert.deepEqual(states.offsets, Uint32Array.of(0, 2, 5));
 * ```
 */
export function makeStates(
  rewards: readonly (readonly number[])[],
  weight?: readonly number[],
): States {
  const offsets = new Uint32Array(rewards.length + 1);
  rewards.forEach((row, x) => offsets[x + 1] = offsets[x] + row.length);
  const reward = Float64Array.from(rewards.flat());
  const states: States = { length: rewards.length, offsets, reward };
  return checkStates(weight ? { ...states, weight: normalise(Float64Array.from(weight)) } : states);
}

/**
 * Returns the states when they are sound.
 *
 * @throws {RangeError} for no states, a state without moves, a reward or weight that is not a
 * number, arrays of the wrong length, weights that do not sum to 1.
 */
export function checkStates(states: States): States {
  const { length, offsets, reward, weight, cluster } = states;
  if (length < 1) throw new RangeError(`Cannot use ${length} states: must be 1 or more`);
  if (offsets.length !== length + 1 || offsets[0] !== 0 || offsets[length] !== reward.length) {
    throw new RangeError(
      `Cannot use offsets of ${offsets.length} entries up to ${offsets[length]} for ${length} ` +
        `states and ${reward.length} rewards: must be states + 1 entries from 0 to the rewards`,
    );
  }
  for (let x = 0; x < length; x++) {
    if (offsets[x + 1] <= offsets[x]) {
      throw new RangeError(`Cannot use state ${x}: it has no moves, must have 1 or more`);
    }
  }
  const bad = reward.findIndex((r) => !Number.isFinite(r));
  if (bad >= 0) throw new RangeError(`Cannot use reward ${reward[bad]} (entry ${bad}): not finite`);
  if (weight) {
    let total = 0;
    for (const p of weight) {
      if (!(p >= 0)) throw new RangeError(`Cannot use weight ${p}: must be 0 or more`);
      total += p;
    }
    if (weight.length !== length || Math.abs(total - 1) > 1e-9) {
      throw new RangeError(
        `Cannot use ${weight.length} weights of sum ${total} for ${length} states: ` +
          `must be one a state, of sum 1`,
      );
    }
  }
  if (cluster && cluster.length !== length) {
    throw new RangeError(
      `Cannot use ${cluster.length} clusters for ${length} states: must be one a state`,
    );
  }
  return states;
}

/**
 * Returns the policy when it is one on these states.
 *
 * @throws {RangeError} for a wrong length, a probability that is negative or not a number, a state
 * whose probabilities do not sum to 1 (within 1e-6: models compute in 32 bits).
 *
 * ```ts
 * import { checkPolicy, makeStates } from "@lib/analysis/states.ts";
 * import assert from "node:assert/strict";
 *
 * assert.throws(() => checkPolicy(makeStates([[1, 0]]), Float64Array.of(0.5, 0.6)), RangeError);
 * ```
 */
export function checkPolicy(states: States, policy: Policy): Policy {
  const { length, offsets, reward } = states;
  if (policy.length !== reward.length) {
    throw new RangeError(
      `Cannot use a policy of ${policy.length} entries on ${reward.length} moves: must be equal`,
    );
  }
  for (let x = 0; x < length; x++) {
    let total = 0;
    for (let i = offsets[x]; i < offsets[x + 1]; i++) {
      if (!(policy[i] >= 0)) {
        throw new RangeError(
          `Cannot use probability ${policy[i]} in state ${x}: must be 0 or more`,
        );
      }
      total += policy[i];
    }
    if (!(Math.abs(total - 1) < 1e-6)) {
      throw new RangeError(`Cannot use probabilities of sum ${total} in state ${x}: must sum to 1`);
    }
  }
  return policy;
}

/**
 * The policy that plays every move of a state equally often.
 *
 * ```ts
 * import { makeStates, uniformPolicy } from "@lib/analysis/states.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([...uniformPolicy(makeStates([[1, 0], [0, 1, 1, 0]]))], [0.5, 0.5, 0.25, 0.25, 0.25, 0.25]);
 * ```
 */
export function uniformPolicy(states: States): Policy {
  const policy = new Float64Array(states.reward.length);
  for (let x = 0; x < states.length; x++) {
    const start = states.offsets[x], end = states.offsets[x + 1];
    policy.fill(1 / (end - start), start, end);
  }
  return policy;
}

/**
 * f*: uniform over the moves of the largest reward (paper § 1, Prop. 3).
 *
 * ```ts
 * import { makeStates, optimalPolicy } from "@lib/analysis/states.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([...optimalPolicy(makeStates([[1, 0], [0, 1, 1]]))], [1, 0, 0, 0.5, 0.5]);
 * ```
 */
export function optimalPolicy(states: States): Policy {
  const { offsets, reward } = states;
  const policy = new Float64Array(reward.length);
  for (let x = 0; x < states.length; x++) {
    let best = -Infinity, ties = 0;
    for (let i = offsets[x]; i < offsets[x + 1]; i++) {
      if (reward[i] > best) {
        best = reward[i];
        ties = 1;
      } else if (reward[i] === best) ties++;
    }
    for (let i = offsets[x]; i < offsets[x + 1]; i++) if (reward[i] === best) policy[i] = 1 / ties;
  }
  return policy;
}

/**
 * The same states and moves with all weight on those that `keep` accepts, in their old proportion;
 * policies stay aligned, so one policy is judged on training and on held-out states alike.
 *
 * @throws {RangeError} when none is kept.
 *
 * ```ts
 * import { makeStates, restrictStates } from "@lib/analysis/states.ts";
 * import { expectedReward } from "@lib/analysis/reward.ts";
 * import assert from "node:assert/strict";
 *
 * const states = makeStates([[1], [0]]);
 * assert.equal(expectedReward(restrictStates(states, (x) => x === 0), Float64Array.of(1, 1)), 1);
 * ```
 */
export function restrictStates(states: States, keep: (state: number) => boolean): States {
  const weight = new Float64Array(states.length);
  for (let x = 0; x < states.length; x++) {
    if (keep(x)) weight[x] = states.weight?.[x] ?? 1 / states.length;
  }
  return { ...states, weight: normalise(weight) };
}

function normalise(weight: Float64Array): Float64Array {
  const total = weight.reduce((a, b) => a + b, 0);
  if (!(total > 0)) {
    throw new RangeError(`Cannot weigh states with a sum of ${total}: must be more than 0`);
  }
  return weight.map((w) => w / total);
}
