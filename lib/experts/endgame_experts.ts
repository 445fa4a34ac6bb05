/**
 * Experts of an ending, whose errors are dials: how often each errs, where, and how randomly.
 *
 * @module
 */

import type { Policy } from "@lib/analysis/states.ts";
import { type EndgameWorld, isHeldOut } from "@lib/experts/endgame.ts";
import { hash32, random, randomInteger } from "@lib/random.ts";

/**
 * A group of experts. In K+R v K ten with `errorRate` 0.4 earn .426 each and their exact vote .463,
 * of .479 for perfect play; with `severity` 0.5 and `ties` "shared" .407 and .476.
 */
export interface ExpertDials {
  /** Number of experts. */
  readonly k: number;
  /**
   * Share of the states in which an expert errs: it then always plays the same wrong move, each
   * wrong move equally likely. States and moves are private to each expert. Where every move is
   * equally good there is no error to make.
   */
  readonly errorRate: number;
  /** ρ of the paper's Proposition 3: the share of choices made uniformly at random. */
  readonly noise?: number;
  /**
   * The errors are drawn from this share of a state's wrong moves, the worst first: more than 0, up
   * to 1, any wrong move, the default. Smaller is costlier.
   */
  readonly severity?: number;
  /**
   * What an expert that is right plays where several moves are best: each equally often (the f* of
   * Proposition 3, the default), or all experts the same one, so that their votes do not split.
   */
  readonly ties?: "uniform" | "shared";
  /** Draws the errors. */
  readonly seed: number;
}

/**
 * Returns the dials when they are in range.
 *
 * @throws {RangeError} naming the dial, its range and its value.
 */
export function checkDials(dials: ExpertDials): ExpertDials {
  const { k, errorRate, noise = 0, severity = 1, ties = "uniform" } = dials;
  if (!(Number.isInteger(k) && k >= 1)) {
    throw new RangeError(`Cannot make ${k} experts: must be an integer of 1 or more`);
  }
  for (const [name, share] of [["error rate", errorRate], ["noise", noise]] as const) {
    if (!(share >= 0 && share <= 1)) {
      throw new RangeError(`Cannot make experts of ${name} ${share}: must be 0 to 1`);
    }
  }
  if (!(severity > 0 && severity <= 1)) {
    throw new RangeError(
      `Cannot make experts of severity ${severity}: must be more than 0, up to 1`,
    );
  }
  if (ties !== "uniform" && ties !== "shared") {
    throw new RangeError(`Cannot make experts of ties "${ties}": must be "uniform" or "shared"`);
  }
  return dials;
}

/**
 * The entry (of the world's `moves`) that an expert wrongly plays at a state, or −1 where it is
 * right. A function of the seed, the expert and the state alone: the expert errs the same way each
 * time that it meets the state.
 */
export function errorAt(
  { states }: EndgameWorld,
  { errorRate, severity = 1, seed }: ExpertDials,
  expert: number,
  state: number,
): number {
  if (hash32(seed, expert, state, 1) >= errorRate * 2 ** 32) return -1;
  const { offsets, reward } = states;
  const start = offsets[state], end = offsets[state + 1];
  const best = largest(reward, start, end);
  const wrong: number[] = [];
  for (let i = start; i < end; i++) if (reward[i] < best) wrong.push(i);
  if (wrong.length === 0) return -1;
  if (severity < 1) wrong.sort((a, b) => reward[a] - reward[b] || a - b);
  return wrong[hash32(seed, expert, state, 2) % Math.ceil(severity * wrong.length)];
}

