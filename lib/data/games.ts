/**
 * Games as a struct of arrays: the one form in which games are kept in memory and on disk. Every
 * tokenizer and encoder is a view of it, made when a batch is drawn, by replaying moves.
 *
 * @module
 */

import type { Move, Position } from "@lib/chess/position.ts";
import { startPosition } from "@lib/chess/position.ts";
import { parseFen } from "@lib/chess/fen.ts";
import { speedOf, SPEEDS } from "@lib/data/speed.ts";

/** In `Games.evals`: this ply has no evaluation. */
export const NO_EVAL: number = -32768;

/** Evaluations at or beyond ± this are mates: ±(10000 − n) is mate in n. */
export const MATE_EVAL = 9000;

/** In `Games.result`: how a result is written as a number. */
export const RESULTS: Readonly<Record<string, number>> = { "1-0": 1, "1/2-1/2": 0, "0-1": -1 };

/** In `Games.result`: the game was not finished, or its result is not known. */
export const NO_RESULT = 2;

/** Games, column by column. `G` games with `M` plies together. */
export interface Games {
  /** G */
  readonly length: number;
  /** [G + 1] the plies of game i are offsets[i] … offsets[i + 1] − 1 */
  readonly offsets: Uint32Array;
  /** [M] moves, as `lib/chess/position.ts` packs them */
  readonly moves: Uint16Array;
  /** [G] White's rating, 0 where unknown */
  readonly white: Uint16Array;
  /** [G] Black's rating, 0 where unknown */
  readonly black: Uint16Array;
  /** [G] 1 White won, 0 draw, −1 Black won, 2 unknown */
  readonly result: Int8Array;
  /** [G] index into `SPEEDS` */
  readonly speed: Uint8Array;
  /** [G] year of the game, 0 where unknown: ratings of different years are different pools */
  readonly year: Uint16Array;
  /** [M] centipawns seen from White after each ply, mate in n as ±(10000 − n), or `NO_EVAL` */
  readonly evals?: Int16Array;
  /** [G] FEN of a set-up start, null for the usual one */
  readonly starts?: readonly (string | null)[];
}

/** One game, as a row of {@linkcode Games}. */
export interface GameRow {
  /** From the start on. */
  readonly moves: ArrayLike<Move>;
  /** White's rating, 0 where unknown. */
  readonly white: number;
  /** Black's rating, 0 where unknown. */
  readonly black: number;
  /** As a number of `RESULTS`, or `NO_RESULT`. */
  readonly result: number;
  /** Its number in `SPEEDS`. */
  readonly speed: number;
  /** 0 where unknown. */
  readonly year: number;
  /** One a move, where the game has them. */
  readonly evals?: ArrayLike<number>;
  /** FEN of a set-up start. */
  readonly start?: string;
}

/** What a game must have to become a row: the games of `readPgn` and of the simulated crowd do. */
export interface GameSource {
  /** Tags by name. */
  readonly headers: Readonly<Record<string, string>>;
  /** From the start on. */
  readonly moves: ArrayLike<Move>;
  /** As PGN writes it. */
  readonly result: string;
  /** centipawns seen from White after each ply, mate in n as ±(10000 − n), NaN where unknown */
  readonly evals?: ArrayLike<number>;
  /** FEN of a set-up start. */
  readonly start?: string;
}

/** A rating header as a number, 0 where it is absent or not a number; "1500?" is 1500. */
export function parseRating(text: string | undefined): number {
  const rating = parseInt(text ?? "", 10);
  return rating > 0 && rating < 65536 ? rating : 0;
}

/** The date of a game as "2013.01.31", "" where it is unknown. */
export function gameDate(headers: Readonly<Record<string, string>>): string {
  const date = headers.UTCDate ?? headers.Date ?? "";
  return /^\d{4}/.test(date) ? date : "";
}

/** Centipawns as they are stored: rounded, and no score but a mate reaches ±9000. */
function packEval(centipawns: number): number {
  if (Number.isNaN(centipawns)) return NO_EVAL;
  const size = Math.abs(centipawns);
  const isMate = size >= MATE_EVAL && size <= 10000;
  return isMate ? centipawns : Math.sign(centipawns) * Math.min(Math.round(size), MATE_EVAL - 1);
}

