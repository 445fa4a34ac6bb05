/**
 * What the fused kernels share: a check of sizes, since nothing below does, and how they are run and
 * known to tfjs.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { GRAIN, launchFlat, sizeOf } from "../launch.ts";
import { bits } from "../machine.ts";
import type { SharedBackend, SharedKernel } from "../shared_backend.ts";

/** An operation: its kernels by name, and the gradients that tfjs is told. */
export interface Fused {
  /** Kernels by name. */
  readonly kernels: readonly (readonly [string, SharedKernel])[];
  /** Their gradients, for tfjs. */
  readonly gradients: readonly tf.GradConfig[];
}

/** The length of the last axis. */
export const lastOf = (t: { shape: readonly number[] }): number => t.shape[t.shape.length - 1];

/** Throws unless `t` is float32 with `size` numbers. */
export function check(
  kernel: string,
  what: string,
  t: tf.TensorInfo,
  size: number,
  dtype = "float32",
) {
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

/** The gradient of a kernel's first output. */
export const first = (dy: tf.Tensor | tf.Tensor[]): tf.Tensor => Array.isArray(dy) ? dy[0] : dy;

/** n zeros. */
export function zeros(backend: SharedBackend, n: number): tf.TensorInfo {
  const y = backend.make([n]);
  launchFlat(backend, "fill", n, GRAIN, [backend.address(y), bits(0)]);
  return y;
}
