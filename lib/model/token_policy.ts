/**
 * A ChessFormer's f̂(y|x): what it expects next, as tokens and as moves.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { legalMoves, type Move, type Position } from "@lib/chess/position.ts";
import { makeSan } from "@lib/chess/san.ts";
import { type Games, startOf } from "@lib/data/games.ts";
import {
  encodeText,
  moveToken,
  PGN_CHARACTERS,
  pgnPrompt,
  uciTokenizer,
} from "@lib/data/tokenizer.ts";
import { type ChessFormerConfig, forward } from "@lib/model/chessformer.ts";
import { type Decoder, openDecoder } from "@lib/model/decoder.ts";
import type { Model } from "@lib/model/model.ts";
import { softmaxAt } from "@lib/model/policy.ts";
import type { Distribution } from "@lib/analysis/distribution.ts";

/** A game so far: the moves that were played, and where they led. */
export interface History {
  /** Played so far. */
  readonly moves: ArrayLike<Move>;
  /** Where they led. */
  readonly position: Position;
}

/**
 * The probabilities of the legal moves of each game, given that a legal one is played.
 *
 * `uci`: the softmax over the legal moves' tokens. `pgn`: for each legal move the product of the
 * probabilities of its characters and of what ends it (a space, or the start of a next game), exact
 * and normalised; the arg-max of these is the move-level majority, which greedy characters need not
 * reach.
 *
 * @param model a decoder remembers the games between calls; for a single call the model will do.
 * @throws {RangeError} for a position where the game is over.
 */
export async function tokenPolicy(
  model: Decoder | Model<ChessFormerConfig>,
  histories: readonly History[],
): Promise<Distribution[]> {
  if ("params" in model) {
    using decoder = openDecoder(model, { memory: 2 ** 28 });
    return await tokenPolicy(decoder, histories);
  }
  if (model.config.tokenizer === "pgn") return await characterPolicy(model, histories);
  const logits = await model.next(histories.map(({ moves }) => uciTokenizer.encode(moves)));
  return histories.map(({ position }, i) => {
    const moves = Uint16Array.from(legalMoves(position));
    return { moves, p: softmaxAt(logits[i], Array.from(moves, moveToken)) };
  });
}

/**
 * What a model of move tokens would play with nothing masked, for favor by the paper's rule: an
 * illegal move is a move of reward 0 (paper § 2.4). The probabilities of the legal moves of each game
 * sum to less than 1; the rest is on illegal ones.
 *
 * @param taus Temperatures, above 0; the logits of all tokens are divided by each.
 * @returns one list of games for each temperature.
 * @throws {TypeError} for a model of characters.
 */
export async function unmaskedPolicies(
  model: Model<ChessFormerConfig>,
  histories: readonly History[],
  taus: readonly number[],
): Promise<Distribution[][]> {
  if (model.config.tokenizer !== "uci") {
    throw new TypeError(`Cannot unmask a model of ${model.config.tokenizer} tokens: must be uci`);
  }
  const all = Array.from({ length: model.config.vocabulary }, (_, i) => i);
  using decoder = openDecoder(model, { memory: 2 ** 28 });
  const logits = await decoder.next(histories.map(({ moves }) => uciTokenizer.encode(moves)));
  const legal = histories.map(({ position }) => Uint16Array.from(legalMoves(position)));
  return taus.map((tau) =>
    legal.map((moves, i) => {
      const p = softmaxAt(Float64Array.from(logits[i], (z) => z / tau), all);
      return { moves, p: Float64Array.from(moves, (move) => p[moveToken(move)]) };
    })
  );
}

async function characterPolicy(
  decoder: Decoder,
  histories: readonly History[],
): Promise<Distribution[]> {
  const ends = [" ", ";"].map((c) => PGN_CHARACTERS.indexOf(c));
  const all = Array.from({ length: PGN_CHARACTERS.length }, (_, i) => i);
  const moves = histories.map(({ position }) => Uint16Array.from(legalMoves(position)));
  const prompts = histories.map(({ moves: played, position }, i) => ({
    text: encodeText(pgnPrompt(played)),
    continuations: Array.from(moves[i], (move) => encodeText(makeSan(position, move))),
  }));
  const logits = await decoder.continue(prompts);
  return prompts.map(({ continuations }, i) => {
    const logs = continuations.map((san, y) =>
      logits[i][y].reduce((sum, row, place) => {
        const p = softmaxAt(row, all);
        return sum + Math.log(place < san.length ? p[san[place]] : p[ends[0]] + p[ends[1]]);
      }, 0)
    );
    return { moves: moves[i], p: softmaxAt(logs, logs.map((_, y) => y)) };
  });
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
    const row = Int32Array.from(uciTokenizer.encode(moves).subarray(0, plies));
    const output = tf.tidy(() =>
      forward(model.config, model.params, tf.tensor2d(row, [1, plies], "int32")) // [1, plies, V]
    );
    const logits = await output.data<"float32">();
    output.dispose();
    const position = startOf(games, game);
    for (let ply = 0; ply < plies; ply++) {
      const p = softmaxAt(logits.subarray(ply * all.length, (ply + 1) * all.length), all);
      const legal = legalMoves(position).reduce((sum, move) => sum + p[moveToken(move)], 0);
      mass.push({ game, ply, legal });
      position.play(moves[ply]);
    }
  }
  return mass;
}
