/**
 * The dozen operations that the models are made of, with their gradients, in plain tfjs: they train
 * on every backend. Where tfjs's own gradient is slow (a column sum on wasm) or missing (the
 * convolution's and the gather's on wasm) the gradient is written out. On a shared backend
 * (`shared_backend.ts`) each is a fused kernel instead.
 *
 * Shapes: `B` batch, `T` time, `C` and `D` channels in and out, `H` heads, `N` rows, `V` vocabulary.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { HEAD_LIMIT } from "./fused/attention.ts";
import { fusedEmbedding } from "./fused/embedding.ts";
import { runKernel } from "./fused/kernel.ts";
import { fusedCrossEntropy } from "./fused/loss.ts";
import { ownNumbers, sharedAdamW, sharedNorm } from "./fused/optimizer.ts";
import { currentShared } from "./shared_backend.ts";

function assertShape(action: string, what: string, t: tf.Tensor, shape: readonly number[]) {
  if (t.shape.length !== shape.length || t.shape.some((n, i) => n !== shape[i])) {
    throw new RangeError(`Cannot ${action}: ${what} must be [${shape}], not [${t.shape}]`);
  }
}

/** An operation with its own gradient. */
interface Operation {
  readonly value: tf.Tensor;
  /** Tensors that the gradient needs, kept until then. */
  readonly keep: tf.Tensor[];
  /** The gradients by the inputs, in order, from dy and what was kept. */
  readonly gradient: (dy: tf.Tensor, kept: tf.Tensor[]) => tf.Tensor[];
}

/** Runs `forward` so that tfjs differentiates it by the gradient it returns. */
function differentiable(inputs: readonly tf.Tensor[], forward: () => Operation): tf.Tensor {
  return tf.customGrad((...args) => {
    const save = args.pop() as unknown as (tensors: tf.Tensor[]) => void;
    const { value, keep, gradient } = forward();
    save(keep);
    return { value, gradFunc: gradient };
  })(...inputs);
}

const lastAxis = (t: tf.Tensor): number => t.shape[t.shape.length - 1];

/** [..., C] → [N, C]: all leading axes in one. */
const rows = (t: tf.Tensor): tf.Tensor2D => t.reshape([t.size / lastAxis(t), lastAxis(t)]);

/** [N, C] → [C]. A product with ones: eight times faster on wasm than `tf.sum(t, 0)`. */
const sumRows = (t: tf.Tensor2D): tf.Tensor1D =>
  tf.matMul(tf.ones([1, t.shape[0]]) as tf.Tensor2D, t).reshape([t.shape[1]]);

/** y = x·w + b (+ add, a residual): x [..., C], w [C, D], b [D], add [..., D] → [..., D]. */
export function linear(x: tf.Tensor, w: tf.Tensor, b?: tf.Tensor, add?: tf.Tensor): tf.Tensor {
  const C = lastAxis(x), D = lastAxis(w);
  assertShape("apply linear", "weight", w, [C, D]);
  if (b) assertShape("apply linear", "bias", b, [D]);
  if (add) assertShape("apply linear", "addend", add, [...x.shape.slice(0, -1), D]);
  if (currentShared()) return runKernel("FusedLinear", { x, w, b, add });
  if (add) return linear(x, w, b).add(add);
  return differentiable(b ? [x, w, b] : [x, w], () => {
    const product = tf.matMul(rows(x), w as tf.Tensor2D);
    return {
      value: (b ? product.add(b) : product).reshape([...x.shape.slice(0, -1), D]),
      keep: [x, w],
      gradient: (dy, [x, w]) => {
        const dY = rows(dy); // [N, D]
        const dx = tf.matMul(dY, w as tf.Tensor2D, false, true).reshape(x.shape);
        const dw = tf.matMul(rows(x), dY, true, false); // [C, D]
        return b ? [dx, dw, sumRows(dY)] : [dx, dw];
      },
    };
  });
}

