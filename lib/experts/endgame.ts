/**
 * An ending as a world: every position of the side to move is a state, every legal move has an exact
 * reward, so that R_p(f) is a sum over the whole world and no estimate.
 *
 * @module
 */

import {
  BLACK,
  type Color,
  KING,
  legalMoves,
  type Move,
  PAWN,
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
  type Material,
  type Solution,
  solveEnding,
} from "@lib/experts/retrograde.ts";

/** The endings that can be solved. */
export type Ending = "KQvK" | "KRvK" | "KPvK" | "KQvKR";

/** What an ending is made of, and whose choices its states are. */
interface EndingRules extends Material {
  readonly turns: readonly Color[];
}

const ENDINGS: Readonly<Record<Ending, EndingRules>> = {
  KQvK: { white: [KING, QUEEN], black: [KING], turns: [WHITE] },
  KRvK: { white: [KING, ROOK], black: [KING], turns: [WHITE] },
  // Where the defender can hold the draw, defending is half of the art.
  KPvK: { white: [KING, PAWN], black: [KING], turns: [WHITE, BLACK] },
  KQvKR: { white: [KING, QUEEN], black: [KING, ROOK], turns: [WHITE] },
};

/** The pieces of an ending in the order of its placements: White's and then Black's, kings first. */
export function piecesOf(ending: Ending): Material {
  return ENDINGS[ending];
}

/**
 * r(x, y) = 0.925^m for a move y that leads to mate, m = the mover's moves until then, y included; 0
 * for a move after which it is a draw; −0.925^m for one after which the other side mates in m.
 */
export const DISCOUNT = 0.925;

/** A solved ending. */
export interface EndgameWorld {
  /** Which one. */
  readonly ending: Ending;
  /**
   * One entry of `reward` a legal move. White is to move, in K+P v K also Black, in the states from
   * `whites` on.
   */
  readonly states: States;
  /** How many of the states have White to move: the first ones. */
  readonly whites: number;
  /** The move of each reward. */
  readonly moves: Uint16Array;
  /**
   * The mover's moves until mate, the move itself included; 0 where the move leads to a draw; below 0,
   * the other side's moves until it mates.
   */
  readonly distance: Int8Array;
  /** The number of each state among all positions; experts behave alike in a part of the world. */
  readonly ids: Uint32Array;
  /** Each state's pieces (see `squaresOf` in `retrograde.ts`), ascending for each side to move. */
  readonly placements: Uint32Array;
  /** The tables behind it. */
  readonly tables: Solution;
}

/**
 * Solves an ending by retrograde analysis and lists its states.
 *
 * @param options `share`: list only this share of the states, drawn by hash; in K+Q v K+R, whose 9
 * million states would not fit into memory with their moves, 0.02 makes a world of the size of the
 * others.
 * @throws {RangeError} for an unknown ending, or a share that is not above 0 and up to 1.
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
export function solveEndgame(
  ending: Ending,
  { share = 1 }: { readonly share?: number } = {},
): EndgameWorld {
  const rules = ENDINGS[ending];
  if (rules === undefined) {
    throw new RangeError(
      `Cannot solve the ending "${ending}": must be one of ${Object.keys(ENDINGS).join(", ")}`,
    );
  }
  if (!(share > 0 && share <= 1)) {
    throw new RangeError(
      `Cannot keep a share ${share} of the states: must be more than 0, up to 1`,
    );
  }
  const tables = solveEnding(rules);
  const ids: number[] = [], placements: number[] = [], offsets: number[] = [0];
  let moves = new Uint16Array(1 << 20), distance = new Int8Array(1 << 20);
  let id = 0, whites = 0, entries = 0;
  const list = (move: Move, plies: number) => {
    if (entries === moves.length) {
      const [oldMoves, oldDistance] = [moves, distance];
      moves = new Uint16Array(2 * entries);
      distance = new Int8Array(2 * entries);
      moves.set(oldMoves);
      distance.set(oldDistance);
    }
    moves[entries] = move;
    distance[entries++] = plies === DRAWN ? 0 : plies % 2 ? -(plies + 1) / 2 : plies / 2 + 1;
  };
  for (const turn of rules.turns) {
    const table = turn === WHITE ? tables.white : tables.black;
    for (let placement = 0; placement < table.length; placement++) {
      if (table[placement] === ILLEGAL) continue;
      id++;
      if (share === 1 || hash32(turn, placement) < share * 2 ** 32) {
        tables.visitMoves(placement, turn, list);
        if (entries === offsets[offsets.length - 1]) continue; // stalemate or mate: no choice
        ids.push(id - 1);
        placements.push(placement);
        offsets.push(entries);
      }
    }
    if (turn === WHITE) whites = placements.length;
  }
  /** Rewards by distance + 128. */
  const worth = Float64Array.from(
    { length: 256 },
    (_, i) => i === 128 ? 0 : Math.sign(i - 128) * DISCOUNT ** Math.abs(i - 128),
  );
  const reward = new Float64Array(entries);
  for (let i = 0; i < entries; i++) reward[i] = worth[distance[i] + 128];
  return {
    ending,
    states: {
      length: placements.length,
      offsets: Uint32Array.from(offsets),
      reward,
    },
    whites,
    moves: moves.slice(0, entries),
    distance: distance.slice(0, entries),
    ids: Uint32Array.from(ids),
    placements: Uint32Array.from(placements),
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
    distance: Int8Array.from(entries, (i) => world.distance[i]),
    whites: kept.filter((x) => x < world.whites).length,
    ids: kept.map((x) => world.ids[x]),
    placements: kept.map((x) => world.placements[x]),
  };
}

