/**
 * Retrograde analysis: every position of an ending with its exact distance to mate, worked out
 * backwards from the checkmates (Thompson 1986, "Retrograde Analysis of Certain Endgames").
 *
 * A position is an index: the squares of White's king and pieces and Black's king and pieces, in base
 * 64. Captures and promotions lead to other endings, which are solved first.
 *
 * @module
 */

import {
  BISHOP,
  BLACK,
  type Color,
  KING,
  KNIGHT,
  type Move,
  packMove,
  PAWN,
  QUEEN,
  ROOK,
  WHITE,
} from "@lib/chess/position.ts";

/** In a table: no legal position. */
export const ILLEGAL: number = -2;

/** In a table: nobody can force mate. */
export const DRAWN: number = -1;

/** Plies to mate, with the best play of both, of every placement of the pieces. */
export interface Tables {
  /**
   * With White to move; by index; or {@linkcode DRAWN}, {@linkcode ILLEGAL}. The side to move mates
   * where the plies are odd and is mated where they are even.
   */
  readonly white: Int16Array;
  /** With Black to move. */
  readonly black: Int16Array;
}

/** The pieces of an ending, in the order of its placements: White's and then Black's, kings first. */
export interface Material {
  /** White's pieces. */
  readonly white: readonly number[];
  /** Black's pieces. */
  readonly black: readonly number[];
}

/** The index of a placement: White's king and pieces, Black's king and pieces. */
export function indexOf(squares: ArrayLike<number>): number {
  let index = 0;
  for (let i = 0; i < squares.length; i++) index = index * 64 + squares[i];
  return index;
}

/** Writes the squares of an index. */
export function squaresOf(index: number, squares: Uint8Array): void {
  for (let i = squares.length - 1; i >= 0; i--) {
    squares[i] = index % 64;
    index = Math.floor(index / 64);
  }
}

const DIAGONALS = [[1, 1], [1, -1], [-1, 1], [-1, -1]];
const LINES = [[1, 0], [-1, 0], [0, 1], [0, -1]];
const STEPS: Readonly<Record<number, readonly (readonly number[])[]>> = {
  [KNIGHT]: [[1, 2], [2, 1], [2, -1], [1, -2], [-1, -2], [-2, -1], [-2, 1], [-1, 2]],
  [BISHOP]: DIAGONALS,
  [ROOK]: LINES,
  [QUEEN]: [...LINES, ...DIAGONALS],
  [KING]: [...LINES, ...DIAGONALS],
};

/**
 * The rays of a piece from every square: `rays[square]` holds, for each direction, the squares on
 * the way to the edge, nearest first; one square long for kings and knights.
 */
export function raysOf(piece: number): readonly (readonly (readonly number[])[])[] {
  const reach = piece === KING || piece === KNIGHT ? 1 : 7;
  return Array.from({ length: 64 }, (_, square) =>
    STEPS[piece].map(([x, y]) => {
      const ray: number[] = [];
      for (let n = 1; n <= reach; n++) {
        const file = (square & 7) + n * x, rank = (square >> 3) + n * y;
        if (file < 0 || file > 7 || rank < 0 || rank > 7) break;
        ray.push(rank * 8 + file);
      }
      return ray;
    }).filter((ray) => ray.length > 0));
}

/** What a pawn can become, as `packMove` has it. */
export const PROMOTIONS: readonly number[] = [QUEEN, ROOK, BISHOP, KNIGHT];

/** Visits a legal move and what it leads to: plies to mate of the side that is then to move. */
export type VisitMove = (move: Move, plies: number) => void;

/** An ending that is solved. */
export interface Solution extends Tables {
  /** Whose tables these are. */
  readonly material: Material;
  /** The legal moves of a placement with their values, piece by piece. */
  visitMoves(placement: number, turn: Color, visit: VisitMove): void;
}

/**
 * Solves an ending, and those that its captures and promotions lead to.
 *
 * A position is lost when every move leads to a win of the other side, and won when one leads to a
 * loss; both are found by undoing moves from the positions of the ply before. Captures and promotions
 * are not undone: what they are worth is known from the start, and waits for its ply.
 *
 * @throws {RangeError} for more than five pieces, or pawns on both sides (there is no capture en
 * passant here).
 *
 * ```ts
 * import { solveEnding } from "@lib/experts/retrograde.ts";
 * import { KING, PAWN } from "@lib/chess/position.ts";
 * import assert from "node:assert/strict";
 *
 * const { white } = solveEnding({ white: [KING, PAWN], black: [KING] });
 * assert.equal(white.reduce((a, b) => Math.max(a, b)), 55); // plies: mate in 28
 * ```
 */
export function solveEnding(material: Material): Solution {
  return solve(material, new Map());
}

