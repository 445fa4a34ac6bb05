/**
 * A ChessFormer's f̂(y|x): what it expects next, as tokens and as moves.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { legalMoves, type Move, type Position } from "@lib/chess/position.ts";
import { makeSan } from "@lib/chess/san.ts";
import { linear } from "@lib/compute/ops.ts";
import { type Games, startOf } from "@lib/data/games.ts";
import {
  encodeText,
  moveToken,
  PGN_CHARACTERS,
  pgnPrompt,
  uciTokenizer,
} from "@lib/data/tokenizer.ts";
import { type ChessFormerConfig, lastHidden } from "@lib/model/chessformer.ts";
import type { Model } from "@lib/model/model.ts";
import { softmaxAt } from "@lib/model/policy.ts";
import type { Distribution } from "@lib/analysis/distribution.ts";

/** Tokens that are evaluated together: large enough for speed, small in memory. */
const CHUNK = 8192;

/** A game so far: the moves that were played, and where they led. */
export interface History {
  readonly moves: ArrayLike<Move>;
  readonly position: Position;
}

/**
 * The logits of the token that follows each text, [V] each. Of a text longer than the model's block
 * only the end is read, as the paper's code does.
 *
 * @param texts tokens, at least one each.
 */
export async function nextTokenLogits(
  model: Model<ChessFormerConfig>,
  texts: readonly ArrayLike<number>[],
): Promise<Float32Array[]> {
  const rows = texts.map((text) => Array.from(text).slice(-model.config.block));
  const found = await logitsAfter(model, rows, rows.map((row) => [row.length - 1]));
  return found.map(([logits]) => logits);
}

/**
 * The probabilities of the legal moves of each game, given that a legal one is played.
 *
 * `uci`: the softmax over the legal moves' tokens. `pgn`: for each legal move the product of the
 * probabilities of its characters and of what ends it (a space, or the start of a next game), exact
 * and normalised; the arg-max of these is the move-level majority, which greedy characters need not
 * reach.
 *
 * @throws {RangeError} for a position where the game is over.
 */
export async function tokenPolicy(
  model: Model<ChessFormerConfig>,
  histories: readonly History[],
): Promise<Distribution[]> {
  if (model.config.tokenizer === "pgn") {
    const distributions: Distribution[] = [];
    for (const history of histories) distributions.push(await characterPolicy(model, history));
    return distributions;
  }
  const texts = histories.map(({ moves }) => uciTokenizer.encode(moves));
  const logits = await nextTokenLogits(model, texts);
  return histories.map(({ position }, i) => {
    const moves = Uint16Array.from(legalMoves(position));
    return { moves, p: softmaxAt(logits[i], Array.from(moves, moveToken)) };
  });
}

async function characterPolicy(
  model: Model<ChessFormerConfig>,
  { moves: played, position }: History,
): Promise<Distribution> {
  const moves = Uint16Array.from(legalMoves(position));
  const prompt = pgnPrompt(played);
  const ends = [" ", ";"].map((c) => PGN_CHARACTERS.indexOf(c));
  const sans = Array.from(moves, (move) => encodeText(makeSan(position, move)));
  const context = encodeText(prompt).slice(-(model.config.block - 8));
  const rows = sans.map((san) => [...context, ...san]);
  // The logits that predict each character of the move, and then what ends it.
  const places = sans.map((san) =>
    Array.from({ length: san.length + 1 }, (_, i) => context.length - 1 + i)
  );
  const logits = await logitsAfter(model, rows, places);
  const all = Array.from({ length: PGN_CHARACTERS.length }, (_, i) => i);
  const logs = sans.map((san, y) =>
    logits[y].reduce((sum, row, i) => {
      const p = softmaxAt(row, all);
      return sum + Math.log(i < san.length ? p[san[i]] : p[ends[0]] + p[ends[1]]);
    }, 0)
  );
  return { moves, p: softmaxAt(logs, logs.map((_, y) => y)) };
}

/** How much of a model's probability is on legal moves, at one place of a game. */
export interface LegalMass {
  /** Number of the game. */
  readonly game: number;
  /** Plies played before. */
  readonly ply: number;
  /** Probability of all legal moves together, 0 … 1. */
  readonly legal: number;
}

/**
 * How well a model of move tokens knows the rules: at each ply of some games the probability that it
 * puts on legal moves, with nothing masked.
 *
 * @param options `games`: how many, from the first; `plies`: how many of each, from the start.
 * @throws {TypeError} for a model of characters.
 */
export async function legalMass(
  model: Model<ChessFormerConfig>,
  games: Games,
  options: { readonly games: number; readonly plies: number },
): Promise<LegalMass[]> {
  if (model.config.tokenizer !== "uci") {
    throw new TypeError(`Cannot measure a model of ${model.config.tokenizer} tokens: must be uci`);
  }
  const all = Array.from({ length: model.config.vocabulary }, (_, i) => i);
  const mass: LegalMass[] = [];
  for (let game = 0; game < Math.min(options.games, games.length); game++) {
    const first = games.offsets[game];
    const plies = Math.min(options.plies, games.offsets[game + 1] - first, model.config.block);
    const moves = games.moves.subarray(first, first + plies);
    const row = Array.from(uciTokenizer.encode(moves)).slice(0, plies);
    const [logits] = await logitsAfter(model, [row], [row.map((_, place) => place)]);
    const position = startOf(games, game);
    for (let ply = 0; ply < plies; ply++) {
      const p = softmaxAt(logits[ply], all);
      const legal = legalMoves(position).reduce((sum, move) => sum + p[moveToken(move)], 0);
      mass.push({ game, ply, legal });
      position.play(moves[ply]);
    }
  }
  return mass;
}

/** The logits [V] after the given places of each row of tokens; rows may differ in length. */
async function logitsAfter(
  { config, params }: Model<ChessFormerConfig>,
  rows: readonly (readonly number[])[],
  places: readonly (readonly number[])[],
): Promise<Float32Array[][]> {
  const V = config.vocabulary, C = config.width;
  // Rows of like length share a batch, so that little is padded.
  const order = rows.map((_, i) => i).sort((i, j) => rows[i].length - rows[j].length);
  const found: Float32Array[][] = new Array(rows.length);
  for (let first = 0; first < order.length;) {
    let end = first + 1;
    while (end < order.length && (end + 1 - first) * rows[order[end]].length <= CHUNK) end++;
    const batch = order.slice(first, end), B = batch.length;
    const T = rows[batch[B - 1]].length;
    const tokens = new Int32Array(B * T);
    batch.forEach((i, b) => tokens.set(rows[i], b * T));
    const wanted = batch.flatMap((i, b) => places[i].map((place) => b * T + place)); // [M]
    const output = tf.tidy(() => {
      const hidden = lastHidden(config, params, tf.tensor2d(tokens, [B, T], "int32")); // [B, T, C]
      const picked = tf.gather(hidden.reshape([B * T, C]), tf.tensor1d(wanted, "int32")); // [M, C]
      return linear(picked, tf.transpose(params["tokens"])); // [M, V]
    });
    const logits = await output.data<"float32">();
    output.dispose();
    let m = 0;
    for (const i of batch) {
      found[i] = places[i].map(() => logits.slice(m * V, ++m * V));
    }
    first = end;
  }
  return found;
}
