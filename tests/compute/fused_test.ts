import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import {
  adamW,
  attention,
  conv3x3,
  crossEntropy,
  embedding,
  feedForward,
  gelu,
  globalNorm,
  layerNorm,
  linear,
  relu,
  selfAttention,
} from "@lib/compute/ops.ts";
import { difference, normal, on, routes } from "./routes.ts";

const TOLERANCE = 1e-5;

type Inputs = readonly (readonly number[])[];

/** f's value and the gradients of Σ weight · f by all inputs. */
function valueAndGradients(
  name: string,
  shapes: Inputs,
  f: (...inputs: tf.Tensor[]) => tf.Tensor,
): () => tf.Tensor[] {
  return () => {
    const inputs = shapes.map((shape, i) =>
      tf.tensor(normal(shape, `${name}${i}`), shape as number[])
    );
    const value = f(...inputs);
    const weight = tf.tensor(normal(value.shape, `${name}w`), value.shape);
    const gradients = tf.grads((...inputs: tf.Tensor[]) => f(...inputs).mul(weight).sum());
    return [value, ...gradients(inputs)];
  };
}

const ids = () => tf.tensor(Int32Array.from({ length: 35 }, (_, i) => (i * i) % 11), [5, 7]);
const targets = (n: number, V: number) =>
  tf.tensor1d(Int32Array.from({ length: n }, (_, i) => i % 5 === 3 ? -1 : (i * 7) % V), "int32");
const legal = (n: number, V: number) =>
  tf.tensor2d(
    Float32Array.from({ length: n * V }, (_, i) => {
      const row = Math.floor(i / V), column = i % V;
      return column === (row * 7) % V || (i * 13) % 3 === 0 ? 1 : 0;
    }),
    [n, V],
  );