function solve(material: Material, solved: Map<string, Solution>): Solution {
  const name = `${material.white}/${material.black}`;
  const known = solved.get(name);
  if (known) return known;
  const kinds = [...material.white, ...material.black], width = kinds.length;
  const hasPawns = [material.white, material.black].map((pieces) => pieces.includes(PAWN));
  if (width > 5) throw new RangeError(`Cannot solve ${width} pieces: must be 5 or fewer`);
  if (hasPawns[WHITE] && hasPawns[BLACK]) {
    throw new RangeError("Cannot solve pawns of both sides: must be of one side");
  }
  const size = 64 ** width, scale = kinds.map((_, i) => 64 ** (width - 1 - i));
  const first = [0, material.white.length], end = [first[BLACK], width];
  const rays = kinds.map((kind) => kind === PAWN ? [] : raysOf(kind));
  const value = [new Int16Array(size).fill(ILLEGAL), new Int16Array(size).fill(ILLEGAL)];
  const squares = new Uint8Array(width);
  /** Place + 1 of the piece on each square. */
  const at = new Uint8Array(64);

  // Mirror images are solved once: those with White's king on files a–d, and ranks 1–4 if no pawn
  // tells up from down. The mirror flips the same bits in each square of the index.
  const repeated = scale.reduce((a, b) => a + b);
  const mirror = Int32Array.from({ length: 64 }, (_, king) => {
    const flips = (king & 4 ? 7 : 0) | (king & 32 && !hasPawns.includes(true) ? 56 : 0);
    return flips * repeated;
  });
  const canonical = (index: number) => index ^ mirror[Math.floor(index / scale[0])];

  const set = (index: number) => {
    squaresOf(index, squares);
    for (let i = 0; i < width; i++) at[squares[i]] = i + 1;
  };
  const clear = () => {
    for (let i = 0; i < width; i++) at[squares[i]] = 0;
  };
  const isOwn = (place: number, turn: Color) => place >= first[turn] && place < end[turn];
  const isAttacked = (target: number, by: Color) => {
    for (let p = first[by]; p < end[by]; p++) {
      if (kinds[p] === PAWN) {
        if (PAWN_CAPTURES[by][squares[p]].includes(target)) return true;
        continue;
      }
      for (const ray of rays[p][squares[p]]) {
        for (const square of ray) {
          if (square === target) return true;
          if (at[square]) break;
        }
      }
    }
    return false;
  };
  /** The ending that is left when a piece is taken, or a pawn becomes another. */
  const endings: Solution[] = [];
  const endingAfter = (place: number, victim: number, promotion: number) => {
    const key = (promotion && place * 8 + promotion) * 8 + victim + 1;
    return endings[key] ??= solve({
      white: remaining(WHITE, place, victim, promotion),
      black: remaining(BLACK, place, victim, promotion),
    }, solved);
  };
  const remaining = (turn: Color, place: number, victim: number, promotion: number) =>
    kinds.map((kind, i) => i === place && promotion ? promotion : kind)
      .filter((_, i) => isOwn(i, turn) && i !== victim);
  /** Moves of the position that is set, by what they lead to; whether that is in another ending. */
  const visit = (
    index: number,
    turn: Color,
    take: (place: number, to: number, promotion: number, plies: number, leaves: boolean) => void,
  ) => {
    const them = (1 - turn) as Color;
    const leave = (place: number, to: number, victim: number, promotion: number) => {
      const { white, black } = endingAfter(place, victim, promotion);
      let index = 0;
      for (let i = 0; i < width; i++) {
        if (i !== victim) index = index * 64 + (i === place ? to : squares[i]);
      }
      const plies = (turn === WHITE ? black : white)[index];
      if (plies !== ILLEGAL) take(place, to, promotion, plies, true);
    };
    const stay = (place: number, to: number) => {
      const after = index + (to - squares[place]) * scale[place];
      const plies = value[them][place === 0 ? canonical(after) : after];
      if (plies !== ILLEGAL) take(place, to, 0, plies, false);
    };
    const advance = (place: number, to: number, victim: number) => {
      if (to >= 8 && to < 56) return victim < 0 ? stay(place, to) : leave(place, to, victim, 0);
      for (const promotion of PROMOTIONS) leave(place, to, victim, promotion);
    };
    for (let p = first[turn]; p < end[turn]; p++) {
      const from = squares[p];
      if (kinds[p] === PAWN) {
        const forward = turn === WHITE ? 8 : -8;
        if (!at[from + forward]) {
          advance(p, from + forward, -1);
          const atHome = from >> 3 === (turn === WHITE ? 1 : 6);
          if (atHome && !at[from + 2 * forward]) stay(p, from + 2 * forward);
        }
        for (const to of PAWN_CAPTURES[turn][from]) {
          const victim = at[to] - 1;
          if (isOwn(victim, them) && victim !== first[them]) advance(p, to, victim);
        }
        continue;
      }
      for (const ray of rays[p][from]) {
        for (const to of ray) {
          const victim = at[to] - 1;
          if (victim < 0) stay(p, to);
          else {
            if (isOwn(victim, them) && victim !== first[them]) leave(p, to, victim, 0);
            break;
          }
        }
      }
    }
  };
  /** The positions before the one that is set, `turn` having moved without capture. */
  const undo = (index: number, turn: Color, take: (before: number) => void) => {
    for (let p = first[turn]; p < end[turn]; p++) {
      const to = squares[p];
      const retract = (from: number) => {
        const before = index + (from - to) * scale[p];
        take(p === 0 ? canonical(before) : before);
      };
      if (kinds[p] === PAWN) {
        const back = turn === WHITE ? -8 : 8;
        if (at[to + back]) continue;
        retract(to + back);
        const isTwo = to >> 3 === (turn === WHITE ? 3 : 4);
        if (isTwo && !at[to + 2 * back]) retract(to + 2 * back);
        continue;
      }
      for (const ray of rays[p][to]) {
        for (const from of ray) {
          if (at[from]) break;
          retract(from);
        }
      }
    }
  };

  const solvedOnce = (index: number) => mirror[Math.floor(index / scale[0])] === 0;
  for (let index = 0; index < size; index++) {
    if (!solvedOnce(index)) continue;
    set(index);
    const stands = squares.every((square, i) =>
      at[square] === i + 1 && (kinds[i] !== PAWN || (square >= 8 && square < 56))
    );
    if (stands && !adjacent(squares[0], squares[first[BLACK]])) {
      if (!isAttacked(squares[first[BLACK]], WHITE)) value[WHITE][index] = DRAWN;
      if (!isAttacked(squares[0], BLACK)) value[BLACK][index] = DRAWN;
    }
    clear();
  }

  /** Moves that do not yet lose. */
  const left = [new Uint8Array(size), new Uint8Array(size)];
  /** By side and ply: positions that a capture or promotion then decides. */
  const waiting: number[][][] = [[], []];
  let frontier: number[][] = [[], []];
  for (let index = 0; index < size; index++) {
    for (const turn of [WHITE, BLACK] as const) {
      if (value[turn][index] === ILLEGAL) continue;
      set(index);
      let moves = 0, win = Infinity;
      const wait = (ply: number) => (waiting[turn][ply] ??= []).push(index);
      visit(index, turn, (_place, _to, _promotion, plies, leaves) => {
        moves++;
        if (!leaves || plies === DRAWN) return;
        if (plies % 2 === 0) win = Math.min(win, plies + 1);
        else wait(plies + 1);
      });
      if (win < Infinity) wait(win);
      left[turn][index] = moves;
      if (moves === 0 && isAttacked(squares[first[turn]], (1 - turn) as Color)) {
        value[turn][index] = 0;
        frontier[turn].push(index);
      }
      clear();
    }
  }

  const last = () => Math.max(waiting[WHITE].length, waiting[BLACK].length);
  for (let ply = 1; frontier[WHITE].length + frontier[BLACK].length > 0 || ply < last(); ply++) {
    const next: number[][] = [[], []];
    for (const turn of [WHITE, BLACK] as const) {
      const settle = (index: number) => {
        if (value[turn][index] !== DRAWN) return;
        if (ply % 2 === 0 && --left[turn][index] > 0) return;
        value[turn][index] = ply;
        next[turn].push(index);
      };
      for (const index of frontier[1 - turn]) {
        set(index);
        undo(index, turn, settle);
        clear();
      }
      waiting[turn][ply]?.forEach(settle);
    }
    frontier = next;
  }

  for (let index = 0; index < size; index++) {
    const image = canonical(index);
    for (const plies of value) plies[index] = plies[image];
  }
  const solution: Solution = {
    material,
    white: value[WHITE],
    black: value[BLACK],
    visitMoves(placement, turn, take) {
      set(placement);
      visit(
        placement,
        turn,
        (place, to, promotion, plies) => take(packMove(squares[place], to, promotion), plies),
      );
      clear();
    },
  };
  solved.set(name, solution);
  return solution;
}

/** The squares that a pawn attacks, by its colour and square. */
const PAWN_CAPTURES = [1, -1].map((up) =>
  Array.from({ length: 64 }, (_, square) => {
    const file = square & 7, rank = (square >> 3) + up;
    if (rank < 0 || rank > 7) return [];
    return [file - 1, file + 1].filter((f) => f >= 0 && f < 8).map((f) => rank * 8 + f);
  })
);

function adjacent(a: number, b: number): boolean {
  return Math.abs((a & 7) - (b & 7)) <= 1 && Math.abs((a >> 3) - (b >> 3)) <= 1;
}
