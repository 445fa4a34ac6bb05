/**
 * The step over all parameters of a model: AdamW with clipping, whose arithmetic is `adamW` of
 * `lib/compute`, and where it is asked for Muon for the matrices of hidden layers.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { gradientsOf } from "@lib/compute/gradients.ts";
import { adamW, globalNorm } from "@lib/compute/ops.ts";
import type { Params } from "@lib/model/params.ts";
import { muon } from "@lib/train/muon.ts";

/** The parameters being trained with AdamW's two moments, tensor by tensor; Muon takes the first. */
export interface OptimizerState {
  /** What is trained. */
  readonly params: Readonly<Record<string, tf.Variable>>;
  /** Mean of the gradients. */
  readonly means: Readonly<Record<string, tf.Variable>>;
  /** Mean of their squares. */
  readonly squares: Readonly<Record<string, tf.Variable>>;
}

/** What a step needs. */
export interface StepOptions {
  /** Of this step. */
  readonly learningRate: number;
  /** The first mean's decay. */
  readonly beta1: number;
  /** The second mean's decay. */
  readonly beta2: number;
  /** Decay of weights. */
  readonly weightDecay: number;
  /** The largest norm of the gradient. */
  readonly clip: number;
  /** Number of this step, from 1. */
  readonly step: number;
  /** What moves the matrices inside the model's blocks; default "adamw", which moves all else. */
  readonly optimizer?: "adamw" | "muon" | undefined;
}

/** Starts from parameters, with moments of zero unless given; takes the tensors over. */
export function startOptimizer(params: Params, means?: Params, squares?: Params): OptimizerState {
  const variables = (tensors: Params) =>
    Object.fromEntries(
      Object.entries(tensors).map(([name, tensor]) => {
        const variable = tf.variable(tensor);
        tensor.dispose();
        return [name, variable];
      }),
    );
  const zeros = () =>
    Object.fromEntries(Object.entries(params).map(([name, t]) => [name, tf.zeros(t.shape)]));
  const [first, second] = [means ?? zeros(), squares ?? zeros()];
  return { params: variables(params), means: variables(first), squares: variables(second) };
}

/**
 * One step down the gradient of a loss: clips the gradient's norm, then moves every parameter.
 * Weights of matrices decay; gains, biases and learned positions do not (nanoGPT's rule: tensors of
 * one axis never decay).
 *
 * @param lossOf The loss as a function of the parameters, in nats.
 * @returns the loss before the step, and the gradient's norm before clipping.
 */
export async function optimizerStep(
  { params, means, squares }: OptimizerState,
  lossOf: (params: Params) => tf.Scalar,
  { learningRate, beta1, beta2, weightDecay, clip, step, optimizer }: StepOptions,
): Promise<{ readonly loss: number; readonly gradientNorm: number }> {
  const [loss, norm] = tf.tidy(() => {
    const names = Object.keys(params);
    const { value, gradients } = gradientsOf(() => lossOf(params), Object.values(params));
    const norm = globalNorm(gradients);
    const scale = tf.minimum(1, tf.div(clip, norm.add(1e-12))) as tf.Scalar;
    const hidden: Record<string, number[]> = {}; // by shape, the places of what Muon moves
    names.forEach((name, i) => {
      if (optimizer === "muon" && isHidden(name, params[name])) {
        (hidden[params[name].shape.join()] ??= []).push(i);
        return;
      }
      const decays = params[name].rank > 1 && name !== "positions";
      adamW(params[name], gradients[i], means[name], squares[name], scale, {
        learningRate,
        beta1,
        beta2,
        epsilon: 1e-8,
        weightDecay: decays ? weightDecay : 0,
        step,
      });
    });
    for (const places of Object.values(hidden)) {
      const of = (tensors: OptimizerState["params"]) => places.map((i) => tensors[names[i]]);
      const step = { learningRate, weightDecay };
      muon(of(params), places.map((i) => gradients[i]), of(means), step);
    }
    return [value, norm];
  });
  const [[lossValue], [gradientNorm]] = await Promise.all([loss.data(), norm.data()]);
  tf.dispose([loss, norm]);
  return { loss: lossValue, gradientNorm };
}

/** Whether a parameter is a matrix inside a block, not of the input, the output or a table. */
function isHidden(name: string, { rank }: tf.Tensor): boolean {
  return rank > 1 && /^(block|layer)\d+\./.test(name);
}

/** Frees all tensors of a state. */
export function disposeOptimizer({ params, means, squares }: OptimizerState): void {
  tf.dispose([params, means, squares]);
}
