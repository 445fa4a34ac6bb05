/**
 * How diverse policies and data are (paper § 2.5): entropy of the choices at a state, and of the
 * states that are visited.
 *
 * The paper divides a state's entropy by the logarithm of the number of legal moves, its code by that
 * of the moves that were observed, which makes a state look more diverse the less often it was seen.
 * Both are here; so is the effective number of moves, which needs no divisor. All of them grow with
 * the number of observations, so that data sets are compared on common states with equally many
 * observations each ({@linkcode subsample}).
 *
 * @module
 */

import type { Policy, States } from "@lib/analysis/states.ts";
import { averageOverStates } from "@lib/analysis/reward.ts";
import { type Random, shuffle } from "@lib/random.ts";

/**
 * H in bits of weights of any positive sum.
 *
 * ```ts
 * import { entropy } from "@lib/analysis/diversity.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(entropy([3, 3, 3, 3]), 2); // bits
 * ```
 */
export function entropy(weights: ArrayLike<number>): number {
  let total = 0, inner = 0;
  for (let i = 0; i < weights.length; i++) {
    const w = weights[i];
    if (!(w >= 0 && w < Infinity)) {
      throw new RangeError(
        `Cannot take the entropy of weight ${w} (entry ${i}): must be 0 or more`,
      );
    }
    if (w === 0) continue;
    total += w;
    inner += w * Math.log2(w);
  }
  if (!(total > 0)) {
    throw new RangeError(`Cannot take the entropy of weights of sum ${total}: must be more than 0`);
  }
  return Math.max(0, Math.log2(total) - inner / total);
}

/** The diversity of choices at one state, or its mean over states. */
export interface Diversity {
  /** H in bits. */
  readonly entropy: number;
  /** H / log₂ of the number of legal moves, 0 … 1; 0 where there is one. */
  readonly byLegal: number;
  /** H / log₂ of the number of moves that are chosen at all, 0 … 1; 0 where there is one. */
  readonly byObserved: number;
  /** 2^H: as many equally likely moves would be as diverse. */
  readonly effective: number;
}

/**
 * The diversity of choices with these weights.
 *
 * @param weights Probabilities, or how often each move was chosen; unchosen legal moves may be left out.
 * @param legal The number of legal moves; by default the number of weights.
 * @throws {RangeError} for weights that are negative or sum to 0, or fewer legal moves than chosen.
 */
export function diversityOf(weights: ArrayLike<number>, legal = weights.length): Diversity {
  const bits = entropy(weights);
  let observed = 0;
  for (let i = 0; i < weights.length; i++) if (weights[i] > 0) observed++;
  if (legal < observed) {
    throw new RangeError(`Cannot count ${legal} legal moves: ${observed} were chosen`);
  }
  return {
    entropy: bits,
    byLegal: legal > 1 ? bits / Math.log2(legal) : 0,
    byObserved: observed > 1 ? bits / Math.log2(observed) : 0,
    effective: 2 ** bits,
  };
}

/**
 * The mean diversity of a policy over a world; of the experts' mixture, that of data without end.
 *
 * ```ts
 * import { policyDiversity } from "@lib/analysis/diversity.ts";
 * import { makeStates } from "@lib/analysis/states.ts";
 * import assert from "node:assert/strict";
 *
 * const states = makeStates([[1, 0, 0, 0]]);
 * const { entropy, byLegal, byObserved } = policyDiversity(states, Float64Array.of(0.5, 0.5, 0, 0));
 * assert.deepEqual([entropy, byLegal, byObserved], [1, 0.5, 1]);
 * ```
 */
export function policyDiversity(states: States, policy: Policy): Diversity {
  const rows = Array.from(
    { length: states.length },
    (_, x) => diversityOf(policy.subarray(states.offsets[x], states.offsets[x + 1])),
  );
  const average = (of: (row: Diversity) => number) =>
    averageOverStates(states, Float64Array.from(rows, of));
  return {
    entropy: average((row) => row.entropy),
    byLegal: average((row) => row.byLegal),
    byObserved: average((row) => row.byObserved),
    effective: average((row) => row.effective),
  };
}

