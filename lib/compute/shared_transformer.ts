/**
 * A transformer over single tokens on shared memory, layer norm first, without tfjs between its
 * kernels: what a decoder evaluates is so little at a time that tfjs's account of tensors would cost
 * more than the numbers.
 *
 * Shapes: `M` tokens, `C` width, `V` vocabulary, `W` wanted rows.
 *
 * @module
 */

import type * as tf from "@tensorflow/tfjs";
import { FUSED_KERNELS } from "./fused.ts";
import { bits } from "./machine.ts";
import type { SharedBackend } from "./shared_backend.ts";

/** A layer norm's parameters, [C] each. */
export interface Norm {
  /** [C] */
  readonly gain: tf.TensorInfo;
  /** [C], where there is one. */
  readonly bias?: tf.TensorInfo | undefined;
}

/** A linear map's parameters: [from, to], [to]. */
export interface Linear {
  /** [in, out] */
  readonly weight: tf.TensorInfo;
  /** [out], where there is one. */
  readonly bias?: tf.TensorInfo | undefined;
}

/** The parameters of a layer. */
export type Layer =
  & Readonly<Record<"norm1" | "norm2", Norm>>
  & Readonly<Record<"query" | "key" | "value" | "project" | "expand" | "contract", Linear>>;

/** The parameters of a transformer. */
export interface Transformer {
  /** [V, C] */
  readonly tokens: tf.TensorInfo;
  /** [longest text, C] */
  readonly positions: tf.TensorInfo;
  /** From the first to the last. */
  readonly layers: readonly Layer[];
  /** After the last layer. */
  readonly norm: Norm;
  /** [C, V] */
  readonly unembedding: tf.TensorInfo;
}

/** The tokens of a batch, where they stand in their texts, and which rows' logits are wanted. */
export interface Rows {
  /** What is read. */
  readonly tokens: readonly number[];
  /** Where each of them stands in its text. */
  readonly positions: readonly number[];
  /** Rows whose logits are wanted. */
  readonly wanted: readonly number[];
}

/** Mixes a layer's rows: q, k, v [M, C] → a new [M, C]. */
export type SharedMix = (
  layer: number,
  q: tf.TensorInfo,
  k: tf.TensorInfo,
  v: tf.TensorInfo,
) => tf.TensorInfo;

/**
 * The logits [W · V] of the token after each wanted row.
 *
 * The caller has checked that tokens and positions are in their tables.
 */
export function sharedLogits(
  backend: SharedBackend,
  { tokens, positions, layers, norm, unembedding }: Transformer,
  rows: Rows,
  mix: SharedMix,
): Float32Array<ArrayBuffer> {
  const [V, C] = tokens.shape, M = rows.tokens.length, W = rows.wanted.length;
  let x = backend.make([M, C]);
  {
    const to = backend.view(x), token = backend.view(tokens), position = backend.view(positions);
    for (let i = 0; i < M; i++) {
      const t = rows.tokens[i] * C, p = rows.positions[i] * C;
      for (let c = 0; c < C; c++) to[i * C + c] = token[t + c] + position[p + c];
    }
  }
  layers.forEach(({ norm1, norm2, query, key, value, project, expand, contract }, layer) => {
    const [q, k, v] = apply(backend, x, [query, key, value], { norm: norm1 });
    const mixed = mix(layer, q, k, v);
    x = apply(backend, mixed, [project], { onto: x })[0];
    const [hidden] = apply(backend, x, [expand], { norm: norm2, gelu: true });
    x = apply(backend, hidden, [contract], { onto: x })[0];
    backend.drop(q, k, v, mixed, hidden);
  });
  const last = backend.make([W, C]);
  {
    const to = backend.view(last), from = backend.view(x);
    rows.wanted.forEach((row, i) => to.set(from.subarray(row * C, (row + 1) * C), i * C));
  }
  const [y] = apply(backend, last, [{ weight: unembedding }], { norm });
  const logits = new Float32Array(W * V);
  logits.set(backend.view(y));
  backend.drop(x, last, y);
  return logits;
}

interface Around {
  /** What x goes through before. */
  readonly norm?: Norm;
  /** Whether the results go through GELU. */
  readonly gelu?: boolean;
  /** To which the only map's result is added; gone after. */
  readonly onto?: tf.TensorInfo;
}

/** The variance's floor in a layer norm, as in `ops.ts`. */
const EPSILON = 1e-5;

/** Rows at most, and channels at most, of the kernel for few rows; as in `kernels/decode.h`. */
const FEW = 8, FEW_WIDTH = 2048;

/** Weights that a chunk reads at least: some microseconds, what handing it out costs. */
const FEW_WEIGHTS = 32768;

/** act(norm(x)·w + b) (+ onto) of each map, x [M, from] → [M, to] each. */
function apply(
  backend: SharedBackend,
  x: tf.TensorInfo,
  maps: readonly Linear[],
  around: Around,
): tf.TensorInfo[] {
  const [M, K] = x.shape;
  return M <= FEW && K <= FEW_WIDTH
    ? applyToFew(backend, x, maps, around)
    : applyToMany(backend, x, maps, around);
}

/** In one launch: at few rows the time is that of reading the weights. */
function applyToFew(
  backend: SharedBackend,
  x: tf.TensorInfo,
  maps: readonly Linear[],
  { norm, gelu, onto }: Around,
): tf.TensorInfo[] {
  const [K, N] = maps[0].weight.shape, M = x.shape[0];
  const at = (t: tf.TensorInfo | undefined) => t ? backend.address(t) : 0;
  const results = onto ? [onto] : maps.map(() => backend.make([M, N]));
  const chunks = Math.max(1, Math.floor(K * N / FEW_WEIGHTS));
  const columns = 64 * Math.ceil(N / chunks / 64);
  backend.machine.launch("few_rows", maps.length * Math.ceil(N / columns), [
    ...[M, K, N, columns, at(x), at(norm?.gain), at(norm?.bias), bits(EPSILON)],
    ...[gelu ? 1 : 0, onto ? 1 : 0],
    ...maps.flatMap(({ weight, bias }, i) => [at(weight), at(bias), at(results[i])]),
  ]);
  return results;
}

/** One kernel after the other. */
function applyToMany(
  backend: SharedBackend,
  x: tf.TensorInfo,
  maps: readonly Linear[],
  { norm, gelu, onto }: Around,
): tf.TensorInfo[] {
  const run = (kernel: string, inputs: Record<string, tf.TensorInfo | undefined>) =>
    [FUSED_KERNELS.get(kernel)!(backend, inputs as tf.NamedTensorInfoMap, { epsilon: EPSILON })!]
      .flat();
  const made: tf.TensorInfo[] = [];
  const keep = (tensors: tf.TensorInfo[]) => (made.push(...tensors), tensors[0]);
  const from = norm ? keep(run("FusedLayerNorm", { x, gain: norm.gain, bias: norm.bias })) : x;
  const results = maps.map(({ weight, bias }) => {
    const y = run("FusedLinear", { x: from, w: weight, b: bias, add: onto })[0];
    return gelu ? run("FusedGelu", { x: keep([y]) })[0] : y;
  });
  backend.drop(...made, ...(onto ? [onto] : []));
  return results;
}
