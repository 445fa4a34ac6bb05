/**
 * A game in progress: the position, how it came about, and when the rules end it.
 *
 * @module
 */

import { makeFen, parseFen, START_FEN } from "@lib/chess/fen.ts";
import {
  BLACK,
  legalMoves,
  type Move,
  type Position,
  startPosition,
  terminalState,
} from "@lib/chess/position.ts";
import { makeUci } from "@lib/chess/san.ts";
import { pgnPrompt, pgnText } from "@lib/data/tokenizer.ts";

/** A game in progress; `playMove` changes it in place. */
export interface GameState {
  /** FEN of a set-up start, null for the usual one. */
  readonly start: string | null;
  /** The moves so far. */
  readonly moves: readonly Move[];
  /** The position now; not to be changed by others. */
  readonly position: Position;
  /** How often each position (by key) has occurred since the last irreversible move. */
  readonly occurrences: ReadonlyMap<number, number>;
}

interface MutableGame extends GameState {
  readonly moves: Move[];
  readonly occurrences: Map<number, number>;
}

/** How a game ended. */
export interface Outcome {
  /** As PGN writes it. */
  readonly result: "1-0" | "0-1" | "1/2-1/2";
  /** Such as `checkmate`, `stalemate`, `threefold repetition`. */
  readonly reason: string;
}

/**
 * A new game.
 *
 * @param start FEN of its first position; the usual one when absent or null.
 * @throws {SyntaxError} for a FEN that no game can have.
 *
 * ```ts
 * import { newGame } from "@lib/play/game.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(newGame().moves.length, 0);
 * assert.throws(() => newGame("8/8/8/8/8/8/8/K7 w - - 0 1"), /0 kings/);
 * ```
 */
export function newGame(start: string | null = null): GameState {
  const position = start === null ? startPosition() : parseFen(start);
  const fen = makeFen(position);
  const game: MutableGame = {
    start: fen === START_FEN ? null : fen,
    moves: [],
    position,
    occurrences: new Map([[position.key(), 1]]),
  };
  return game;
}

/**
 * Plays a move.
 *
 * @throws {RangeError} for a move that is not legal here.
 *
 * ```ts
 * import { newGame, outcome, playMove } from "@lib/play/game.ts";
 * import { parseSan } from "@lib/chess/san.ts";
 * import assert from "node:assert/strict";
 *
 * const game = newGame();
 * for (const san of ["f3", "e5", "g4", "Qh4"]) playMove(game, parseSan(game.position, san));
 * assert.deepEqual(outcome(game), { result: "0-1", reason: "checkmate" });
 * ```
 */
export function playMove(game: GameState, move: Move): void {
  const { position, moves, occurrences } = game as MutableGame;
  if (!legalMoves(position).includes(move)) {
    throw new RangeError(
      `Cannot play ${makeUci(move)} in ${makeFen(position)}: must be a legal move`,
    );
  }
  position.play(move);
  moves.push(move);
  if (position.halfmoveClock === 0) occurrences.clear();
  const key = position.key();
  occurrences.set(key, (occurrences.get(key) ?? 0) + 1);
}

/**
 * How the rules end the game now, or null. A threefold repetition and fifty moves without progress
 * end it at once, as on a server where both sides would claim; mate comes before both.
 *
 * ```ts
 * import { newGame, outcome } from "@lib/play/game.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(outcome(newGame()), null);
 * assert.deepEqual(outcome(newGame("R5k1/5ppp/8/8/8/8/8/6K1 b - - 0 1")), {
 *   result: "1-0",
 *   reason: "checkmate",
 * });
 * ```
 */
export function outcome(game: GameState): Outcome | null {
  const { position, occurrences } = game;
  const draw = (reason: string): Outcome => ({ result: "1/2-1/2", reason });
  const state = terminalState(position);
  if (state === "checkmate") {
    return { result: position.turn === BLACK ? "1-0" : "0-1", reason: "checkmate" };
  }
  if (state !== null) return draw(state);
  if (position.halfmoveClock >= 100) return draw("fifty-move rule");
  if (occurrences.get(position.key())! >= 3) return draw("threefold repetition");
  return null;
}

/**
 * The game's text as the paper's models read it, up to where the next move starts: `;1.e4 e5 2.`
 * with White to move, `;1.e4` with Black (paper.md § 2.6).
 *
 * @throws {RangeError} for a game from a set-up position, which this notation cannot say.
 *
 * ```ts
 * import { newGame, playMove, transcript } from "@lib/play/game.ts";
 * import { parseSan } from "@lib/chess/san.ts";
 * import assert from "node:assert/strict";
 *
 * const game = newGame();
 * assert.equal(transcript(game), ";1.");
 * playMove(game, parseSan(game.position, "e4"));
 * assert.equal(transcript(game), ";1.e4");
 * ```
 */
export function transcript({ start, moves }: GameState): string {
  if (start !== null) {
    throw new RangeError(
      `Cannot write a transcript of a game from ${start}: must be from the usual start`,
    );
  }
  return moves.length % 2 === 0 ? pgnPrompt(moves) : pgnText(moves);
}
