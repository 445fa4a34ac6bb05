/**
 * Experts who do not speak of the same states: the follow-up's setting ("A Taxonomy of
 * Transcendence", Abreu et al. 2025; paper § 5.1, second-hand). Each expert has its own inputs p_i,
 * and the imitator hears of a state from those who speak of it: f̄(y|x) = Σ_i g(i|x) f_i(y|x),
 * g(i|x) = p_i(x) / Σ_j p_j(x).
 *
 * @module
 */

import { averageOverStates, expectedReward, rewardPerState } from "@lib/analysis/reward.ts";
import {
  checkPolicy,
  checkStates,
  type Policy,
  restrictStates,
  type States,
  uniformPolicy,
} from "@lib/analysis/states.ts";
import { sampleIndex } from "@lib/analysis/distribution.ts";
import { random, randomInteger } from "@lib/random.ts";
import { speakingTotal } from "@lib/theory/closed_forms.ts";
import { roundingOf } from "@lib/theory/propositions.ts";
import { complementaryExperts } from "@lib/theory/worlds.ts";

/** An expert with what it speaks of. */
export interface Speaker {
  /** What it says when it speaks. */
  readonly policy: Policy;
  /** p_i(x), one a state, of any positive sum. */
  readonly input: ArrayLike<number>;
}

/**
 * g(i|x), one row a speaker.
 *
 * @throws {RangeError} for no speakers, a speaker without support, an input that does not fit the
 * states, or a state that p reaches and nobody speaks of.
 */
export function speakingShares(states: States, speakers: readonly Speaker[]): Float64Array[] {
  checkStates(states);
  if (speakers.length < 1) throw new RangeError("Cannot hear 0 speakers: must be 1 or more");
  const inputs = speakers.map(({ input, policy }, i) => {
    checkPolicy(states, policy);
    if (input.length !== states.length) {
      throw new RangeError(
        `Cannot use an input of ${input.length} entries on ${states.length} states: must be equal`,
      );
    }
    let total = 0;
    for (let x = 0; x < input.length; x++) {
      if (!(input[x] >= 0 && input[x] < Infinity)) {
        throw new RangeError(
          `Cannot speak of state ${x} with weight ${input[x]}: must be 0 or more`,
        );
      }
      total += input[x];
    }
    if (total === 0) throw new RangeError(`Cannot hear speaker ${i}: its input has no support`);
    return Float64Array.from(input, (p) => p / total);
  });
  const heard = Float64Array.from({ length: states.length }, (_, x) => {
    const total = inputs.reduce((a, p) => a + p[x], 0);
    if (total === 0 && (states.weight?.[x] ?? 1) > 0) {
      throw new RangeError(`Cannot judge state ${x}: it is tested, but nobody speaks of it`);
    }
    return total;
  });
  return inputs.map((input) => input.map((p, x) => heard[x] > 0 ? p / heard[x] : 0));
}

/**
 * f̄ of experts with inputs of their own; with equal inputs, `mixture` of `reward.ts`. Uniform where
 * nobody speaks and nobody asks.
 *
 * @throws {RangeError} as {@linkcode speakingShares}.
 */
export function selectiveMixture(states: States, speakers: readonly Speaker[]): Policy {
  const shares = speakingShares(states, speakers);
  const f = uniformPolicy(states);
  for (let x = 0; x < states.length; x++) {
    if (shares.every((g) => g[x] === 0)) continue;
    for (let i = states.offsets[x]; i < states.offsets[x + 1]; i++) {
      f[i] = speakers.reduce((p, { policy }, e) => p + shares[e][x] * policy[i], 0);
    }
  }
  return f;
}

/**
 * f̄ as a learner counts it from finitely many examples: a speaker drawn uniformly, a state from its
 * input, a move from its policy. Uniform in states that it never hears of.
 *
 * @throws {RangeError} as {@linkcode speakingShares}, or for fewer than one example.
 */
export function countedMixture(
  states: States,
  speakers: readonly Speaker[],
  { examples, seed }: { readonly examples: number; readonly seed: number },
): Policy {
  speakingShares(states, speakers);
  if (!(Number.isInteger(examples) && examples >= 1)) {
    throw new RangeError(`Cannot count ${examples} examples: must be an integer of 1 or more`);
  }
  const { offsets } = states;
  const next = random(seed, "counted mixture");
  const counts = new Float64Array(states.reward.length), heard = new Float64Array(states.length);
  for (let n = 0; n < examples; n++) {
    const { policy, input } = speakers[randomInteger(next, speakers.length)];
    const x = sampleIndex(input, next);
    counts[offsets[x] + sampleIndex(policy.subarray(offsets[x], offsets[x + 1]), next)]++;
    heard[x]++;
  }
  const f = uniformPolicy(states);
  for (let x = 0; x < states.length; x++) {
    if (heard[x] === 0) continue;
    for (let i = offsets[x]; i < offsets[x + 1]; i++) f[i] = counts[i] / heard[x];
  }
  return f;
}

