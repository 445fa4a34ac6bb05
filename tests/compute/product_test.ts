import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { random, randomInteger, randomNormal } from "@lib/random.ts";
import { on, routes } from "./routes.ts";

/** The product in double precision, and the sum of the terms' sizes that its error is measured by. */
function exact(a: Float32Array, b: Float32Array, M: number, N: number, K: number) {
  const product = new Float64Array(M * N), size = new Float64Array(M * N);
  for (let i = 0; i < M; i++) {
    for (let l = 0; l < K; l++) {
      for (let j = 0; j < N; j++) {
        product[i * N + j] += a[i * K + l] * b[l * N + j];
        size[i * N + j] += Math.abs(a[i * K + l] * b[l * N + j]);
      }
    }
  }
  return { product, size };
}

for (const route of routes) {
  Deno.test(`${route}: large products are as exact as float32, turned or not, of any size`, () => {
    const next = random(1, "large products");
    for (let round = 0; round < 16; round++) {
      const [M, N, K] = [300, 200, 500].map((most) => 32 + randomInteger(next, most));
      // From 1e-12 to 1e12, so that every part of a number counts somewhere.
      const number = () => randomNormal(next) * 10 ** (round % 2 ? 24 * next() - 12 : 0);
      const a = Float32Array.from({ length: M * K }, number);
      const b = Float32Array.from({ length: K * N }, number);
      const turnA = next() < 0.5, turnB = next() < 0.5;
      const [actual] = on(route, () => {
        const x = tf.tensor2d(a, [M, K]), y = tf.tensor2d(b, [K, N]);
        return [tf.matMul(turnA ? x.transpose() : x, turnB ? y.transpose() : y, turnA, turnB)];
      });
      const { product, size } = exact(a, b, M, N, K);
      let worst = 0;
      for (let i = 0; i < product.length; i++) {
        worst = Math.max(worst, Math.abs(actual[i] - product[i]) / size[i]);
      }
      // A chain of K float32 sums may err by K / 2 units of 2^-23; it does by a hundredth of that.
      assert.ok(worst < 2 ** -20, `[${M}, ${K}] · [${K}, ${N}] is off by ${worst} of its terms`);
    }
  });

  Deno.test(`${route}: infinities, NaN and the largest numbers go through a large product`, () => {
    const [M, N, K] = [70, 80, 90];
    const a = new Float32Array(M * K).fill(1), b = new Float32Array(K * N).fill(0.5);
    a[3 * K + 5] = Infinity;
    a[10 * K + 1] = NaN;
    a[20 * K + 2] = 3.4028234e38;
    b[7 * N + 11] = -Infinity;
    const [c] = on(route, () => [tf.matMul(tf.tensor2d(a, [M, K]), tf.tensor2d(b, [K, N]))]);
    assert.equal(c[3 * N], Infinity);
    assert.ok(Number.isNaN(c[3 * N + 11]), "∞ − ∞");
    assert.ok(Number.isNaN(c[10 * N + 40]));
    assert.ok(Math.abs(c[20 * N] / 1.7014117e38 - 1) < 1e-6);
    assert.equal(c[30 * N + 11], -Infinity);
    assert.equal(c[30 * N + 10], K / 2);
  });
}
