/**
 * The models' operations as tfjs kernels of the shared backend, each in one or a few launches, with
 * their gradients registered like those of tfjs's own kernels. `ops.ts` calls them where the shared
 * backend is current; it has checked the shapes' meaning, here sizes are checked again against each
 * other, since nothing below does.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { bits } from "./machine.ts";
import type { AdamWStep } from "./ops.ts";
import { multiply } from "./products.ts";
import { GRAIN, launchFlat, rowGrain, sizeOf } from "./launch.ts";
import { binary, cast, unary } from "./plain/elementwise.ts";
import { scatterAdd } from "./plain/indices.ts";
import { reduce, sumColumns } from "./plain/reductions.ts";
import type { SharedBackend, SharedKernel } from "./shared_backend.ts";

const lastOf = (t: { shape: readonly number[] }): number => t.shape[t.shape.length - 1];

/** Throws unless `t` is float32 with `size` numbers. */
function check(kernel: string, what: string, t: tf.TensorInfo, size: number, dtype = "float32") {
  if (t.dtype !== dtype || sizeOf(t.shape) !== size) {
    throw new RangeError(
      `Cannot run ${kernel}: ${what} must be ${dtype} with ${size} numbers, ` +
        `not ${t.dtype} [${t.shape}]`,
    );
  }
}

/** Runs a kernel by name on the current backend. */
export function runKernel<T extends tf.Tensor | tf.Tensor[] = tf.Tensor>(
  name: string,
  inputs: Record<string, tf.Tensor | undefined>,
  attrs: Record<string, unknown> = {},
): T {
  const given = Object.entries(inputs).filter(([, t]) => t !== undefined);
  return tf.engine().runKernel(
    name,
    Object.fromEntries(given) as tf.NamedTensorMap,
    attrs as tf.NamedAttrMap,
  ) as T;
}

// ---------------------------------------------------------------- linear

/** x [..., C] · w [C, D] (+ b [D]) (+ add [..., D]). */
const linear: SharedKernel = (backend, { x, w, b, add }) => {
  const [C, D] = w!.shape, N = sizeOf(x!.shape.slice(0, -1));
  check("linear", "x", x!, N * C);
  check("linear", "w", w!, C * D);
  if (b) check("linear", "b", b, D);
  if (add) check("linear", "add", add, N * D);
  const y = backend.make([...x!.shape.slice(0, -1), D]);
  multiply(backend, x!, w!, y, { M: N, N: D, K: C, bias: b, add });
  return y;
};

/** dy [..., D] · wᵀ. */
const linearInput: SharedKernel = (backend, { dy, w }) => {
  const [C, D] = w!.shape, N = sizeOf(dy!.shape.slice(0, -1));
  check("linear's gradient", "dy", dy!, N * D);
  const dx = backend.make([...dy!.shape.slice(0, -1), C]);
  multiply(backend, dy!, w!, dx, { M: N, N: C, K: D, turnB: true });
  return dx;
};

/** xᵀ · dy. */
const linearWeight: SharedKernel = (backend, { x, dy }) => {
  const C = lastOf(x!), D = lastOf(dy!), N = sizeOf(x!.shape) / C;
  check("linear's gradient", "dy", dy!, N * D);
  const dw = backend.make([C, D]);
  multiply(backend, x!, dy!, dw, { M: C, N: D, K: N, turnA: true });
  return dw;
};

/** The sum over all but the last axis. */
const sumRows: SharedKernel = (backend, { x }) => {
  const C = lastOf(x!);
  return sumColumns(backend, x!, 1, sizeOf(x!.shape) / C, C, [C]);
};

// ---------------------------------------------------------------- feed forward

