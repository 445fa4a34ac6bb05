/**
 * ChessFormer: the paper's decoder-only transformer over the text of a game (a GPT-2 of nanoGPT's
 * make: layer norm first, learned positions, tied embeddings, GELU, no biases).
 *
 * Shapes: `B` games, `T` tokens, `C` width, `V` vocabulary.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { z } from "zod";
import { embedding, feedForward, layerNorm, linear, selfAttention } from "@lib/compute/ops.ts";
import { tokenizerByName } from "@lib/data/tokenizer.ts";
import { initialise, type Parameter, type Params } from "@lib/model/params.ts";

/** ChessFormer's configuration. */
export const ChessFormerConfig = z.strictObject({
  model: z.literal("chessformer"),
  /** What the tokens are: the paper's characters, or one token a move. */
  tokenizer: z.enum(["pgn", "uci"]),
  /** V: how many different tokens; the tokenizer's 32 characters or 1969 moves. */
  vocabulary: z.int().min(2),
  /** T: the longest context, in tokens. */
  block: z.int().min(1),
  /** Transformer layers. */
  layers: z.int().min(1),
  /** Attention heads of each layer; must divide the width. */
  heads: z.int().min(1),
  /** C: channels. */
  width: z.int().min(1),
  /** Hidden channels of the feed-forward part, times the width. */
  expansion: z.int().min(1).default(4),
  /** Whether linear maps and norms have biases; the paper's have none. */
  bias: z.boolean().default(false),
}).refine(({ width, heads }) => width % heads === 0, "width must be a multiple of heads").refine(
  ({ tokenizer, vocabulary }) => vocabulary === tokenizerByName(tokenizer).size,
  {
    path: ["vocabulary"],
    error: ({ input }) => {
      const { tokenizer, vocabulary } = input as { tokenizer: string; vocabulary: number };
      const { size } = tokenizerByName(tokenizer);
      return `the tokenizer ${tokenizer} has ${size} tokens, not ${vocabulary}`;
    },
  },
);

/** ChessFormer's configuration. */
export type ChessFormerConfig = z.infer<typeof ChessFormerConfig>;

/** The shape that follows from the one dial: `size` layers, 32 × size channels, heads of 32. */
export function chessFormerShape(size: number): Pick<
  ChessFormerConfig,
  "layers" | "heads" | "width"
> {
  return { layers: size, heads: size, width: 32 * size };
}

/** ChessFormer's parameters. */
export function chessFormerParameters(config: ChessFormerConfig): Parameter[] {
  const { vocabulary: V, block: T, layers, width: C, expansion, bias } = config;
  const embedded = { deviation: 0.02 };
  return [
    { name: "tokens", shape: [V, C], start: embedded },
    { name: "positions", shape: [T, C], start: embedded },
    ...transformerParameters({ layers, width: C, expansion, bias }),
    ...normParameters("norm", C, bias),
  ];
}

/** The parameters of a stack of transformer layers, named `layer0.query.weight` and so on. */
export function transformerParameters(
  { layers, width: C, expansion, bias }: {
    readonly layers: number;
    readonly width: number;
    readonly expansion: number;
    readonly bias: boolean;
  },
): Parameter[] {
  const list: Parameter[] = [];
  const add = (name: string, from: number, to: number, deviation: number) => {
    list.push({ name: `${name}.weight`, shape: [from, to], start: { deviation } });
    if (bias) list.push({ name: `${name}.bias`, shape: [to], start: 0 });
  };
  // GPT-2: what is added to the residual stream starts smaller the more layers add to it.
  const residual = 0.02 / Math.sqrt(2 * layers);
  for (let i = 0; i < layers; i++) {
    list.push(...normParameters(`layer${i}.norm1`, C, bias));
    for (const name of ["query", "key", "value"]) add(`layer${i}.${name}`, C, C, 0.02);
    add(`layer${i}.project`, C, C, residual);
    list.push(...normParameters(`layer${i}.norm2`, C, bias));
    add(`layer${i}.expand`, C, expansion * C, 0.02);
    add(`layer${i}.contract`, expansion * C, C, residual);
  }
  return list;
}

