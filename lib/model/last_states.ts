/**
 * What a network holds of a position before it names a move: the states of its last hidden layer, and
 * the raw inputs to compare them with.
 *
 * Shapes: `B` positions, `F` filters, `T` tokens, `C` width, `P` planes.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import type { Points } from "@lib/analysis/points.ts";
import type { Move, Position } from "@lib/chess/position.ts";
import { encodeBoard, planesOf } from "@lib/data/board_encoding.ts";
import { tokenizerByName } from "@lib/data/tokenizer.ts";
import { type BoardNetConfig, lastHidden as lastOfBoard } from "@lib/model/boardnet.ts";
import { type ChessFormerConfig, lastHidden as lastOfText } from "@lib/model/chessformer.ts";
import type { Model } from "@lib/model/model.ts";

/** Positions that are evaluated together: large enough for speed, small in memory. */
const CHUNK = 128;

/**
 * The planes of each position as BoardNet reads them, [n, 64 · P], square by square; seen by the side
 * to move.
 */
export function boardPlanes(positions: readonly Position[], attacks = false): Points {
  const dimension = 64 * planesOf(attacks);
  const values = new Float32Array(positions.length * dimension);
  positions.forEach((position, i) => encodeBoard(position, values, i * dimension, attacks));
  return { length: positions.length, dimension, values };
}

/**
 * BoardNet's last hidden layer, [n, 64 · F], square by square (what its policy head reads); seen by
 * the side to move.
 *
 * ```ts
 * import { boardNetShape } from "@lib/model/boardnet.ts";
 * import { boardStates } from "@lib/model/last_states.ts";
 * import { initModel } from "@lib/model/model.ts";
 * import { startPosition } from "@lib/chess/position.ts";
 * import assert from "node:assert/strict";
 *
 * using model = initModel({ model: "boardnet", ...boardNetShape(1) }, 1);
 * const states = await boardStates(model, [startPosition()]);
 * assert.deepEqual([states.length, states.dimension], [1, 64 * 16]);
 * ```
 */
export async function boardStates(
  { config, params }: Model<BoardNetConfig>,
  positions: readonly Position[],
): Promise<Points> {
  const dimension = 64 * config.filters, P = planesOf(config.attacks);
  const values = new Float32Array(positions.length * dimension);
  for (let start = 0; start < positions.length; start += CHUNK) {
    const chunk = positions.slice(start, start + CHUNK), B = chunk.length;
    const planes = boardPlanes(chunk, config.attacks).values;
    const output = tf.tidy(() => lastOfBoard(config, params, tf.tensor4d(planes, [B, 8, 8, P])));
    values.set(await output.data<"float32">(), start * dimension); // [B, 64, F]
    output.dispose();
  }
  return { length: positions.length, dimension, values };
}

/**
 * ChessFormer's last hidden layer after each game so far, [n, C]: what predicts the next token.
 *
 * @param histories The moves from the usual start.
 * @throws {RangeError} when a history has more tokens than the model's block.
 */
export async function gameStates(
  { config, params }: Model<ChessFormerConfig>,
  histories: readonly ArrayLike<Move>[],
): Promise<Points> {
  const C = config.width, values = new Float32Array(histories.length * C);
  const texts = histories.map((moves) => tokenizerByName(config.tokenizer).encode(moves));
  // Those of a length together: what stands after a text's end costs time, and changes nothing.
  const order = texts.map((_, i) => i).sort((a, b) => texts[a].length - texts[b].length);
  for (let start = 0; start < order.length; start += CHUNK) {
    const chunk = order.slice(start, start + CHUNK), B = chunk.length;
    const T = texts[chunk[B - 1]].length, tokens = new Int32Array(B * T);
    chunk.forEach((i, row) => tokens.set(texts[i], row * T));
    const ends = chunk.map((i, row) => row * T + texts[i].length - 1);
    const output = tf.tidy(() => {
      const hidden = lastOfText(config, params, tf.tensor2d(tokens, [B, T], "int32")); // [B, T, C]
      return hidden.reshape([B * T, C]).gather(tf.tensor1d(ends, "int32")); // [B, C]
    });
    const states = await output.data<"float32">();
    output.dispose();
    chunk.forEach((i, row) => values.set(states.subarray(row * C, (row + 1) * C), i * C));
  }
  return { length: histories.length, dimension: C, values };
}