/** gelu(x·w1 + b1)·w2 + b2 + add, and what GELU was taken of and gave, for the gradient. */
const feedForward: SharedKernel = (backend, { x, w1, b1, w2, b2, add }) => {
  const [C, D] = w1!.shape, N = sizeOf(x!.shape) / C;
  check("feed forward", "x", x!, N * C);
  check("feed forward", "w2", w2!, D * C);
  check("feed forward", "add", add!, N * C);
  if (b1) check("feed forward", "b1", b1, D);
  if (b2) check("feed forward", "b2", b2, C);
  const pre = backend.make([N, D]), y = backend.make(x!.shape);
  multiply(backend, x!, w1!, pre, { M: N, N: D, K: C, bias: b1 });
  const hidden = unary(backend, "Gelu", pre)!;
  multiply(backend, hidden, w2!, y, { M: N, N: C, K: D, bias: b2, add });
  return [y, pre, hidden];
};

/** The gradients by x, w1, b1, w2 and b2. */
const feedForwardGradient: SharedKernel = (backend, { x, w1, w2, pre, hidden, dy }) => {
  const [C, D] = w1!.shape, N = sizeOf(x!.shape) / C;
  check("feed forward's gradient", "dy", dy!, N * C);
  check("feed forward's gradient", "pre", pre!, N * D);
  check("feed forward's gradient", "hidden", hidden!, N * D);
  const dw2 = backend.make([D, C]), db2 = sumColumns(backend, dy!, 1, N, C, [C]);
  multiply(backend, hidden!, dy!, dw2, { M: D, N: C, K: N, turnA: true });
  const dHidden = backend.make([N, D]), dx = backend.make(x!.shape), dw1 = backend.make([C, D]);
  multiply(backend, dy!, w2!, dHidden, { M: N, N: D, K: C, turnB: true });
  const du = binary(backend, "GeluGradient", pre!, dHidden)!;
  backend.drop(dHidden);
  multiply(backend, x!, du, dw1, { M: C, N: D, K: N, turnA: true });
  multiply(backend, du, w1!, dx, { M: N, N: C, K: D, turnB: true });
  const db1 = sumColumns(backend, du, 1, N, D, [D]);
  backend.drop(du);
  return [dx, dw1, db1, dw2, db2];
};

// ---------------------------------------------------------------- layer norm

/** Rows whose part of the gain's gradient is summed by one chunk. */
const NORM_ROWS = 64;

const layerNorm: SharedKernel = (backend, { x, gain, bias }, { epsilon }) => {
  const C = lastOf(x!), N = sizeOf(x!.shape) / C;
  check("layer norm", "gain", gain!, C);
  if (bias) check("layer norm", "bias", bias, C);
  check("layer norm", "x", x!, N * C);
  const y = backend.make(x!.shape), mean = backend.make([N]), rstd = backend.make([N]);
  const shift = bias ?? zeros(backend, C);
  launchFlat(backend, "norm", N, rowGrain(4 * C), [
    backend.address(x!),
    backend.address(gain!),
    backend.address(shift),
    backend.address(y),
    backend.address(mean),
    backend.address(rstd),
    C,
    bits(epsilon as number),
  ]);
  if (!bias) backend.drop(shift);
  return [y, mean, rstd];
};

function zeros(backend: SharedBackend, n: number): tf.TensorInfo {
  const y = backend.make([n]);
  launchFlat(backend, "fill", n, GRAIN, [backend.address(y), bits(0)]);
  return y;
}

const layerNormGradient: SharedKernel = (backend, { x, gain, mean, rstd, dy }) => {
  const C = lastOf(x!), N = sizeOf(x!.shape) / C, sections = Math.ceil(N / NORM_ROWS);
  check("layer norm's gradient", "dy", dy!, N * C);
  const dx = backend.make(x!.shape), parts = backend.make([sections, 2, C]);
  launchFlat(backend, "norm_back", N, NORM_ROWS, [
    backend.address(x!),
    backend.address(gain!),
    backend.address(dy!),
    backend.address(dx),
    backend.address(mean!),
    backend.address(rstd!),
    C,
    backend.address(parts),
  ]);
  const both = sumColumns(backend, parts, 1, sections, 2 * C, [2, C]);
  backend.drop(parts);
  return [dx, both];
};

