/**
 * The chess board in numbers: squares, pieces, moves, and the geometry of the board inside a
 * `Position`.
 *
 * That board lies in a frame 16 cells wide whose border is a wall, so that a piece slides until it
 * meets something and the difference of two cells tells their geometry (the idea of 0x88 boards,
 * https://www.chessprogramming.org/0x88). The face of the rules speaks of squares 0 … 63.
 *
 * @module
 */

import { hash32 } from "@lib/random.ts";

/** A square, 0 … 63: a1 = 0, b1 = 1, … h8 = 63. */
export type Square = number;

/**
 * A move as an integer that fits 16 bits: from | to << 6 | promotion << 12, with promotion 0 or
 * `KNIGHT` … `QUEEN`. Castling is the king's move by two squares.
 */
export type Move = number;

/** The side to move, `WHITE` or `BLACK`. */
export type Color = 0 | 1;

/** Piece kinds; `pieceAt` adds the colour as `color << 3`. */
export const EMPTY = 0, PAWN = 1, KNIGHT = 2, BISHOP = 3, ROOK = 4, QUEEN = 5, KING = 6;

/** Colours. */
export const WHITE = 0, BLACK = 1;

/** More moves than any legal position has (218 is the known maximum): the size of move buffers. */
export const MAX_MOVES = 256;

/** The square a move starts from. */
export function moveFrom(move: Move): Square {
  return move & 63;
}

/** The square a move ends on. */
export function moveTo(move: Move): Square {
  return (move >> 6) & 63;
}

/** The piece a pawn becomes by this move, `KNIGHT` … `QUEEN`, or 0. */
export function movePromotion(move: Move): number {
  return move >> 12;
}

/** Packs a move. */
export function packMove(from: Square, to: Square, promotion = 0): Move {
  return from | (to << 6) | (promotion << 12);
}

/** The square's name, such as `"e4"`. */
export function squareName(square: Square): string {
  return "abcdefgh"[square & 7] + ((square >> 3) + 1);
}

/**
 * Where in `Position.cells` the slots begin. One byte array holds a position, so that a copy is one
 * copy: the framed board, for each occupied cell its piece's slot in a list, and for each of the
 * coloured pieces the list of its cells.
 */
export const SLOT = 192;

const LISTS = 384;

/**
 * Where in `Position.cells` the list of a piece's cells begins; `piece` is kind | color << 3. The
 * list's length stands 15 further.
 */
export function listOf(piece: number): number {
  return LISTS + piece * 16;
}

/** How far behind the start of a list its length stands. */
export const LENGTH = 15;

const CELLS = LISTS + 15 * 16;
const WALL = 16;
const A1 = 36;

/** The cells of the kings at home. */
export const E1: number = A1 + 4, E8: number = E1 + 7 * 16;

/** What is added to a difference of two cells to make an index: more than any of them. */
export const CENTER = 120;

/** The cell of a square. */
export function cellOf(square: Square): number {
  return square + (square & 56) + A1;
}

/** The square of a cell. */
export function squareOf(cell: number): Square {
  const i = cell - A1;
  return (i + (i & 7)) >> 1;
}

/** By cell, its square << 6: the target of a move. */
export const TO = new Uint16Array(SLOT);

/** `Position.cells` of the empty board. */
export const EMPTY_FRAME: Uint8Array<ArrayBuffer> = new Uint8Array(CELLS).fill(WALL, 0, SLOT);

for (let square = 0; square < 64; square++) {
  TO[cellOf(square)] = square << 6;
  EMPTY_FRAME[cellOf(square)] = EMPTY;
}

/** A knight's steps between cells. */
export const KNIGHT_STEPS: readonly number[] = [-33, -31, -18, -14, 14, 18, 31, 33];
const BISHOP_STEPS = [-17, -15, 15, 17];
const ROOK_STEPS = [-16, -1, 1, 16];

/** A queen's steps between cells, and a king's. */
export const QUEEN_STEPS: readonly number[] = [...BISHOP_STEPS, ...ROOK_STEPS];

/** By piece kind, the steps of those that slide. */
export const SLIDES: readonly (readonly number[])[] = [
  [],
  [],
  [],
  BISHOP_STEPS,
  ROOK_STEPS,
  QUEEN_STEPS,
];

/** By difference, from − to + `CENTER`: the pieces that attack along it, a bit for each coloured piece. */
export const ATTACKERS = new Uint16Array(2 * CENTER + 1);

/** By difference, from − to + `CENTER`: the step that leads there. */
export const STEP = new Int8Array(2 * CENTER + 1);
{
  const add = (step: number, reach: number, ...pieces: readonly number[]) => {
    for (let n = 1; n <= reach; n++) {
      const i = CENTER - n * step;
      if (i < 0 || i > 2 * CENTER) continue;
      STEP[i] = step;
      for (const piece of pieces) ATTACKERS[i] |= 1 << piece;
    }
  };
  const both = (piece: number) => [piece, piece | 8];
  for (const step of KNIGHT_STEPS) add(step, 1, ...both(KNIGHT));
  for (const step of BISHOP_STEPS) add(step, 7, ...both(BISHOP), ...both(QUEEN));
  for (const step of ROOK_STEPS) add(step, 7, ...both(ROOK), ...both(QUEEN));
  for (const step of QUEEN_STEPS) add(step, 1, ...both(KING));
  for (const side of [-1, 1]) {
    add(16 + side, 1, PAWN);
    add(-16 + side, 1, PAWN | 8);
  }
}

/** Is this the difference of two cells on one line or diagonal? */
export function isLine(difference: number): boolean {
  return (ATTACKERS[difference + CENTER] & (1 << QUEEN)) !== 0;
}

/** By square, the castling rights that survive a move from or to it. */
export const RIGHTS_KEPT: Uint8Array<ArrayBuffer> = new Uint8Array(64).fill(15);
for (const [square, lost] of [[4, 3], [7, 1], [0, 2], [60, 12], [63, 4], [56, 8]]) {
  RIGHTS_KEPT[square] = 15 - lost;
}

/**
 * Zobrist numbers (https://www.chessprogramming.org/Zobrist_Hashing), fixed by their indices, in two
 * halves of 32 bits: by piece << 8 | cell. Piece 0 stands nowhere: its row holds the castling rights
 * (0 … 15), Black's turn (16) and the en-passant squares (17 …).
 */
export const ZOBRIST_LOW: Int32Array<ArrayBuffer> = Int32Array.from(
  { length: 16 << 8 },
  (_, i) => hash32(1, i),
);
/** The other half. */
export const ZOBRIST_HIGH: Int32Array<ArrayBuffer> = Int32Array.from(
  { length: 16 << 8 },
  (_, i) => hash32(2, i),
);
