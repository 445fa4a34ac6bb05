/**
 * Matches: two players, openings played once with each colour, many games at once.
 *
 * @module
 */

import { materialLead } from "@lib/chess/material.ts";
import { makePgn } from "@lib/chess/pgn.ts";
import { type Move, WHITE } from "@lib/chess/position.ts";
import { type Random, random, shuffle } from "@lib/random.ts";
import { eloOfScore } from "@lib/analysis/elo.ts";
import { studentQuantile } from "@lib/analysis/quantiles.ts";
import { type Interval, mean, variance } from "@lib/analysis/stats.ts";
import { type GameState, newGame, type Outcome, outcome, playMove } from "@lib/play/game.ts";
import { NO_OPENING, type Opening } from "@lib/play/openings.ts";
import type { Player } from "@lib/play/player.ts";
import type { Estimate } from "@lib/play/rating.ts";

/** Decides a game that the rules have not ended; null lets it go on. */
export type Adjudication = (game: GameState) => Outcome | null;

/** What a match is. */
export interface MatchOptions {
  /** The player whose score is counted. */
  readonly a: Player;
  /** The other player. */
  readonly b: Player;
  /** Number of games, even: each opening is played twice, once with each colour. */
  readonly games: number;
  /** Fixes the openings' order and every player's random numbers. */
  readonly seed: number;
  /** Where games start; used again when there are more pairs. The usual position by default. */
  readonly openings?: readonly Opening[] | undefined;
  /** Full moves after which a game is drawn; 200 by default, the paper's 89. */
  readonly maxMoves?: number | undefined;
  /** Asked after every move. */
  readonly adjudicate?: Adjudication | undefined;
  /** Games in progress at once, so that models infer in batches; 64 by default. */
  readonly concurrency?: number | undefined;
  /** Called after each game. */
  readonly onGame?: ((game: PlayedGame, done: number, total: number) => void) | undefined;
  /** Stops the match. */
  readonly signal?: AbortSignal | undefined;
}

/** A finished game. */
export interface PlayedGame {
  /** From 0; games 2k and 2k + 1 are a pair, with the same opening and the colours changed. */
  readonly index: number;
  /** White's name. */
  readonly white: string;
  /** Black's name. */
  readonly black: string;
  /** The opening's name. */
  readonly opening: string;
  /** FEN of a set-up start. */
  readonly start: string | null;
  /** With those of the opening. */
  readonly moves: readonly Move[];
  /** As PGN writes it. */
  readonly result: Outcome["result"];
  /** Such as `checkmate`, `move limit`, or `forfeit: …` with what the loser said. */
  readonly reason: string;
  /** Points of player a: 1, ½ or 0. */
  readonly score: number;
}

/** What came of a match, from the view of player a. */
export interface MatchResult {
  /** Name of the first player. */
  readonly a: string;
  /** Name of the second. */
  readonly b: string;
  /** Games that the first won. */
  readonly wins: number;
  /** Games drawn. */
  readonly draws: number;
  /** Games that the second won. */
  readonly losses: number;
  /** Points a game, with a 95 % interval over pairs of games; see {@linkcode scoreInterval}. */
  readonly score: Interval;
  /** The score as a difference of ratings. */
  readonly elo: Estimate;
  /** Games that a, and b, gave up. */
  readonly forfeits: { readonly a: number; readonly b: number };
  /** In the order of their openings. */
  readonly games: readonly PlayedGame[];
}

interface Table {
  readonly index: number;
  readonly opening: Opening;
  readonly state: GameState;
  /** By colour. */
  readonly players: readonly [Player, Player];
  readonly randoms: readonly [Random, Random];
}

/**
 * Plays a match. The games depend on the seed alone, whatever the concurrency, when the players'
 * choices depend only on the game and the stream they are given.
 *
 * @throws {RangeError} for an odd number of games, no openings, or a limit that is not positive.
 * @throws the signal's reason when it fires; whatever a player throws, such as `EngineError`.
 *
 * ```ts
 * import { playMatch } from "@lib/play/match.ts";
 * import { greedyPlayer, randomPlayer } from "@lib/play/player.ts";
 * import assert from "node:assert/strict";
 *
 * const result = await playMatch({ a: greedyPlayer(), b: randomPlayer(), games: 40, seed: 1 });
 * assert.equal(result.wins + result.draws + result.losses, 40);
 * assert.ok(result.score.low > 0.5);
 * ```
 */
