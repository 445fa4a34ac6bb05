/**
 * BoardNet and ChessFormer as ONNX: the same networks for other programs and languages.
 *
 * Shapes: `B` positions or games, `F` filters, `K` key channels, `T` tokens, `C` width, `V` vocabulary.
 *
 * @module
 */

import { planesOf, POLICY_SIZE } from "@lib/data/board_encoding.ts";
import type { BoardNetConfig } from "@lib/model/boardnet.ts";
import type { ChessFormerConfig } from "@lib/model/chessformer.ts";
import { type Model, readParams } from "@lib/model/decode_model.ts";
import {
  type Attribute,
  type Constant,
  encodeOnnx,
  type OnnxGraph,
  type Operation,
} from "@lib/model/onnx.ts";
import type { NamedTensor } from "@lib/model/safetensors.ts";

/**
 * A model as an ONNX file: input and output are those of `forward`. A BoardNet maps `planes`, float
 * [B, 8, 8, 18], to `logits` [B, 4672]; a ChessFormer `tokens`, int64 [B, T], to `logits` [B, T, V].
 * B and T are open. The model's configuration is in the metadata, under `config`.
 *
 * @throws {TypeError} for a family that has no such form.
 *
 * ```ts
 * import { initModel, ModelConfig } from "@lib/model/model.ts";
 * import { boardNetShape } from "@lib/model/boardnet.ts";
 * import { onnxModel } from "@lib/model/onnx_models.ts";
 * import assert from "node:assert/strict";
 *
 * using model = initModel(ModelConfig.parse({ model: "boardnet", ...boardNetShape(1) }), 1);
 * const bytes = await onnxModel(model);
 * assert.match(new TextDecoder().decode(bytes), /planes/);
 * ```
 */
export async function onnxModel({ name, config, params }: Model): Promise<Uint8Array> {
  const tensors = await readParams(params);
  const metadata = { config: JSON.stringify(config), name };
  switch (config.model) {
    case "boardnet":
      return encodeOnnx(boardNetGraph(config, tensors), metadata);
    case "chessformer":
      return encodeOnnx(chessFormerGraph(config, tensors), metadata);
    default:
      throw new TypeError(
        `Cannot write ${name} as ONNX: must be a boardnet or a chessformer, not ${config.model}`,
      );
  }
}

type Tensors = Readonly<Record<string, NamedTensor>>;

/** Collects operations; each returns the name of what it computes. */
function writer(tensors: Tensors) {
  const operations: Operation[] = [];
  const constants = new Map<string, Constant>();
  const add = (
    type: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    output = `${type.toLowerCase()}${operations.length}`,
  ) => {
    operations.push({ type, inputs, output, attributes });
    return output;
  };
  const keep = (constant: Constant) => {
    constants.set(constant.name, constant);
    return constant.name;
  };
  const weight = (name: string) => keep({ name: `model.${name}`, ...tensors[name] });
  const number = (value: number) =>
    keep({ name: `number ${value}`, shape: [], values: Float32Array.of(value) });
  const whole = (value: number) =>
    keep({ name: `whole ${value}`, shape: [], values: BigInt64Array.of(BigInt(value)) });
  const list = (...values: number[]) =>
    keep({
      name: `list ${values}`,
      shape: [values.length],
      values: BigInt64Array.from(values, BigInt),
    });
  const linear = (name: string, x: string) => {
    const y = add("MatMul", [x, weight(`${name}.weight`)]);
    return tensors[`${name}.bias`] ? add("Add", [y, weight(`${name}.bias`)]) : y;
  };
  const norm = (name: string, x: string) =>
    add(
      "LayerNormalization",
      [x, weight(`${name}.gain`), ...(tensors[`${name}.bias`] ? [weight(`${name}.bias`)] : [])],
      { axis: -1, epsilon: { float: 1e-5 } },
    );
  const graph = (
    name: string,
    inputs: OnnxGraph["inputs"],
    outputs: OnnxGraph["outputs"],
  ): OnnxGraph => ({ name, operations, constants: [...constants.values()], inputs, outputs });
  return { add, keep, weight, number, whole, list, linear, norm, graph };
}

