import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { gradientsOf } from "@lib/compute/gradients.ts";
import { linear } from "@lib/compute/ops.ts";
import { difference, normal, on, routes } from "./routes.ts";

const t = (shape: number[], name: string) => tf.tensor(normal(shape, name), shape);

/** A loss with what is hard: a tensor used twice, gradients that are what came in, an unused part. */
function loss(x: tf.Tensor, w: tf.Tensor, b: tf.Tensor): tf.Scalar {
  const y = linear(x, w, b), [first, second] = tf.split(y, 2, 1);
  const unused = y.exp();
  assert.equal(unused.rank, 2);
  return first.add(second).add(first).mul(second).add(x.slice([0, 0], [5, 3])).square().mean();
}

for (const backend of [...routes, "cpu"]) {
  Deno.test(`${backend}: gradients are tfjs's own, and nothing stays behind`, () => {
    const inputs = () => [t([5, 4], "x"), t([4, 6], "w"), t([6], "b")] as const;
    const own = on(backend, () => {
      const tensors = inputs(), { value, gradients } = gradientsOf(() => loss(...tensors), tensors);
      return [value, ...gradients];
    });
    const theirs = on(backend, () => {
      const tensors = [...inputs()];
      const { value, grads } = tf.valueAndGrads((x, w, b) => loss(x, w, b))(tensors);
      return [value, ...grads];
    });
    own.forEach((numbers, i) => assert.ok(difference(numbers, theirs[i]) < 1e-6, `${i}`));
  });
}

Deno.test("a loss that is none of the tensors', no scalar, or without a gradient is refused", () => {
  tf.setBackend("cpu");
  const before = tf.memory().numTensors;
  tf.tidy(() => {
    const x = tf.tensor1d([1, 2]), y = tf.tensor1d([3, 4]);
    assert.throws(() => gradientsOf(() => x.sum(), [x, y]), /tensor 1 \[2\]: the loss does not/);
    assert.throws(
      () => gradientsOf(() => x.square() as tf.Tensor as tf.Scalar, [x]),
      /must be a scalar/,
    );
    assert.throws(() => gradientsOf(() => tf.topk(x, 1).values.sum(), [x]), /TopK: it has no/);
    // A loss that fails leaves the tape as it was.
    assert.throws(() =>
      gradientsOf(() => tf.matMul(x as unknown as tf.Tensor2D, y.as2D(2, 1)), [x])
    );
    assert.deepEqual([...gradientsOf(() => x.sum(), [x]).gradients[0].dataSync()], [1, 1]);
  });
  assert.equal(tf.memory().numTensors, before);
});
