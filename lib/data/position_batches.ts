/**
 * Positions with the moves that were played in them as batches, for BoardNet.
 *
 * @module
 */

import { generateLegalMoves, MAX_MOVES } from "@lib/chess/position.ts";
import type { Position } from "@lib/chess/position.ts";
import type { BatchPlace } from "@lib/data/draw.ts";
import { checkPlace, checkSteps, drawItems, VALIDATION_SEED } from "@lib/data/draw.ts";
import type { Games } from "@lib/data/games.ts";
import { replay, startOf } from "@lib/data/games.ts";
import { encodeBoard, planesOf, POLICY_SIZE, policyIndex } from "@lib/data/board_encoding.ts";
import { hashText } from "@lib/random.ts";

const POSITIONS = hashText("positions");

/** Which positions are drawn; all when nothing is told. */
export interface PositionFilter {
  /** Plies played before the position, at least: 10 leaves out most of the book. Default 0. */
  readonly minPly?: number;
  /** The mover is rated in (low, high]: what the other side is rated does not matter. */
  readonly band?: readonly [low: number, high: number];
}

/** Which batch of positions, and what comes with it. */
export interface PositionBatchOptions extends BatchPlace, PositionFilter {
  /** Write the mask of legal moves; default true. */
  readonly legal?: boolean;
  /** Write the planes about attacks, too; default false. */
  readonly attacks?: boolean;
}

/** A batch of positions with the moves that were played. P planes and 4672 moves as in board_encoding. */
export interface PositionBatch {
  /** [B × 8 × 8 × P] the board as its side to move sees it */
  readonly planes: Float32Array;
  /** [B] policy index of the move played */
  readonly target: Int32Array;
  /** [B × 4672] 1 for a legal move, else 0; empty when it was not asked for */
  readonly legal: Uint8Array;
  /** [B] the plies drawn, indices into `games.moves`: for evaluations and intervals by game */
  readonly plies: Uint32Array;
}

/** The eligible plies, numbered through: for each game how many come before it. */
interface Eligible {
  readonly key: string;
  /** [G + 1] */
  readonly before: Uint32Array;
}

const eligibles = new WeakMap<Games, Eligible>();

/** The first eligible ply of a game, counted in it, and the step to the next: 0 when there is none. */
function eligiblePlies(games: Games, game: number, filter: PositionFilter): [number, 0 | 1 | 2] {
  const { minPly = 0, band } = filter;
  if (!band) return [minPly, 1];
  const isIn = (rating: number) => rating > band[0] && rating <= band[1];
  const [white, black] = [isIn(games.white[game]), isIn(games.black[game])];
  if (white && black) return [minPly, 1];
  if (!white && !black) return [minPly, 0];
  const first = games.starts?.[game] ? startOf(games, game).turn : 0;
  const wanted = (white ? 0 : 1) ^ first; // plies ≡ wanted (mod 2) are the mover's
  return [minPly + ((minPly ^ wanted) & 1), 2];
}

function countEligible(games: Games, filter: PositionFilter): Eligible {
  const { minPly = 0, band } = filter;
  const key = `${minPly} ${band}`;
  const known = eligibles.get(games);
  if (known?.key === key) return known;
  if (!(Number.isSafeInteger(minPly) && minPly >= 0)) {
    throw new RangeError(`Cannot draw positions from ply ${minPly}: must be 0 or more`);
  }
  const before = new Uint32Array(games.length + 1);
  for (let game = 0; game < games.length; game++) {
    const length = games.offsets[game + 1] - games.offsets[game];
    const [first, step] = eligiblePlies(games, game, filter);
    const count = step === 0 || first >= length ? 0 : Math.floor((length - 1 - first) / step) + 1;
    before[game + 1] = before[game] + count;
  }
  const eligible = { key, before };
  eligibles.set(games, eligible);
  return eligible;
}

