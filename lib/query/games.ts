/**
 * Games, the moves in them and matches as rows: who played, what came of it, what a move cost.
 *
 * @module
 */

import { join } from "node:path";
import { rewardPerState } from "@lib/analysis/reward.ts";
import { optimalPolicy } from "@lib/analysis/states.ts";
import { humanPolicy, readLabels, regretPerState } from "@lib/analysis/labels.ts";
import { BISHOP, KNIGHT, type Position, QUEEN, ROOK } from "@lib/chess/position.ts";
import { readPgn } from "@lib/chess/pgn.ts";
import { winProbability } from "@lib/chess/win_probability.ts";
import { openBytes } from "@lib/data/bytes.ts";
import { openDataset } from "@lib/data/dataset.ts";
import {
  eachGame,
  type GameRow,
  gameRow,
  type Games,
  gamesBuilder,
  NO_EVAL,
  NO_RESULT,
  startOf,
} from "@lib/data/games.ts";
import { type Speed, SPEEDS } from "@lib/data/speed.ts";
import { datasetFolder, RESULTS, userPath } from "@lib/paths.ts";
import type { MatchResult } from "@lib/play/match.ts";

/** A game in one row. */
export interface GameInfo {
  /** Its number, from 0. */
  readonly game: number;
  /** White's rating, null where unknown. */
  readonly white: number | null;
  /** Black's rating, null where unknown. */
  readonly black: number | null;
  /** White's points: 1, ½ or 0; null where unknown. */
  readonly score: number | null;
  /** By Lichess's rule. */
  readonly speed: Speed;
  /** Null where unknown. */
  readonly year: number | null;
  /** How many moves, of both sides. */
  readonly plies: number;
}

/** `opening`: the first 20 plies; `endgame`: at most six pieces beside kings and pawns. */
export type Phase = "opening" | "middlegame" | "endgame";

/** A move that somebody chose, and what it cost. */
export interface MoveRow {
  /** The number of its game: moves of one game are not independent. */
  readonly game: number;
  /** Rating of the player who moved, null where unknown. */
  readonly rating: number | null;
  /** Year of the game, null where unknown. */
  readonly year: number | null;
  /** Plies played before it. */
  readonly ply: number;
  /** Opening, middlegame or endgame. */
  readonly phase: Phase;
  /** The mover's win probability before it, in %. */
  readonly chance: number;
  /** Win probability that the move gave away, in % points. */
  readonly loss: number;
}

/** Which games are loaded; all optional. */
export interface LoadOptions {
  /** Games at most, the first ones (default: all). */
  readonly limit?: number;
  /** Of a dataset: its part (default `test`). */
  readonly part?: "train" | "validation" | "test";
  /** Which games, such as those with evaluations: `({ evals }) => evals !== undefined`. */
  readonly keep?: (game: GameRow) => boolean;
}

/**
 * Loads games: those of a dataset, by name, or of a file `.pgn`, `.pgn.zst` or `.pgn.gz`, where games
 * that cannot be read are left out.
 *
 * @throws {Error} when there is no such file or dataset.
 * @throws {RangeError} for a limit that is no positive integer.
 *
 * ```ts
 * import { loadGames } from "@lib/query/mod.ts";
 * import assert from "node:assert/strict";
 *
 * const file = `${Deno.makeTempDirSync()}/two.pgn`;
 * Deno.writeTextFileSync(file, "1. e4 e5 1-0\n\n1. d4 d5 2. c4 1/2-1/2\n");
 * assert.equal((await loadGames(file, { keep: ({ moves }) => moves.length > 2 })).length, 1);
 * ```
 */
export async function loadGames(source: string, options: LoadOptions = {}): Promise<Games> {
  const { limit = Infinity, part = "test", keep = () => true } = options;
  if (limit !== Infinity && !(Number.isInteger(limit) && limit > 0)) {
    throw new RangeError(`Cannot load ${limit} games: must be a positive integer`);
  }
  const builder = gamesBuilder();
  for await (const row of rowsOf(source, part)) {
    if (keep(row)) builder.add(row);
    if (builder.length >= limit) break;
  }
  return builder.games();
}

async function* rowsOf(source: string, part: "train" | "validation" | "test") {
  if (!/\.pgn(\.zst|\.gz)?$/.test(source)) {
    yield* eachGame(openDataset(datasetFolder(source))[part]);
    return;
  }
  const bytes = openBytes(userPath(source));
  for await (const game of readPgn(bytes, { name: source, onError: () => {} })) yield gameRow(game);
}

/**
 * The games as rows.
 *
 * ```ts
 * import { loadGames, queryGames } from "@lib/query/mod.ts";
 * import assert from "node:assert/strict";
 *
 * const file = `${Deno.makeTempDirSync()}/one.pgn`;
 * Deno.writeTextFileSync(file, '[WhiteElo "1480"]\n\n1. e4 e5 2. Nf3 1-0\n');
 * const [game] = queryGames(await loadGames(file));
 * assert.deepEqual([game.white, game.black, game.score, game.plies], [1480, null, 1, 3]);
 * ```
 */
export function queryGames(games: Games): GameInfo[] {
  return Array.from(eachGame(games), ({ white, black, result, speed, year, moves }, game) => ({
    game,
    white: white || null,
    black: black || null,
    score: result === NO_RESULT ? null : (result + 1) / 2,
    speed: SPEEDS[speed],
    year: year || null,
    plies: moves.length,
  }));
}

