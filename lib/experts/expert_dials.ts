/**
 * The dials of an ending's experts: how often each errs, where, how alike, and how randomly.
 *
 * @module
 */

import { moveFrom } from "@lib/chess/position.ts";
import { type EndgameWorld, piecesOf } from "@lib/experts/endgame.ts";
import { squaresOf } from "@lib/experts/retrograde.ts";
import { hash32 } from "@lib/random.ts";

/**
 * A group of experts. In K+R v K ten with `errorRate` 0.4 earn .426 each and their exact vote .463,
 * of .479 for perfect play; with `severity` 0.5 and `ties` "shared" .407 and .476.
 */
export interface ExpertDials {
  /** Number of experts. */
  readonly k: number;
  /**
   * ρ: share of the states in which an expert errs: it then always plays the same wrong move, each
   * wrong move equally likely. States and moves are private to each expert, but for `shared`. Where
   * every move is equally good there is no error to make.
   */
  readonly errorRate: number;
  /**
   * π: the share of its errors that an expert has in common with all others, 0 by default. They fall
   * on the same πρ of the states and are the same move there; elsewhere each errs by itself at rate
   * (ρ − πρ) / (1 − πρ), so that π does not change how often an expert errs.
   */
  readonly shared?: number;
  /**
   * What the shared errors follow: a "rule" that can be learned (a blind spot: while the kings stand
   * on certain squares, the first of the wrong moves in one order of pieces and squares), or a
   * "hash", which can only be memorised, position by position; the default.
   */
  readonly sharing?: "rule" | "hash";
  /**
   * 0 by default; else the board is parted into so many regions by where Black's king stands, and
   * expert i neither errs nor is noisy in region i modulo `regions`: complementary experts (with
   * `noise` 1, those of Proposition 4). With more regions than experts some are nobody's.
   */
  readonly regions?: number;
  /**
   * s: error rate and noise of the experts rise evenly from (1 − s) to (1 + s) times what the dials
   * say, the first expert being the best; 0 by default.
   */
  readonly skillSpread?: number;
  /** ρ of the paper's Proposition 3: the share of choices made at random. */
  readonly noise?: number;
  /**
   * λ: random choices fall on a move in proportion to e^{r(x, y)/λ} (quantal response); absent, on
   * each equally often.
   */
  readonly quantal?: number;
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
  const { k, errorRate, noise = 0, severity = 1, quantal, regions = 0 } = dials;
  const { shared = 0, skillSpread = 0, ties = "uniform", sharing = "hash" } = dials;
  if (!(Number.isInteger(k) && k >= 1)) {
    throw new RangeError(`Cannot make ${k} experts: must be an integer of 1 or more`);
  }
  for (
    const [name, share] of [
      ["error rate", errorRate],
      ["noise", noise],
      ["shared fraction", shared],
      ["skill spread", skillSpread],
    ] as const
  ) {
    if (!(share >= 0 && share <= 1)) {
      throw new RangeError(`Cannot make experts of ${name} ${share}: must be 0 to 1`);
    }
  }
  const worst = (1 + skillSpread) * Math.max(errorRate, noise);
  if (worst > 1) {
    throw new RangeError(
      `Cannot spread skill by ${skillSpread} around ${Math.max(errorRate, noise)}: ` +
        `the worst expert would err at ${worst}, must be 1 or less`,
    );
  }
  if (!(severity > 0 && severity <= 1)) {
    throw new RangeError(
      `Cannot make experts of severity ${severity}: must be more than 0, up to 1`,
    );
  }
  if (quantal !== undefined && !(quantal > 0)) {
    throw new RangeError(`Cannot make experts of quantal noise ${quantal}: must be more than 0`);
  }
  if (!(Number.isInteger(regions) && regions >= 0 && regions <= 64)) {
    throw new RangeError(
      `Cannot part the board into ${regions} regions: must be an integer of 0 to 64, a square each`,
    );
  }
  if (ties !== "uniform" && ties !== "shared") {
    throw new RangeError(`Cannot make experts of ties "${ties}": must be "uniform" or "shared"`);
  }
  if (sharing !== "rule" && sharing !== "hash") {
    throw new RangeError(`Cannot share errors by "${sharing}": must be "rule" or "hash"`);
  }
  return dials;
}

/** How the experts of a group behave at a state. */
export interface Behaviour {
  /**
   * The entry (of the world's `moves`) that an expert wrongly plays at a state, or −1 where it is
   * right. A function of the seed, the expert and the state alone: the expert errs the same way each
   * time that it meets the state.
   */
  errorAt(expert: number, state: number): number;
  /** The share of an expert's choices at a state that are made at random. */
  noiseAt(expert: number, state: number): number;
  /** Whether an expert is flawless at a state, because it lies in its region. */
  isAtHome(expert: number, state: number): boolean;
}