// ---------------------------------------------------------------- element by element

const gelu: SharedKernel = (backend, { x }) => {
  check("GELU", "x", x!, sizeOf(x!.shape));
  return unary(backend, "Gelu", x!);
};
const geluGradient: SharedKernel = (backend, { x, dy }) => {
  check("GELU's gradient", "dy", dy!, sizeOf(x!.shape));
  return binary(backend, "GeluGradient", x!, dy!);
};
const relu: SharedKernel = (backend, { x }) => {
  check("ReLU", "x", x!, sizeOf(x!.shape));
  return unary(backend, "Relu", x!);
};
const reluGradient: SharedKernel = (backend, { x, dy }) => {
  check("ReLU's gradient", "dy", dy!, sizeOf(x!.shape));
  return binary(backend, "ReluGradient", x!, dy!);
};

// ---------------------------------------------------------------- attention

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

// ---------------------------------------------------------------- embedding

const embeddingGradient: SharedKernel = (backend, { ids, dy }, { rows }) => {
  const n = sizeOf(ids!.shape), C = lastOf(dy!);
  check("the embedding's gradient", "ids", ids!, n, "int32");
  check("the embedding's gradient", "dy", dy!, n * C);
  return scatterAdd(backend, { ...dy!, shape: [n, C] }, ids!, rows as number);
};

// ---------------------------------------------------------------- convolution

/** Numbers of scratch that the convolution's kernels have: tiles × (C + D). */
const CONV_SCRATCH = 4096;

/** Into how many parts the boards are cut for the weights' gradient, whatever the threads. */
const CONV_PARTS = 8;

/**
 * Boards of 4 tiles that a chunk convolves Winograd's way; 0 where the plain product of
 * neighbourhoods is faster (few channels: the transforms cost more; many: they leave the cache) or
 * where the rounding, 1e-5 of the largest entry at 128 channels, would grow further.
 */
function boardsAtOnce(C: number, D: number): number {
  if (Math.min(C, D) < 24 || Math.max(C, D) > 128) return 0;
  return Math.min(8, Math.floor(CONV_SCRATCH / (C + D) / 4));
}

/** 3×3, border of zeros, on boards [B, 8, 8, C]: w [3, 3, C, D] → [B, 8, 8, D]. */
function convolve(
  backend: SharedBackend,
  x: tf.TensorInfo,
  w: tf.TensorInfo,
  bias?: tf.TensorInfo,
): tf.TensorInfo {
  const [, , C, D] = w.shape, B = x.shape[0], y = backend.make([B, 8, 8, D]);
  const group = boardsAtOnce(C, D);
  if (!group) {
    multiply(backend, x, w, y, { M: B * 64, N: D, K: 9 * C, boardChannels: C, bias });
    return y;
  }
  const points = backend.make([36, C, D]), { machine } = backend;
  machine.launch("conv_points", C, [backend.address(w), backend.address(points), C, D]);
  // Small batches still give every thread some boards.
  const boards = Math.max(1, Math.min(group, Math.ceil(B / (2 * machine.threads))));
  machine.launch("conv_boards", Math.ceil(B / boards), [
    backend.address(x),
    backend.address(points),
    backend.address(y),
    C,
    D,
    B,
    boards,
    bias ? backend.address(bias) : 0,
  ]);
  backend.drop(points);
  return y;
}

const conv: SharedKernel = (backend, { x, w, b }) => {
  const [, , C, D] = w!.shape, M = x!.shape[0] * 64;
  check("convolution", "x", x!, M * C);
  check("convolution", "w", w!, 9 * C * D);
  if (b) check("convolution", "b", b, D);
  return convolve(backend, x!, w!, b);
};