/**
 * The experts' policies, one after the other (a table each, 27 MB for K+R v K): f* (uniform over the
 * best moves) where the expert is right, its wrong move where it errs, mixed with uniform noise.
 *
 * @throws {RangeError} for dials out of range.
 *
 * ```ts
 * import { endgameExperts } from "@lib/experts/endgame_experts.ts";
 * import { solveEndgame } from "@lib/experts/endgame.ts";
 * import { expectedReward, majorityVote } from "@lib/analysis/reward.ts";
 * import assert from "node:assert/strict";
 *
 * const world = solveEndgame("KRvK");
 * const experts = [...endgameExperts(world, { k: 10, errorRate: 0.4, seed: 1 })];
 * const rewards = experts.map((expert) => expectedReward(world.states, expert));
 * const vote = expectedReward(world.states, majorityVote(world.states, experts));
 * assert.ok(vote > Math.max(...rewards));
 * ```
 */
export function* endgameExperts(world: EndgameWorld, dials: ExpertDials): Generator<Policy> {
  const { k, noise = 0, ties } = checkDials(dials);
  const { length, offsets, reward } = world.states;
  for (let expert = 0; expert < k; expert++) {
    const policy = new Float64Array(reward.length);
    for (let x = 0; x < length; x++) {
      const start = offsets[x], end = offsets[x + 1];
      policy.fill(noise / (end - start), start, end);
      const error = errorAt(world, dials, expert, x);
      if (error >= 0) {
        policy[error] += 1 - noise;
        continue;
      }
      const best = largest(reward, start, end);
      let equal = 0;
      for (let i = start; i < end; i++) if (reward[i] === best) equal++;
      if (ties === "shared") equal = 1;
      for (let i = start, left = equal; left > 0; i++) {
        if (reward[i] !== best) continue;
        policy[i] += (1 - noise) / equal;
        left--;
      }
    }
    yield policy;
  }
}

/** Labelled positions: a state and the entry of the move that some expert chose there. */
export interface EndgameExamples {
  readonly state: Uint32Array;
  /** Entry of the world's `moves`. */
  readonly choice: Uint32Array;
}

/** Which examples: those of one step of a seeded sequence. */
export interface ExampleOptions {
  readonly seed: number;
  readonly step: number;
  /** Examples a step. */
  readonly size: number;
  /** From which side of the hold-out (see `isHeldOut`); training by default. */
  readonly heldOut?: boolean;
}

/**
 * Draws examples as the paper's data are drawn: a state, an expert uniformly, its move. The same
 * seed and step give the same examples.
 *
 * @throws {RangeError} for dials out of range or a size below 1.
 */
export function endgameExamples(
  world: EndgameWorld,
  dials: ExpertDials,
  { seed, step, size, heldOut = false }: ExampleOptions,
): EndgameExamples {
  const { k, noise = 0, ties } = checkDials(dials);
  if (!(Number.isInteger(size) && size >= 1)) {
    throw new RangeError(`Cannot draw ${size} examples: must be an integer of 1 or more`);
  }
  const { offsets, reward } = world.states;
  const next = random(seed, heldOut ? "held-out examples" : "examples", step);
  const state = new Uint32Array(size), choice = new Uint32Array(size);
  for (let n = 0; n < size; n++) {
    let x: number;
    do x = randomInteger(next, world.states.length); while (isHeldOut(world, x) !== heldOut);
    const expert = randomInteger(next, k);
    const start = offsets[x], end = offsets[x + 1];
    state[n] = x;
    if (next() < noise) choice[n] = start + randomInteger(next, end - start);
    else {
      const error = errorAt(world, dials, expert, x);
      choice[n] = error >= 0
        ? error
        : oneOfTheBest(reward, start, end, ties === "shared" ? 0 : next());
    }
  }
  return { state, choice };
}

function oneOfTheBest(reward: Float64Array, start: number, end: number, u: number): number {
  const best = largest(reward, start, end);
  let equal = 0;
  for (let i = start; i < end; i++) if (reward[i] === best) equal++;
  let pick = Math.floor(u * equal);
  for (let i = start; i < end; i++) if (reward[i] === best && pick-- === 0) return i;
  throw new Error("unreachable");
}

function largest(values: Float64Array, start: number, end: number): number {
  let best = -Infinity;
  for (let i = start; i < end; i++) if (values[i] > best) best = values[i];
  return best;
}
