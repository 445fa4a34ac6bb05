/**
 * What pieces are worth.
 *
 * @module
 */

import { type Position, WHITE } from "@lib/chess/position.ts";

/** The usual values of the pieces in pawns, by kind (`PAWN` … `KING`); a king counts nothing. */
export const PIECE_VALUES: readonly number[] = [0, 1, 3, 3, 5, 9, 0];

/**
 * White's material less Black's, in pawns.
 *
 * ```ts
 * import { materialLead } from "@lib/chess/material.ts";
 * import { parseFen } from "@lib/chess/fen.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(materialLead(parseFen("4k2r/7p/8/8/8/8/8/4K2Q w - - 0 1")), 3);
 * ```
 */
export function materialLead(position: Position): number {
  let lead = 0;
  for (let square = 0; square < 64; square++) {
    const piece = position.pieceAt(square), value = PIECE_VALUES[piece & 7];
    lead += piece >> 3 === WHITE ? value : -value;
  }
  return lead;
}
