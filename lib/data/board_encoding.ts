/**
 * How BoardNet sees a position and names its moves.
 *
 * The board is always seen by the side to move: for Black the ranks are mirrored (square ^ 56; files
 * stay) and the colours swapped, so that one network plays both.
 *
 * @module
 */

import { attackMaps } from "@lib/chess/attacks.ts";
import {
  BISHOP,
  BLACK,
  KING,
  KNIGHT,
  moveFrom,
  movePromotion,
  moveTo,
  PAWN,
  QUEEN,
} from "@lib/chess/position.ts";
import type { Color, Move, Position } from "@lib/chess/position.ts";

/**
 * Numbers a square: own pawn … king (0–5), the other side's (6–11), own castling right short and
 * long (12, 13), the other side's (14, 15), the en-passant square (16), and 1 everywhere (17: tells
 * the board from the zeros that a convolution sees around it). No move counters: two positions with
 * one key look the same.
 */
export const PLANES = 18;

/**
 * Numbers a square about attacks, where they are asked for: whether an own piece attacks it (0), two
 * or more do (1), a pawn does (2), a pawn, knight or bishop does (3); the same of the other side (4–7).
 * They follow from the other planes, but a small network that must work them out by itself learns far
 * more slowly.
 */
export const ATTACK_PLANES = 8;

/** Numbers a square, with or without those about attacks. */
export function planesOf(attacks = false): number {
  return PLANES + (attacks ? ATTACK_PLANES : 0);
}

/** Numbers a position without attacks: 8 ranks of 8 files of {@link PLANES}. */
export const BOARD_SIZE = 64 * PLANES;

/** Logits a from-square: 64 to-squares, then 3 directions × 3 under-promotions. */
export const MOVES_PER_SQUARE = 73;

/** Logits a position. */
export const POLICY_SIZE = 64 * MOVES_PER_SQUARE;

/**
 * Writes the planes of a position, channel last: number [rank × 8 + file][plane].
 *
 * @param out where to; 64 × {@link planesOf} numbers from `offset` are all written.
 * @param attacks whether the {@link ATTACK_PLANES} follow the others at each square.
 *
 * ```ts
 * import { BOARD_SIZE, encodeBoard, PLANES } from "@lib/data/board_encoding.ts";
 * import { packMove, startPosition } from "@lib/chess/position.ts";
 * import assert from "node:assert/strict";
 *
 * const planes = new Float32Array(BOARD_SIZE);
 * encodeBoard(startPosition(), planes);
 * assert.equal(planes[8 * PLANES + 0], 1); // a2: an own pawn
 * ```
 */
export function encodeBoard(
  position: Position,
  out: Float32Array,
  offset = 0,
  attacks = false,
): void {
  const planes = planesOf(attacks);
  out.fill(0, offset, offset + 64 * planes);
  const turn = position.turn, flip = turn === BLACK ? 56 : 0;
  // Rights as own and other: for Black the two pairs of bits change places.
  const { castling } = position;
  const rights = turn === BLACK ? (castling >> 2) | ((castling & 3) << 2) : castling;
  for (let square = 0, at = offset; square < 64; square++, at += planes) {
    const piece = position.pieceAt(square ^ flip);
    if (piece) {
      const other = piece >> 3 === turn ? 0 : KING;
      out[at + other + (piece & 7) - PAWN] = 1;
    }
    if (rights) { for (let bit = 0; bit < 4; bit++) out[at + 12 + bit] = (rights >> bit) & 1; }
    out[at + 17] = 1;
  }
  if (position.epSquare >= 0) out[offset + (position.epSquare ^ flip) * planes + 16] = 1;
  if (attacks) encodeAttacks(position, out, offset + PLANES, flip);
}

const MINOR = (1 << PAWN) | (1 << KNIGHT) | (1 << BISHOP);
const maps = new Uint8Array(128); // scratch

function encodeAttacks(position: Position, out: Float32Array, offset: number, flip: number): void {
  attackMaps(position, maps);
  for (let side = 0; side < 2; side++) {
    const map = (side ^ position.turn) << 6;
    for (let square = 0; square < 64; square++) {
      const attackers = maps[map | (square ^ flip)];
      const at = offset + square * planesOf(true) + 4 * side;
      out[at] = attackers === 0 ? 0 : 1;
      out[at + 1] = attackers & 1;
      out[at + 2] = (attackers >> PAWN) & 1;
      out[at + 3] = (attackers & MINOR) === 0 ? 0 : 1;
    }
  }
}

/**
 * The logit of a move: from × 73 + to, with squares as the side to move sees them; an
 * under-promotion takes 64 + 3 × direction + piece in place of the to-square (direction: the file
 * falls, stays, rises; piece: knight, bishop, rook). A promotion to a queen is the plain move.
 *
 * ```ts
 * import { policyIndex } from "@lib/data/board_encoding.ts";
 * import { BLACK, packMove, WHITE } from "@lib/chess/position.ts";
 * import assert from "node:assert/strict";
 *
 * const [e2, e4, e7, e5] = [12, 28, 52, 36];
 * assert.equal(policyIndex(packMove(e2, e4), WHITE), 12 * 73 + 28);
 * assert.equal(policyIndex(packMove(e7, e5), BLACK), 12 * 73 + 28);
 * ```
 */
export function policyIndex(move: Move, turn: Color): number {
  const flip = turn === BLACK ? 56 : 0;
  const from = moveFrom(move) ^ flip, to = moveTo(move) ^ flip, promotion = movePromotion(move);
  if (promotion === 0 || promotion === QUEEN) return from * MOVES_PER_SQUARE + to;
  const direction = (to & 7) - (from & 7) + 1;
  return from * MOVES_PER_SQUARE + 64 + 3 * direction + promotion - 2; // KNIGHT is 2
}