/** What the two-expert theorem says of an instance. */
export interface TwoExperts {
  /** R(f̄) − R(f_a) and R(f̄) − R(f_b), at τ = 1. */
  readonly gains: readonly [number, number];
  /** The same from the theorem: E[g(b|x)(r_x(f_b) − r_x(f_a))], and its mirror. */
  readonly predicted: readonly [number, number];
  /**
   * E[(r_x(f_a) − r_x(f_b))(g(a|x) − g(b|x))], the sum of the two: whether the better expert of a
   * state is the one that speaks of it.
   */
  readonly alignment: number;
  /** Whether f̄ is above both experts. */
  readonly transcends: boolean;
  /** Whether the formulas agree with the gains, and alignment is positive wherever it transcends. */
  readonly holds: boolean;
}

/**
 * **The two-expert theorem** (the follow-up's Theorem 2.1): at τ = 1 two experts can be surpassed
 * only if E[(r_x(f_a) − r_x(f_b))(g(a|x) − g(b|x))] > 0. Necessary, not sufficient: both terms of the
 * sum must be positive.
 *
 * @param mixed f̄; anything but the selective mixture need not obey.
 * @throws {RangeError} as {@linkcode speakingShares}.
 *
 * ```ts
 * import { twoExperts } from "@lib/theory/selection.ts";
 * import { makeStates } from "@lib/analysis/states.ts";
 * import assert from "node:assert/strict";
 *
 * const states = makeStates([[1, 0], [1, 0]]);
 * const knowsFirst = Float64Array.of(1, 0, 0, 1), knowsSecond = Float64Array.of(0, 1, 1, 0);
 * const at = (inputs: number[][]) =>
 *   twoExperts(states, { policy: knowsFirst, input: inputs[0] }, { policy: knowsSecond, input: inputs[1] });
 * assert.ok(at([[3, 1], [1, 3]]).transcends); // each speaks of what it knows
 * assert.ok(at([[1, 3], [3, 1]]).alignment < 0); // each of what it does not
 * ```
 */
export function twoExperts(
  states: States,
  a: Speaker,
  b: Speaker,
  mixed: Policy = selectiveMixture(states, [a, b]),
): TwoExperts {
  const [ga, gb] = speakingShares(states, [a, b]);
  const ra = rewardPerState(states, a.policy), rb = rewardPerState(states, b.policy);
  const average = (value: (x: number) => number) =>
    averageOverStates(states, ra.map((_, x) => value(x)));
  const reward = expectedReward(states, checkPolicy(states, mixed));
  const gains = [reward - average((x) => ra[x]), reward - average((x) => rb[x])] as const;
  const predicted = [
    average((x) => gb[x] * (rb[x] - ra[x])),
    average((x) => ga[x] * (ra[x] - rb[x])),
  ] as const;
  const alignment = average((x) => (ra[x] - rb[x]) * (ga[x] - gb[x]));
  const rounding = roundingOf(states);
  const transcends = gains.every((gain) => gain > rounding);
  const agree = gains.every((gain, i) => Math.abs(gain - predicted[i]) <= rounding);
  return {
    gains,
    predicted,
    alignment,
    transcends,
    holds: agree && (!transcends || alignment > 0),
  };
}

/**
 * Complementary experts who speak the more of a state the better they know it:
 * p_i(x) ∝ p(x) (α [x ∈ X_i] + 1 − α). `selectionGap` of `closed_forms.ts` is what f̄ gains.
 *
 * @param blocks The block of every state, numbered 0 … k − 1.
 * @param alpha α, 0 to 1.
 * @throws {RangeError} for α out of range, or blocks that do not fit.
 */
export function selectiveExperts(
  states: States,
  blocks: ArrayLike<number>,
  alpha: number,
): Speaker[] {
  speakingTotal(1, alpha);
  const weight = restrictStates(states, () => true).weight!;
  return complementaryExperts(states, blocks).map((policy, i) => ({
    policy,
    input: weight.map((p, x) => p * (alpha * Number(blocks[x] === i) + 1 - alpha)),
  }));
}
