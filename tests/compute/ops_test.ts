import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "@lib/compute/backend.ts";
import {
  adamW,
  attention,
  conv3x3,
  crossEntropy,
  embedding,
  gelu,
  globalNorm,
  layerNorm,
  linear,
  relu,
} from "@lib/compute/ops.ts";
import { assertGolden, assertNear, wave } from "../fixtures/golden.ts";
import { backends } from "./routes.ts";

type Operation = (...inputs: tf.Tensor[]) => tf.Tensor;

const ids = () => tf.tensor2d([[0, 3, 10, 3], [3, 1, 10, 0], [9, 9, 9, 9]], [3, 4], "int32");
const targets = () => tf.tensor1d([0, 4, -1, 8, 2, -1, 7], "int32");
const legal = () => {
  const mask = wave(2, [7, 9]).greater(0).toFloat().bufferSync();
  [0, 4, 0, 8, 2, 0, 7].forEach((target, row) => mask.set(1, row, target));
  return mask.toTensor();
};

/** Each operation with its inputs as golden.py has them. */
const OPERATIONS: Record<string, { operation: Operation; inputs: () => tf.Tensor[] }> = {
  linear: { operation: linear, inputs: () => [wave(1, [2, 5, 7]), wave(2, [7, 3]), wave(3, [3])] },
  layerNorm: {
    operation: (x, gain, bias) => layerNorm(x, gain, bias),
    inputs: () => [wave(1, [4, 3, 10]), wave(2, [10]), wave(3, [10])],
  },
  gelu: { operation: gelu, inputs: () => [wave(1, [5, 11], 5)] },
  relu: { operation: relu, inputs: () => [wave(1, [5, 11])] },
  embedding: { operation: (table) => embedding(table, ids()), inputs: () => [wave(1, [11, 6])] },
  "attention": {
    operation: (q, k, v) => attention(q, k, v, { heads: 3, causal: false }),
    inputs: () => [1, 2, 3].map((seed) => wave(seed, [2, 5, 12])),
  },
  "attention.causal": {
    operation: (q, k, v) => attention(q, k, v, { heads: 3, causal: true }),
    inputs: () => [1, 2, 3].map((seed) => wave(seed, [2, 5, 12])),
  },
  conv3x3: {
    operation: conv3x3,
    inputs: () => [wave(1, [2, 8, 8, 5]), wave(2, [3, 3, 5, 4]), wave(3, [4])],
  },
  crossEntropy: {
    operation: (logits) => crossEntropy(logits, targets()),
    inputs: () => [wave(1, [7, 9], 20)],
  },
  "crossEntropy.mask": {
    operation: (logits) => crossEntropy(logits, targets(), legal()),
    inputs: () => [wave(1, [7, 9], 20)],
  },
};

for (const backend of backends) {
  for (const [name, { operation, inputs }] of Object.entries(OPERATIONS)) {
    Deno.test(`${name} on ${backend} equals PyTorch's, value and gradients`, async () => {
      await useBackend(backend);
      const before = tf.memory().numTensors;
      tf.tidy(() => {
        const xs = inputs();
        const value = operation(...xs);
        assertGolden(value, `${name}.value`);
        const dy = wave(99, value.shape);
        tf.grads((...xs) => operation(...xs))(xs, dy)
          .forEach((gradient, i) => assertGolden(gradient, `${name}.grad${i}`));
      });
      assert.equal(tf.memory().numTensors, before, "tensors are left over");
    });
  }
}

for (const backend of backends) {
  Deno.test(`AdamW with clipping and decay equals PyTorch's over four steps on ${backend}`, async () => {
    await useBackend(backend);
    const before = tf.memory().numTensors;
    const shapes = [[5, 4], [6]];
    const weights = shapes.map((shape, i) => tf.tidy(() => tf.variable(wave(i + 1, shape))));
    const moments = shapes.map((shape) =>
      [0, 1].map(() => tf.tidy(() => tf.variable(tf.zeros(shape))))
    );
    for (let step = 0; step < 4; step++) {
      tf.tidy(() => {
        const gradients = shapes.map((shape, i) => wave(10 * step + i, shape));
        const norm = globalNorm(gradients);
        assertGolden(norm, `adamW.norm${step}`);
        const scale = tf.minimum(1, tf.div(1, norm.add(1e-6))) as tf.Scalar;
        weights.forEach((weight, i) =>
          adamW(weight, gradients[i], moments[i][0], moments[i][1], scale, {
            learningRate: 0.01,
            beta1: 0.9,
            beta2: 0.95,
            epsilon: 1e-8,
            weightDecay: i === 0 ? 0.1 : 0,
            step: step + 1,
          })
        );
      });
    }
    weights.forEach((weight, i) => assertGolden(weight, `adamW.weight${i}`));
    tf.dispose([weights, moments]);
    assert.equal(tf.memory().numTensors, before, "tensors are left over");
  });
}