/**
 * Normalises the last axis to mean 0 and variance 1, then scales and shifts it:
 * x [..., C], gain [C], bias [C] → [..., C] (Ba, Kiros, Hinton, arXiv 1607.06450).
 */
export function layerNorm(x: tf.Tensor, gain: tf.Tensor, bias?: tf.Tensor, eps = 1e-5): tf.Tensor {
  const C = lastAxis(x);
  assertShape("normalise", "gain", gain, [C]);
  if (bias) assertShape("normalise", "bias", bias, [C]);
  if (currentShared()) {
    return runKernel<tf.Tensor[]>("FusedLayerNorm", { x, gain, bias }, { epsilon: eps })[0];
  }
  return differentiable(bias ? [x, gain, bias] : [x, gain], () => {
    const centred = x.sub(x.mean(-1, true));
    // No rsqrt: wasm's is ten times slower than sqrt and a division.
    const deviation = centred.square().mean(-1, true).add(eps).sqrt(); // [..., 1]
    const normal = centred.div(deviation); // [..., C]
    const scaled = normal.mul(gain);
    return {
      value: bias ? scaled.add(bias) : scaled,
      keep: [normal, deviation, gain],
      gradient: (dy, [normal, deviation, gain]) => {
        const dNormal = dy.mul(gain);
        const alongNormal = dNormal.mul(normal).mean(-1, true);
        const dx = dNormal.sub(dNormal.mean(-1, true)).sub(normal.mul(alongNormal)).div(deviation);
        const dGain = sumRows(rows(dy.mul(normal)));
        return bias ? [dx, dGain, sumRows(rows(dy))] : [dx, dGain];
      },
    };
  });
}

const GELU_SCALE = 2 * Math.sqrt(2 / Math.PI), GELU_CUBE = 0.044715;

/**
 * GELU in GPT-2's form, x·(1 + tanh(√(2/π)(x + 0.044715x³)))/2 (Hendrycks and Gimpel, arXiv
 * 1606.08415; PyTorch's `approximate="tanh"`), written as x·σ(2√(2/π)(…)): on wasm tanh and erf are
 * ten times slower than the sigmoid.
 */
export function gelu(x: tf.Tensor): tf.Tensor {
  if (currentShared()) return runKernel("FusedGelu", { x });
  return differentiable([x], () => {
    const gate = x.square().mul(GELU_CUBE).add(1).mul(x).mul(GELU_SCALE).sigmoid();
    return {
      value: x.mul(gate),
      keep: [x, gate],
      gradient: (dy, [x, gate]) => {
        const slope = x.square().mul(3 * GELU_CUBE).add(1).mul(GELU_SCALE);
        const dGate = gate.mul(tf.sub(1, gate)).mul(slope); // ∂gate/∂x
        return [dy.mul(gate.add(x.mul(dGate)))];
      },
    };
  });
}

/** A layer's two matrices and, where there are any, their biases. */
export interface FeedForward {
  /** [C, D] and [D]. */
  readonly expand: { readonly weight: tf.Tensor; readonly bias?: tf.Tensor | undefined };
  /** [D, C] and [C]. */
  readonly contract: { readonly weight: tf.Tensor; readonly bias?: tf.Tensor | undefined };
}

/** gelu(x·w₁ + b₁)·w₂ + b₂ + add: x and add [..., C] → [..., C]. */
export function feedForward(
  x: tf.Tensor,
  { expand, contract }: FeedForward,
  add: tf.Tensor,
): tf.Tensor {
  const C = lastAxis(x), D = lastAxis(expand.weight);
  assertShape("feed forward", "expanding weight", expand.weight, [C, D]);
  assertShape("feed forward", "contracting weight", contract.weight, [D, C]);
  assertShape("feed forward", "addend", add, x.shape);
  if (expand.bias) assertShape("feed forward", "expanding bias", expand.bias, [D]);
  if (contract.bias) assertShape("feed forward", "contracting bias", contract.bias, [C]);
  if (currentShared()) {
    const [w1, b1, w2, b2] = [expand.weight, expand.bias, contract.weight, contract.bias];
    return runKernel<tf.Tensor[]>("FusedFeedForward", { x, w1, b1, w2, b2, add })[0];
  }
  const hidden = gelu(linear(x, expand.weight, expand.bias));
  return linear(hidden, contract.weight, contract.bias, add);
}