/** The parameters of a layer norm: a gain, and a bias where there are biases. */
export function normParameters(name: string, C: number, bias: boolean): Parameter[] {
  const gain: Parameter = { name: `${name}.gain`, shape: [C], start: 1 };
  return bias ? [gain, { name: `${name}.bias`, shape: [C], start: 0 }] : [gain];
}

/** New parameters of a ChessFormer. */
export function initChessFormer(config: ChessFormerConfig, seed: number): Params {
  return initialise(chessFormerParameters(config), seed);
}

/**
 * The logits of the next token at every place.
 *
 * @param tokens int32 [B, T], T at most the block.
 * @returns [B, T, V]
 * @throws {RangeError} when T is longer than the block.
 *
 * ```ts
 * import { ChessFormerConfig, chessFormerShape, forward, initChessFormer } from "@lib/model/chessformer.ts";
 * import * as tf from "@tensorflow/tfjs";
 * import assert from "node:assert/strict";
 *
 * const config = ChessFormerConfig.parse({
 *   model: "chessformer", tokenizer: "pgn", vocabulary: 32, block: 64, ...chessFormerShape(1),
 * });
 * const logits = forward(config, initChessFormer(config, 1), tf.zeros([2, 64], "int32"));
 * assert.deepEqual(logits.shape, [2, 64, 32]);
 * ```
 */
export function forward(config: ChessFormerConfig, params: Params, tokens: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const hidden = lastHidden(config, params, tokens); // [B, T, C]
    return linear(hidden, tf.transpose(params["tokens"])); // [B, T, V]: tied to the embedding
  });
}

/** The last hidden layer, normalised: tokens int32 [B, T] → [B, T, C]. */
export function lastHidden(
  config: ChessFormerConfig,
  params: Params,
  tokens: tf.Tensor,
): tf.Tensor {
  const [, T] = tokens.shape as [number, number];
  if (T > config.block) {
    throw new RangeError(`Cannot read ${T} tokens: must be at most the block's ${config.block}`);
  }
  return tf.tidy(() => {
    const positions = params["positions"].slice([0, 0], [T, config.width]); // [T, C]
    const x = embedding(params["tokens"], tokens).add(positions); // [B, T, C]
    const mix: Mix = (qkv) => selfAttention(qkv, { heads: config.heads, causal: true });
    return norm(params, "norm", transformer(config, params, x, mix));
  });
}

/**
 * How a layer mixes its tokens: from their queries, keys and values side by side, [..., 3 · C], to
 * [..., C].
 */
export type Mix = (qkv: tf.Tensor, layer: number) => tf.Tensor;

/** A stack of transformer layers, layer norm first: x [..., C] → [..., C]. */
export function transformer(
  { layers }: { readonly layers: number },
  params: Params,
  x: tf.Tensor,
  mix: Mix,
): tf.Tensor {
  const matrix = (name: string) => ({
    weight: params[`${name}.weight`],
    bias: params[`${name}.bias`] as tf.Tensor | undefined,
  });
  for (let i = 0; i < layers; i++) {
    const layer = `layer${i}`;
    const three = ["query", "key", "value"].map((part) => matrix(`${layer}.${part}`));
    const weight = tf.concat(three.map(({ weight }) => weight), 1); // [C, 3 C]
    const bias = three[0].bias && tf.concat(three.map(({ bias }) => bias!)); // [3 C]
    const mixed = mix(linear(norm(params, `${layer}.norm1`, x), weight, bias), i);
    const project = matrix(`${layer}.project`);
    x = linear(mixed, project.weight, project.bias, x);
    const parts = { expand: matrix(`${layer}.expand`), contract: matrix(`${layer}.contract`) };
    x = feedForward(norm(params, `${layer}.norm2`, x), parts, x);
  }
  return x;
}

/** The layer norm of that name: x [..., C] → [..., C]. */
export function norm(params: Params, name: string, x: tf.Tensor): tf.Tensor {
  return layerNorm(x, params[`${name}.gain`], params[`${name}.bias`]);
}
