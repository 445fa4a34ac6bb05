/**
 * Muon: momentum whose singular values are all made about 1, for the matrices of hidden layers (Jordan
 * et al. 2024, https://kellerjordan.github.io/posts/muon/).
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";

const MOMENTUM = 0.95;
const STEPS = 5;
const [A, B, C] = [3.4445, -4.775, 2.0315]; // Jordan's: steep at 0, so that few steps suffice

/**
 * About the nearest matrix with orthonormal rows or columns: of X = U S Vᵀ about U Vᵀ, by five steps
 * of a Newton–Schulz iteration. Singular values come to lie between .7 and 1.2, but for those that
 * are far smaller than the largest.
 *
 * @param matrices [N, R, C] each by itself.
 */
export function orthogonalise(matrices: tf.Tensor3D): tf.Tensor3D {
  const [, rows, columns] = matrices.shape, wide = columns > rows;
  return tf.tidy(() => {
    let x: tf.Tensor3D = matrices.div(matrices.square().sum([1, 2], true).sqrt().add(1e-7));
    for (let step = 0; step < STEPS; step++) {
      const s = tf.matMul(x, x, !wide, wide); // the smaller of X Xᵀ and Xᵀ X
      const t = s.mul<tf.Tensor3D>(B).add<tf.Tensor3D>(tf.matMul(s, s).mul(C));
      x = x.mul<tf.Tensor3D>(A).add(wide ? tf.matMul(t, x) : tf.matMul(x, t));
    }
    return x;
  });
}

/** What a step of Muon needs beside the tensors. */
export interface MuonStep {
  /** The same as AdamW's: an update's root mean square is a fifth of it. */
  readonly learningRate: number;
  /** Share of the weight taken off a step, times the learning rate. */
  readonly weightDecay: number;
}

/**
 * One step of Muon, in place, on parameters of the same number of rows and columns: with Nesterov's
 * momentum, decoupled weight decay, and the scale by which AdamW's learning rate serves (Liu et al.,
 * arXiv 2502.16982). A convolution is a matrix of 9 × inputs rows.
 *
 * @param parameters [..., C] of equal shape
 * @param gradients of the same shape
 * @param means the momentum, of the same shape, zeros at the start
 */
export function muon(
  parameters: readonly tf.Variable[],
  gradients: readonly tf.Tensor[],
  means: readonly tf.Variable[],
  { learningRate, weightDecay }: MuonStep,
): void {
  const { shape, size } = parameters[0], columns = shape.at(-1)!, rows = size / columns;
  tf.tidy(() => {
    const ahead = gradients.map((gradient, i) => {
      means[i].assign(means[i].mul(MOMENTUM).add(gradient.mul(1 - MOMENTUM)));
      return means[i].mul(MOMENTUM).add(gradient.mul(1 - MOMENTUM)).reshape([rows, columns]);
    });
    const updates = orthogonalise(tf.stack(ahead) as tf.Tensor3D)
      .mul(0.2 * Math.sqrt(Math.max(rows, columns)) * learningRate);
    tf.unstack(updates).forEach((update, i) => {
      const kept = parameters[i].mul(1 - learningRate * weightDecay);
      parameters[i].assign(kept.sub(update.reshape(shape)));
    });
  });
}
