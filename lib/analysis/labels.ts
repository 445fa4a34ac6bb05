/**
 * Positions that people faced, with an engine's score of every legal move: they make human games a
 * world like the others, with states, rewards and policies, and people as one more expert.
 *
 * On disk a gzipped JSONL file: a card, then one line a game. Reading it needs no engine.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { z } from "zod";
import { parseFen } from "@lib/chess/fen.ts";
import {
  generateLegalMoves,
  MAX_MOVES,
  type Move,
  moveFrom,
  movePromotion,
  moveTo,
  type Position,
  startPosition,
} from "@lib/chess/position.ts";
import { makeUci, parseUci, readUci } from "@lib/chess/san.ts";
import { writeFileAtomic } from "@lib/files.ts";
import type { Distribution } from "@lib/analysis/distribution.ts";
import { winProbability } from "@lib/chess/win_probability.ts";
import { rewardPerState } from "@lib/analysis/reward.ts";
import { checkStates, type Policy, type States } from "@lib/analysis/states.ts";
import { clusteredMean, type Interval, type Level } from "@lib/analysis/stats.ts";

const cardSchema = z.strictObject({
  /** The engine's own name, such as `Stockfish 15.1`. */
  engine: z.string(),
  /** Plies searched behind each move. */
  depth: z.int().positive(),
  /** Where the positions come from, and how they were drawn. */
  source: z.string(),
  licence: z.string(),
});

const gameSchema = z.strictObject({
  /** Number of the game: positions of one game are one cluster. */
  game: z.int().nonnegative(),
  /** Year of the game, where known: ratings of different years are of different pools. */
  year: z.int().positive().optional(),
  /** White's rating. */
  white: z.int().positive(),
  /** Black's rating. */
  black: z.int().positive(),
  /** FEN of a set-up start; models of moves need games from the usual one. */
  start: z.string().optional(),
  /** The moves from the start as UCI with spaces, up to the one that answers the last position. */
  moves: z.string(),
  /**
   * By the plies played before a position: centipawns of its legal moves in the alphabetical order of
   * their UCI, seen by the player to move; mate in n is ±(10000 − n).
   */
  scores: z.record(z.string().regex(/^\d+$/), z.array(z.int()).min(1)),
});

/** How positions were labelled. */
export type LabelCard = Readonly<z.infer<typeof cardSchema>>;

/** The labelled positions of one game, as a line of the file. */
export type LabelledGame = Readonly<z.infer<typeof gameSchema>>;

/** Labelled positions as a world: the reward is the mover's win probability in %, 0 … 100. */
export interface LabelledPositions {
  /** Where they come from, and who scored them. */
  readonly card: LabelCard;
  /** The first 16 digits of the file's SHA-256: what was measured on these positions names it. */
  readonly hash: string;
  /** r(x, y) in win-% points; `cluster` is the game. */
  readonly states: States & { readonly cluster: Uint32Array };
  /** The boards. */
  readonly positions: readonly Position[];
  /** The move y of every reward, in {@linkcode uciOrder} within a state. */
  readonly moves: Uint16Array;
  /** For each state, the entry (of `moves` and `reward`) that the player chose. */
  readonly played: Uint32Array;
  /** For each state, the mover's rating. */
  readonly rating: Uint16Array;
  /** For each state, the year of its game; 0 where it is not known. */
  readonly year: Uint16Array;
  /** For each state, the moves that led there from the usual start; empty where it was another. */
  readonly histories: readonly Uint16Array[];
}

/** Sorts moves in place by the alphabetical order of their UCI, and returns them. */
export function uciOrder<T extends Uint16Array | Move[]>(moves: T): T {
  const fileFirst = (square: number) => ((square & 7) << 3) | (square >> 3);
  // Promotions are alphabetical too: 2 n, 3 b, 4 r, 5 q.
  const key = (move: Move) =>
    (fileFirst(moveFrom(move)) << 9) | (fileFirst(moveTo(move)) << 3) |
    [0, 0, 2, 1, 4, 3][movePromotion(move)];
  return moves.sort((a, b) => key(a) - key(b)) as T;
}

/** Writes labels, atomically. */
export function writeLabels(file: string, card: LabelCard, games: readonly LabelledGame[]): void {
  const lines = [card, ...games].map((line) => JSON.stringify(line)).join("\n") + "\n";
  writeFileAtomic(file, gzipSync(lines, { level: 9 }));
}

/**
 * Reads labels into a world.
 *
 * @throws {SyntaxError} naming the file and the line that cannot be read: not gzip, not JSON, a
 * missing field, an illegal position or move, a legal move without a score.
 *
 * ```ts
 * import { humanPolicy, readLabels, regretPerState, writeLabels } from "@lib/analysis/labels.ts";
 * import assert from "node:assert/strict";
 *
 * const file = `${Deno.makeTempDirSync()}/one.jsonl.gz`;
 * const card = { engine: "by hand", depth: 1, source: "made up", licence: "CC0" };
 * const start = "k7/8/8/7p/7P/8/8/K7 w - - 0 1"; // legal: a1a2, a1b1, a1b2
 * writeLabels(file, card, [
 *   { game: 0, white: 1200, black: 1250, start, moves: "a1b1", scores: { 0: [100, 0, 300] } },
 * ]);
 * const labelled = readLabels(file);
 * const [regret] = regretPerState(labelled.states, humanPolicy(labelled));
 * assert.equal(regret.toFixed(1), "25.1"); // win chance 50 % instead of 75.1 %
 * ```
 */
