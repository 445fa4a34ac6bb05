/**
 * The small transformer of the endgame world: one token a piece (which piece, on which square), all
 * seeing all.
 *
 * Chess is geometry: a king guards the squares one step away, wherever it stands. So a piece's token
 * is the sum of what is learned for its square, its file and its rank; and each to-square is
 * described by its offsets from the pieces. Without the offsets, four times the steps did not reach
 * the same reward, for every pair of squares had to be learned by itself.
 *
 * Shapes: `B` positions, `T` pieces, `C` width, `K` key channels.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { z } from "zod";
import {
  KNIGHT,
  type Move,
  moveFrom,
  movePromotion,
  moveTo,
  type Position,
  QUEEN,
} from "@lib/chess/position.ts";
import { embedding, linear, relu, selfAttention } from "@lib/compute/ops.ts";
import {
  type Mix,
  norm,
  normParameters,
  transformer,
  transformerParameters,
} from "@lib/model/chessformer.ts";
import type { Parameter, Params } from "@lib/model/params.ts";

/** The endgame transformer's configuration. */
export const EndgameFormerConfig = z.strictObject({
  model: z.literal("endgameformer"),
  /** T: the pieces on the board, kings included. */
  pieces: z.int().min(2).max(5).default(3),
  /** Transformer layers. */
  layers: z.int().min(1),
  /** Attention heads of each layer; must divide the width. */
  heads: z.int().min(1),
  /** C: channels. */
  width: z.int().min(1),
  /** Hidden channels of the feed-forward part, times the width. */
  expansion: z.int().min(1).default(4),
  /** K: channels that describe a to-square. */
  keys: z.int().min(1).default(16),
  /** Whether a pawn may become something else than a queen: three more logits. */
  promotions: z.boolean().exactOptional(),
}).refine(({ width, heads }) => width % heads === 0, "width must be a multiple of heads");

/** The endgame transformer's configuration. */
export type EndgameFormerConfig = z.infer<typeof EndgameFormerConfig>;

/** The shape that follows from the one dial: 32 × size channels in size / 2 layers, heads of 16. */
export function endgameFormerShape(size: number): Pick<
  EndgameFormerConfig,
  "layers" | "heads" | "width" | "keys"
> {
  return { layers: Math.ceil(size / 2), heads: 2 * size, width: 32 * size, keys: 8 * size };
}

/** Codes of piece and colour, as `Position.pieceAt` has them. */
const CODES = 16;

/** What a pawn can become beside a queen: knight, bishop, rook. */
const UNDER = 3;

/** Logits of a configuration: T × 64, and the promotions to other than a queen. */
export function logitCount({ pieces, promotions }: EndgameFormerConfig): number {
  return pieces * 64 + (promotions ? UNDER : 0);
}

/** Offsets of one square from another: −7 … 7 files and ranks. */
const OFFSETS = 15 * 15;

/** The endgame transformer's parameters. */
export function endgameFormerParameters(config: EndgameFormerConfig): Parameter[] {
  const { pieces: T, layers, width: C, expansion, keys: K } = config;
  const promotions: Parameter[] = config.promotions
    ? [
      { name: "promotion.weight", shape: [C, UNDER], start: { deviation: 0.02 } },
      { name: "promotion.bias", shape: [UNDER], start: 0 },
    ]
    : [];
  const embedded = { deviation: 0.5 }, described = { deviation: 0.3 };
  return [
    { name: "squares", shape: [CODES * 64, C], start: embedded },
    { name: "files", shape: [CODES * 8, C], start: embedded },
    { name: "ranks", shape: [CODES * 8, C], start: embedded },
    { name: "sides", shape: [2, C], start: embedded },
    ...transformerParameters({ layers, width: C, expansion, bias: true }),
    ...normParameters("norm", C, true),
    { name: "to.weight", shape: [C, 64], start: { deviation: 0.02 } },
    { name: "to.bias", shape: [64], start: 0 },
    { name: "to.offsets", shape: [T * OFFSETS, K], start: described },
    { name: "to.squares", shape: [64, K], start: described },
    { name: "query.weight", shape: [C, K], start: { deviation: 1 / Math.sqrt(C) } },
    { name: "query.bias", shape: [K], start: 0 },
    ...promotions,
  ];
}

/**
 * Writes a position's tokens, `pieceAt(square) × 64 + square`, in ascending order, so that a place
 * in the list is a kind of piece in every position of one endgame (White's first).
 *
 * @param out where to: T numbers, T = the pieces on the board.
 * @throws {RangeError} when the board has more or fewer pieces.
 */
export function encodePieces(position: Position, out: Int32Array): void {
  let count = 0;
  for (let square = 0; square < 64; square++) {
    const piece = position.pieceAt(square);
    if (piece) out[count++] = piece * 64 + square; // beyond the end it goes nowhere
  }
  if (count !== out.length) {
    throw new RangeError(`Cannot encode ${count} pieces: must be ${out.length}`);
  }
  out.sort();
}

