/**
 * BoardNet: residual 3×3 convolutions over the 8×8 board and a from–to policy head. It sees the
 * position itself, so it need not learn to track it from the moves as ChessFormer must.
 *
 * Residual blocks with the norm first (He et al., arXiv 1603.05027), a layer norm over the channels
 * of each square in place of batch norm (no state beside the parameters, and a position's logits
 * don't depend on its batch), squeeze-and-excitation (Hu et al., arXiv 1709.01507).
 *
 * Shapes: `B` positions, `F` filters, `K` key channels.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { z } from "zod";
import { conv3x3, linear, relu } from "@lib/compute/ops.ts";
import { planesOf, POLICY_SIZE } from "@lib/data/board_encoding.ts";
import { norm, normParameters } from "@lib/model/chessformer.ts";
import { initialise, type Parameter, type Params } from "@lib/model/params.ts";

/** BoardNet's configuration. */
export const BoardNetConfig = z.strictObject({
  model: z.literal("boardnet"),
  /** F: channels of the residual stream. */
  filters: z.int().min(1),
  /** Residual blocks, of two convolutions each. */
  blocks: z.int().min(1),
  /** Hidden channels of squeeze-and-excitation in each block; 0 leaves it out. */
  squeeze: z.int().min(0).default(0),
  /** K: channels of the queries (from-squares) and keys (to-squares) of the policy head. */
  keys: z.int().min(1),
  /** Whether it is also told which squares each side attacks; see `ATTACK_PLANES`. */
  attacks: z.boolean().exactOptional(),
});

/** BoardNet's configuration. */
export type BoardNetConfig = z.infer<typeof BoardNetConfig>;

/** The shape that follows from the one dial: `size` blocks of 16 × size filters. */
export function boardNetShape(size: number): Omit<BoardNetConfig, "model"> {
  return { filters: 16 * size, blocks: size, squeeze: 4 * size, keys: 8 * size };
}

/** BoardNet's parameters. */
export function boardNetParameters(
  { filters: F, blocks, squeeze: S, keys: K, attacks }: BoardNetConfig,
): Parameter[] {
  const convolution = (name: string, from: number, to: number, scale = 1): Parameter[] => [
    // He et al., arXiv 1502.01852: keeps the variance through a ReLU.
    {
      name: `${name}.weight`,
      shape: [3, 3, from, to],
      start: { deviation: scale * Math.sqrt(2 / (9 * from)) },
    },
    { name: `${name}.bias`, shape: [to], start: 0 },
  ];
  const dense = (name: string, from: number, to: number): Parameter[] => [
    { name: `${name}.weight`, shape: [from, to], start: { deviation: 1 / Math.sqrt(from) } },
    { name: `${name}.bias`, shape: [to], start: 0 },
  ];
  const list = convolution("stem", planesOf(attacks), F);
  for (let i = 0; i < blocks; i++) {
    list.push(...normParameters(`block${i}.norm`, F, true));
    list.push(...convolution(`block${i}.conv1`, F, F));
    // The sum of all blocks' outputs starts no larger than one block's.
    list.push(...convolution(`block${i}.conv2`, F, F, 1 / Math.sqrt(blocks)));
    if (S) list.push(...dense(`block${i}.squeeze`, F, S), ...dense(`block${i}.excite`, S, F));
  }
  return [
    ...list,
    ...normParameters("norm", F, true),
    ...dense("query", F, K),
    ...dense("key", F, K),
    ...dense("promotion", F, 9),
  ];
}

/** New parameters of a BoardNet. */
export function initBoardNet(config: BoardNetConfig, seed: number): Params {
  return initialise(boardNetParameters(config), seed);
}

/**
 * The logits of all moves, by {@link policyIndex}; those of illegal moves mean nothing.
 *
 * @param planes [B, 8, 8, P] as {@link encodeBoard} writes them, with attacks where the
 * configuration has them.
 * @returns [B, 4672]
 *
 * ```ts
 * import { BoardNetConfig, boardNetShape, forward, initBoardNet } from "@lib/model/boardnet.ts";
 * import { PLANES } from "@lib/data/board_encoding.ts";
 * import * as tf from "@tensorflow/tfjs";
 * import assert from "node:assert/strict";
 *
 * const config = BoardNetConfig.parse({ model: "boardnet", ...boardNetShape(1) });
 * const logits = forward(config, initBoardNet(config, 1), tf.zeros([2, 8, 8, PLANES]));
 * assert.deepEqual(logits.shape, [2, 4672]);
 * ```
 */
export function forward(config: BoardNetConfig, params: Params, planes: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const squares = lastHidden(config, params, planes); // [B, 64, F]
    const from = dense(params, "query", squares).mul(1 / Math.sqrt(config.keys)); // [B, 64, K]
    const fromTo = tf.matMul(from, dense(params, "key", squares), false, true); // [B, 64, 64]
    const promotions = dense(params, "promotion", squares); // [B, 64, 9]
    // [B, 64, 73] → [B, 4672]
    return tf.concat([fromTo, promotions], -1).reshape([planes.shape[0], POLICY_SIZE]);
  });
}

/**
 * The last hidden layer, normalised and rectified, of each square: what the policy head reads.
 *
 * @param planes [B, 8, 8, P], as {@link forward} takes them.
 * @returns [B, 64, F]
 */
export function lastHidden(
  config: BoardNetConfig,
  params: Params,
  planes: tf.Tensor,
): tf.Tensor {
  const B = planes.shape[0];
  const convolve = (name: string, x: tf.Tensor) =>
    conv3x3(x, params[`${name}.weight`], params[`${name}.bias`]);
  return tf.tidy(() => {
    let x = convolve("stem", planes); // [B, 8, 8, F]
    for (let i = 0; i < config.blocks; i++) {
      const block = `block${i}`;
      let y = convolve(`${block}.conv1`, relu(norm(params, `${block}.norm`, x)));
      y = convolve(`${block}.conv2`, relu(y));
      if (config.squeeze) {
        const board = y.mean([1, 2]); // [B, F]
        const squeezed = relu(dense(params, `${block}.squeeze`, board));
        const gate = dense(params, `${block}.excite`, squeezed).sigmoid();
        y = y.mul(gate.reshape([B, 1, 1, config.filters]));
      }
      x = x.add(y);
    }
    return relu(norm(params, "norm", x)).reshape([B, 64, config.filters]);
  });
}

const dense = (params: Params, name: string, x: tf.Tensor): tf.Tensor =>
  linear(x, params[`${name}.weight`], params[`${name}.bias`]);
