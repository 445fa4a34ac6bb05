/**
 * Positions and games in words, for the page and for screen readers.
 *
 * @module
 */

import { parseFen } from "@lib/chess/fen.ts";
import { BLACK, type Position, squareName, startPosition, WHITE } from "@lib/chess/position.ts";
import { makeSan } from "@lib/chess/san.ts";
import type { GameState } from "@lib/play/game.ts";

const NAMES = ["", "pawn", "knight", "bishop", "rook", "queen", "king"];

/** The pieces and their squares, king first, and who is to move. */
export function describePosition(position: Position): string {
  const side = (color: number) => {
    const words: string[] = [];
    for (let kind = 6; kind >= 1; kind--) {
      for (let square = 0; square < 64; square++) {
        if (position.pieceAt(square) === (kind | (color << 3))) {
          words.push(`${NAMES[kind]} ${squareName(square)}`);
        }
      }
    }
    return words.join(", ");
  };
  return `White: ${side(WHITE)}. Black: ${side(BLACK)}. ` +
    `${position.turn === WHITE ? "White" : "Black"} to move${position.check ? ", in check" : ""}.`;
}

/** The moves with their numbers; only the last of them when `count` is given. */
export function movesText({ start, moves }: GameState, count = Infinity): string {
  const position = start === null ? startPosition() : parseFen(start), words: string[] = [];
  moves.forEach((move, i) => {
    const shown = i >= moves.length - count, white = position.turn === WHITE;
    const number = white
      ? `${position.fullmoveNumber}. `
      : words.length
      ? ""
      : `${position.fullmoveNumber}… `;
    if (shown) words.push(number + makeSan(position, move));
    position.play(move);
  });
  return words.join(" ");
}