/** max(x, 0). */
export function relu(x: tf.Tensor): tf.Tensor {
  if (currentShared()) return runKernel("FusedRelu", { x });
  return tf.relu(x);
}

/** Rows of a table: table [V, C], ids int32 [...] of 0 … V − 1 → [..., C]. */
export function embedding(table: tf.Tensor, ids: tf.Tensor): tf.Tensor {
  const [V, C] = table.shape;
  if (ids.dtype !== "int32") {
    throw new TypeError(`Cannot embed ${ids.dtype} ids: must be int32`);
  }
  if (currentShared()) return fusedEmbedding(table, ids);
  const flat = ids.reshape([ids.size]) as tf.Tensor1D;
  return differentiable([table], () => ({
    value: tf.gather(table, flat).reshape([...ids.shape, C]),
    keep: [flat],
    gradient: (dy, [flat]) => [scatterRows(rows(dy), flat as tf.Tensor1D, V)],
  }));
}

/**
 * The sum of the rows of dy [N, C] by id [N] → [V, C]. wasm has no such kernel, and a product with
 * a one-hot matrix costs a hundred times more than this loop; a device that cannot be read
 * synchronously takes the product.
 */
function scatterRows(dy: tf.Tensor2D, ids: tf.Tensor1D, V: number): tf.Tensor {
  if (tf.getBackend() === "webgpu") {
    return tf.matMul(tf.oneHot(ids, V).toFloat() as tf.Tensor2D, dy, true, false);
  }
  const C = dy.shape[1], from = dy.dataSync(), id = ids.dataSync(), to = new Float32Array(V * C);
  for (let n = 0; n < id.length; n++) {
    const source = n * C, target = id[n] * C;
    for (let c = 0; c < C; c++) to[target + c] += from[source + c];
  }
  return tf.tensor2d(to, [V, C]);
}

/**
 * Multi-head attention softmax(q·kᵀ/√(C/H))·v: q [B, T, C], k and v [B, S, C] → [B, T, C]. Causal
 * (time t sees 0 … t) needs S ≥ T and takes the last T of the S times as the queries'.
 */
export function attention(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  { heads: H, causal }: { readonly heads: number; readonly causal: boolean },
): tf.Tensor {
  const [B, T, C] = q.shape as [number, number, number], S = k.shape[1]!;
  assertShape("attend", "key", k, [B, S, C]);
  assertShape("attend", "value", v, [B, S, C]);
  if (C % H !== 0) throw new RangeError(`Cannot split ${C} channels into ${H} heads evenly`);
  if (causal && S < T) throw new RangeError(`Cannot attend causally from ${T} times to ${S}`);
  if (currentShared() && C / H <= HEAD_LIMIT) {
    return runKernel<tf.Tensor[]>("FusedAttention", { q, k, v }, { heads: H, causal })[0];
  }
  // [B, T, C] → [B, T, H, C/H] → [B, H, T, C/H]
  const split = (t: tf.Tensor) => t.reshape([B, t.shape[1]!, H, C / H]).transpose([0, 2, 1, 3]);
  let scores = tf.matMul(split(q).mul(1 / Math.sqrt(C / H)), split(k), false, true); // [B, H, T, S]
  if (causal) scores = scores.add(causalMask(T, S));
  const mixed = tf.matMul(tf.softmax(scores), split(v)); // [B, H, T, C/H]
  return mixed.transpose([0, 2, 1, 3]).reshape([B, T, C]);
}