const convInput: SharedKernel = (backend, { dy, w }) => {
  const [, , C, D] = w!.shape, M = dy!.shape[0] * 64;
  check("the convolution's gradient", "dy", dy!, M * D);
  const flipped = backend.make([3, 3, D, C]);
  backend.machine.launch("flip_taps", 9, [backend.address(w!), backend.address(flipped), C, D]);
  const dx = convolve(backend, dy!, flipped);
  backend.drop(flipped);
  return dx;
};

const convWeight: SharedKernel = (backend, { x, dy }) => {
  const C = lastOf(x!), D = lastOf(dy!), B = x!.shape[0], K = B * 64;
  check("the convolution's gradient", "x", x!, K * C);
  check("the convolution's gradient", "dy", dy!, K * D);
  const dw = backend.make([3, 3, C, D]), group = boardsAtOnce(C, D);
  if (!group) {
    multiply(backend, x!, dy!, dw, { M: 9 * C, N: D, K, turnA: true, boardChannels: C });
    return dw;
  }
  const parts = backend.make([CONV_PARTS, 36, C, D]);
  backend.machine.launch("conv_boards_weight", CONV_PARTS, [
    backend.address(x!),
    backend.address(dy!),
    backend.address(parts),
    C,
    D,
    B,
    group,
    0,
    CONV_PARTS,
  ]);
  const points = sumColumns(backend, parts, 1, CONV_PARTS, 36 * C * D, [36, C, D]);
  backend.machine.launch("conv_taps", C, [backend.address(points), backend.address(dw), C, D]);
  backend.drop(parts, points);
  return dw;
};

// ---------------------------------------------------------------- loss

/** Checks the targets and returns how many count. */
function countTargets(backend: SharedBackend, targets: tf.TensorInfo, V: number): number {
  let counted = 0;
  for (const target of backend.view(targets)) {
    if (target >= V) {
      throw new RangeError(
        `Cannot take the cross-entropy to target ${target}: must be below ${V}`,
      );
    }
    if (target >= 0) counted++;
  }
  return Math.max(1, counted);
}

const crossEntropy: SharedKernel = (backend, { logits, targets, mask }) => {
  const [N, V] = logits!.shape;
  check("cross-entropy", "logits", logits!, N * V);
  check("cross-entropy", "targets", targets!, N, "int32");
  const counted = countTargets(backend, targets!, V);
  const legal = mask && cast(backend, mask, "bool");
  if (legal) check("cross-entropy", "mask", legal, N * V, "bool");
  const losses = backend.make([N]), lse = backend.make([N]);
  launchFlat(backend, "cross_entropy", N, rowGrain(4 * V), [
    backend.address(logits!),
    backend.address(targets!),
    backend.address(losses),
    backend.address(lse),
    V,
    legal ? backend.address(legal) : 0,
  ]);
  const loss = N === 0
    ? zeros(backend, 1)
    : reduce(backend, "Sum", losses, [0], false, 1 / counted)!;
  loss.shape = [];
  backend.drop(losses, ...(legal ? [legal] : []));
  return [loss, lse];
};

const crossEntropyGradient: SharedKernel = (backend, { logits, targets, mask, lse, dy }) => {
  const [N, V] = logits!.shape;
  check("the cross-entropy's gradient", "lse", lse!, N);
  check("the cross-entropy's gradient", "dy", dy!, 1);
  const counted = countTargets(backend, targets!, V);
  const legal = mask && cast(backend, mask, "bool");
  const dx = backend.make(logits!.shape);
  launchFlat(backend, "cross_entropy_back", N, rowGrain(4 * V), [
    backend.address(logits!),
    backend.address(targets!),
    backend.address(dx),
    backend.address(lse!),
    V,
    legal ? backend.address(legal) : 0,
    backend.address(dy!),
    bits(1 / counted),
  ]);
  if (legal) backend.drop(legal);
  return dx;
};

