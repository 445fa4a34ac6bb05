/**
 * A crowd of simulated players on full chess. All judge a move by one common score; each adds
 * preferences, a blind spot and noise of its own. Their choice probabilities are known exactly.
 *
 * @module
 */

import type { Result } from "@lib/chess/movetext.ts";
import { materialLead } from "@lib/chess/material.ts";
import {
  legalMoves,
  type Move,
  PAWN,
  type Position,
  startPosition,
  terminalState,
  WHITE,
} from "@lib/chess/position.ts";
import { type Distribution, sample } from "@lib/analysis/distribution.ts";
import { expectedScore } from "@lib/analysis/elo.ts";
import { mixture } from "@lib/analysis/reward.ts";
import { type Random, random, randomInteger, randomNormal } from "@lib/random.ts";
import {
  COMMON,
  type Judgement,
  moveTerms,
  TERMS,
  weighTerms,
  type Weights,
} from "@lib/experts/crowd_score.ts";

/** A simulated player. */
export interface CrowdPlayer extends Judgement {
  /** Such as `player 3`. */
  readonly name: string;
  /** Temperature of its choice in pawns: the larger, the weaker. */
  readonly noise: number;
}

/** How a crowd is drawn. */
export interface CrowdDials {
  /** Number of players. */
  readonly players: number;
  /** Fixes the players. */
  readonly seed: number;
  /** Least and largest noise in pawns, spread evenly in the logarithm (default 0.25 … 1.5). */
  readonly noise?: readonly [least: number, largest: number];
  /** Standard deviation of the logarithm of private weights around the common ones (default 0.4). */
  readonly preference?: number;
  /** Share of the players with a blind spot (default 0.5). */
  readonly blindness?: number;
}

/**
 * Draws a crowd, from the least noisy player to the noisiest.
 *
 * @throws {RangeError} for dials out of range.
 */
export function makeCrowd(
  { players, seed, noise = [0.25, 1.5], preference = 0.4, blindness = 0.5 }: CrowdDials,
): CrowdPlayer[] {
  if (!(Number.isInteger(players) && players >= 2)) {
    throw new RangeError(`Cannot make a crowd of ${players}: must be an integer of 2 or more`);
  }
  if (!(noise[0] > 0 && noise[1] >= noise[0])) {
    throw new RangeError(`Cannot make players of noise ${noise}: must rise from more than 0`);
  }
  if (!(preference >= 0) || !(blindness >= 0 && blindness <= 1)) {
    throw new RangeError(
      `Cannot make players of preference ${preference} and blindness ${blindness}: ` +
        "must be 0 or more, and a share",
    );
  }
  return Array.from({ length: players }, (_, i) => {
    const next = random(seed, "crowd", i);
    const weights = Object.fromEntries(
      TERMS.map((term) => [term, COMMON[term] * Math.exp(preference * randomNormal(next))]),
    ) as unknown as Weights;
    const blindSpot = next() < blindness ? PAWN + randomInteger(next, 5) : 0;
    const noisiness = noise[0] * (noise[1] / noise[0]) ** (i / (players - 1));
    return { name: `player ${i + 1}`, weights, blindSpot, noise: noisiness };
  });
}

/**
 * f(y|x) of a player, exactly: the softmax of its scores over its noise.
 *
 * @param haste Multiplies the noise: players in a hurry see less (default 1).
 */
export function crowdPolicy(player: CrowdPlayer, position: Position, haste = 1): Distribution {
  return crowdPolicies([player], position, haste)[0];
}

/**
 * f_i(y|x) of many players on one position, which costs little more than one player's.
 *
 * @param haste as in {@linkcode crowdPolicy}.
 */
export function crowdPolicies(
  players: readonly CrowdPlayer[],
  position: Position,
  haste = 1,
): Distribution[] {
  const moves = legalMoves(position), seen: Float64Array[] = []; // terms by blind spot
  return players.map(({ weights, blindSpot, noise }) => {
    const terms = seen[blindSpot] ??= moveTerms(position, blindSpot, moves);
    return { moves, p: softmax(weighTerms(terms, weights), noise * haste) };
  });
}

/**
 * f̄(y|x) = (1/k) Σ f_i(y|x) on one position: what a perfect imitator of the crowd plays. At τ = 0 it
 * is the crowd's majority vote.
 *
 * @throws {RangeError} for no players.
 *
 * ```ts
 * import { crowdMixture, makeCrowd } from "@lib/experts/crowd.ts";
 * import { sharpen } from "@lib/analysis/temperature.ts";
 * import { parseFen } from "@lib/chess/fen.ts";
 * import { makeUci } from "@lib/chess/san.ts";
 * import assert from "node:assert/strict";
 *
 * const crowd = makeCrowd({ players: 9, seed: 1 });
 * const { moves, p } = crowdMixture(crowd, parseFen("4k3/8/8/3q4/4P3/8/8/4K3 w - - 0 1"));
 * assert.equal(makeUci(moves[sharpen(p, 0).indexOf(1)]), "e4d5"); // takes the queen
 * ```
 */
export function crowdMixture(players: readonly CrowdPlayer[], position: Position): Distribution {
  const policies = crowdPolicies(players, position);
  const p = mixture(policies.map((policy) => policy.p));
  return { moves: policies[0].moves, p };
}

