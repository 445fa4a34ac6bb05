import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { random, randomInteger } from "@lib/random.ts";
import { agree, normal, on, routes, shapes } from "../routes.ts";

Deno.test("running sums and products along every axis", () => {
  for (const shape of [...shapes(12, 3, "scan"), [2, 40, 300], [1, 1, 2000]]) {
    agree(`[${shape}]`, () => {
      const x = tf.tensor(normal(shape, "x"), shape), i = x.mul(3).toInt();
      return [0, 1, 2].flatMap((axis) => [
        tf.cumsum(x, axis),
        tf.cumsum(x, axis, true),
        tf.cumsum(x, axis, false, true),
        tf.cumsum(i, axis, true, true),
        tf.cumprod(x.tanh(), axis),
        tf.cumprod(x.tanh(), axis, true, true),
      ]);
    });
  }
  agree("NaN and infinities go on", () => [
    tf.cumsum(tf.tensor1d([1, Infinity, 2, -Infinity, 3, NaN, 4])),
    tf.cumprod(tf.tensor1d([1, Infinity, 2, 0, 3])),
  ]);
});

Deno.test("the largest k, the first of equals first", () => {
  const next = random(1, "top");
  for (let i = 0; i < 60; i++) {
    const rows = 1 + randomInteger(next, 5), n = 1 + randomInteger(next, i % 5 ? 30 : 900);
    const k = 1 + randomInteger(next, n), coarse = next() < 0.5;
    agree(`${k} of ${n}`, () => {
      const x = tf.tensor(normal([rows, n], `${i}`), [rows, n]);
      const { values, indices } = tf.topk(coarse ? x.mul(2).round() : x, k);
      return [values, indices];
    });
  }
  agree("infinities, none", () => {
    const x = tf.tensor2d([[1, Infinity, -Infinity, 2, Infinity, -Infinity]]);
    const { values, indices } = tf.topk(x, 6);
    return [values, indices, tf.topk(x, 0).values];
  });
});

Deno.test("NaN is least, in its order", () => {
  for (const route of routes) {
    const [values, places] = on(route, () => {
      const { values, indices } = tf.topk(tf.tensor1d([NaN, 1, NaN, 3, -Infinity, NaN, 2]), 6);
      return [values, indices];
    });
    assert.deepEqual([...values], [3, 2, 1, -Infinity, NaN, NaN], route);
    assert.deepEqual([...places], [3, 6, 1, 4, 0, 2], route);
  }
});