/**
 * The moves of games that carry evaluations, with what each cost: the mover's win probability by the
 * evaluation before it less that after it, 0 where it rose. Moves without both are left out.
 *
 * ```ts
 * import { loadGames, queryMoves } from "@lib/query/mod.ts";
 * import assert from "node:assert/strict";
 *
 * const file = `${Deno.makeTempDirSync()}/one.pgn`;
 * const moves = "1. e4 { [%eval 0.3] } f6 { [%eval 1.0] } 2. Nf3 { [%eval 1.0] } 1-0";
 * Deno.writeTextFileSync(file, `[BlackElo "900"]\n\n${moves}\n`);
 * const [first, second] = queryMoves(await loadGames(file));
 * assert.deepEqual([first.ply, first.rating, first.loss.toFixed(1)], [1, 900, "6.3"]);
 * assert.equal(second.loss, 0);
 * ```
 */
export function queryMoves(games: Games): MoveRow[] {
  return eachMove(games).toArray();
}

/** The rows of {@linkcode queryMoves} one by one, for more games than memory has room for. */
export function* eachMove(games: Games): Generator<MoveRow> {
  let game = 0;
  for (const row of eachGame(games)) {
    const number = game++, { moves, evals } = row;
    if (!evals) continue;
    const position = startOf(games, number);
    for (let ply = 0; ply < moves.length; ply++) {
      const whiteMoves = position.turn === 0;
      const [before, after] = [ply > 0 ? evals[ply - 1] : NO_EVAL, evals[ply]];
      if (before !== NO_EVAL && after !== NO_EVAL) {
        const white = winProbability(before), fall = white - winProbability(after);
        yield {
          game: number,
          rating: (whiteMoves ? row.white : row.black) || null,
          year: row.year || null,
          ply,
          phase: phaseOf(position, ply),
          chance: 100 * (whiteMoves ? white : 1 - white),
          loss: 100 * Math.max(0, whiteMoves ? fall : -fall),
        };
      }
      position.play(moves[ply]);
    }
  }
}

/**
 * The moves of labelled positions, with what each cost beside the best move there.
 *
 * @param name of the labels, `results/labels/NAME.jsonl.gz`, or a path with a slash
 * @throws {Deno.errors.NotFound} when there are no such labels.
 *
 * ```ts
 * import { queryLabels } from "@lib/query/mod.ts";
 * import assert from "node:assert/strict";
 *
 * const rows = queryLabels("human-test");
 * assert.ok(rows.every(({ loss, ply }) => loss >= 0 && ply > 0));
 * ```
 */
export function queryLabels(name: string): (MoveRow & { readonly rating: number })[] {
  const file = /[/\\]/.test(name) ? userPath(name) : join(RESULTS, "labels", `${name}.jsonl.gz`);
  const labelled = readLabels(file);
  const { states } = labelled, loss = regretPerState(states, humanPolicy(labelled));
  const best = rewardPerState(states, optimalPolicy(states));
  return labelled.positions.map((position, x) => {
    const ply = 2 * (position.fullmoveNumber - 1) + position.turn;
    return {
      game: states.cluster[x],
      rating: labelled.rating[x],
      year: labelled.year[x] || null,
      ply,
      phase: phaseOf(position, ply),
      chance: best[x],
      loss: loss[x],
    };
  });
}

/** A game of a match in one row. */
export interface MatchRow {
  /** From 0, in the order of the match. */
  readonly index: number;
  /** Games of a pair have the same opening, colours changed: they are not independent. */
  readonly pair: number;
  /** The opening's name. */
  readonly opening: string;
  /** The colour of player a. */
  readonly color: "white" | "black";
  /** Points of player a: 1, ½ or 0. */
  readonly score: number;
  /** How many moves, of both sides. */
  readonly plies: number;
  /** What ended it, such as `checkmate`. */
  readonly reason: string;
}

/**
 * The games of a match as rows, from the view of player a.
 *
 * ```ts
 * import { meanBy, queryMatch } from "@lib/query/mod.ts";
 * import { playMatch } from "@lib/play/match.ts";
 * import { greedyPlayer, randomPlayer } from "@lib/play/player.ts";
 * import assert from "node:assert/strict";
 *
 * const match = await playMatch({ a: greedyPlayer(), b: randomPlayer(), games: 20, seed: 1 });
 * const byColor = meanBy(queryMatch(match), {
 *   by: ({ color }) => ({ color }),
 *   value: ({ score }) => score,
 * });
 * assert.deepEqual(byColor.map(({ color, n }) => [color, n]), [["black", 10], ["white", 10]]);
 * ```
 */
export function queryMatch({ games }: Pick<MatchResult, "games">): MatchRow[] {
  return games.map(({ index, opening, score, moves, reason }) => ({
    index,
    pair: index >> 1,
    opening,
    color: index % 2 === 0 ? "white" as const : "black" as const,
    score,
    plies: moves.length,
    reason: reason.split(":")[0],
  }));
}

const PIECES = [KNIGHT, BISHOP, ROOK, QUEEN];

function phaseOf(position: Position, ply: number): Phase {
  let pieces = 0;
  for (let square = 0; square < 64; square++) {
    if (PIECES.includes(position.pieceAt(square) & 7)) pieces++;
  }
  return pieces <= 6 ? "endgame" : ply < 20 ? "opening" : "middlegame";
}