/** The fused kernels and their gradients' kernels. */
export const FUSED_KERNELS: ReadonlyMap<string, SharedKernel> = new Map([
  ["FusedLinear", linear],
  ["FusedLinearInput", linearInput],
  ["FusedLinearWeight", linearWeight],
  ["FusedSumRows", sumRows],
  ["FusedFeedForward", feedForward],
  ["FusedFeedForwardGradient", feedForwardGradient],
  ["FusedLayerNorm", layerNorm],
  ["FusedLayerNormGradient", layerNormGradient],
  ["FusedGelu", gelu],
  ["FusedGeluGradient", geluGradient],
  ["FusedRelu", relu],
  ["FusedReluGradient", reluGradient],
  ["FusedAttention", attention],
  ["FusedSelfAttention", attention],
  ["FusedAttentionGradient", attentionGradient],
  ["FusedEmbeddingGradient", embeddingGradient],
  ["FusedConv3x3", conv],
  ["FusedConv3x3Input", convInput],
  ["FusedConv3x3Weight", convWeight],
  ["FusedCrossEntropy", crossEntropy],
  ["FusedCrossEntropyGradient", crossEntropyGradient],
]);

// ---------------------------------------------------------------- gradients

let registered = false;

/** Tells tfjs the gradients of the fused kernels, once. */
export function registerFusedGradients(): void {
  if (registered) return;
  registered = true;
  const first = (dy: tf.Tensor | tf.Tensor[]): tf.Tensor => Array.isArray(dy) ? dy[0] : dy;
  tf.registerGradient({
    kernelName: "FusedLinear",
    inputsToSave: ["x", "w"],
    gradFunc: (dys, saved) => {
      const dy = first(dys), [x, w] = saved as tf.Tensor[];
      return {
        x: () => runKernel("FusedLinearInput", { dy, w }),
        w: () => runKernel("FusedLinearWeight", { x, dy }),
        b: () => runKernel("FusedSumRows", { x: dy }),
        add: () => dy.clone(),
      };
    },
  });
  tf.registerGradient({
    kernelName: "FusedFeedForward",
    inputsToSave: ["x", "w1", "w2"],
    outputsToSave: [false, true, true],
    gradFunc: (dys, saved) => {
      const [x, w1, w2, pre, hidden] = saved as tf.Tensor[], dy = first(dys);
      const [dx, dw1, db1, dw2, db2] = runKernel<tf.Tensor[]>("FusedFeedForwardGradient", {
        x,
        w1,
        w2,
        pre,
        hidden,
        dy,
      });
      return {
        x: () => dx,
        w1: () => dw1,
        b1: () => db1,
        w2: () => dw2,
        b2: () => db2,
        add: () => dy.clone(),
      };
    },
  });
  tf.registerGradient({
    kernelName: "FusedLayerNorm",
    inputsToSave: ["x", "gain"],
    outputsToSave: [false, true, true],
    gradFunc: (dys, saved) => {
      const [x, gain, mean, rstd] = saved as tf.Tensor[], dy = first(dys);
      const [dx, both] = runKernel<tf.Tensor[]>("FusedLayerNormGradient", {
        x,
        gain,
        mean,
        rstd,
        dy,
      });
      const C = gain.size;
      return {
        x: () => dx,
        gain: () => both.slice([0, 0], [1, C]).reshape([C]),
        bias: () => both.slice([1, 0], [1, C]).reshape([C]),
      };
    },
  });
  for (const name of ["FusedGelu", "FusedRelu"]) {
    tf.registerGradient({
      kernelName: name,
      inputsToSave: ["x"],
      gradFunc: (dy, saved) => ({
        x: () => runKernel(`${name}Gradient`, { x: (saved as tf.Tensor[])[0], dy: first(dy) }),
      }),
    });
  }
  for (const parts of [["q", "k", "v"], ["q"]]) {
    tf.registerGradient({
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
    });
  }
  tf.registerGradient({
    kernelName: "FusedConv3x3",
    inputsToSave: ["x", "w"],
    gradFunc: (dys, saved) => {
      const dy = first(dys), [x, w] = saved as tf.Tensor[];
      return {
        x: () => runKernel("FusedConv3x3Input", { dy, w }),
        w: () => runKernel("FusedConv3x3Weight", { x, dy }),
        b: () => runKernel("FusedSumRows", { x: dy }),
      };
    },
  });
}