/** The position of a state. */
export function positionOf(
  { ending, placements, whites }: EndgameWorld,
  state: number,
): Position {
  const pieces = codesOf(ending);
  const position = new Position();
  let placement = placements[state];
  for (let i = pieces.length - 1; i >= 0; i--) {
    position.put(placement % 64, pieces[i]);
    placement = Math.floor(placement / 64);
  }
  position.turn = state < whites ? WHITE : BLACK;
  position.isCheck(); // notes the check
  return position;
}

/** The state of a position, or −1 when it is none of this world. */
export function stateOf({ ending, placements, whites }: EndgameWorld, position: Position): number {
  const placement = placementOf(ending, position);
  let [low, high] = position.turn === WHITE ? [0, whites - 1] : [whites, placements.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (placements[middle] === placement) return middle;
    if (placements[middle] < placement) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

/**
 * The moves of the perfect defender, Black: those that put off the mate longest, or draw, or win.
 *
 * @throws {RangeError} when the position is not one of this ending with Black to move.
 */
export function bestDefence({ ending, tables }: EndgameWorld, position: Position): Move[] {
  const placement = placementOf(ending, position);
  if (placement < 0 || position.turn === WHITE) {
    throw new RangeError(`Cannot defend: not a position of ${ending} with Black to move`);
  }
  const best = bestReplies(tables, placement);
  return legalMoves(position).filter((move) => best.includes(move));
}

/** The best moves of Black at a placement: those that put off the mate longest, or draw, or win. */
export function bestReplies(tables: Solution, placement: number): Move[] {
  let best = -1, moves: Move[] = [];
  tables.visitMoves(placement, BLACK, (move, plies) => {
    const value = plies === DRAWN ? 1000 : plies % 2 ? plies : 2000 - plies;
    if (value > best) moves = [];
    best = Math.max(best, value);
    if (value === best) moves.push(move);
  });
  return moves;
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
  const wanted = codesOf(ending);
  const squares = new Array<number>(wanted.length).fill(-1);
  for (let square = 0; square < 64; square++) {
    const piece = position.pieceAt(square);
    if (piece === 0) continue;
    const place = wanted.findIndex((code, i) => code === piece && squares[i] < 0);
    if (place < 0) return -1;
    squares[place] = square;
  }
  return squares.includes(-1) ? -1 : indexOf(squares);
}

/** What `Position.pieceAt` says of an ending's pieces, in the order of its placements. */
function codesOf(ending: Ending): number[] {
  const { white, black } = ENDINGS[ending];
  return [...white, ...black.map((piece) => piece | BLACK << 3)];
}