for (const backend of backends) {
  Deno.test(`cross-entropy survives logits of ±1000 and rows that all do not count on ${backend}`, async () => {
    await useBackend(backend);
    tf.tidy(() => {
      const logits = tf.tensor2d([[1000, -1000, 0], [-1000, 1000, 0]]);
      const loss = (targets: number[]) =>
        tf.valueAndGrad((x) => crossEntropy(x, tf.tensor1d(targets, "int32")))(logits);
      const far = loss([1, 1]);
      assert.equal(far.value.dataSync()[0], 1000); // 2000 and 0
      assertNear(far.grad.dataSync(), [0.5, -0.5, 0, 0, 0, 0], "gradient", 1e-6);
      const none = loss([-1, -1]);
      assert.equal(none.value.dataSync()[0], 0);
      assert.deepEqual([...none.grad.dataSync()].map(Math.abs), [0, 0, 0, 0, 0, 0]);
    });
  });
}

for (const backend of backends) {
  Deno.test(`a cross-entropy's gradient scales with what comes after it on ${backend}`, async () => {
    await useBackend(backend);
    tf.tidy(() => {
      const logits = wave(1, [7, 9]);
      const plain = tf.grad((x) => crossEntropy(x, targets()))(logits);
      const tripled = tf.grad((x) => crossEntropy(x, targets()).mul(3))(logits);
      assertNear(tripled.dataSync(), plain.mul(3).dataSync(), "gradient", 1e-6);
    });
  });
}

for (const backend of backends) {
  Deno.test(`causal attention of the last times only equals the end of the whole on ${backend}`, async () => {
    await useBackend(backend);
    tf.tidy(() => {
      const [q, k, v] = [1, 2, 3].map((seed) => wave(seed, [2, 5, 12]));
      const options = { heads: 3, causal: true };
      const whole = attention(q, k, v, options).slice([0, 3, 0], [2, 2, 12]);
      const end = attention(q.slice([0, 3, 0], [2, 2, 12]), k, v, options);
      assertNear(end.dataSync(), whole.dataSync(), "end", 1e-6);
    });
  });
}

Deno.test("products of every orientation, batched and odd-sized, are the cpu backend's", async () => {
  const cases: [a: number[], b: number[], transposeA: boolean, transposeB: boolean][] = [
    [[33, 17], [17, 5], false, false],
    [[17, 33], [17, 5], true, false],
    [[33, 17], [5, 17], false, true],
    [[17, 33], [5, 17], true, true],
    [[3, 2, 33, 17], [3, 2, 5, 17], false, true],
    [[3, 2, 17, 33], [3, 2, 17, 5], true, false],
    [[1, 33, 17], [4, 17, 5], false, false],
    [[4, 1, 17], [1, 17, 5], false, false],
  ];
  const results: Float32Array[][] = [];
  for (const backend of ["cpu", ...backends]) {
    await useBackend(backend);
    results.push(
      cases.map(([a, b, transposeA, transposeB]) =>
        tf.tidy(() =>
          tf.matMul(wave(1, a), wave(2, b), transposeA, transposeB).dataSync<"float32">()
        )
      ),
    );
  }
  for (const actual of results.slice(1)) {
    cases.forEach((shapes, i) =>
      assertNear(actual[i], results[0][i], JSON.stringify(shapes), 1e-6)
    );
  }
});

for (const backend of backends) {
  Deno.test(`a product sees the new values of a variable, not XNNPACK's packed old ones on ${backend}`, async () => {
    await useBackend(backend);
    tf.tidy(() => {
      const x = tf.ones([2, 3]) as tf.Tensor2D;
      const w = tf.variable(tf.ones([3, 2])) as tf.Variable<tf.Rank.R2>;
      assert.deepEqual([...tf.matMul(x, w).dataSync()], [3, 3, 3, 3]);
      w.assign(w.mul(2));
      assert.deepEqual([...tf.matMul(x, w).dataSync()], [6, 6, 6, 6]);
      w.dispose();
    });
  });
}

Deno.test("wrong shapes and types are refused with both values", async () => {
  await useBackend("cpu");
  tf.tidy(() => {
    const x = tf.zeros([2, 8, 8, 5]);
    assert.throws(() => linear(x, tf.zeros([4, 3])), /\[5,3\], not \[4,3\]/);
    assert.throws(
      () => linear(x, tf.zeros([5, 3]), tf.zeros([5])),
      /bias must be \[3\], not \[5\]/,
    );
    assert.throws(() => layerNorm(x, tf.zeros([4])), /gain must be \[5\], not \[4\]/);
    assert.throws(() => conv3x3(x, tf.zeros([5, 5, 5, 3])), /\[3,3,5,3\], not \[5,5,5,3\]/);
    assert.throws(() => embedding(tf.zeros([3, 2]), tf.zeros([4])), /float32 ids: must be int32/);
    const q = tf.zeros([1, 4, 6]);
    assert.throws(() => attention(q, q, q, { heads: 4, causal: true }), /6 channels into 4 heads/);
    assert.throws(() => crossEntropy(tf.zeros([3, 4]), tf.zeros([2], "int32")), /\[3\], not \[2\]/);
  });
});
