/**
 * Games as PGN again, for other programs.
 *
 * @module
 */

import { makePgn } from "@lib/chess/pgn.ts";
import { type GameRow, NO_EVAL, RESULTS } from "@lib/data/games.ts";
import { SPEEDS } from "@lib/data/speed.ts";

/**
 * Writes a game as PGN with what is known of it: ratings, year, speed (in the `Event`), result, moves,
 * evaluations. Read again, it is the same row; who played is not kept.
 *
 * ```ts
 * import { gameRow } from "@lib/data/games.ts";
 * import { pgnOfGame } from "@lib/data/pgn_games.ts";
 * import { packMove } from "@lib/chess/position.ts";
 * import assert from "node:assert/strict";
 *
 * const headers = { WhiteElo: "1480", TimeControl: "180+2", UTCDate: "2018.06.01" };
 * const pgn = pgnOfGame(gameRow({ headers, moves: [packMove(12, 28)], result: "1-0" }));
 * assert.match(pgn, /\[Event "blitz game"\]\n\[Date "2018\.\?\?\.\?\?"\]/);
 * ```
 */
export function pgnOfGame(
  { moves, white, black, result, speed, year, evals, start }: GameRow,
): string {
  const [text = "*"] = Object.entries(RESULTS).find(([, number]) => number === result) ?? [];
  return makePgn({
    headers: {
      Event: SPEEDS[speed] === "unknown" ? "?" : `${SPEEDS[speed]} game`,
      ...(year > 0 && { Date: `${year}.??.??` }),
      ...(white > 0 && { WhiteElo: String(white) }),
      ...(black > 0 && { BlackElo: String(black) }),
    },
    moves,
    result: text as "1-0" | "0-1" | "1/2-1/2" | "*",
    ...(start !== undefined && { start }),
    ...(evals && { evals: Array.from(evals, (each) => each === NO_EVAL ? NaN : each) }),
  });
}
