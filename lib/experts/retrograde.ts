/**
 * Retrograde analysis: every position of an ending with its exact distance to mate, worked out
 * backwards from the checkmates (Thompson 1986, "Retrograde Analysis of Certain Endgames").
 *
 * A position is an index: the squares of White's king, White's pieces and Black's king, in base 64.
 *
 * @module
 */

import { BISHOP, KING, KNIGHT, QUEEN, ROOK } from "@lib/chess/position.ts";

/** In a table: no legal position. */
export const ILLEGAL = -2;

/** In a table: nobody can force mate. */
export const DRAWN = -1;

/** Plies to mate, with the best play of both, of every placement of the pieces. */
export interface Tables {
  /** With White to move; by index; or {@linkcode DRAWN}, {@linkcode ILLEGAL}. */
  readonly white: Int16Array;
  /** With Black to move. */
  readonly black: Int16Array;
}

/** The index of a placement: White's king, White's pieces, Black's king. */
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

/**
 * Solves an ending of White's king and pieces against the bare king.
 *
 * Any capture must leave a draw, as it does with one piece: with pieces for Black, or pawns, the
 * replies that leave the ending need the tables of what they lead to.
 *
 * @param pieces White's pieces beside the king, such as `[ROOK]`.
 */
export function solveTables(pieces: readonly number[]): Tables {
  const width = pieces.length + 2, size = 64 ** width;
  const kinds = [KING, ...pieces];
  const rays = kinds.map(raysOf);
  const scale = Array.from({ length: width }, (_, i) => 64 ** (width - 1 - i));
  const white = new Int16Array(size).fill(ILLEGAL), black = new Int16Array(size).fill(ILLEGAL);
  const squares = new Uint8Array(width);
  const occupied = new Uint8Array(64);
  const king = width - 1;

  const set = (index: number) => {
    squaresOf(index, squares);
    for (const square of squares) occupied[square]++;
  };
  const clear = () => {
    for (const square of squares) occupied[square]--;
  };
  const attacked = (target: number, without = -1) => {
    for (let p = 0; p < kinds.length; p++) {
      if (p === without) continue;
      for (const ray of rays[p][squares[p]]) {
        for (const square of ray) {
          if (square === target) return true;
          if (occupied[square]) break;
        }
      }
    }
    return false;
  };

  for (let index = 0; index < size; index++) {
    set(index);
    const distinct = squares.every((square) => occupied[square] === 1);
    if (distinct && !adjacent(squares[0], squares[king])) {
      black[index] = DRAWN;
      if (!attacked(squares[king])) white[index] = DRAWN;
    }
    clear();
  }

  // Replies of Black that do not yet lose; a capture never will.
  const left = new Uint8Array(size);
  let frontier: number[] = [];
  for (let index = 0; index < size; index++) {
    if (black[index] === ILLEGAL) continue;
    set(index);
    const from = squares[king];
    occupied[from] = 0;
    for (const [to] of rays[0][from]) {
      const victim = squares.subarray(0, king).indexOf(to);
      const legal = victim < 0
        ? white[index + to - from] !== ILLEGAL
        : victim > 0 && !attacked(to, victim);
      if (legal) left[index]++;
    }
    occupied[from] = 1;
    if (left[index] === 0 && attacked(from)) {
      black[index] = 0;
      frontier.push(index);
    }
    clear();
  }

  for (let ply = 1; frontier.length > 0; ply++) {
    const next: number[] = [];
    for (const index of frontier) {
      set(index);
      if (ply % 2 === 1) {
        for (let p = 0; p < kinds.length; p++) {
          for (const ray of rays[p][squares[p]]) {
            for (const from of ray) {
              if (occupied[from]) break;
              const before = index + (from - squares[p]) * scale[p];
              if (white[before] !== DRAWN) continue;
              white[before] = ply;
              next.push(before);
            }
          }
        }
      } else {
        for (const [from] of rays[0][squares[king]]) {
          const before = index + from - squares[king];
          if (occupied[from] || black[before] !== DRAWN || --left[before] > 0) continue;
          black[before] = ply;
          next.push(before);
        }
      }
      clear();
    }
    frontier = next;
  }
  return { white, black };
}

function adjacent(a: number, b: number): boolean {
  return Math.abs((a & 7) - (b & 7)) <= 1 && Math.abs((a >> 3) - (b >> 3)) <= 1;
}
