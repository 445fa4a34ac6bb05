/**
 * Tabular worlds: experts as tables on a handful of states, in which every claim of the theory can be
 * checked exactly, in milliseconds (paper § 1).
 *
 * @module
 */

import { makeStates, optimalPolicy, type Policy, type States } from "@lib/analysis/states.ts";
import { uniformPolicy } from "@lib/analysis/states.ts";
import { type Random, randomInteger, randomNormal } from "@lib/random.ts";

/** States with the experts that act on them. */
export interface TabularWorld {
  /** States, moves, rewards. */
  readonly states: States;
  /** One policy each. */
  readonly experts: readonly Policy[];
}

/** What random worlds are like. */
export interface RandomWorldOptions {
  /** Number of states. */
  readonly states: number;
  /** Largest number of moves in a state; the least is 2. */
  readonly moves: number;
  /** Number of experts. */
  readonly k: number;
  /**
   * How well the experts know the rewards: 0 is chance, and each expert's preferences are those of
   * f ∝ e^{skill · r(x, y) + 2 · normal}, the normal number private to expert, state and move.
   */
  readonly skill: number;
}

/**
 * A random world: standard normal rewards, exponential weights p(x), experts with private errors.
 *
 * @throws {RangeError} for dials out of range.
 */
export function randomWorld(
  next: Random,
  { states: length, moves, k, skill }: RandomWorldOptions,
): TabularWorld {
  for (const [name, n, least] of [["states", length, 1], ["moves", moves, 2], ["experts", k, 1]]) {
    if (!(Number.isInteger(n) && n >= least)) {
      throw new RangeError(`Cannot make ${n} ${name}: must be an integer of ${least} or more`);
    }
  }
  if (!(skill >= 0 && skill < Infinity)) {
    throw new RangeError(`Cannot make experts of skill ${skill}: must be 0 or more`);
  }
  const row = () =>
    Array.from({ length: 2 + randomInteger(next, moves - 1) }, () => randomNormal(next));
  const states = makeStates(
    Array.from({ length }, row),
    Array.from({ length }, () => 1e-3 - Math.log(1 - next())),
  );
  const experts = Array.from({ length: k }, () => {
    const weights = states.reward.map((r) => Math.exp(skill * r + 2 * randomNormal(next)));
    return normalised(states, weights);
  });
  return { states, experts };
}

/**
 * The paper's appendix C: two experts who are each .4 right, and wrong in different ways. Their mean
 * (.3, .4, .3) is no better, but its mode is right.
 *
 * ```ts
 * import { appendixExample } from "@lib/theory/worlds.ts";
 * import { expectedReward, mixture, temper } from "@lib/analysis/reward.ts";
 * import assert from "node:assert/strict";
 *
 * const { states, experts } = appendixExample();
 * assert.equal(expectedReward(states, temper(states, mixture(experts), 0)), 1);
 * ```
 */
export function appendixExample(): TabularWorld {
  return {
    states: makeStates([[0, 1, 0]]),
    experts: [Float64Array.of(0.6, 0.4, 0), Float64Array.of(0, 0.4, 0.6)],
  };
}

/**
 * Where the arg-max criterion, read strictly, breaks: at every τ in (0, 1) the cooled policy is above
 * its only expert, and at τ → 0 it is exactly level with it. The gain of the second move is worth
 * twice its cost at half the probability: nothing at τ = 1, more and more of it as τ falls, while
 * both vanish.
 */
export function boundaryExample(): TabularWorld {
  return { states: makeStates([[0, 1, -2]]), experts: [Float64Array.of(0.7, 0.2, 0.1)] };
}

/**
 * f_ρ = ρ/|𝒴| + (1 − ρ) f*: perfect but for a share ρ of moves made at random (Proposition 3).
 *
 * @throws {RangeError} for ρ outside 0 … 1.
 *
 * ```ts
 * import { noisyExpert } from "@lib/theory/worlds.ts";
 * import { makeStates } from "@lib/analysis/states.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([...noisyExpert(makeStates([[1, 0]]), 0.5)], [0.75, 0.25]);
 * ```
 */
export function noisyExpert(states: States, rho: number): Policy {
  if (!(rho >= 0 && rho <= 1)) {
    throw new RangeError(`Cannot make an expert of noise ${rho}: must be 0 to 1`);
  }
  const uniform = uniformPolicy(states);
  return optimalPolicy(states).map((p, i) => rho * uniform[i] + (1 - rho) * p);
}

/**
 * Experts who share out the world: f_i is f* in the states of block i and uniform elsewhere
 * (Proposition 4).
 *
 * @param blocks The block of every state, numbered 0 … k − 1.
 * @throws {RangeError} for blocks that do not fit the states.
 *
 * ```ts
 * import { complementaryExperts } from "@lib/theory/worlds.ts";
 * import { makeStates } from "@lib/analysis/states.ts";
 * import assert from "node:assert/strict";
 *
 * const [first, second] = complementaryExperts(makeStates([[1, 0], [0, 1]]), [0, 1]);
 * assert.deepEqual(first, Float64Array.of(1, 0, 0.5, 0.5));
 * assert.deepEqual(second, Float64Array.of(0.5, 0.5, 0, 1));
 * ```
 */
export function complementaryExperts(states: States, blocks: ArrayLike<number>): Policy[] {
  const best = optimalPolicy(states), uniform = uniformPolicy(states);
  return Array.from({ length: countBlocks(states, blocks) }, (_, i) => {
    const policy = uniform.slice();
    for (let x = 0; x < states.length; x++) {
      if (blocks[x] !== i) continue;
      policy.set(best.subarray(states.offsets[x], states.offsets[x + 1]), states.offsets[x]);
    }
    return policy;
  });
}

/**
 * Number of blocks k.
 *
 * @throws {RangeError} unless there is one a state, an integer of 0 or more.
 */
export function countBlocks(states: States, blocks: ArrayLike<number>): number {
  if (blocks.length !== states.length) {
    throw new RangeError(
      `Cannot divide ${states.length} states by ${blocks.length} block numbers: must be one a state`,
    );
  }
  let k = 0;
  for (let x = 0; x < blocks.length; x++) {
    if (!(Number.isInteger(blocks[x]) && blocks[x] >= 0)) {
      throw new RangeError(`Cannot put a state into block ${blocks[x]}: must be an integer from 0`);
    }
    k = Math.max(k, blocks[x] + 1);
  }
  return k;
}

function normalised({ length, offsets }: States, weights: Policy): Policy {
  for (let x = 0; x < length; x++) {
    const row = weights.subarray(offsets[x], offsets[x + 1]);
    const total = row.reduce((a, b) => a + b);
    row.forEach((w, y) => row[y] = w / total);
  }
  return weights;
}
