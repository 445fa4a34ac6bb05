/**
 * A crowd of simulated players on full chess. All judge a move by one common score (material after
 * the best reply, mate, checks, development); each adds preferences, a blind spot and noise of its
 * own. Their choice probabilities are known exactly.
 *
 * @module
 */

import type { Result } from "@lib/chess/movetext.ts";
import {
  BISHOP,
  KING,
  KNIGHT,
  legalMoves,
  type Move,
  movePromotion,
  moveTo,
  PAWN,
  type Position,
  QUEEN,
  ROOK,
  startPosition,
  terminalState,
  WHITE,
} from "@lib/chess/position.ts";
import type { Distribution } from "@lib/play/distribution.ts";
import { type Random, random, randomInteger, randomNormal } from "@lib/random.ts";

/** What a move does, in pawns unless it says otherwise: the terms of the score. */
export const TERMS = ["material", "safety", "check", "development", "center", "advance"] as const;

/** A weight for each term. */
export type Weights = Readonly<Record<typeof TERMS[number], number>>;

/** The common score, which everybody shares and which is the reward. */
export const COMMON: Weights = {
  material: 1,
  safety: 1,
  check: 0.15,
  development: 0.25,
  center: 0.1,
  advance: 0.05,
};

/** A simulated player. */
export interface CrowdPlayer {
  readonly name: string;
  /** Its private weights. */
  readonly weights: Weights;
  /** The kind of piece (`PAWN` … `QUEEN`) whose attacks it overlooks; 0 for none. */
  readonly blindSpot: number;
  /** Temperature of its choice in pawns: the larger, the weaker. */
  readonly noise: number;
}