/**
 * The logit of a move: place of the moving piece in the tokens [T] × 64 + to-square; promotions to
 * other than a queen come after those, one a piece, since with one pawn and nothing to take there is
 * but one square to promote on.
 */
export function pieceMoveIndex(tokens: Int32Array, move: Move): number {
  const promotion = movePromotion(move);
  if (promotion && promotion !== QUEEN) return tokens.length * 64 + promotion - KNIGHT;
  const place = tokens.findIndex((token) => (token & 63) === moveFrom(move));
  if (place < 0) {
    throw new RangeError(`Cannot index a move from the empty square ${moveFrom(move)}`);
  }
  return place * 64 + moveTo(move);
}

/**
 * The logits of all moves of all pieces; those of illegal moves mean nothing.
 *
 * @param tokens [B × T] of {@link encodePieces}, position by position.
 * @param sides [B], 0 where White is to move, 1 where Black is.
 * @returns [B, V], V = {@link logitCount}, by {@link pieceMoveIndex}
 *
 * ```ts
 * import { EndgameFormerConfig, endgameFormerShape, forward } from "@lib/model/endgameformer.ts";
 * import { initModel } from "@lib/model/model.ts";
 * import assert from "node:assert/strict";
 *
 * const config = EndgameFormerConfig.parse({ model: "endgameformer", ...endgameFormerShape(1) });
 * const { params } = initModel(config, 1);
 * const logits = forward(config, params, new Int32Array(6), new Int32Array(2));
 * assert.deepEqual(logits.shape, [2, 192]);
 * ```
 */
export function forward(
  config: EndgameFormerConfig,
  params: Params,
  tokens: Int32Array,
  sides: Int32Array,
): tf.Tensor {
  const B = sides.length, T = config.pieces;
  if (tokens.length !== B * T) {
    throw new RangeError(
      `Cannot read ${tokens.length} pieces of ${B} positions: the model's endgame has ${T} each`,
    );
  }
  return tf.tidy(() => {
    const read = (table: string, of: (token: number) => number) =>
      embedding(params[table], tf.tensor2d(tokens.map(of), [B, T], "int32")); // [B, T, C]
    const x = read("squares", (token) => token)
      .add(read("files", (token) => (token >> 6) * 8 + (token & 7)))
      .add(read("ranks", (token) => token >> 3))
      .add(embedding(params["sides"], tf.tensor1d(sides, "int32")).reshape([B, 1, config.width]));
    const mix: Mix = (qkv) => selfAttention(qkv, { heads: config.heads, causal: false });
    const hidden = norm(params, "norm", transformer(config, params, x, mix)); // [B, T, C]
    const query = linear(hidden, params["query.weight"], params["query.bias"]) // [B, T, K]
      .mul(1 / Math.sqrt(config.keys));
    const logits = linear(hidden, params["to.weight"], params["to.bias"]) // [B, T, 64]
      .add(tf.matMul(query, describeSquares(config, params, tokens), false, true));
    const flat = logits.reshape([B, T * 64]);
    if (!config.promotions) return flat;
    const whole = hidden.mean(1); // [B, C]
    const under = linear(whole, params["promotion.weight"], params["promotion.bias"]);
    return tf.concat([flat, under], 1);
  });
}

/** What each to-square is in view of the pieces: their tokens [B × T] → [B, 64, K]. */
function describeSquares(
  { pieces: T, keys: K }: EndgameFormerConfig,
  params: Params,
  tokens: Int32Array,
): tf.Tensor {
  const B = tokens.length / T;
  let described = params["to.squares"].reshape([1, 64 * K]);
  for (let place = 0; place < T; place++) {
    const own = Int32Array.from({ length: B }, (_, n) => tokens[n * T + place] & 63);
    // One row a square of the piece, all 64 offsets in it: [64 × 64, K] → [64, 64 × K]
    const rows = embedding(params["to.offsets"], offsetIds(place)).reshape([64, 64 * K]);
    described = embedding(rows, tf.tensor1d(own, "int32")).add(described); // [B, 64 × K]
  }
  return relu(described).reshape([B, 64, K]);
}

/** Rows of the table of offsets for a place, by the piece's square × 64 + to-square. */
function offsetIds(place: number): tf.Tensor1D {
  const ids = new Int32Array(64 * 64);
  for (let i = 0; i < ids.length; i++) {
    const from = i >> 6, to = i & 63;
    const files = (to & 7) - (from & 7), ranks = (to >> 3) - (from >> 3);
    ids[i] = place * OFFSETS + (files + 7) * 15 + ranks + 7;
  }
  return tf.tensor1d(ids, "int32");
}
