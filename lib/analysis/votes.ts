/**
 * The wisdom of a crowd of people, measured: the move that most of n players choose, where many stood
 * in the same position and each chose once.
 *
 * @module
 */

import type { States } from "@lib/analysis/states.ts";
import { type Random, random } from "@lib/random.ts";

/** How votes are drawn. */
export interface Voting {
  /** Voters, drawn without replacement of those who stood there; Infinity for all of them. */
  readonly voters: number;
  /** Fixes the draws. */
  readonly seed: number;
  /** Votes drawn at each position (default 400); one voter, and all of them, are computed exactly. */
  readonly draws?: number;
}

/**
 * The expected reward of the move that most of n players choose, at each position; of moves with
 * equally many votes each counts alike. One voter is the average player. NaN where fewer players
 * stood than shall vote, or none.
 *
 * @param counts How often each move was chosen, aligned with `states.reward`.
 * @throws {RangeError} for a number of voters or draws that is no positive integer.
 *
 * ```ts
 * import { voteReward } from "@lib/analysis/votes.ts";
 * import { makeStates } from "@lib/analysis/states.ts";
 * import assert from "node:assert/strict";
 *
 * // Of ten players six find the good move; the others are wrong in two different ways.
 * const states = makeStates([[1, 0, 0]]), counts = Float64Array.of(6, 2, 2);
 * const reward = (voters: number) => voteReward(states, counts, { voters, seed: 1 })[0];
 * assert.equal(reward(1), 0.6);
 * assert.ok(reward(3) > 0.6 && reward(3) < reward(7));
 * assert.equal(reward(Infinity), 1);
 * ```
 */
export function voteReward(
  { length, offsets, reward }: States,
  counts: Float64Array,
  { voters, seed, draws = 400 }: Voting,
): Float64Array {
  for (const [what, n] of [["voters", voters], ["draws", draws]] as const) {
    if (!(n === Infinity && what === "voters") && !(Number.isInteger(n) && n >= 1)) {
      throw new RangeError(`Cannot hold a vote of ${n} ${what}: must be a positive integer`);
    }
  }
  if (counts.length !== reward.length) {
    throw new RangeError(
      `Cannot vote with ${counts.length} counts on ${reward.length} moves: must be equal`,
    );
  }
  return Float64Array.from({ length }, (_, x) => {
    // Those chosen most come first, so that a draw ends soon.
    const order = Array.from({ length: offsets[x + 1] - offsets[x] }, (_, i) => offsets[x] + i)
      .filter((i) => counts[i] > 0).sort((a, b) => counts[b] - counts[a]);
    const chosen = Float64Array.from(order, (i) => counts[i]);
    const worth = Float64Array.from(order, (i) => reward[i]);
    const total = chosen.reduce((a, b) => a + b, 0);
    if (total < 1 || (voters !== Infinity && total < voters)) return NaN;
    if (voters === 1) return chosen.reduce((sum, n, i) => sum + n * worth[i], 0) / total;
    if (voters >= total) return winnersMean(chosen, worth);
    const next = random(seed, "vote", x);
    let sum = 0;
    for (let d = 0; d < draws; d++) sum += winnersMean(draw(chosen, total, voters, next), worth);
    return sum / draws;
  });
}

/** The mean worth of the moves with most votes. */
function winnersMean(votes: Float64Array, worth: Float64Array): number {
  let most = 0, sum = 0, ties = 0;
  for (let i = 0; i < votes.length; i++) {
    if (votes[i] > most) {
      most = votes[i];
      sum = ties = 0;
    }
    if (votes[i] === most) {
      sum += worth[i];
      ties++;
    }
  }
  return sum / ties;
}

/** n draws without replacement. */
function draw(chosen: Float64Array, total: number, n: number, next: Random): Float64Array {
  const left = chosen.slice(), votes = new Float64Array(chosen.length);
  for (let k = 0; k < n; k++) {
    let u = next() * (total - k), i = 0;
    while (i < left.length - 1 && u >= left[i]) u -= left[i++];
    left[i]--;
    votes[i]++;
  }
  return votes;
}