const CASES: Record<string, [Inputs, (...t: tf.Tensor[]) => tf.Tensor]> = {
  "linear 3 × 5 × 7, 11": [[[3, 5, 7], [7, 11], [11]], (x, w, b) => linear(x, w, b)],
  "linear without bias 1 × 1, 1": [[[1, 1], [1, 1]], (x, w) => linear(x, w)],
  "linear 1 × 33, 17": [[[1, 33], [33, 17], [17]], (x, w, b) => linear(x, w, b)],
  "linear 130 × 200, 97": [[[130, 200], [200, 97], [97]], (x, w, b) => linear(x, w, b)],
  "linear 300 × 500, 64": [[[300, 500], [500, 64]], (x, w) => linear(x, w)],
  "linear with a residual 4 × 50 × 40, 48": [
    [[4, 50, 40], [40, 48], [48], [4, 50, 48]],
    (x, w, b, add) => linear(x, w, b, add),
  ],
  "feed forward 5 × 9 × 12, 40": [
    [[5, 9, 12], [12, 40], [40], [40, 12], [12], [5, 9, 12]],
    (x, w1, b1, w2, b2, add) =>
      feedForward(
        x,
        { expand: { weight: w1, bias: b1 }, contract: { weight: w2, bias: b2 } },
        add,
      ),
  ],
  "feed forward without biases 70 × 64, 96": [
    [[70, 64], [64, 96], [96, 64], [70, 64]],
    (x, w1, w2, add) => feedForward(x, { expand: { weight: w1 }, contract: { weight: w2 } }, add),
  ],
  "layer norm 5 × 13 × 19": [[[5, 13, 19], [19], [19]], (x, g, b) => layerNorm(x, g, b)],
  "layer norm without bias 200 × 64": [[[200, 64], [64]], (x, g) => layerNorm(x, g)],
  "layer norm 3 × 1": [[[3, 1], [1], [1]], (x, g, b) => layerNorm(x, g, b)],
  "gelu": [[[33, 31]], (x) => gelu(x.mul(4))],
  "relu": [[[33, 31]], (x) => relu(x)],
  "embedding": [[[11, 9]], (table) => embedding(table, ids())],
  "causal attention 2 × 37 × 3 heads of 5": [
    [[2, 37, 15], [2, 37, 15], [2, 37, 15]],
    (q, k, v) => attention(q, k, v, { heads: 3, causal: true }),
  ],
  "full attention 3 × 64 × 2 heads of 16": [
    [[3, 64, 32], [3, 64, 32], [3, 64, 32]],
    (q, k, v) => attention(q, k, v, { heads: 2, causal: false }),
  ],
  "causal attention 1 × 270 × 1 head of 33": [
    [[1, 270, 33], [1, 270, 33], [1, 270, 33]],
    (q, k, v) => attention(q, k, v, { heads: 1, causal: true }),
  ],
  "causal self-attention 2 × 45 × 4 heads of 8": [
    [[2, 45, 96]],
    (qkv) => selfAttention(qkv, { heads: 4, causal: true }),
  ],
  "full self-attention 1 × 130 × 2 heads of 20": [
    [[1, 130, 120]],
    (qkv) => selfAttention(qkv, { heads: 2, causal: false }),
  ],
  "causal attention of 3 queries to 150 keys": [
    [[2, 3, 32], [2, 150, 32], [2, 150, 32]],
    (q, k, v) => attention(q, k, v, { heads: 4, causal: true }),
  ],
  "full attention of 40 queries to 9 keys": [
    [[2, 40, 8], [2, 9, 8], [2, 9, 8]],
    (q, k, v) => attention(q, k, v, { heads: 2, causal: false }),
  ],
  "attention with one time": [
    [[2, 1, 4], [2, 1, 4], [2, 1, 4]],
    (q, k, v) => attention(q, k, v, { heads: 1, causal: true }),
  ],
  "3×3 convolution 3 boards, 5 → 7": [
    [[3, 8, 8, 5], [3, 3, 5, 7], [7]],
    (x, w, b) => conv3x3(x, w, b),
  ],
  "3×3 convolution 2 boards, 32 → 20": [
    [[2, 8, 8, 32], [3, 3, 32, 20]],
    (x, w) => conv3x3(x, w),
  ],
  "3×3 convolution 11 boards, 40 → 33": [
    [[11, 8, 8, 40], [3, 3, 40, 33], [33]],
    (x, w, b) => conv3x3(x, w, b),
  ],
  "3×3 convolution 1 board, 64 → 64": [
    [[1, 8, 8, 64], [3, 3, 64, 64], [64]],
    (x, w, b) => conv3x3(x, w, b),
  ],
  "3×3 convolution 1 board, 24 → 500": [
    [[1, 8, 8, 24], [3, 3, 24, 500]],
    (x, w) => conv3x3(x, w),
  ],
  "cross-entropy with rows left out": [[[33, 17]], (x) => crossEntropy(x, targets(33, 17))],
  "cross-entropy among legal logits": [
    [[19, 1100]],
    (x) => crossEntropy(x, targets(19, 1100), legal(19, 1100)),
  ],
  "cross-entropy where nothing counts": [
    [[3, 4]],
    (x) => crossEntropy(x, tf.tensor1d([-1, -1, -1], "int32")),
  ],
};

