/**
 * What cooling gains, as formulas: noisy and complementary experts (Propositions 3 and 4 of the
 * paper) and experts who speak more where they are skilled (the follow-up's selection).
 *
 * All three rest on one: the mixture of experts that are each f* or uniform is, in every state, the
 * noisy expert f_ρ of some ρ.
 *
 * @module
 */

import { averageOverStates } from "@lib/analysis/reward.ts";
import type { States } from "@lib/analysis/states.ts";
import { mean } from "@lib/analysis/stats.ts";
import { checkTemperature } from "@lib/analysis/temperature.ts";
import { countBlocks } from "@lib/theory/worlds.ts";

/**
 * R_p of f_ρ = ρ/|𝒴| + (1 − ρ) f* at temperature τ (the power form). In a state of m moves, b of them
 * best, the others have 1/odds times the probability of a best one; cooling raises that to 1/τ.
 *
 * @throws {RangeError} for ρ outside [0, 1) or τ < 0.
 *
 * ```ts
 * import { noisyReward } from "@lib/theory/closed_forms.ts";
 * import { makeStates } from "@lib/analysis/states.ts";
 * import assert from "node:assert/strict";
 *
 * const states = makeStates([[1, 0]]);
 * assert.equal(noisyReward(states, 0.5, 1), 0.75);
 * assert.equal(noisyReward(states, 0.5, 1 / 3), 27 / 28); // .75³ against .25³
 * assert.equal(noisyReward(states, 0.5, 0), 1);
 * ```
 */
export function noisyReward(states: States, rho: number, tau: number): number {
  if (!(rho >= 0 && rho < 1)) {
    throw new RangeError(`Cannot cool an expert of noise ${rho}: must be 0 or more, less than 1`);
  }
  checkTemperature(tau);
  const reward = eachState(states, ({ moves, ties, top, average }) => {
    if (ties === moves) return top;
    const others = (moves * average - ties * top) / (moves - ties);
    const ratio = (rho / moves) / (rho / moves + (1 - rho) / ties);
    const right = ties / (ties + (moves - ties) * ratio ** (1 / tau));
    return right * top + (1 - right) * others;
  });
  return averageOverStates(states, reward);
}

/**
 * R(f̂_τ) − max_i R(f_i) of noisy experts (Proposition 3): their mixture is f_ρ of the mean ρ, the
 * best of them that of the smallest. At τ = 0 it is min_i ρ_i · E_x[max_y r − mean_y r].
 *
 * @param rhos ρ of every expert.
 * @throws {RangeError} for ρ outside (0, 1), no experts, or rewards that tell no moves apart.
 *
 * ```ts
 * import { noisyGap } from "@lib/theory/closed_forms.ts";
 * import { makeStates } from "@lib/analysis/states.ts";
 * import assert from "node:assert/strict";
 *
 * assert.ok(Math.abs(noisyGap(makeStates([[1, 0]]), [0.4, 0.6], 0) - 0.4 * 0.5) < 1e-12);
 * ```
 */
export function noisyGap(states: States, rhos: readonly number[], tau: number): number {
  for (const rho of rhos) {
    if (!(rho > 0 && rho < 1)) {
      throw new RangeError(`Cannot foresee a gain at noise ${rho}: must be between 0 and 1`);
    }
  }
  checkStakes(states);
  return noisyReward(states, mean(rhos), tau) - noisyReward(states, Math.min(...rhos), 1);
}

/**
 * R(f̂_τ) − max_i R(f_i) of complementary experts (Proposition 4): in every state one of the k is f*
 * and k − 1 are uniform, so that the mixture is f_ρ of ρ = 1 − 1/k, whoever the one is.
 *
 * @param blocks The block of every state, numbered 0 … k − 1.
 * @throws {RangeError} for blocks that do not fit, or rewards that tell no moves apart.
 */
export function complementaryGap(states: States, blocks: ArrayLike<number>, tau: number): number {
  const { chance, shares } = stakesByBlock(states, blocks);
  return noisyReward(states, 1 - 1 / shares.length, tau) - chance - Math.max(...shares);
}