/** How a crowd is drawn. */
export interface CrowdDials {
  /** Number of players. */
  readonly players: number;
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

const VALUES = [0, 1, 3, 3, 5, 9, 100];
const MATE = 1000;

const KNIGHT_STEPS = [[1, 2], [2, 1], [2, -1], [1, -2], [-1, -2], [-2, -1], [-2, 1], [-1, 2]];
const DIAGONALS = [[1, 1], [1, -1], [-1, 1], [-1, -1]];
const LINES = [[1, 0], [-1, 0], [0, 1], [0, -1]];

/** rays[square]: the squares of each direction, nearest first. */
function rays(steps: readonly (readonly number[])[], reach: number): Uint8Array[][] {
  return Array.from({ length: 64 }, (_, square) =>
    steps.map(([x, y]) => {
      const ray: number[] = [];
      for (let n = 1; n <= reach; n++) {
        const file = (square & 7) + n * x, rank = (square >> 3) + n * y;
        if (file < 0 || file > 7 || rank < 0 || rank > 7) break;
        ray.push(8 * rank + file);
      }
      return Uint8Array.from(ray);
    }).filter((ray) => ray.length > 0));
}

/** By piece code, colour included (bit 3). */
const REACH: Uint8Array[][][] = [];
for (const color of [0, 8]) {
  REACH[PAWN | color] = rays(color ? [[1, -1], [-1, -1]] : [[1, 1], [-1, 1]], 1);
  REACH[KNIGHT | color] = rays(KNIGHT_STEPS, 1);
  REACH[BISHOP | color] = rays(DIAGONALS, 7);
  REACH[ROOK | color] = rays(LINES, 7);
  REACH[QUEEN | color] = rays([...DIAGONALS, ...LINES], 7);
  REACH[KING | color] = rays([...DIAGONALS, ...LINES], 1);
}

/** 0 at the rim … 3 in the centre. */
const CENTER = Float64Array.from({ length: 64 }, (_, square) => {
  const file = square & 7, rank = square >> 3;
  return Math.min(file, 7 - file, rank, 7 - rank);
});

const board = new Uint8Array(64);
const cheapest = [new Float64Array(64), new Float64Array(64)]; // least value attacking, by colour

/** Notes for each square the cheapest attacker of each colour; Infinity for none. */
function findAttackers(position: Position, overlooked: number, overlookedColor: number): void {
  cheapest[0].fill(Infinity);
  cheapest[1].fill(Infinity);
  for (let square = 0; square < 64; square++) board[square] = position.pieceAt(square);
  for (let square = 0; square < 64; square++) {
    const piece = board[square];
    if (piece === 0) continue;
    const color = piece >> 3, kind = piece & 7;
    if (kind === overlooked && color === overlookedColor) continue;
    const value = VALUES[kind], attacked = cheapest[color];
    for (const ray of REACH[piece][square]) {
      for (const to of ray) {
        if (value < attacked[to]) attacked[to] = value;
        if (board[to] !== 0) break;
      }
    }
  }
}

/** What the opponent of `side` could win at once: the best capture less what takes back. */
function largestLoss(side: number): number {
  const enemy = cheapest[side ^ 1], own = cheapest[side];
  let loss = 0;
  for (let square = 0; square < 64; square++) {
    const piece = board[square];
    if (piece === 0 || piece >> 3 !== side || enemy[square] === Infinity) continue;
    const value = VALUES[piece & 7];
    if (value >= VALUES[KING]) continue;
    const taken = own[square] < Infinity ? value - enemy[square] : value;
    if (taken > loss) loss = taken;
  }
  return loss;
}

/**
 * The score of every legal move, in the order of `legalMoves`: the common one by default, or a
 * player's own.
 *
 * @returns pawns; a mate is worth 1000.
 *
 * ```ts
 * import { scoreMoves } from "@lib/experts/crowd.ts";
 * import { parseFen } from "@lib/chess/fen.ts";
 * import { legalMoves } from "@lib/chess/position.ts";
 * import { makeUci } from "@lib/chess/san.ts";
 * import assert from "node:assert/strict";
 *
 * const position = parseFen("4k3/8/8/3q4/4P3/8/8/4K3 w - - 0 1"); // the queen hangs
 * const scores = scoreMoves(position);
 * const best = legalMoves(position)[scores.indexOf(Math.max(...scores))];
 * assert.equal(makeUci(best), "e4d5");
 * ```
 */
export function scoreMoves(
  position: Position,
  { weights, blindSpot }: Pick<CrowdPlayer, "weights" | "blindSpot"> = {
    weights: COMMON,
    blindSpot: 0,
  },
): Float64Array {
  const side = position.turn, forward = side === WHITE ? 1 : -1;
  const home = side === WHITE ? 0 : 7;
  return Float64Array.from(legalMoves(position), (move) => {
    const from = move & 63, to = moveTo(move), promotion = movePromotion(move);
    const kind = position.pieceAt(from) & 7, victim = position.pieceAt(to) & 7;
    const enPassant = kind === PAWN && to === position.epSquare;
    const gained = VALUES[enPassant ? PAWN : victim] +
      (promotion ? VALUES[promotion] - VALUES[PAWN] : 0);
    const after = position.copy();
    after.play(move);
    const check = after.isCheck();
    if (check && legalMoves(after).length === 0) return MATE;
    findAttackers(after, blindSpot, side ^ 1);
    const developed = (kind === KNIGHT || kind === BISHOP) && from >> 3 === home && to >> 3 !== home
      ? 1
      : kind === KING && Math.abs((to & 7) - (from & 7)) === 2
      ? 2
      : 0;
    const advanced = kind === PAWN ? forward * ((to >> 3) - (from >> 3)) : 0;
    return weights.material * gained - weights.safety * largestLoss(side) +
      (check ? weights.check : 0) + weights.development * developed +
      weights.center * (kind === KING ? 0 : CENTER[to] - CENTER[from]) +
      weights.advance * advanced;
  });
}

/**
 * f(y|x) of a player, exactly: the softmax of its scores over its noise.
 *
 * @param haste Multiplies the noise: players in a hurry see less (default 1).
 */
export function crowdPolicy(player: CrowdPlayer, position: Position, haste = 1): Distribution {
  const moves = Uint16Array.from(legalMoves(position));
  const scores = scoreMoves(position, player), noise = player.noise * haste;
  const top = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  const p = scores.map((score) => Math.exp((score - top) / noise));
  const z = p.reduce((a, b) => a + b, 0);
  return { moves, p: p.map((value) => value / z) };
}

/** What `simulateGames` needs. */
export interface SimulationOptions {
  /** Number of players, or the players themselves. */
  readonly players: number | readonly CrowdPlayer[];
  readonly games: number;
  readonly seed: number;
}

/** A simulated game; it can be written as PGN and collected like a game that was read. */
export interface SimulatedGame {
  readonly headers: Readonly<Record<string, string>>;
  readonly moves: Uint16Array;
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
  { players, games, seed }: SimulationOptions,
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
    const [timeControl, haste] = SPEEDS[randomInteger(next, SPEEDS.length)];
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
    const expected = 1 / (1 + 10 ** ((ratings[black] - ratings[white]) / 400));
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
    const { moves: legal, p } = crowdPolicy(
      position.turn === WHITE ? white : black,
      position,
      haste,
    );
    let left = next(), i = 0;
    while (i < p.length - 1 && (left -= p[i]) >= 0) i++;
    moves.push(legal[i]);
    position.play(legal[i]);
  }
}

/** White's material less Black's, in pawns. */
function materialLead(position: Position): number {
  let lead = 0;
  for (let square = 0; square < 64; square++) {
    const piece = position.pieceAt(square);
    if (piece && (piece & 7) !== KING) lead += (piece >> 3 ? -1 : 1) * VALUES[piece & 7];
  }
  return lead;
}