export async function playMatch(options: MatchOptions): Promise<MatchResult> {
  const { a, b, games, adjudicate, onGame, signal } = options;
  const { concurrency = 64, maxMoves = 200 } = options;
  for (const [what, count] of Object.entries({ games, concurrency, maxMoves })) {
    if (!(Number.isInteger(count) && count > 0)) {
      throw new RangeError(`Cannot play a match with ${what} ${count}: must be a positive integer`);
    }
  }
  if (games % 2 !== 0) {
    throw new RangeError(`Cannot play ${games} games: must be even, one with each colour`);
  }
  const openings = orderOpenings(options);

  const played: PlayedGame[] = [];
  let tables: Table[] = [];
  let next = 0;
  let yielded = performance.now();
  while (played.length < games) {
    signal?.throwIfAborted();
    // Players that never wait would keep timers and signals from being heard.
    if (performance.now() - yielded > 50) {
      await new Promise((resolve) => setTimeout(resolve));
      yielded = performance.now();
    }
    while (tables.length < concurrency && next < games) {
      tables.push(setUp(next++, openings, options));
    }

    const forfeits = new Map<Table, string>();
    await Promise.all([a, b].map(async (player, side) => {
      const asked = tables.filter(({ index, state }) => (index + state.position.turn) % 2 === side);
      if (asked.length === 0) return;
      const choices = await player.choose(
        asked.map((table) => table.state),
        asked.map((table) => table.randoms[table.state.position.turn]),
      );
      if (choices.length !== asked.length) {
        throw new Error(
          `Cannot go on: ${player.name} made ${choices.length} choices for ${asked.length} games`,
        );
      }
      choices.forEach((choice, i) => {
        if ("move" in choice) playMove(asked[i].state, choice.move);
        else forfeits.set(asked[i], choice.forfeit);
      });
    }));

    const open: Table[] = [];
    for (const table of tables) {
      const forfeit = forfeits.get(table);
      const end = forfeit === undefined
        ? outcome(table.state) ?? moveLimit(table.state, maxMoves) ?? adjudicate?.(table.state) ??
          null
        : lossOf(table.state.position.turn, `forfeit: ${forfeit}`);
      if (end === null) {
        open.push(table);
      } else {
        const game = recordOf(table, end);
        played.push(game);
        onGame?.(game, played.length, games);
      }
    }
    tables = open;
  }
  return summarise(options, played.sort((x, y) => x.index - y.index));
}

function orderOpenings({ openings = [NO_OPENING], games, seed }: MatchOptions): Opening[] {
  if (openings.length === 0) {
    throw new RangeError("Cannot play from 0 openings: must be 1 or more, or leave them out");
  }
  const order: Opening[] = [];
  for (let round = 0; order.length < games / 2; round++) {
    order.push(...shuffle(random(seed, "openings", round), [...openings]));
  }
  return order;
}

function setUp(index: number, openings: readonly Opening[], { a, b, seed }: MatchOptions): Table {
  const opening = openings[index >> 1];
  const state = newGame(opening.start);
  for (const move of opening.moves) playMove(state, move);
  return {
    index,
    opening,
    state,
    players: index % 2 === 0 ? [a, b] : [b, a],
    randoms: [random(seed, "player", index, 0), random(seed, "player", index, 1)],
  };
}

function lossOf(color: number, reason: string): Outcome {
  return { result: color === WHITE ? "0-1" : "1-0", reason };
}

function moveLimit({ moves }: GameState, maxMoves: number): Outcome | null {
  return moves.length < 2 * maxMoves ? null : { result: "1/2-1/2", reason: "move limit" };
}

function recordOf(
  { index, opening, state, players }: Table,
  { result, reason }: Outcome,
): PlayedGame {
  const white = { "1-0": 1, "0-1": 0, "1/2-1/2": 0.5 }[result];
  return {
    index,
    white: players[0].name,
    black: players[1].name,
    opening: opening.name,
    start: state.start,
    moves: state.moves,
    result,
    reason,
    score: index % 2 === 0 ? white : 1 - white,
  };
}