function softmax(scores: Float64Array, temperature: number): Float64Array {
  const top = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  const p = scores.map((score) => Math.exp((score - top) / temperature));
  const z = p.reduce((a, b) => a + b, 0);
  return p.map((value) => value / z);
}

/** What `simulateGames` needs. */
export interface SimulationOptions {
  /** Number of players, or the players themselves. */
  readonly players: number | readonly CrowdPlayer[];
  /** How many games. */
  readonly games: number;
  /** Fixes players and games. */
  readonly seed: number;
  /**
   * Whether two games in three are fast, where everybody is noisier (default true); without, all are
   * played exactly as `crowdPolicy` says.
   */
  readonly hurry?: boolean;
}

/** A simulated game; it can be written as PGN and collected like a game that was read. */
export interface SimulatedGame {
  /** Tags by name. */
  readonly headers: Readonly<Record<string, string>>;
  /** From the start on. */
  readonly moves: Uint16Array;
  /** As PGN writes it. */
  readonly result: Result;
}

/** Time controls, and how much noisier play is under them. */
const SPEEDS = [["60+0", 1.6], ["180+2", 1.25], ["600+0", 1]] as const;

const LONGEST = 240; // plies, after which material decides
const RESIGNABLE = 7; // pawns behind, for RESIGN_AFTER plies
const RESIGN_AFTER = 8;
const BURN_IN = 12; // games a player, so that ratings mean something from the first game on

/**
 * Plays games among a crowd, one at a time and for as many as are taken. Opponents are drawn at
 * random; ratings come from the players' own results (Elo, starting at 1500, with a burn-in that is
 * not shown), and stand in the headers as they were before the game.
 *
 * ```ts
 * import { simulateGames } from "@lib/experts/crowd.ts";
 * import assert from "node:assert/strict";
 *
 * for await (const { headers, moves } of simulateGames({ players: 4, games: 1, seed: 1 })) {
 *   assert.ok(Number(headers.WhiteElo) > 0 && moves.length > 0);
 * }
 * ```
 */
export async function* simulateGames(
  { players, games, seed, hurry = true }: SimulationOptions,
): AsyncGenerator<SimulatedGame> {
  if (!(Number.isInteger(games) && games >= 1)) {
    throw new RangeError(`Cannot simulate ${games} games: must be an integer of 1 or more`);
  }
  const crowd = typeof players === "number" ? makeCrowd({ players, seed }) : players;
  const ratings = crowd.map(() => 1500), played = crowd.map(() => 0);
  const burnIn = Math.ceil(BURN_IN * crowd.length / 2);
  for (let index = -burnIn; index < games; index++) {
    const next = random(seed, "crowd games", index + burnIn);
    const white = randomInteger(next, crowd.length);
    const black = (white + 1 + randomInteger(next, crowd.length - 1)) % crowd.length;
    const speed = randomInteger(next, SPEEDS.length);
    const [timeControl, haste] = hurry ? SPEEDS[speed] : SPEEDS[SPEEDS.length - 1];
    const game = playGame(crowd[white], crowd[black], haste, next);
    const score = game.result === "1-0" ? 1 : game.result === "0-1" ? 0 : 0.5;
    const headers = {
      Event: "Rated simulated game",
      Site: "?",
      Date: "2000.01.01",
      Round: "-",
      White: crowd[white].name,
      Black: crowd[black].name,
      Result: game.result,
      WhiteElo: String(Math.round(ratings[white])),
      BlackElo: String(Math.round(ratings[black])),
      TimeControl: timeControl,
      Termination: game.termination,
    };
    const expected = expectedScore(ratings[white] - ratings[black]);
    for (const [i, sign] of [[white, 1], [black, -1]] as const) {
      ratings[i] += sign * Math.max(12, 80 / (1 + played[i]++ / 4)) * (score - expected);
    }
    if (index < 0) continue;
    yield { headers, moves: game.moves, result: game.result };
  }
}

function playGame(white: CrowdPlayer, black: CrowdPlayer, haste: number, next: Random) {
  const position = startPosition();
  const moves: Move[] = [], seen = new Map<number, number>();
  let behind = 0; // plies for which the side that is behind could resign
  const end = (result: Result, termination: string) => ({
    moves: Uint16Array.from(moves),
    result,
    termination,
  });
  for (;;) {
    const terminal = terminalState(position);
    if (terminal === "checkmate") {
      return end(position.turn === WHITE ? "0-1" : "1-0", "Normal");
    }
    const repeated = (seen.get(position.key()) ?? 0) + 1;
    seen.set(position.key(), repeated);
    if (terminal || repeated === 3 || position.halfmoveClock >= 100) {
      return end("1/2-1/2", "Normal");
    }
    const lead = materialLead(position);
    behind = Math.abs(lead) >= RESIGNABLE ? behind + 1 : 0;
    if (behind >= RESIGN_AFTER) return end(lead > 0 ? "1-0" : "0-1", "Normal");
    if (moves.length >= LONGEST) {
      return end(lead >= 3 ? "1-0" : lead <= -3 ? "0-1" : "1/2-1/2", "Adjudication");
    }
    const player = position.turn === WHITE ? white : black;
    const move = sample(crowdPolicy(player, position, haste), next);
    moves.push(move);
    position.play(move);
  }
}