/**
 * R(f̄) − max_i R(f_i) of complementary experts at τ = 1, when expert i speaks of states by
 * p_i(x) ∝ p(x) (α [x ∈ X_i] + 1 − α): at α = 0 of all alike, at α = 1 only of what it knows (the
 * follow-up's skill selection, paper § 5.1). With k equal blocks the share of what is said about a
 * state by the one who knows it is 1 / (1 + (k − 1)(1 − α)), so every α > 0 gains.
 *
 * @param blocks The block of every state, numbered 0 … k − 1.
 * @param alpha α, 0 to 1.
 * @throws {RangeError} for α out of range, and as {@linkcode complementaryGap}.
 *
 * ```ts
 * import { selectionGap } from "@lib/theory/closed_forms.ts";
 * import { makeStates } from "@lib/analysis/states.ts";
 * import assert from "node:assert/strict";
 *
 * const states = makeStates([[1, 0], [1, 0]]);
 * assert.equal(selectionGap(states, [0, 1], 0), 0);
 * assert.equal(selectionGap(states, [0, 1], 1), 0.25); // 1 against .75
 * ```
 */
export function selectionGap(states: States, blocks: ArrayLike<number>, alpha: number): number {
  const { masses, shares } = stakesByBlock(states, blocks);
  const density = masses.map((mass) => 1 / speakingTotal(mass, alpha));
  const others = density.reduce((a, b) => a + b, 0);
  // What the one who knows says of its block, as a share of all that is said of it.
  const heard = density.map((own) => own / (own + (1 - alpha) * (others - own)));
  return shares.reduce((total, share, i) => total + (share && heard[i] * share), 0) -
    Math.max(...shares);
}

/**
 * The normaliser of p_i(x) ∝ p(x) (α [x ∈ X_i] + 1 − α), given the mass p(X_i) of the block.
 *
 * @throws {RangeError} for α outside 0 … 1, or an expert left without support.
 */
export function speakingTotal(mass: number, alpha: number): number {
  if (!(alpha >= 0 && alpha <= 1)) {
    throw new RangeError(`Cannot select by α = ${alpha}: must be 0 to 1`);
  }
  const total = alpha * mass + 1 - alpha;
  if (total === 0) {
    throw new RangeError("Cannot select by α = 1 where p reaches no state of a block: no support");
  }
  return total;
}

/** E_x of the stakes max_y r − mean_y r, and of the mean reward, block by block. */
function stakesByBlock(states: States, blocks: ArrayLike<number>) {
  checkStakes(states);
  const k = countBlocks(states, blocks);
  const stakes = eachState(states, ({ top, average }) => top - average);
  const within = (values: Float64Array, block: number) =>
    averageOverStates(states, values.map((v, x) => blocks[x] === block ? v : 0));
  const all = Float64Array.from(stakes, () => 1);
  return {
    chance: averageOverStates(states, eachState(states, ({ average }) => average)),
    shares: Array.from({ length: k }, (_, i) => within(stakes, i)),
    masses: Array.from({ length: k }, (_, i) => within(all, i)),
  };
}

/** Propositions 3 and 4 suppose rewards that tell moves apart; in one state that p reaches, for us. */
function checkStakes(states: States): void {
  const stakes = eachState(
    states,
    ({ top, average, moves, ties }) => ties === moves ? 0 : top - average,
  );
  if (!(averageOverStates(states, stakes) > 0)) {
    throw new RangeError(
      "Cannot gain where all moves of every state earn the same: some state must tell them apart",
    );
  }
}

interface StateSummary {
  readonly moves: number;
  /** Number of moves that earn the most. */
  readonly ties: number;
  readonly top: number;
  readonly average: number;
}

function eachState({ length, offsets, reward }: States, value: (x: StateSummary) => number) {
  return Float64Array.from({ length }, (_, x) => {
    const row = reward.subarray(offsets[x], offsets[x + 1]);
    const top = row.reduce((a, b) => Math.max(a, b));
    const ties = row.reduce((n, r) => n + Number(r === top), 0);
    return value({ moves: row.length, ties, top, average: mean(row) });
  });
}