/**
 * {@link attention} of a sequence to itself, its queries, keys and values side by side:
 * [B, T, 3 · C] → [B, T, C].
 */
export function selfAttention(
  qkv: tf.Tensor,
  options: { readonly heads: number; readonly causal: boolean },
): tf.Tensor {
  const width = lastAxis(qkv), H = options.heads;
  if (qkv.rank !== 3 || width % (3 * H) !== 0) {
    throw new RangeError(
      `Cannot split [${qkv.shape}] into queries, keys and values of ${H} heads: must be ` +
        `[B, T, 3 · C] with C a multiple of ${H}`,
    );
  }
  if (currentShared() && width / 3 / H <= HEAD_LIMIT) {
    return runKernel<tf.Tensor[]>("FusedSelfAttention", { q: qkv }, { ...options })[0];
  }
  const [q, k, v] = tf.split(qkv, 3, -1);
  return attention(q, k, v, options);
}

/** [T, S]: 0 where query t, at time S − T + t, may look, −10⁹ where it may not. */
function causalMask(T: number, S: number): tf.Tensor {
  const mask = new Float32Array(T * S);
  for (let t = 0; t < T; t++) mask.fill(-1e9, t * S + (S - T) + t + 1, (t + 1) * S);
  return tf.tensor2d(mask, [T, S]);
}

/**
 * 3×3 convolution with a border of zeros: x [B, 8, 8, C] (any height and width), w [3, 3, C, D],
 * b [D] → [B, 8, 8, D].
 *
 * Both gradients are convolutions again: the input's with the kernel turned by 180° and its channel
 * axes swapped; the weight's with the channels as batch and the batch as channels, the whole board
 * of dy as the kernel, so that only 3×3 places of it fit.
 */
export function conv3x3(x: tf.Tensor, w: tf.Tensor, b?: tf.Tensor): tf.Tensor {
  const C = lastAxis(x), D = lastAxis(w);
  if (x.rank !== 4) throw new RangeError(`Cannot convolve [${x.shape}]: must be [B, 8, 8, C]`);
  assertShape("convolve", "weight", w, [3, 3, C, D]);
  if (b) assertShape("convolve", "bias", b, [D]);
  if (currentShared() && x.shape[1] === 8 && x.shape[2] === 8) {
    return runKernel("FusedConv3x3", { x, w, b });
  }
  return differentiable(b ? [x, w, b] : [x, w], () => {
    const y = tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, "same");
    return {
      value: b ? y.add(b) : y,
      keep: [x, w],
      gradient: (dy, [x, w]) => {
        const turned = tf.reverse(w, [0, 1]).transpose([0, 1, 3, 2]); // [3, 3, D, C]
        const dx = tf.conv2d(dy as tf.Tensor4D, turned as tf.Tensor4D, 1, "same");
        const xByChannel = x.transpose([3, 1, 2, 0]) as tf.Tensor4D; // [C, 8, 8, B]
        const dyAsKernel = dy.transpose([1, 2, 0, 3]) as tf.Tensor4D; // [8, 8, B, D]
        const dw = tf.conv2d(xByChannel, dyAsKernel, 1, 1).transpose([1, 2, 0, 3]); // [3, 3, C, D]
        return b ? [dx, dw, sumRows(rows(dy))] : [dx, dw];
      },
    };
  });
}

/**
 * Mean cross-entropy −log softmax(logits)[target], in nats: logits [N, V], targets int32 [N] → [].
 * Rows with target −1 do not count. `mask` [N, V], 1 for legal and 0 for illegal, takes illegal
 * logits to −∞; a target must be legal.
 */