/** Mean cross-entropy with its gradient: logits [N, V], targets int32 [N], mask [N, V] → []. */
export function fusedCrossEntropy(
  logits: tf.Tensor,
  targets: tf.Tensor,
  mask?: tf.Tensor,
): tf.Tensor {
  return tf.customGrad((x, save) => {
    const [loss, lse] = runKernel<tf.Tensor[]>("FusedCrossEntropy", {
      logits: x as tf.Tensor,
      targets,
      mask,
    });
    (save as (tensors: tf.Tensor[]) => void)([
      x as tf.Tensor,
      targets,
      lse,
      ...(mask ? [mask] : []),
    ]);
    return {
      value: loss,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [logits, targets, lse, mask] = saved;
        return runKernel("FusedCrossEntropyGradient", { logits, targets, mask, lse, dy });
      },
    };
  })(logits);
}

/** Rows of a table [V, C] by ids int32 [...], with the gradient by the table. */
export function fusedEmbedding(table: tf.Tensor, ids: tf.Tensor): tf.Tensor {
  return tf.customGrad((x, save) => {
    (save as (tensors: tf.Tensor[]) => void)([ids]);
    return {
      value: tf.gather(x as tf.Tensor, ids),
      gradFunc: (dy: tf.Tensor, [ids]: tf.Tensor[]) =>
        runKernel("FusedEmbeddingGradient", { ids, dy }, { rows: table.shape[0] }),
    };
  })(table);
}

// ---------------------------------------------------------------- optimiser

/** The Euclidean norm of all tensors taken as one vector. */
export function sharedNorm(backend: SharedBackend, tensors: readonly tf.Tensor[]): number {
  let sum = 0;
  for (const t of tensors) {
    check("the global norm", "a gradient", t, t.size);
    const chunks = Math.ceil(t.size / GRAIN), parts = backend.make([chunks]);
    launchFlat(backend, "reduce_part", t.size, GRAIN, [
      backend.address(t),
      backend.address(parts),
      0,
      4,
    ]);
    for (const part of backend.view(parts)) sum += part;
    backend.drop(parts);
  }
  return Math.sqrt(sum);
}

/** AdamW in place; the three variables must own their numbers: see {@link ownNumbers}. */
export function sharedAdamW(
  backend: SharedBackend,
  parameter: tf.Tensor,
  gradient: tf.Tensor,
  mean: tf.Tensor,
  square: tf.Tensor,
  scale: number,
  step: AdamWStep,
): void {
  const n = parameter.size;
  for (const t of [parameter, gradient, mean, square]) check("AdamW", "every tensor", t, n);
  launchFlat(backend, "adamw", n, GRAIN, [
    backend.address(parameter),
    backend.address(gradient),
    backend.address(mean),
    backend.address(square),
    bits(step.learningRate),
    bits(step.beta1),
    bits(step.beta2),
    bits(step.epsilon),
    bits(step.weightDecay),
    bits(1 - step.beta1 ** step.step),
    bits(Math.sqrt(1 - step.beta2 ** step.step)),
    bits(scale),
    bits(1 - step.beta2),
    bits(1 - step.beta1),
  ]);
}

/** Gives a variable numbers of its own where a clone or another shape shares them. */
export function ownNumbers(backend: SharedBackend, variable: tf.Variable): void {
  if (backend.refCount(variable.dataId as object) < 2) return;
  const copy = tf.tidy(() => tf.keep(variable.mul(1)));
  variable.assign(copy);
  copy.dispose();
}
