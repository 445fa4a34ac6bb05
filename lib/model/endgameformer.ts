/**
 * The small transformer of the endgame world: one token a piece (which piece, on which square), all
 * seeing all, and 64 to-squares as logits of each piece.
 *
 * Shapes: `B` positions, `T` pieces, `C` width.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { z } from "zod";
import { type Move, moveFrom, moveTo, type Position } from "../chess/position.ts";
import { embedding, linear } from "../compute/ops.ts";
import { norm, normParameters, transformer, transformerParameters } from "./chessformer.ts";
import { initialise, type Parameter, type Params } from "./params.ts";

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
}).refine(({ width, heads }) => width % heads === 0, "width must be a multiple of heads");

/** The endgame transformer's configuration. */
export type EndgameFormerConfig = z.infer<typeof EndgameFormerConfig>;

/** The shape that follows from the one dial: `size` layers, 32 × size channels, heads of 16. */
export function endgameFormerShape(size: number): Pick<
  EndgameFormerConfig,
  "layers" | "heads" | "width"
> {
  return { layers: size, heads: 2 * size, width: 32 * size };
}

/** Different tokens: 16 codes of piece and colour (`Position.pieceAt`) on 64 squares, 2 sides to move. */
const TOKENS = 16 * 64;

/** The endgame transformer's parameters. */
export function endgameFormerParameters(config: EndgameFormerConfig): Parameter[] {
  const { layers, width: C, expansion } = config;
  return [
    // A norm comes first, so that the embedding's scale only sets how fast it learns.
    { name: "tokens", shape: [TOKENS, C], start: { deviation: 0.5 } },
    { name: "sides", shape: [2, C], start: { deviation: 0.5 } },
    ...transformerParameters({ layers, width: C, expansion, bias: true }),
    ...normParameters("norm", C, true),
    { name: "to.weight", shape: [C, 64], start: { deviation: 0.02 } },
    { name: "to.bias", shape: [64], start: 0 },
  ];
}

/** New parameters of an endgame transformer. */
export function initEndgameFormer(config: EndgameFormerConfig, seed: number): Params {
  return initialise(endgameFormerParameters(config), seed);
}

/**
 * Writes a position's tokens, `pieceAt(square) × 64 + square`, in ascending order, so that a place
 * in the list is a kind of piece in every position of one endgame (White's first).
 *
 * @param out where to; T numbers from `offset` are written, T = the pieces on the board.
 * @returns T
 */
export function encodePieces(position: Position, out: Int32Array, offset = 0): number {
  let count = 0;
  for (let square = 0; square < 64; square++) {
    const piece = position.pieceAt(square);
    if (piece) out[offset + count++] = piece * 64 + square;
  }
  out.subarray(offset, offset + count).sort();
  return count;
}

/** The logit of a move: place of the moving piece in the tokens [T] × 64 + to-square. */
export function pieceMoveIndex(tokens: Int32Array, move: Move): number {
  const place = tokens.findIndex((token) => (token & 63) === moveFrom(move));
  if (place < 0) {
    throw new RangeError(`Cannot index a move from the empty square ${moveFrom(move)}`);
  }
  return place * 64 + moveTo(move);
}

/**
 * The logits of all moves of all pieces; those of illegal moves mean nothing.
 *
 * @param tokens int32 [B, T] of {@link encodePieces}.
 * @param sides int32 [B], 0 where White is to move, 1 where Black is.
 * @returns [B, T × 64], by {@link pieceMoveIndex}
 *
 * ```ts
 * import { EndgameFormerConfig, endgameFormerShape, forward, initEndgameFormer } from "@lib/model/endgameformer.ts";
 * import * as tf from "@tensorflow/tfjs";
 * import assert from "node:assert/strict";
 *
 * const config = EndgameFormerConfig.parse({ model: "endgameformer", ...endgameFormerShape(1) });
 * const params = initEndgameFormer(config, 1);
 * const logits = forward(config, params, tf.zeros([2, 3], "int32"), tf.zeros([2], "int32"));
 * assert.deepEqual(logits.shape, [2, 192]);
 * ```
 */
export function forward(
  config: EndgameFormerConfig,
  params: Params,
  tokens: tf.Tensor,
  sides: tf.Tensor,
): tf.Tensor {
  const [B, T] = tokens.shape as [number, number];
  if (T !== config.pieces) {
    throw new RangeError(`Cannot read ${T} pieces: the model's endgame has ${config.pieces}`);
  }
  return tf.tidy(() => {
    const side = embedding(params["sides"], sides).reshape([B, 1, config.width]);
    const x = embedding(params["tokens"], tokens).add(side); // [B, T, C]
    const hidden = norm(params, "norm", transformer(config, params, x, false));
    const logits = linear(hidden, params["to.weight"], params["to.bias"]); // [B, T, 64]
    return logits.reshape([B, T * 64]);
  });
}
