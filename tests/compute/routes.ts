/**
 * The shared backend's routes that this machine has, started once for all tests of a file, with our
 * own products: those of a system BLAS are tested in `blas_test.ts`.
 */

import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { type Route, ROUTES } from "@lib/compute/machine.ts";
import { registerShared } from "@lib/compute/register_shared.ts";
import { random, randomNormal } from "@lib/random.ts";

/** The routes that start here. */
export const routes: Route[] = [];
for (const route of ROUTES) {
  try {
    registerShared(route, { threads: 2, blas: false });
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

/** Numbers with what kernels get wrong among them: zeros of both signs, NaN, infinities, extremes. */
export function extreme(shape: readonly number[], name: string): Float32Array {
  const numbers = normal(shape, name, 3), next = random(2, name);
  const odd = [
    0,
    -0,
    1,
    -1,
    0.5,
    -0.5,
    2.5,
    NaN,
    Infinity,
    -Infinity,
    1e-30,
    -1e-30,
    1e30,
    6,
    88.5,
  ];
  return numbers.map((x) => next() < 0.3 ? odd[Math.floor(next() * odd.length)] : x);
}

/** Shapes that axes of size 0 and 1 are among. */
export function shapes(count: number, rank: number, name: string): number[][] {
  const next = random(4, name);
  return Array.from(
    { length: count },
    (_, i) =>
      Array.from(
        { length: rank },
        () => i % 7 === 6 && next() < 0.4 ? 0 : 1 + Math.floor(next() ** 2 * 19),
      ),
  );
}

/**
 * Checks on every route that what `compute` makes has the cpu backend's shapes, types and numbers,
 * within `tolerance` of each tensor's largest; an error must be an error on both.
 */
export function agree(what: string, compute: () => tf.Tensor[], tolerance = 2e-6): void {
  const run = (backend: string) => {
    const kinds: string[] = [];
    try {
      const numbers = on(backend, () => {
        const tensors = compute();
        for (const t of tensors) kinds.push(`${t.dtype} [${t.shape}]`);
        return tensors;
      });
      return { kinds, numbers };
    } catch (error) {
      return { kinds: ["error"], numbers: [], message: (error as Error).message };
    }
  };
  const expected = run("cpu");
  for (const route of routes) {
    const actual = run(route);
    assert.deepEqual(actual.kinds, expected.kinds, `${route}, ${what}: ${actual.message}`);
    actual.numbers.forEach((array, i) => {
      const d = difference(array, expected.numbers[i]);
      if (d <= tolerance) return;
      const at = array.findIndex((x, j) =>
        !(Math.abs(x - expected.numbers[i][j]) < 1e-4) && !Object.is(x, expected.numbers[i][j])
      );
      assert.fail(
        `${route}, ${what}: result ${i} is off by ${d}, at ${at} ${array[at]}, not ` +
          `${expected.numbers[i][at]}`,
      );
    });
  }
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
