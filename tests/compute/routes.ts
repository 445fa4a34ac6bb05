/** The shared backend's routes that this machine has, started once for all tests of a file. */

import * as tf from "@tensorflow/tfjs";
import { type Route, ROUTES } from "@lib/compute/machine.ts";
import { registerShared } from "@lib/compute/shared_backend.ts";
import { random, randomNormal } from "@lib/random.ts";

/** The routes that start here. */
export const routes: Route[] = [];
for (const route of ROUTES) {
  try {
    registerShared(route, { threads: 2 });
    routes.push(route);
  } catch (error) {
    console.log(`route ${route} left out: ${(error as Error).message}`);
  }
}

/** Every backend that the operations are tested on. */
export const backends: string[] = [...routes, "wasm", "cpu"];

/** Normal numbers of the stream `name`. */
export function normal(shape: readonly number[], name: string, scale = 1): Float32Array {
  const next = random(1, name);
  const size = shape.reduce((n, d) => n * d, 1);
  return Float32Array.from({ length: size }, () => scale * randomNormal(next));
}

/** Runs on a backend and returns plain arrays; nothing stays behind. */
export function on(backend: string, compute: () => tf.Tensor[]): Float32Array[] {
  tf.setBackend(backend);
  const before = tf.memory().numTensors;
  const tensors = tf.tidy(compute);
  const arrays = tensors.map((t) => Float32Array.from(t.dataSync()));
  tf.dispose(tensors);
  if (tf.memory().numTensors !== before) {
    throw new Error(`${tf.memory().numTensors - before} tensors stayed behind`);
  }
  return arrays;
}

/**
 * The largest difference, relative to the largest entry of `expected`, or to 1 where all are zero
 * but for rounding; ∞ where one is not finite.
 */
export function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let worst = 0, largest = 0;
  for (let i = 0; i < expected.length; i++) {
    const d = Math.abs(actual[i] - expected[i]);
    if (Object.is(actual[i], expected[i]) || actual[i] === expected[i]) continue;
    if (!(d < Infinity)) return Infinity;
    if (d > worst) worst = d;
  }
  for (let i = 0; i < expected.length; i++) {
    if (Number.isFinite(expected[i])) largest = Math.max(largest, Math.abs(expected[i]));
  }
  return worst / (largest < 1e-6 ? 1 : largest);
}