export function crossEntropy(logits: tf.Tensor, targets: tf.Tensor, mask?: tf.Tensor): tf.Scalar {
  const [N, V] = logits.shape;
  assertShape("take the cross-entropy", "targets", targets, [N]);
  if (mask) assertShape("take the cross-entropy", "mask", mask, [N, V]);
  if (targets.dtype !== "int32") {
    throw new TypeError(`Cannot take the cross-entropy to ${targets.dtype} targets: must be int32`);
  }
  if (currentShared()) return fusedCrossEntropy(logits, targets, mask) as tf.Scalar;
  return differentiable([logits], () => {
    const legal = mask ? logits.add(mask.sub(1).mul(1e9)) : logits;
    const p = tf.softmax(legal);
    // log Σ exp = max − log(p at the maximum): no exponential that over- or underflows.
    const logSum = legal.max(-1).sub(p.max(-1).log()); // [N]
    const hot = tf.oneHot(targets, V).toFloat(); // [N, V]; a row of zeros for −1
    const counted = targets.greaterEqual(0).toFloat(); // [N]
    const weight = counted.div(counted.sum().maximum(1)); // [N]
    return {
      value: logSum.sub(legal.mul(hot).sum(-1)).mul(weight).sum(),
      keep: [p, hot, weight],
      gradient: (dy, [p, hot, weight]) => [p.sub(hot).mul(weight.mul(dy).expandDims(-1))],
    };
  }) as tf.Scalar;
}

/** The Euclidean norm of all tensors taken as one vector → []. */
export function globalNorm(tensors: readonly tf.Tensor[]): tf.Scalar {
  const shared = currentShared();
  if (shared) return tf.scalar(sharedNorm(shared, tensors));
  return tf.tidy(() =>
    // Rows first, then their sums: smaller rounding errors than one long sum. No addN: on webgpu it
    // takes a buffer a tensor, of which a shader may have few.
    tf.stack(tensors.map((t) => t.square().sum(-1).sum())).sum().sqrt()
  ) as tf.Scalar;
}

/** What AdamW needs beside the tensors: see {@link adamW}. */
export interface AdamWStep {
  /** Learning rate of this step. */
  readonly learningRate: number;
  /** Decay of the mean of gradients. */
  readonly beta1: number;
  /** Decay of the mean of squared gradients. */
  readonly beta2: number;
  /** Added to the root of the squared mean. */
  readonly epsilon: number;
  /** Share of the weight taken off a step, times the learning rate; 0 for gains and biases. */
  readonly weightDecay: number;
  /** Number of this step, from 1. */
  readonly step: number;
}

/**
 * One AdamW step on one parameter, in place (Loshchilov and Hutter, arXiv 1711.05101; PyTorch's
 * order of operations). All tensors have the parameter's shape; `gradScale` [] multiplies the
 * gradient first (clipping), `mean` and `square` are the moments, zeros at the start.
 */
export function adamW(
  parameter: tf.Variable,
  gradient: tf.Tensor,
  mean: tf.Variable,
  square: tf.Variable,
  gradScale: tf.Scalar,
  { learningRate, beta1, beta2, epsilon, weightDecay, step }: AdamWStep,
): void {
  for (const t of [gradient, mean, square]) {
    assertShape("step", `what goes with ${parameter.name}`, t, parameter.shape);
  }
  const shared = currentShared();
  if (shared) {
    for (const variable of [parameter, mean, square]) ownNumbers(shared, variable);
    const scale = gradScale.dataSync()[0];
    const step_ = { learningRate, beta1, beta2, epsilon, weightDecay, step };
    return sharedAdamW(shared, parameter, gradient, mean, square, scale, step_);
  }
  tf.tidy(() => {
    const g = gradient.mul(gradScale);
    mean.assign(mean.mul(beta1).add(g.mul(1 - beta1)));
    square.assign(square.mul(beta2).add(g.square().mul(1 - beta2)));
    const correction1 = 1 - beta1 ** step, correction2 = 1 - beta2 ** step;
    const root = square.sqrt().div(Math.sqrt(correction2)).add(epsilon);
    const update = mean.div(root).mul(learningRate / correction1);
    parameter.assign(parameter.mul(1 - learningRate * weightDecay).sub(update));
  });
}