function boardNetGraph(
  { filters: F, blocks, squeeze, keys: K, attacks }: BoardNetConfig,
  tensors: Tensors,
): OnnxGraph {
  const { add, keep, weight, number, list, linear, norm, graph } = writer(tensors);
  // ONNX has the channels of images and kernels first.
  const convolve = (name: string, x: string) => {
    const first = add("Transpose", [x], { perm: [0, 3, 1, 2] }); // [B, C, 8, 8]
    const kernel = keep({
      name: `model.${name}.weight`,
      ...channelsFirst(tensors[`${name}.weight`]),
    });
    const y = add("Conv", [first, kernel, weight(`${name}.bias`)], {
      kernel_shape: [3, 3],
      pads: [1, 1, 1, 1],
    });
    return add("Transpose", [y], { perm: [0, 2, 3, 1] });
  };
  const relu = (x: string) => add("Relu", [x]);
  let x = convolve("stem", "planes"); // [B, 8, 8, F]
  for (let i = 0; i < blocks; i++) {
    const block = `block${i}`;
    let y = convolve(`${block}.conv1`, relu(norm(`${block}.norm`, x)));
    y = convolve(`${block}.conv2`, relu(y));
    if (squeeze) {
      const board = add("ReduceMean", [y], { axes: [1, 2], keepdims: 1 }); // [B, 1, 1, F]
      const excited = linear(`${block}.excite`, relu(linear(`${block}.squeeze`, board)));
      y = add("Mul", [y, add("Sigmoid", [excited])]);
    }
    x = add("Add", [x, y]);
  }
  const squares = add("Reshape", [relu(norm("norm", x)), list(-1, 64, F)]);
  const from = add("Mul", [linear("query", squares), number(1 / Math.sqrt(K))]); // [B, 64, K]
  const to = add("Transpose", [linear("key", squares)], { perm: [0, 2, 1] }); // [B, K, 64]
  const fromTo = add("MatMul", [from, to]); // [B, 64, 64]
  const all = add("Concat", [fromTo, linear("promotion", squares)], { axis: -1 }); // [B, 64, 73]
  add("Reshape", [all, list(-1, POLICY_SIZE)], {}, "logits");
  return graph(
    "BoardNet",
    [{ name: "planes", type: "float", shape: ["B", 8, 8, planesOf(attacks)] }],
    [{ name: "logits", type: "float", shape: ["B", POLICY_SIZE] }],
  );
}

/** A kernel [3, 3, from, to] → [to, from, 3, 3]. */
function channelsFirst({ shape: [H, W, C, D], values }: NamedTensor): NamedTensor {
  const turned = new Float32Array(values.length);
  for (let place = 0; place < H * W; place++) {
    for (let c = 0; c < C; c++) {
      for (let d = 0; d < D; d++) {
        turned[(d * C + c) * H * W + place] = values[(place * C + c) * D + d];
      }
    }
  }
  return { shape: [D, C, H, W], values: turned };
}

function chessFormerGraph(
  { vocabulary: V, layers, heads: H, width: C }: ChessFormerConfig,
  tensors: Tensors,
): OnnxGraph {
  const { add, weight, number, whole, list, linear, norm, graph } = writer(tensors);
  const T = add("Gather", [add("Shape", ["tokens"]), whole(1)]);
  const times = add("Range", [whole(0), T, whole(1)]); // [T]
  const positions = add("Gather", [weight("positions"), times]); // [T, C]
  // [T, T]: whether query t sees key s
  const sees = add("LessOrEqual", [
    add("Unsqueeze", [times, list(0)]),
    add("Unsqueeze", [times, list(1)]),
  ]);
  const split = (x: string) =>
    // [B, T, C] → [B, H, T, C/H]
    add("Transpose", [add("Reshape", [x, list(0, 0, H, C / H)])], { perm: [0, 2, 1, 3] });
  let x = add("Add", [add("Gather", [weight("tokens"), "tokens"]), positions]); // [B, T, C]
  for (let i = 0; i < layers; i++) {
    const layer = `layer${i}`;
    const y = norm(`${layer}.norm1`, x);
    const [q, k, v] = ["query", "key", "value"].map((part) => split(linear(`${layer}.${part}`, y)));
    const scaled = add("Mul", [q, number(1 / Math.sqrt(C / H))]);
    const scores = add("MatMul", [scaled, add("Transpose", [k], { perm: [0, 1, 3, 2] })]);
    const p = add("Softmax", [add("Where", [sees, scores, number(-1e9)])], { axis: -1 });
    const mixed = add("Transpose", [add("MatMul", [p, v])], { perm: [0, 2, 1, 3] });
    const joined = add("Reshape", [mixed, list(0, 0, C)]);
    x = add("Add", [x, linear(`${layer}.project`, joined)]);
    const hidden = gelu(linear(`${layer}.expand`, norm(`${layer}.norm2`, x)));
    x = add("Add", [x, linear(`${layer}.contract`, hidden)]);
  }
  const unembed = add("Transpose", [weight("tokens")], { perm: [1, 0] });
  add("MatMul", [norm("norm", x), unembed], {}, "logits");
  return graph(
    "ChessFormer",
    [{ name: "tokens", type: "int64", shape: ["B", "T"] }],
    [{ name: "logits", type: "float", shape: ["B", "T", V] }],
  );

  // As `gelu` of lib/compute/ops.ts: x·σ(2√(2/π)·x·(1 + 0.044715 x²)).
  function gelu(x: string): string {
    const cube = add("Add", [add("Mul", [add("Mul", [x, x]), number(0.044715)]), number(1)]);
    const inner = add("Mul", [add("Mul", [cube, x]), number(2 * Math.sqrt(2 / Math.PI))]);
    return add("Mul", [x, add("Sigmoid", [inner])]);
  }
}
