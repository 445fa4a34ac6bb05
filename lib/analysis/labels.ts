/**
 * Positions that people faced, with an engine's score of every legal move: they make human games a
 * world like the others, with states, rewards and policies, and people as one more expert.
 *
 * On disk a gzipped JSONL file: a card, then one line a position. Reading it needs no engine.
 *
 * @module
 */

import { gunzipSync, gzipSync } from "node:zlib";
import { z } from "zod";
import { makeFen, parseFen } from "@lib/chess/fen.ts";
import { legalMoves, type Position, startPosition } from "@lib/chess/position.ts";
import { makeUci, parseUci } from "@lib/chess/san.ts";
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

const lineSchema = z.strictObject({
  fen: z.string(),
  /** Number of the game: positions of one game are one cluster. */
  game: z.int().nonnegative(),
  /** Rating of the player to move. */
  rating: z.int().positive(),
  /** Year of the game, where known: ratings of different years are of different pools. */
  year: z.int().positive().optional(),
  /** The moves from the usual start that led here, as UCI with spaces; models of moves need them. */
  moves: z.string().optional(),
  /** The move that the player chose, as UCI. */
  played: z.string(),
  /** Centipawns of every legal move, seen by the player to move; mate in n is ±(10000 − n). */
  score: z.record(z.string(), z.int()),
});

/** How positions were labelled. */
export type LabelCard = Readonly<z.infer<typeof cardSchema>>;

/** One labelled position, as a line of the file. */
export type Label = Readonly<z.infer<typeof lineSchema>>;

/** Labelled positions as a world: the reward is the mover's win probability in %, 0 … 100. */
export interface LabelledPositions {
  readonly card: LabelCard;
  /** r(x, y) in win-% points; `cluster` is the game. */
  readonly states: States & { readonly cluster: Uint32Array };
  readonly positions: readonly Position[];
  /** The move y of every reward. */
  readonly moves: Uint16Array;
  /** For each state, the entry (of `moves` and `reward`) that the player chose. */
  readonly played: Uint32Array;
  /** For each state, the mover's rating. */
  readonly rating: Uint16Array;
  /** For each state, the year of its game; 0 where it is not known. */
  readonly year: Uint16Array;
  /** For each state, the moves that led there from the usual start; empty where they are not known. */
  readonly histories: readonly Uint16Array[];
}

/** Writes labels, atomically. */
export function writeLabels(file: string, card: LabelCard, labels: readonly Label[]): void {
  const lines = [card, ...labels].map((line) => JSON.stringify(line)).join("\n") + "\n";
  writeFileAtomic(file, gzipSync(lines));
}

/**
 * Reads labels into a world.
 *
 * @throws {SyntaxError} naming the file and the line that cannot be read: not gzip, not JSON, a
 * missing field, an illegal position or move, a legal move or the played one without a score.
 *
 * ```ts
 * import { humanPolicy, readLabels, regretPerState, writeLabels } from "@lib/analysis/labels.ts";
 * import assert from "node:assert/strict";
 *
 * const file = `${Deno.makeTempDirSync()}/one.jsonl.gz`;
 * const card = { engine: "by hand", depth: 1, source: "made up", licence: "CC0" };
 * const fen = "k7/8/8/7p/7P/8/8/K7 w - - 0 1";
 * writeLabels(file, card, [
 *   { fen, game: 0, rating: 1200, played: "a1b1", score: { a1b1: 0, a1b2: 300, a1a2: 100 } },
 * ]);
 * const labelled = readLabels(file);
 * const [regret] = regretPerState(labelled.states, humanPolicy(labelled));
 * assert.equal(regret.toFixed(1), "25.1"); // win chance 50 % instead of 75.1 %
 * ```
 */
export function readLabels(file: string): LabelledPositions {
  let lines: string[];
  try {
    lines = new TextDecoder().decode(gunzipSync(Deno.readFileSync(file))).trimEnd().split("\n");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw error;
    throw new SyntaxError(`Cannot read labels from ${file}: ${(error as Error).message}`);
  }
  const parse = <T>(i: number, read: (value: unknown) => T): T => {
    try {
      return read(JSON.parse(lines[i]));
    } catch (error) {
      throw new SyntaxError(
        `Cannot read labels from ${file}, line ${i + 1}: ${(error as Error).message}`,
      );
    }
  };
  const card = parse(0, (value) => cardSchema.parse(value));
  const n = lines.length - 1;
  const offsets = new Uint32Array(n + 1), cluster = new Uint32Array(n), played = new Uint32Array(n);
  const rating = new Uint16Array(n), year = new Uint16Array(n);
  const positions: Position[] = [], moves: number[] = [], reward: number[] = [];
  const histories: Uint16Array[] = [];
  for (let x = 0; x < n; x++) {
    parse(x + 1, (value) => {
      const label = lineSchema.parse(value);
      const position = parseFen(label.fen);
      const ucis = Object.keys(label.score);
      const chosen = ucis.indexOf(label.played);
      if (chosen < 0) throw new RangeError(`the played move ${label.played} has no score`);
      for (const uci of ucis) {
        moves.push(parseUci(position, uci));
        reward.push(100 * winProbability(label.score[uci]));
      }
      // Each is legal, so they are the legal moves when they are as many.
      const scored = new Set(moves.slice(offsets[x])).size, legal = legalMoves(position).length;
      if (scored !== legal || ucis.length !== legal) {
        throw new RangeError(
          `${ucis.length} moves are scored, must be each of the ${legal} legal ones once`,
        );
      }
      positions.push(position);
      histories.push(readHistory(label));
      played[x] = offsets[x] + chosen;
      offsets[x + 1] = moves.length;
      cluster[x] = label.game;
      rating[x] = label.rating;
      year[x] = label.year ?? 0;
    });
  }
  const states = { length: n, offsets, reward: Float64Array.from(reward), cluster };
  checkStates(states);
  return {
    card,
    states,
    positions,
    moves: Uint16Array.from(moves),
    played,
    rating,
    year,
    histories,
  };
}

/** The moves of a label; they must lead to its position. */
function readHistory({ moves = "", fen }: Label): Uint16Array {
  const position = startPosition();
  const history = Uint16Array.from(moves.split(" ").filter(Boolean), (uci) => {
    const move = parseUci(position, uci);
    position.play(move);
    return move;
  });
  if (history.length > 0 && makeFen(position) !== fen) {
    throw new RangeError(`the moves lead to ${makeFen(position)}, not to ${fen}`);
  }
  return history;
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