/** Positions an epoch: how many the filter lets through. */
export function positionEpoch(games: Games, filter: PositionFilter = {}): number {
  return countEligible(games, filter).before[games.length];
}

const scratch = new Uint16Array(MAX_MOVES);

/**
 * Draws positions uniformly over plies, each once an epoch, and encodes them for BoardNet.
 *
 * @throws {RangeError} when the filter leaves no position or a number is out of range
 *
 * ```ts
 * import { positionBatch } from "@lib/data/batches.ts";
 * import { collectGames, gameRow } from "@lib/data/games.ts";
 * import { packMove } from "@lib/chess/position.ts";
 * import { BOARD_SIZE } from "@lib/data/board_encoding.ts";
 * import assert from "node:assert/strict";
 *
 * const game = gameRow({ headers: {}, moves: [packMove(12, 28), packMove(52, 36)], result: "1-0" });
 * const batch = positionBatch(collectGames([game]), { seed: 1, step: 0, size: 2 });
 * assert.equal(batch.planes.length, 2 * BOARD_SIZE);
 * assert.deepEqual(batch.plies.toSorted(), Uint32Array.of(0, 1));
 * assert.equal(batch.legal.reduce((sum, one) => sum + one), 40);
 * ```
 */
export function positionBatch(games: Games, options: PositionBatchOptions): PositionBatch {
  checkPlace(options);
  const { size, legal: wantsLegal = true, attacks = false } = options;
  const { before } = countEligible(games, options);
  const n = before[games.length];
  if (n === 0) {
    throw new RangeError(
      `Cannot draw positions from ${games.length} games: none has a move from ply ` +
        `${options.minPly ?? 0} on` +
        (options.band ? ` by a player rated in (${options.band.join(", ")}]` : ""),
    );
  }
  const boardSize = 64 * planesOf(attacks);
  const batch = {
    planes: new Float32Array(size * boardSize),
    target: new Int32Array(size),
    legal: new Uint8Array(wantsLegal ? size * POLICY_SIZE : 0),
    plies: new Uint32Array(size),
  };
  let row = 0;
  for (const [item] of drawItems(n, POSITIONS, options)) {
    const game = bisect(before, item);
    const [first, step] = eligiblePlies(games, game, options);
    const ply = first + step * (item - before[game]);
    const position = replay(games, game, ply);
    batch.plies[row] = games.offsets[game] + ply;
    batch.target[row] = policyIndex(games.moves[batch.plies[row]], position.turn);
    encodeBoard(position, batch.planes, row * boardSize, attacks);
    if (wantsLegal) markLegal(position, batch.legal, row * POLICY_SIZE);
    row++;
  }
  return batch;
}

/** The last i with before[i] ≤ item; games without eligible plies are passed over. */
function bisect(before: Uint32Array, item: number): number {
  let low = 0, high = before.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (before[middle] <= item) low = middle;
    else high = middle;
  }
  return low;
}

/** Sets the mask of legal moves, zeros so far, from `offset` on. */
function markLegal(position: Position, mask: Uint8Array, offset: number): void {
  const count = generateLegalMoves(position, scratch);
  for (let i = 0; i < count; i++) mask[offset + policyIndex(scratch[i], position.turn)] = 1;
}

/**
 * The fixed batches of positions that measure a model: the same in every run and at every call, at
 * most one epoch.
 *
 * @param batches how many; fewer when the positions do not suffice
 */
export function* validationPositionBatches(
  games: Games,
  options: PositionFilter & Pick<PositionBatchOptions, "size" | "attacks"> & {
    readonly batches: number;
  },
): Generator<PositionBatch> {
  const positions = positionEpoch(games, options);
  const steps = Math.floor(positions / options.size);
  checkSteps(steps, options.size, `${positions} positions`);
  for (let step = 0; step < Math.min(steps, options.batches); step++) {
    yield positionBatch(games, { ...options, seed: VALIDATION_SEED, step });
  }
}
