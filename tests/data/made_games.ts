/** Games made by random legal moves, for the tests of lib/data. */

import { legalMoves, startPosition } from "@lib/chess/position.ts";
import { parseFen } from "@lib/chess/fen.ts";
import type { GameSource } from "@lib/data/games.ts";
import { type Random, randomInteger } from "@lib/random.ts";

/** A random game of at most `plies` plies. */
export function madeMoves(next: Random, plies: number, start?: string): number[] {
  const position = start ? parseFen(start) : startPosition();
  const moves: number[] = [];
  while (moves.length < plies) {
    const legal = legalMoves(position);
    if (legal.length === 0) break;
    moves.push(legal[randomInteger(next, legal.length)]);
    position.play(moves.at(-1)!);
  }
  return moves;
}

/** Random games with ratings of 800 to 2000 and up to `plies` plies. */
export function madeGames(next: Random, games: number, plies = 60): GameSource[] {
  const ofList = <T>(list: readonly T[]): T => list[randomInteger(next, list.length)];
  return Array.from({ length: games }, (_, i) => ({
    headers: {
      Event: "Rated Blitz game",
      Site: `https://example.org/${i}`,
      White: ofList(["ada", "bob", "cyd", "?"]),
      Black: ofList(["dan", "eve", "fay", "?"]),
      WhiteElo: String(800 + randomInteger(next, 1201)),
      BlackElo: String(800 + randomInteger(next, 1201)),
      TimeControl: ofList(["60+0", "180+2", "600+0", "-", "?"]),
      UTCDate: ofList(["2013.01.05", "2018.06.30", "2022.12.31"]),
      Termination: ofList(["Normal", "Normal/mate", "Time forfeit"]),
    },
    moves: madeMoves(next, 1 + randomInteger(next, plies)),
    result: ofList(["1-0", "0-1", "1/2-1/2"]),
  }));
}