for (const route of routes) {
  for (const [name, [shapes, f]] of Object.entries(CASES)) {
    Deno.test(`${route}: ${name}: value and gradients are the cpu backend's`, () => {
      const compute = valueAndGradients(name, shapes, f);
      const expected = on("cpu", compute), actual = on(route, compute);
      actual.forEach((array, i) => {
        const d = difference(array, expected[i]);
        assert.ok(d <= TOLERANCE, `${i === 0 ? "value" : `gradient ${i}`}: off by ${d}`);
      });
    });
  }

  Deno.test(`${route}: AdamW steps and the global norm are the cpu backend's`, () => {
    const compute = () => {
      const make = (name: string) => tf.variable(tf.tensor(normal([37, 500], name), [37, 500]));
      const [p, m, v] = [make("p"), make("m"), make("v")];
      v.assign(v.square());
      const gradient = tf.tensor(normal([37, 500], "g"), [37, 500]);
      const norm = globalNorm([gradient, gradient.slice([0, 0], [3, 7])]);
      for (let step = 1; step <= 3; step++) {
        adamW(p, gradient, m, v, tf.scalar(0.7), {
          learningRate: 0.01,
          beta1: 0.9,
          beta2: 0.95,
          epsilon: 1e-8,
          weightDecay: 0.1,
          step,
        });
      }
      const results = [p, m, v].map((t) => t.clone() as tf.Tensor);
      tf.dispose([p, m, v]);
      return [...results, norm];
    };
    const expected = on("cpu", compute), actual = on(route, compute);
    actual.forEach((array, i) => assert.ok(difference(array, expected[i]) <= 1e-6));
  });

  Deno.test(`${route}: an AdamW step leaves a clone of the parameter alone`, () => {
    tf.setBackend(route);
    tf.tidy(() => {
      const p = tf.variable(tf.ones([5])), m = tf.variable(tf.zeros([5]));
      const v = tf.variable(tf.zeros([5]));
      const kept = p.clone();
      const settings = { learningRate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-8 };
      adamW(p, tf.ones([5]), m, v, tf.scalar(1), { ...settings, weightDecay: 0, step: 1 });
      assert.deepEqual([...kept.dataSync()], [1, 1, 1, 1, 1]);
      assert.ok(Math.abs(p.dataSync()[0] - 0.9) < 1e-5);
      tf.dispose([p, m, v]);
    });
  });

  Deno.test(`${route}: gradients are the slopes that finite differences find`, () => {
    const f = (x: tf.Tensor, w: tf.Tensor, c: tf.Tensor, g: tf.Tensor) => {
      const y = attention(linear(x, w), x, gelu(x), { heads: 2, causal: true }); // [2, 64, 32]
      const board = layerNorm(conv3x3(y.reshape([2, 8, 8, 32]), c), g);
      return crossEntropy(board.reshape([128, 32]), targets(128, 32), legal(128, 32));
    };
    const shapes = [[2, 64, 32], [32, 32], [3, 3, 32, 32], [32]];
    tf.setBackend(route);
    tf.tidy(() => {
      const inputs = shapes.map((shape, i) => tf.tensor(normal(shape, `fd${i}`), shape));
      const call = f as (...x: tf.Tensor[]) => tf.Tensor;
      const gradients = tf.grads(call)(inputs);
      inputs.forEach((input, i) => {
        const length = gradients[i].norm().dataSync()[0], h = 0.01;
        const step = gradients[i].div(length).mul(h); // up the slope
        const at = (sign: number) =>
          call(...inputs.map((x, j) => j === i ? input.add(step.mul(sign)) : x)).dataSync()[0];
        const slope = (at(1) - at(-1)) / (2 * h);
        assert.ok(
          Math.abs(slope - length) < 0.01 * length,
          `input ${i}: the slope is ${slope}, the gradient's length ${length}`,
        );
      });
    });
  });

  Deno.test(`${route}: a NaN in reaches what comes out`, () => {
    tf.setBackend(route);
    tf.tidy(() => {
      const x = tf.tensor2d(normal([4, 20], "x"), [4, 20]).bufferSync();
      x.set(NaN, 2, 3);
      const bad = x.toTensor();
      const w = tf.ones([20, 3]);
      for (const y of [linear(bad, w), layerNorm(bad, tf.ones([20])), gelu(bad), tf.softmax(bad)]) {
        const rows = y.isNaN().any(1).dataSync();
        assert.deepEqual([...rows], [0, 0, 1, 0]);
      }
      assert.ok(Number.isNaN(crossEntropy(bad, tf.zeros([4], "int32")).dataSync()[0]));
      assert.ok(Number.isNaN(globalNorm([bad]).dataSync()[0]));
    });
  });

  Deno.test(`${route}: wrong shapes and targets are refused`, () => {
    tf.setBackend(route);
    tf.tidy(() => {
      assert.throws(() => linear(tf.ones([2, 3]), tf.ones([4, 5])), RangeError);
      assert.throws(
        () => crossEntropy(tf.ones([2, 3]), tf.tensor1d([0, 3], "int32")),
        /target 3: must be below 3/,
      );
      assert.throws(
        () => embedding(tf.ones([2, 3]), tf.tensor1d([0, 2], "int32")),
        /row 2: must be 0 to 1/,
      );
    });
  });
}