function summarise({ a, b }: MatchOptions, games: readonly PlayedGame[]): MatchResult {
  const count = (score: number) => games.filter((game) => game.score === score).length;
  const lost = (score: number) =>
    games.filter((game) => game.score === score && game.reason.startsWith("forfeit")).length;
  const pairs = games.flatMap((game, i) => i % 2 ? [] : [(game.score + games[i + 1].score) / 2]);
  const score = scoreInterval(pairs);
  return {
    a: a.name,
    b: b.name,
    wins: count(1),
    draws: count(0.5),
    losses: count(0),
    score,
    elo: {
      value: eloOfScore(score.value),
      low: eloOfScore(score.low),
      high: eloOfScore(score.high),
    },
    forfeits: { a: lost(0), b: lost(1) },
    games,
  };
}

/**
 * The mean score with a 95 % interval, pairs of games as the independent units: Wilson's interval
 * with the number of trials that would give the variance seen between pairs (so games of a pair may
 * be alike), and Student's quantile in place of the normal one. When all pairs score the same, each
 * counts as one trial, so that a clean sweep of few games is not taken for certainty.
 *
 * @param pairs the score of each pair of games, from 0 to 1; at least one.
 *
 * ```ts
 * import { scoreInterval } from "@lib/play/match.ts";
 * import assert from "node:assert/strict";
 *
 * const { value, low, high } = scoreInterval([1, 0.5, 0.75, 1]);
 * assert.ok(low < value && value < high && high <= 1);
 * ```
 */
export function scoreInterval(pairs: readonly number[]): Interval {
  const n = pairs.length, value = mean(pairs);
  const spread = n < 2 ? 0 : variance(pairs) / n;
  const trials = spread === 0 ? n : value * (1 - value) / spread;
  const t = studentQuantile(0.975, Math.max(1, n - 1));
  const shrink = 1 + t * t / trials;
  const center = (value + t * t / (2 * trials)) / shrink;
  const half = t * Math.sqrt(value * (1 - value) / trials + (t / (2 * trials)) ** 2) / shrink;
  return {
    value,
    low: value === 0 ? 0 : Math.max(0, center - half),
    high: value === 1 ? 1 : Math.min(1, center + half),
    n,
  };
}

/**
 * Ends a game won when one side has been ahead by `lead` pawns' worth for `plies` plies in a row.
 *
 * @param lead in pawns.
 * @param plies at least 1.
 *
 * ```ts
 * import { materialAdjudication } from "@lib/play/match.ts";
 * import { newGame } from "@lib/play/game.ts";
 * import assert from "node:assert/strict";
 *
 * const judge = materialAdjudication(4, 1), game = newGame("3qk3/8/8/8/8/8/8/4K3 w - - 0 1");
 * assert.equal(judge(game)?.result, "0-1");
 * ```
 */
export function materialAdjudication(lead: number, plies: number): Adjudication {
  // For how long White (positive) or Black (negative) has been ahead.
  const ahead = new WeakMap<GameState, number>();
  return (game) => {
    const balance = materialLead(game.position);
    const side = balance >= lead ? 1 : balance <= -lead ? -1 : 0;
    const before = ahead.get(game) ?? 0;
    const length = side === 0 ? 0 : side * before > 0 ? before + side : side;
    ahead.set(game, length);
    if (Math.abs(length) < plies) return null;
    return { result: side > 0 ? "1-0" : "0-1", reason: `adjudicated: ${lead} pawns ahead` };
  };
}

/**
 * A game as PGN, with its opening, and how it ended as `Termination`.
 *
 * @param headers further headers, or other values for the usual ones.
 *
 * ```ts
 * import { pgnOf, playMatch } from "@lib/play/match.ts";
 * import { greedyPlayer, randomPlayer } from "@lib/play/player.ts";
 * import assert from "node:assert/strict";
 *
 * const match = { a: greedyPlayer(), b: randomPlayer(), games: 2, seed: 1, maxMoves: 3 };
 * const { games: [game] } = await playMatch(match);
 * assert.match(pgnOf(game, { Event: "Trial" }), /\[Event "Trial"\][^]*\[White "greedy"\]/);
 * ```
 */
export function pgnOf(game: PlayedGame, headers: Readonly<Record<string, string>> = {}): string {
  const { index, white, black, opening, start, moves, result, reason } = game;
  return makePgn({
    headers: {
      Event: "Match",
      Round: `${(index >> 1) + 1}.${index % 2 + 1}`,
      White: white,
      Black: black,
      Result: result,
      Opening: opening,
      Termination: reason,
      ...headers,
    },
    moves: Uint16Array.from(moves),
    result,
    ...(start !== null && { start }),
  });
}
