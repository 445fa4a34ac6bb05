/**
 * The optimiser's arithmetic in place: the gradient's norm, AdamW.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { GRAIN, launchFlat } from "../launch.ts";
import { bits } from "../machine.ts";
import type { AdamWStep } from "../ops.ts";
import type { SharedBackend } from "../shared_backend.ts";
import { check } from "./kernel.ts";

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