/** The row of a game. */
export function gameRow(game: GameSource): GameRow {
  const { headers } = game;
  return {
    moves: game.moves,
    white: parseRating(headers.WhiteElo),
    black: parseRating(headers.BlackElo),
    result: RESULTS[game.result] ?? NO_RESULT,
    speed: SPEEDS.indexOf(speedOf(headers.TimeControl, headers.Event)),
    year: Number(gameDate(headers).slice(0, 4)),
    ...(game.evals && { evals: Int16Array.from(game.evals, packEval) }),
    ...(game.start !== undefined && { start: game.start }),
  };
}

/** Collects rows, one by one, into growing columns. */
export interface GamesBuilder {
  /** Games so far. */
  readonly length: number;
  /** Plies so far. */
  readonly plies: number;
  /** Adds a game. */
  add(row: GameRow): void;
  /** The games so far; more rows may be added afterwards. */
  games(): Games;
}

type Column = Uint32Array | Uint16Array | Int16Array | Int8Array | Uint8Array;

/** The column, or a copy twice as long when it holds fewer than `length` items. */
function grow<T extends Column>(column: T, length: number): T {
  if (length <= column.length) return column;
  const larger = new (column.constructor as new (n: number) => T)(
    Math.max(length, 2 * column.length),
  );
  larger.set(column);
  return larger;
}

/** An empty builder. */
export function gamesBuilder(): GamesBuilder {
  let offsets = new Uint32Array(1025);
  let moves = new Uint16Array(65536);
  let evals: Int16Array | undefined;
  let starts: (string | null)[] | undefined;
  let [white, black, year] = [new Uint16Array(1024), new Uint16Array(1024), new Uint16Array(1024)];
  let result = new Int8Array(1024);
  let speed = new Uint8Array(1024);
  let length = 0, plies = 0;
  return {
    get length() {
      return length;
    },
    get plies() {
      return plies;
    },
    add(row) {
      if (row.evals && row.evals.length !== row.moves.length) {
        throw new RangeError(
          `Cannot add a game with ${row.evals.length} evaluations: must be one for each of its ` +
            `${row.moves.length} moves`,
        );
      }
      const end = plies + row.moves.length;
      moves = grow(moves, end);
      moves.set(row.moves, plies);
      if (row.evals && !evals) evals = new Int16Array(moves.length).fill(NO_EVAL);
      if (evals) {
        const filled = evals.length;
        evals = grow(evals, moves.length);
        if (evals.length > filled) evals.fill(NO_EVAL, filled);
        if (row.evals) evals.set(row.evals, plies);
      }
      if (row.start !== undefined && !starts) starts = new Array(length).fill(null);
      starts?.push(row.start ?? null);
      [white, black, year] = [white, black, year].map((column) => grow(column, length + 1));
      result = grow(result, length + 1);
      speed = grow(speed, length + 1);
      offsets = grow(offsets, length + 2);
      white[length] = row.white;
      black[length] = row.black;
      year[length] = row.year;
      result[length] = row.result;
      speed[length] = row.speed;
      offsets[++length] = plies = end;
    },
    games: () => ({
      length,
      offsets: offsets.slice(0, length + 1),
      moves: moves.slice(0, plies),
      white: white.slice(0, length),
      black: black.slice(0, length),
      result: result.slice(0, length),
      speed: speed.slice(0, length),
      year: year.slice(0, length),
      ...(evals && { evals: evals.slice(0, plies) }),
      ...(starts && { starts: starts.slice() }),
    }),
  };
}

/**
 * Collects rows into columns.
 *
 * ```ts
 * import { collectGames, gameRow, replay } from "@lib/data/games.ts";
 * import { packMove } from "@lib/chess/position.ts";
 * import assert from "node:assert/strict";
 *
 * const headers = { WhiteElo: "1480", BlackElo: "1502", TimeControl: "180+2", UTCDate: "2018.06.01" };
 * const games = collectGames([gameRow({ headers, moves: [packMove(12, 28)], result: "1-0" })]);
 * assert.equal(games.white[0], 1480);
 * assert.equal(replay(games, 0).turn, 1);
 * ```
 */