export function readLabels(file: string): LabelledPositions {
  const bytes = Deno.readFileSync(file);
  const failure = (where: string, error: unknown) =>
    new SyntaxError(`Cannot read labels from ${file}${where}: ${(error as Error).message}`);
  let lines: string[];
  try {
    lines = new TextDecoder().decode(gunzipSync(bytes)).trimEnd().split("\n");
  } catch (error) {
    throw failure("", error);
  }
  const offsets = [0], cluster: number[] = [], rating: number[] = [], year: number[] = [];
  const positions: Position[] = [], histories: Uint16Array[] = [], played: number[] = [];
  const moves: number[] = [], reward: number[] = [];
  const legal = new Uint16Array(MAX_MOVES);
  const readGame = (game: LabelledGame) => {
    const position = game.start === undefined ? startPosition() : parseFen(game.start);
    const ucis = game.moves.split(" "), history = new Uint16Array(ucis.length);
    const plies = Object.keys(game.scores).map(Number); // in rising order, by the language's rule
    for (let ply = 0; ply < ucis.length; ply++) {
      const n = generateLegalMoves(position, legal), move = readUci(ucis[ply]);
      // The slow reader says what is wrong with the move.
      history[ply] = legal.subarray(0, n).includes(move) ? move : parseUci(position, ucis[ply]);
      const scores = game.scores[ply];
      if (scores) {
        if (scores.length !== n) {
          throw new RangeError(
            `ply ${ply} has ${scores.length} scores, must be ${n}, one a legal move`,
          );
        }
        const sorted = uciOrder(legal.slice(0, n)), first = moves.length;
        for (let i = 0; i < n; i++) {
          moves.push(sorted[i]);
          reward.push(100 * winProbability(scores[i]));
        }
        positions.push(position.copy());
        histories.push(history.subarray(0, game.start === undefined ? ply : 0));
        played.push(first + sorted.indexOf(history[ply]));
        offsets.push(moves.length);
        cluster.push(game.game);
        rating.push(position.turn === 0 ? game.white : game.black);
        year.push(game.year ?? 0);
      }
      position.play(history[ply]);
    }
    const last = plies.at(-1) ?? -1;
    if (last !== ucis.length - 1) {
      throw new RangeError(
        `there are ${ucis.length} moves, must be ${last + 1}, one after the last scores`,
      );
    }
  };
  const parse = <T>(i: number, read: (value: unknown) => T): T => {
    try {
      return read(JSON.parse(lines[i]));
    } catch (error) {
      throw failure(`, line ${i + 1}`, error);
    }
  };
  const card = parse(0, (value) => cardSchema.parse(value));
  for (let i = 1; i < lines.length; i++) parse(i, (value) => readGame(gameSchema.parse(value)));
  const states = {
    length: positions.length,
    offsets: Uint32Array.from(offsets),
    reward: Float64Array.from(reward),
    cluster: Uint32Array.from(cluster),
  };
  checkStates(states);
  return {
    card,
    hash: createHash("sha256").update(bytes).digest("hex").slice(0, 16),
    states,
    positions,
    moves: Uint16Array.from(moves),
    played: Uint32Array.from(played),
    rating: Uint16Array.from(rating),
    year: Uint16Array.from(year),
    histories,
  };
}

/** The players as a policy: all weight on the move that was played. */
export function humanPolicy({ states, played }: LabelledPositions): Policy {
  const policy = new Float64Array(states.reward.length);
  for (const i of played) policy[i] = 1;
  return policy;
}

/**
 * A model's distributions over the labelled positions as one policy, whatever order their moves are
 * in.
 *
 * @param distributions One a position, in the order of `labelled.positions`.
 * @throws {RangeError} when there are more or fewer, or a labelled move has no probability.
 */
export function alignPolicy(
  { states, moves }: LabelledPositions,
  distributions: readonly Distribution[],
): Policy {
  if (distributions.length !== states.length) {
    throw new RangeError(
      `Cannot align ${distributions.length} distributions with ${states.length} positions: ` +
        "must be equal",
    );
  }
  const policy = new Float64Array(moves.length);
  distributions.forEach((distribution, x) => {
    for (let i = states.offsets[x]; i < states.offsets[x + 1]; i++) {
      const place = distribution.moves.indexOf(moves[i]);
      if (place < 0) {
        throw new RangeError(`Cannot align position ${x}: ${makeUci(moves[i])} is missing`);
      }
      policy[i] = distribution.p[place];
    }
  });
  return policy;
}

/**
 * What a policy gives away at each state, in win-% points: max_y r(x, y) − r_x(f). The mean over
 * states is the "win-% loss a move" by which people and models are compared.
 */
export function regretPerState(states: States, policy: Policy): Float64Array {
  const got = rewardPerState(states, policy);
  return got.map((r, x) => {
    let best = -Infinity;
    for (let i = states.offsets[x]; i < states.offsets[x + 1]; i++) {
      if (states.reward[i] > best) best = states.reward[i];
    }
    return best - r;
  });
}

/**
 * Δ_b: by how much a policy out-plays the players of a band (low, high] on the positions that they
 * faced, in win-% points a move; positive when the policy is better. Paired by position, with an
 * interval clustered by game.
 *
 * @throws {RangeError} when fewer than two games have such a player to move.
 */
export function gainOverPlayers(
  labelled: LabelledPositions,
  policy: Policy,
  [low, high]: readonly [low: number, high: number],
  options: Level = {},
): Interval {
  const { states, rating } = labelled;
  const model = rewardPerState(states, policy);
  const human = rewardPerState(states, humanPolicy(labelled));
  const inBand = Float64Array.from(rating, (r) => (r > low && r <= high ? 1 : 0));
  const difference = model.map((r, x) => r - human[x]);
  return clusteredMean(difference, { cluster: states.cluster, weight: inBand, ...options });
}
