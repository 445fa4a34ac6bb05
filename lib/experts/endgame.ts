/**
 * An ending as a world: every position with White to move is a state, every legal move has an exact
 * reward, so that R_p(f) is a sum over the whole world and no estimate.
 *
 * @module
 */

import {
  BLACK,
  KING,
  legalMoves,
  type Move,
  moveTo,
  packMove,
  Position,
  QUEEN,
  ROOK,
  WHITE,
} from "@lib/chess/position.ts";
import { hash32 } from "@lib/random.ts";
import type { States } from "@lib/analysis/states.ts";
import {
  DRAWN,
  ILLEGAL,
  indexOf,
  raysOf,
  solveTables,
  squaresOf,
  type Tables,
} from "@lib/experts/retrograde.ts";

/** The endings that can be solved: White's pieces against the bare king. */
export type Ending = "KQvK" | "KRvK";

const PIECES: Readonly<Record<Ending, readonly number[]>> = { KQvK: [QUEEN], KRvK: [ROOK] };

/** The pieces of an ending in the order of its placements: White's and then Black's, kings first. */
export function piecesOf(ending: Ending): {
  readonly white: readonly number[];
  readonly black: readonly number[];
} {
  return { white: [KING, ...PIECES[ending]], black: [KING] };
}

/** r(x, y) = 0.925^m, m = White's moves until mate, y included; 0 for a move after which it is a draw. */
export const DISCOUNT = 0.925;

/** A solved ending. */
export interface EndgameWorld {
  readonly ending: Ending;
  /** White to move; one entry of `reward` a legal move. */
  readonly states: States;
  /** The move of each reward. */
  readonly moves: Uint16Array;
  /** White's moves until mate, the move itself included; 0 where the move leads to a draw. */
  readonly distance: Uint8Array;
  /** The number of each state in the whole world; experts behave alike in a part of it. */
  readonly ids: Uint32Array;
  /** The placement of each state's pieces, ascending; see `squaresOf` in `retrograde.ts`. */
  readonly placements: Uint32Array;
  /** The tables behind it. */
  readonly tables: Tables;
}

/**
 * Solves an ending by retrograde analysis and lists its states.
 *
 * ```ts
 * import { solveEndgame } from "@lib/experts/endgame.ts";
 * import assert from "node:assert/strict";
 *
 * const world = solveEndgame("KRvK");
 * assert.equal(world.states.length, 175_168);
 * const longest = world.tables.white.reduce((a, b) => Math.max(a, b));
 * assert.equal(longest, 31); // plies: mate in 16
 * ```
 */
export function solveEndgame(ending: Ending): EndgameWorld {
  const pieces = PIECES[ending];
  if (pieces === undefined) {
    throw new RangeError(
      `Cannot solve the ending "${ending}": must be one of ${Object.keys(PIECES).join(", ")}`,
    );
  }
  const tables = solveTables(pieces);
  const kinds = [KING, ...pieces], width = kinds.length + 1;
  const rays = kinds.map(raysOf);
  const scale = Array.from({ length: width }, (_, i) => 64 ** (width - 1 - i));
  const squares = new Uint8Array(width);
  const legal = tables.white.reduce((n, plies) => plies === ILLEGAL ? n : n + 1, 0);
  const placements = new Uint32Array(legal), offsets = new Uint32Array(legal + 1);
  const most = legal * 8 * (1 + 4 * pieces.length); // a king has 8 moves at most, a queen 27
  const moves = new Uint16Array(most), distance = new Uint8Array(most);
  let states = 0, entries = 0;
  for (let placement = 0; placement < tables.white.length; placement++) {
    if (tables.white[placement] === ILLEGAL) continue;
    squaresOf(placement, squares);
    for (let p = 0; p < kinds.length; p++) {
      for (const ray of rays[p][squares[p]]) {
        for (const to of ray) {
          if (squares.includes(to)) break;
          const plies = tables.black[placement + (to - squares[p]) * scale[p]];
          if (plies === ILLEGAL) continue;
          moves[entries] = packMove(squares[p], to);
          distance[entries++] = plies === DRAWN ? 0 : plies / 2 + 1;
        }
      }
    }
    if (entries === offsets[states]) continue; // White is stalemated: no choice
    placements[states] = placement;
    offsets[++states] = entries;
  }
  const powers = Float64Array.from({ length: 256 }, (_, m) => m === 0 ? 0 : DISCOUNT ** m);
  const reward = new Float64Array(entries);
  for (let i = 0; i < entries; i++) reward[i] = powers[distance[i]];
  return {
    ending,
    states: { length: states, offsets: offsets.slice(0, states + 1), reward },
    moves: moves.slice(0, entries),
    distance: distance.slice(0, entries),
    ids: Uint32Array.from({ length: states }, (_, state) => state),
    placements: placements.slice(0, states),
    tables,
  };
}

