/**
 * Attention with its gradients, of separate queries, keys and values or of all three side by side.
 *
 * @module
 */

import type * as tf from "@tensorflow/tfjs";
import { bits } from "../machine.ts";
import type { SharedBackend, SharedKernel } from "../shared_backend.ts";
import { check, first, type Fused, runKernel } from "./kernel.ts";

/** The widest head that the kernel's scratch holds. */
export const HEAD_LIMIT = 192;

/** A query, key or value where it lies: its first number's address, and from a row to the next. */
interface Rows {
  readonly address: number;
  readonly stride: number;
}

/** Queries, keys and values: three tensors, or one that holds them side by side. */
interface Attended {
  readonly B: number;
  readonly T: number;
  readonly S: number;
  readonly C: number;
  readonly q: Rows;
  readonly k: Rows;
  readonly v: Rows;
}

function attended(backend: SharedBackend, inputs: tf.NamedTensorInfoMap, heads: number): Attended {
  const { q, k, v } = inputs, [B, T, width] = q!.shape, packed = !k, C = packed ? width / 3 : width;
  const S = packed ? T : k.shape[1];
  check("attention", "q", q!, B * T * width);
  if (!packed) {
    check("attention", "k", k, B * S * C);
    check("attention", "v", v!, B * S * C);
  }
  if (C % heads || C / heads > HEAD_LIMIT) {
    throw new RangeError(
      `Cannot attend with ${heads} heads of ${C / heads} channels: must be whole, at most ` +
        `${HEAD_LIMIT}`,
    );
  }
  return { B, T, S, C, ...threeOf(backend, packed ? [q!] : [q!, k, v!], C) };
}

/** Three tensors of C channels, or one of 3 C, as rows. */
function threeOf(backend: SharedBackend, tensors: readonly tf.TensorInfo[], C: number) {
  const stride = tensors.length === 1 ? 3 * C : C;
  const [q, k, v] = [0, 1, 2].map((i) => ({
    address: backend.address(tensors[i] ?? tensors[0]) + (tensors.length === 1 ? 4 * i * C : 0),
    stride,
  }));
  return { q, k, v };
}

/** Keys in memory: whole strips of the matrix product, and what it reads beyond them. */
const padKeys = (keys: number): number => Math.ceil(keys / 48) * 48 + 48;

/** Rows of [B, T, heads · D] → [B, heads, D, TP], zeros behind T. */
function turnHeads(
  backend: SharedBackend,
  { address, stride }: Rows,
  [B, T, heads, D]: readonly [number, number, number, number],
): tf.TensorInfo {
  const padded = padKeys(T), y = backend.make([B, heads, D, padded]);
  backend.machine.launch("turn_heads", B * heads, [
    address,
    backend.address(y),
    heads,
    T,
    D,
    stride,
    padded,
  ]);
  return y;
}

const attention: SharedKernel = (backend, inputs, attrs) => {
  const heads = attrs["heads"] as number, causal = attrs["causal"] as boolean;
  const { B, T, S, C, q, k, v } = attended(backend, inputs, heads), D = C / heads;
  const y = backend.make([B, T, C]), lse = backend.make([B, heads, T]);
  const turned = turnHeads(backend, k, [B, S, heads, D]), blocks = Math.ceil(T / 32);
  backend.machine.launch("attend", B * heads * blocks, [
    q.address,
    backend.address(turned),
    v.address,
    backend.address(y),
    backend.address(lse),
    heads,
    T,
    S,
    D,
    q.stride,
    v.stride,
    C,
    padKeys(S),
    causal ? 1 : 0,
    bits(1 / Math.sqrt(D)),
    blocks,
  ]);
  backend.drop(turned);
  return [y, lse];
};

/** The gradients by q, k and v, or by the tensor that holds all three. */
const attentionGradient: SharedKernel = (backend, inputs, attrs) => {
  const heads = attrs["heads"] as number, causal = attrs["causal"] as boolean;
  const { B, T, S, C, q, k, v } = attended(backend, inputs, heads), D = C / heads;
  const { y, lse, dy } = inputs;
  check("attention's gradient", "dy", dy!, B * T * C);
  check("attention's gradient", "lse", lse!, B * heads * T);
  const given = inputs["k"] ? [inputs["q"]!, inputs["k"], inputs["v"]!] : [inputs["q"]!];
  const gradients = given.map(({ shape }) => backend.make(shape));
  const { q: dq, k: dk, v: dv } = threeOf(backend, gradients, C);
  const turnedK = turnHeads(backend, k, [B, S, heads, D]);
  const turnedV = turnHeads(backend, v, [B, S, heads, D]);
  backend.machine.launch("attend_back", B * heads, [
    q.address,
    backend.address(turnedK),
    v.address,
    backend.address(y!),
    backend.address(lse!),
    heads,
    T,
    S,
    D,
    q.stride,
    v.stride,
    C,
    padKeys(S),
    causal ? 1 : 0,
    bits(1 / Math.sqrt(D)),
    0,
    k.address,
    backend.address(turnedV),
    backend.address(dy!),
    dq.address,
    dk.address,
    dv.address,
    k.stride,
    C,
    dq.stride,
    dk.stride,
    dv.stride,
  ]);
  backend.drop(turnedK, turnedV);
  return gradients;
};

/** softmax(q·kᵀ)·v by heads. */
export const ATTENTION: Fused = {
  kernels: [
    ["FusedAttention", attention],
    ["FusedSelfAttention", attention],
    ["FusedAttentionGradient", attentionGradient],
  ],
  gradients: [["q", "k", "v"], ["q"]].map((parts) => ({
    kernelName: parts.length === 1 ? "FusedSelfAttention" : "FusedAttention",
    inputsToSave: parts,
    outputsToSave: [true, true],
    gradFunc: (dys, saved, attrs) => {
      const tensors = saved as tf.Tensor[], [y, lse] = tensors.slice(parts.length);
      const given = Object.fromEntries(parts.map((name, i) => [name, tensors[i]]));
      const gradients = runKernel<tf.Tensor[]>(
        "FusedAttentionGradient",
        { ...given, y, lse, dy: first(dys) },
        attrs as Record<string, unknown>,
      );
      return Object.fromEntries(parts.map((name, i) => [name, () => gradients[i]]));
    },
  })),
};