/** In place of an expert's number: what all experts have in common. */
const ALL = -1;

/**
 * What the dials say, state by state.
 *
 * @throws {RangeError} for dials out of range.
 *
 * ```ts
 * import { behaviourOf } from "@lib/experts/expert_dials.ts";
 * import { solveEndgame } from "@lib/experts/endgame.ts";
 * import assert from "node:assert/strict";
 *
 * const world = solveEndgame("KRvK");
 * const { errorAt } = behaviourOf(world, { k: 3, errorRate: 0.4, shared: 1, seed: 1 });
 * for (let x = 0; x < 100; x++) assert.equal(errorAt(0, x), errorAt(2, x)); // all errors are shared
 * ```
 */
export function behaviourOf(world: EndgameWorld, dials: ExpertDials): Behaviour {
  const { k, errorRate, noise = 0, severity = 1, regions = 0, seed } = checkDials(dials);
  const { shared = 0, skillSpread = 0, sharing = "hash" } = dials;
  const { offsets, reward } = world.states;
  const { ids } = world;
  const byRule = sharing === "rule";
  const skill = (expert: number) => k > 1 ? 1 + skillSpread * (2 * expert / (k - 1) - 1) : 1;
  const blind = [shuffledRanks(seed, 11), shuffledRanks(seed, 12)];
  const parts = shuffledRanks(seed, 13);
  const { white, black } = piecesOf(world.ending);
  const squares = new Uint8Array(white.length + black.length), blackKing = white.length;
  /** [0, 1): where a state stands in the order in which the blind spot grows. */
  const blindness = (state: number) => {
    squaresOf(world.placements[state], squares);
    return (blind[0][squares[blackKing]] + (blind[1][squares[0]] + 0.5) / 64) / 64;
  };
  const isAtHome = (expert: number, state: number) => {
    if (regions === 0) return false;
    squaresOf(world.placements[state], squares);
    return Math.floor(parts[squares[blackKing]] * regions / 64) === expert % regions;
  };
  const isShared = (rate: number, state: number) =>
    rate > 0 &&
    (byRule ? blindness(state) < rate : hash32(seed, ALL, ids[state], 1) < rate * 2 ** 32);

  /** The wrong moves that errors are drawn from, the worst first where the dial says so. */
  const wrongMoves = (state: number) => {
    const start = offsets[state], end = offsets[state + 1];
    const best = largest(reward, start, end);
    const wrong: number[] = [];
    for (let i = start; i < end; i++) if (reward[i] < best) wrong.push(i);
    if (severity === 1) return wrong;
    wrong.sort((a, b) => reward[a] - reward[b] || a - b);
    return wrong.slice(0, Math.ceil(severity * wrong.length));
  };
  /** The first of them in the order that all experts have in their heads. */
  const firstByRule = (wrong: readonly number[], state: number) => {
    squaresOf(world.placements[state], squares);
    let first = wrong[0], least = Infinity;
    for (const i of wrong) {
      const move = world.moves[i];
      const place = hash32(seed, squares.indexOf(moveFrom(move)), move >> 6, 14);
      if (place < least) [first, least] = [i, place];
    }
    return first;
  };

  return {
    errorAt(expert, state) {
      const rate = errorRate * skill(expert), inCommon = shared * rate;
      const all = isShared(inCommon, state);
      const alone = inCommon < 1 ? (rate - inCommon) / (1 - inCommon) : 0;
      if (!all && hash32(seed, expert, ids[state], 1) >= alone * 2 ** 32) return -1;
      if (isAtHome(expert, state)) return -1;
      const wrong = wrongMoves(state);
      if (wrong.length === 0) return -1;
      if (all && byRule) return firstByRule(wrong, state);
      return wrong[hash32(seed, all ? ALL : expert, ids[state], 2) % wrong.length];
    },
    noiseAt: (expert, state) => isAtHome(expert, state) ? 0 : noise * skill(expert),
    isAtHome,
  };
}

/** The place of each square in an order drawn by a seed: 0 … 63. */
function shuffledRanks(seed: number, stream: number): Uint8Array {
  const order = Array.from({ length: 64 }, (_, square) => square)
    .sort((a, b) => hash32(seed, a, stream) - hash32(seed, b, stream) || a - b);
  const ranks = new Uint8Array(64);
  order.forEach((square, rank) => ranks[square] = rank);
  return ranks;
}

/** The largest of some entries. */
export function largest(values: Float64Array, start: number, end: number): number {
  let best = -Infinity;
  for (let i = start; i < end; i++) if (values[i] > best) best = values[i];
  return best;
}