/**
 * A world of some of the states: sums over it cost less, and say how policies do on these positions.
 *
 * @param keep Whether to keep a state, by its number in `world`.
 * @throws {RangeError} when none is kept.
 *
 * ```ts
 * import { partOf, solveEndgame } from "@lib/experts/endgame.ts";
 * import assert from "node:assert/strict";
 *
 * const world = solveEndgame("KRvK");
 * const part = partOf(world, (state) => state % 100 === 7);
 * assert.equal(part.states.length, 1752);
 * assert.equal(part.placements[1], world.placements[part.ids[1]]);
 * ```
 */
export function partOf(world: EndgameWorld, keep: (state: number) => boolean): EndgameWorld {
  const { offsets, reward, length } = world.states;
  const kept = Uint32Array.from({ length }, (_, state) => state).filter(keep);
  if (kept.length === 0) throw new RangeError("Cannot make a world of 0 states: must be 1 or more");
  const starts = new Uint32Array(kept.length + 1);
  kept.forEach((x, n) => starts[n + 1] = starts[n] + offsets[x + 1] - offsets[x]);
  const entries = new Uint32Array(starts[kept.length]);
  kept.forEach((x, n) => {
    for (let i = offsets[x]; i < offsets[x + 1]; i++) entries[starts[n] + i - offsets[x]] = i;
  });
  return {
    ...world,
    states: {
      length: kept.length,
      offsets: starts,
      reward: Float64Array.from(entries, (i) => reward[i]),
    },
    moves: Uint16Array.from(entries, (i) => world.moves[i]),
    distance: Uint8Array.from(entries, (i) => world.distance[i]),
    ids: kept.map((x) => world.ids[x]),
    placements: kept.map((x) => world.placements[x]),
  };
}

/** The position of a state. */
export function positionOf({ ending, placements }: EndgameWorld, state: number): Position {
  const { white, black } = piecesOf(ending);
  const pieces = [...white, ...black.map((piece) => piece | BLACK << 3)];
  const position = new Position();
  let placement = placements[state];
  for (let i = pieces.length - 1; i >= 0; i--) {
    position.put(placement % 64, pieces[i]);
    placement = Math.floor(placement / 64);
  }
  position.isCheck(); // notes the check
  return position;
}

/** The state of a position with White to move, or −1 when it is none of this world. */
export function stateOf(world: EndgameWorld, position: Position): number {
  const placement = placementOf(world.ending, position);
  if (placement < 0 || position.turn !== WHITE) return -1;
  let low = 0, high = world.placements.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (world.placements[middle] === placement) return middle;
    if (world.placements[middle] < placement) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

/**
 * The moves of the perfect defender, Black: those that put off the mate longest, or draw.
 *
 * @throws {RangeError} when the position is not one of this ending with Black to move.
 */
export function bestDefence(world: EndgameWorld, position: Position): Move[] {
  const placement = placementOf(world.ending, position);
  if (placement < 0 || position.turn === WHITE) {
    throw new RangeError(`Cannot defend: not a position of ${world.ending} with Black to move`);
  }
  const squares = new Uint8Array(PIECES[world.ending].length + 2);
  squaresOf(placement, squares);
  const king = squares[squares.length - 1];
  let best = -1, kept: Move[] = [];
  for (const move of legalMoves(position)) {
    const to = moveTo(move);
    const plies = world.tables.white[placement + to - king];
    const value = squares.includes(to) || plies === DRAWN ? Infinity : plies;
    if (value > best) {
      best = value;
      kept = [];
    }
    if (value === best) kept.push(move);
  }
  return kept;
}

/**
 * Whether a state is kept from training, so that memory and generalisation can be told apart. The
 * eight mirror images of a position fall on the same side: none can be learned from another.
 */
export function isHeldOut(world: EndgameWorld, state: number, share = 0.1): boolean {
  const placement = world.placements[state];
  let canonical = Infinity;
  for (let mirror = 0; mirror < 8; mirror++) {
    let image = 0;
    for (let rest = placement, scale = 1; scale < world.tables.white.length; scale *= 64) {
      image += reflect(rest % 64, mirror) * scale;
      rest = Math.floor(rest / 64);
    }
    canonical = Math.min(canonical, image);
  }
  return hash32(canonical, 0x4e1d) < share * 2 ** 32;
}

/** A square under one of the board's eight symmetries: bits flip files, flip ranks, swap both. */
export function reflect(square: number, mirror: number): number {
  const flipped = square ^ (mirror & 1 ? 7 : 0) ^ (mirror & 2 ? 56 : 0);
  return mirror & 4 ? (flipped >> 3) | ((flipped & 7) << 3) : flipped;
}

/** The placement of a position's pieces, or −1 when they are not this ending's. */
function placementOf(ending: Ending, position: Position): number {
  const wanted = [KING, ...PIECES[ending], KING | 8];
  const squares = new Array<number>(wanted.length).fill(-1);
  for (let square = 0; square < 64; square++) {
    const piece = position.pieceAt(square);
    if (piece === 0) continue;
    const place = wanted.findIndex((kind, i) => kind === piece && squares[i] < 0);
    if (place < 0) return -1;
    squares[place] = square;
  }
  return squares.includes(-1) ? -1 : indexOf(squares);
}