export function collectGames(rows: Iterable<GameRow>): Games {
  const builder = gamesBuilder();
  for (const row of rows) builder.add(row);
  return builder.games();
}

/** Row i of the games; its moves and evaluations are views, not copies. */
export function gameAt(games: Games, i: number): GameRow {
  if (!(i >= 0 && i < games.length)) {
    throw new RangeError(`Cannot read game ${i}: must be 0 … ${games.length - 1}`);
  }
  const [first, end] = [games.offsets[i], games.offsets[i + 1]];
  const start = games.starts?.[i] ?? undefined;
  return {
    moves: games.moves.subarray(first, end),
    white: games.white[i],
    black: games.black[i],
    result: games.result[i],
    speed: games.speed[i],
    year: games.year[i],
    ...(games.evals && { evals: games.evals.subarray(first, end) }),
    ...(start !== undefined && { start }),
  };
}

/** The rows of the games, in order. */
export function* eachGame(games: Games): Generator<GameRow> {
  for (let i = 0; i < games.length; i++) yield gameAt(games, i);
}

/** All games of all parts, in order. */
export function concatGames(parts: readonly Games[]): Games {
  if (parts.length === 1) return parts[0];
  let length = 0, plies = 0;
  for (const part of parts) length += part.length, plies += part.moves.length;
  const games = {
    length,
    offsets: new Uint32Array(length + 1),
    moves: new Uint16Array(plies),
    white: new Uint16Array(length),
    black: new Uint16Array(length),
    result: new Int8Array(length),
    speed: new Uint8Array(length),
    year: new Uint16Array(length),
    ...(parts.some((part) => part.evals) && { evals: new Int16Array(plies).fill(NO_EVAL) }),
    ...(parts.some((part) => part.starts) && { starts: [] as (string | null)[] }),
  };
  let game = 0, ply = 0;
  for (const part of parts) {
    for (let i = 0; i < part.length; i++) games.offsets[game + i + 1] = ply + part.offsets[i + 1];
    games.moves.set(part.moves, ply);
    for (const column of ["white", "black", "result", "speed", "year"] as const) {
      games[column].set(part[column], game);
    }
    if (part.evals) games.evals!.set(part.evals, ply);
    for (let i = 0; i < part.length; i++) games.starts?.push(part.starts?.[i] ?? null);
    game += part.length;
    ply += part.moves.length;
  }
  return games;
}

/** The position game i started from. */
export function startOf(games: Games, i: number): Position {
  const start = games.starts?.[i];
  return start ? parseFen(start) : startPosition();
}

/**
 * The position of game i after its first `plies` moves, all of them when not told.
 *
 * @throws {RangeError} when the game has fewer plies.
 */
export function replay(games: Games, i: number, plies?: number): Position {
  const first = games.offsets[i];
  const length = games.offsets[i + 1] - first;
  plies ??= length;
  if (!(plies >= 0 && plies <= length)) {
    throw new RangeError(`Cannot replay ${plies} plies of game ${i}: must be 0 … ${length}`);
  }
  const position = startOf(games, i);
  for (let ply = first; ply < first + plies; ply++) position.play(games.moves[ply]);
  return position;
}

/** The game a ply (an index into `games.moves`) belongs to, by bisection. */
export function gameOfPly(games: Games, ply: number): number {
  if (!(ply >= 0 && ply < games.moves.length)) {
    throw new RangeError(`Cannot find ply ${ply}: must be 0 … ${games.moves.length - 1}`);
  }
  let [low, high] = [0, games.length]; // offsets[low] ≤ ply < offsets[high]
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (games.offsets[middle] <= ply) low = middle;
    else high = middle;
  }
  return low;
}

/** The position in which the move `games.moves[ply]` was played. */
export function positionAt(games: Games, ply: number): Position {
  const game = gameOfPly(games, ply);
  return replay(games, game, ply - games.offsets[game]);
}
