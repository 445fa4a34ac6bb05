/**
 * Which pieces attack which squares.
 *
 * @module
 */

import {
  EMPTY,
  KING,
  KNIGHT,
  KNIGHT_STEPS,
  LENGTH,
  listOf,
  PAWN,
  QUEEN,
  QUEEN_STEPS,
  SLIDES,
  TO,
  WHITE,
} from "@lib/chess/board.ts";
import type { Position } from "@lib/chess/position.ts";

const WHITE_PAWN_STEPS = [15, 17], BLACK_PAWN_STEPS = [-15, -17];

/**
 * Writes who attacks each square, the pieces of one's own side that stand there included: their
 * defence. An attack ends at the first piece it meets; whether a piece is pinned does not matter.
 *
 * @param out [2 × 64], by colour × 64 + square, all written: bit k for a piece of kind k (`PAWN` …
 * `KING`), and bit 0 where two or more pieces attack.
 *
 * ```ts
 * import { attackMaps } from "@lib/chess/attacks.ts";
 * import { BISHOP, KNIGHT, PAWN, startPosition } from "@lib/chess/position.ts";
 * import assert from "node:assert/strict";
 *
 * const maps = new Uint8Array(128);
 * attackMaps(startPosition(), maps);
 * assert.equal(maps[18], 1 << PAWN | 1 << KNIGHT | 1); // c3: by Nb1, b2 and d2
 * assert.equal(maps[9], 1 << BISHOP); // b2: defended by Bc1
 * assert.equal(maps[28], 0); // e4: by nobody
 * ```
 */
export function attackMaps(position: Position, out: Uint8Array): void {
  const { cells } = position;
  out.fill(0);
  for (let piece = PAWN; piece <= (KING | 8); piece++) {
    const kind = piece & 7, side = (piece >> 3) << 6;
    if (kind < PAWN || kind > KING) continue;
    const slides = kind > KNIGHT && kind <= QUEEN;
    const steps = slides
      ? SLIDES[kind]
      : kind === KNIGHT
      ? KNIGHT_STEPS
      : kind === KING
      ? QUEEN_STEPS
      : piece >> 3 === WHITE
      ? WHITE_PAWN_STEPS
      : BLACK_PAWN_STEPS;
    const start = listOf(piece), end = start + cells[start + LENGTH];
    for (let k = start; k < end; k++) {
      for (let s = 0; s < steps.length; s++) {
        let cell = cells[k];
        do {
          cell += steps[s];
          if (cells[cell] > 15) break; // the wall
          const i = side | (TO[cell] >> 6);
          out[i] |= (1 << kind) | (out[i] === 0 ? 0 : 1);
        } while (slides && cells[cell] === EMPTY);
      }
    }
  }
}
