/**
 * Experts of an ending, whose errors are dials: how often each errs, where, and how randomly.
 *
 * @module
 */

import type { Policy } from "@lib/analysis/states.ts";
import { sampleIndex } from "@lib/analysis/distribution.ts";
import { type EndgameWorld, isHeldOut } from "@lib/experts/endgame.ts";
import { behaviourOf, type ExpertDials, largest } from "@lib/experts/expert_dials.ts";
import { random, randomInteger } from "@lib/random.ts";

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
  const { errorAt, noiseAt } = behaviourOf(world, dials);
  const { length, offsets, reward } = world.states;
  for (let expert = 0; expert < dials.k; expert++) {
    const policy = new Float64Array(reward.length);
    for (let x = 0; x < length; x++) {
      const start = offsets[x], end = offsets[x + 1], noise = noiseAt(expert, x);
      if (noise > 0) writeNoise(policy, reward, start, end, noise, dials.quantal);
      const error = errorAt(expert, x);
      if (error >= 0) {
        policy[error] += 1 - noise;
        continue;
      }
      const best = largest(reward, start, end);
      let equal = 0;
      for (let i = start; i < end; i++) if (reward[i] === best) equal++;
      if (dials.ties === "shared") equal = 1;
      for (let i = start, left = equal; left > 0; i++) {
        if (reward[i] !== best) continue;
        policy[i] += (1 - noise) / equal;
        left--;
      }
    }
    yield policy;
  }
}

/** Writes the random choices of a state: `share` of them, uniform or in proportion to e^{r/λ}. */
function writeNoise(
  policy: Float64Array,
  reward: Float64Array,
  start: number,
  end: number,
  share: number,
  lambda: number | undefined,
): void {
  if (lambda === undefined) {
    policy.fill(share / (end - start), start, end);
    return;
  }
  const best = largest(reward, start, end);
  let z = 0;
  for (let i = start; i < end; i++) z += policy[i] = Math.exp((reward[i] - best) / lambda);
  for (let i = start; i < end; i++) policy[i] *= share / z;
}

/**
 * The mixture of experts who speak more where they are at home (see `regions` of `ExpertDials`): of a
 * position's labels a share α comes from those experts alone, the rest from all of them alike; where
 * nobody is at home all speak alike. At α = 0 it is the plain mixture; at α = 1 nobody else speaks. Selection, the second
 * mode of "A Taxonomy of Transcendence" (paper § 5.1), g(i|x) in its words.
 *
 * @throws {RangeError} for α outside 0 … 1, dials out of range or without regions.
 *
 * ```ts
 * import { selectedMixture } from "@lib/experts/endgame_experts.ts";
 * import { solveEndgame } from "@lib/experts/endgame.ts";
 * import { expectedReward } from "@lib/analysis/reward.ts";
 * import assert from "node:assert/strict";
 *
 * const world = solveEndgame("KRvK");
 * const dials = { k: 2, errorRate: 0, noise: 1, regions: 2, seed: 1 };
 * const at = (alpha: number) =>
 *   expectedReward(world.states, selectedMixture(world, dials, alpha));
 * assert.ok(at(1) > at(0)); // even at τ = 1
 * ```
 */
export function selectedMixture(world: EndgameWorld, dials: ExpertDials, alpha: number): Policy {
  if (!(alpha >= 0 && alpha <= 1)) {
    throw new RangeError(`Cannot select by strength ${alpha}: must be 0 to 1`);
  }
  if (!dials.regions) throw new RangeError("Cannot select among experts without regions");
  const { k } = dials, { length, offsets, reward } = world.states;
  const { isAtHome } = behaviourOf(world, dials);
  const mixed = new Float64Array(reward.length);
  const homes = Float64Array.from({ length }, (_, x) => {
    let n = 0;
    for (let expert = 0; expert < k; expert++) if (isAtHome(expert, x)) n++;
    return n;
  });
  let expert = 0;
  for (const policy of endgameExperts(world, dials)) {
    for (let x = 0; x < length; x++) {
      const share = homes[x] === 0
        ? 1 / k
        : (1 - alpha) / k + (isAtHome(expert, x) ? alpha / homes[x] : 0);
      for (let i = offsets[x]; i < offsets[x + 1]; i++) mixed[i] += share * policy[i];
    }
    expert++;
  }
  return mixed;
}

/** Labelled positions: a state and the entry of the move that some expert chose there. */
export interface EndgameExamples {
  /** [B] */
  readonly state: Uint32Array;
  /** Entry of the world's `moves`. */
  readonly choice: Uint32Array;
}

/** Which examples: those of one step of a seeded sequence. */
export interface ExampleOptions {
  /** Fixes the draws. */
  readonly seed: number;
  /** Which batch. */
  readonly step: number;
  /** Examples a step. */
  readonly size: number;
  /** From which side of the hold-out (see `isHeldOut`); training by default. */
  readonly heldOut?: boolean;
  /**
   * Whether experts speak only where they are at home: positions of nobody's region are never shown.
   * Otherwise each speaks of every position.
   */
  readonly atHome?: boolean;
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
  { seed, step, size, heldOut = false, atHome = false }: ExampleOptions,
): EndgameExamples {
  const { k, ties, quantal } = dials;
  const { errorAt, noiseAt, isAtHome } = behaviourOf(world, dials);
  if (atHome && !dials.regions) {
    throw new RangeError("Cannot draw examples of experts at home: they have no regions");
  }
  if (!(Number.isInteger(size) && size >= 1)) {
    throw new RangeError(`Cannot draw ${size} examples: must be an integer of 1 or more`);
  }
  const { offsets, reward } = world.states;
  const next = random(seed, heldOut ? "held-out examples" : "examples", step);
  const state = new Uint32Array(size), choice = new Uint32Array(size);
  for (let n = 0; n < size; n++) {
    let x: number, expert: number;
    do {
      do x = randomInteger(next, world.states.length); while (isHeldOut(world, x) !== heldOut);
      expert = randomInteger(next, k);
    } while (atHome && !isAtHome(expert, x));
    const start = offsets[x], end = offsets[x + 1];
    state[n] = x;
    if (next() < noiseAt(expert, x)) {
      choice[n] = start;
      if (quantal === undefined) choice[n] += randomInteger(next, end - start);
      else {
        const weights = new Float64Array(end - start);
        writeNoise(weights, reward.subarray(start, end), 0, end - start, 1, quantal);
        choice[n] += sampleIndex(weights, next);
      }
    } else {
      const error = errorAt(expert, x);
      choice[n] = error >= 0
        ? error
        : oneOfTheBest(reward, start, end, ties === "shared" ? 0 : next());
    }
  }
  return { state, choice };
}

/**
 * A training set of so many examples, drawn once: what a run with `examples` in its data sees.
 *
 * @throws {RangeError} as {@linkcode endgameExamples}.
 */
export function trainingSet(
  world: EndgameWorld,
  dials: ExpertDials,
  seed: number,
  examples: number,
  options: Pick<ExampleOptions, "atHome"> = {},
): EndgameExamples {
  return endgameExamples(world, dials, { seed, step: 0, size: examples, ...options });
}

function oneOfTheBest(reward: Float64Array, start: number, end: number, u: number): number {
  const best = largest(reward, start, end);
  let equal = 0;
  for (let i = start; i < end; i++) if (reward[i] === best) equal++;
  let pick = Math.floor(u * equal);
  for (let i = start; i < end; i++) if (reward[i] === best && pick-- === 0) return i;
  throw new Error("unreachable");
}