/** How often each move was chosen at each state; states and moves by any number that names them. */
export type Tally = ReadonlyMap<number, ReadonlyMap<number, number>>;

/**
 * Counts observed choices.
 *
 * @param state The state of each observation, such as `Position.key()`.
 * @param choice The move chosen there.
 * @throws {RangeError} when the two are of different length.
 */
export function tally(state: ArrayLike<number>, choice: ArrayLike<number>): Tally {
  if (state.length !== choice.length) {
    throw new RangeError(
      `Cannot count ${choice.length} choices at ${state.length} states: must be equally many`,
    );
  }
  const counts = new Map<number, Map<number, number>>();
  for (let i = 0; i < state.length; i++) {
    const row = counts.get(state[i]) ?? new Map<number, number>();
    row.set(choice[i], (row.get(choice[i]) ?? 0) + 1);
    counts.set(state[i], row);
  }
  return counts;
}

/**
 * Tallies made comparable: only the states that all of them have `size` times or more, and of each
 * just `size` observations, drawn without replacement.
 *
 * @throws {RangeError} for a size that is no integer of 1 or more.
 *
 * ```ts
 * import { diversityOf, subsample, tally } from "@lib/analysis/diversity.ts";
 * import { random } from "@lib/random.ts";
 * import assert from "node:assert/strict";
 *
 * const often = tally([1, 1, 1, 1, 2], [5, 6, 7, 8, 5]), seldom = tally([1, 1], [5, 5]);
 * const [a, b] = subsample([often, seldom], 2, random(1, "subsample"));
 * assert.deepEqual([...a.keys()], [1]); // state 2 is not common
 * assert.equal(diversityOf([...a.get(1)!.values()]).entropy, 1); // two of four different moves
 * assert.equal(diversityOf([...b.get(1)!.values()]).entropy, 0);
 * ```
 */
export function subsample(tallies: readonly Tally[], size: number, random: Random): Tally[] {
  if (!(Number.isInteger(size) && size >= 1)) {
    throw new RangeError(`Cannot draw ${size} observations: must be an integer of 1 or more`);
  }
  const observations = (row: ReadonlyMap<number, number> | undefined) => {
    const all: number[] = [];
    row?.forEach((count, move) => {
      for (let i = 0; i < count; i++) all.push(move);
    });
    return all;
  };
  const common = [...tallies[0]?.keys() ?? []].filter((state) =>
    tallies.every((each) => observations(each.get(state)).length >= size)
  );
  return tallies.map((each) => {
    const drawn = common.map((state) =>
      shuffle(random, observations(each.get(state))).slice(0, size)
    );
    return tally(
      common.flatMap((state) => new Array<number>(size).fill(state)),
      drawn.flat(),
    );
  });
}

/** How a set of observations is spread over states. */
export interface Visitation {
  /** Observations. */
  readonly n: number;
  /** Different states among them. */
  readonly states: number;
  /** Observations of the state that is seen most. */
  readonly most: number;
  /** H of the visits in bits. */
  readonly entropy: number;
  /** H / log₂ n: 1 where no state is seen twice. */
  readonly normalised: number;
}

/**
 * State visitation: how many states, and how evenly; for each ply by itself where `state` holds the
 * positions of one ply.
 *
 * @throws {RangeError} for no observations.
 */
export function visitation(state: ArrayLike<number>): Visitation {
  const counts = new Map<number, number>();
  for (let i = 0; i < state.length; i++) counts.set(state[i], (counts.get(state[i]) ?? 0) + 1);
  if (counts.size === 0) throw new RangeError("Cannot describe 0 visits: must be 1 or more");
  const visits = [...counts.values()], bits = entropy(visits), n = state.length;
  return {
    n,
    states: counts.size,
    most: visits.reduce((a, b) => Math.max(a, b)),
    entropy: bits,
    normalised: n > 1 ? bits / Math.log2(n) : 1,
  };
}
