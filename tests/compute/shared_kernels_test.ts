import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { random, randomInteger } from "@lib/random.ts";
import { difference, normal, on, routes } from "./routes.ts";

const t = (shape: number[], name = "x") => tf.tensor(normal(shape, name), shape);
const whole = (shape: number[], n: number) => t(shape).mul(1000).abs().floor().mod(n).toInt();

/** tfjs operations, among them some that fall back to the cpu backend. */
const CASES: Record<string, () => tf.Tensor | tf.Tensor[]> = {
  "functions of one number": () => {
    const x = t([7, 31]).mul(3);
    return [
      x.neg(),
      x.exp(),
      x.abs().add(1e-3).log(),
      x.abs().sqrt(),
      x.abs().add(0.1).rsqrt(),
      x.square(),
      x.relu(),
      x.sigmoid(),
      x.tanh(),
      x.reciprocal(),
      x.erf(),
      x.sign(),
      x.floor(),
      x.ceil(),
      x.clipByValue(-1, 2),
      x.step(0.3),
      x.softplus(),
      x.sin(),
    ];
  },
  "extremes": () => {
    const x = tf.tensor1d([
      -Infinity,
      -1e30,
      -104,
      -88,
      -1e-30,
      -0,
      0,
      1e-30,
      88,
      89,
      1e30,
      Infinity,
      NaN,
    ]);
    return [
      x.exp(),
      x.abs().log(),
      x.tanh(),
      x.sigmoid(),
      x.relu(),
      x.neg(),
      x.maximum(0),
      x.max(),
      x.min(),
    ];
  },
  "small numbers": () => {
    const x = t([1000]).mul(1e-3);
    return [x.tanh(), x.exp(), x.add(1).log()];
  },
  "broadcast": () => [
    t([5, 7, 9]).add(t([9], "y")),
    t([5, 7, 9]).sub(t([7, 1], "y")),
    t([5, 1, 9]).mul(t([1, 7, 1], "y")),
    t([], "s").div(t([5, 7], "y")),
    t([4, 1, 5, 1, 6]).maximum(t([4, 3, 1, 2, 1], "y")),
    t([2, 1, 2, 1, 2, 1, 2]).minimum(t([1, 2, 1, 2, 1, 2, 1], "y")),
    t([300, 300]).squaredDifference(t([300, 1], "y")),
    t([3, 0]).add(1),
  ],
  "comparisons": () => {
    const x = t([9, 11]), y = t([11], "y");
    return [
      x.greater(y),
      x.greaterEqual(y),
      x.less(y),
      x.lessEqual(y),
      x.equal(x.transpose().transpose()),
      x.notEqual(y),
      tf.where(x.greater(y), x, x.neg()),
      tf.where(x.greater(0), x, tf.scalar(0)),
    ];
  },
  "reductions": () => {
    const x = t([6, 5, 4, 3]);
    return [
      x.sum(),
      x.sum(0),
      x.sum([1, 2]),
      x.sum([0, 2]),
      x.sum([0, 3], true),
      x.mean(-1),
      x.mean([0, 1, 2]),
      x.max(1),
      x.max(),
      x.min([0, 3]),
      x.prod(2),
      x.argMax(1),
      x.argMin(-1),
      x.greater(1).any(0),
      t([500, 300]).sum(0),
      t([500, 3]).sum(0),
      t([100_003]).sum(),
      t([100_003]).mul(0.99).max(),
      tf.moments(x, [0, 1]).variance,
      tf.logSumExp(x, 2),
      tf.norm(x),
    ];
  },
  "moves": () => {
    const x = t([4, 5, 6]), i = whole([4, 5, 6], 100);
    return [
      x.transpose(),
      x.transpose([0, 2, 1]),
      x.transpose([1, 0, 2]),
      t([2, 3, 4, 5, 6]).transpose([4, 2, 0, 3, 1]),
      t([70, 131]).transpose(),
      i.transpose(),
      x.slice([1, 0, 2], [2, 5, 3]),
      x.slice([0, 4, 0]),
      x.stridedSlice([0, 1, 0], [4, 5, 6], [2, 2, 3]),
      tf.concat([x, x.neg()], 1),
      tf.concat([x, x.neg()], -1),
      tf.concat([i, i], 0),
      tf.stack([x, x.neg()], 1),
      ...tf.unstack(x, 1),
      ...tf.split(x, [1, 3, 2], 2),
      x.tile([2, 1, 3]),
      x.reverse([0, 2]),
      x.pad([[1, 2], [0, 1], [3, 0]], 7),
      x.expandDims(1).squeeze([1]).reshape([-1, 2]),
      x.broadcastTo([3, 4, 5, 6]),
      tf.zerosLike(x),
      tf.onesLike(i),
      tf.fill([3, 4], 2.5),
      tf.range(0, 10),
      tf.linspace(0, 1, 7),
      tf.eye(5),
    ];
  },
  "types": () => {
    const x = t([5, 7]).mul(300), i = whole([5, 7], 3);
    return [x.toInt(), i.toFloat(), x.toBool(), i.toBool(), i.toBool().toInt(), i.add(i), i.sum()];
  },
  "indices": () => {
    const x = t([9, 4, 3]), i = whole([5, 2], 4), flat = whole([9], 5);
    return [
      tf.gather(x, i.reshape([10]), 1),
      tf.gather(x, flat, 0),
      tf.gather(whole([9, 4], 50), i, 1),
      tf.oneHot(i, 6),
      tf.oneHot(i, 6).toFloat(),
      tf.unsortedSegmentSum(x, flat as tf.Tensor1D, 6),
      tf.topk(x, 2).values,
      tf.topk(x, 2).indices,
      tf.cumsum(x, 1),
    ];
  },
  "softmax": () => [
    tf.softmax(t([5, 33]).mul(20)),
    tf.logSoftmax(t([5, 33]).mul(20)),
    tf.softmax(t([1])),
  ],
  "convolution and pooling": () => [
    tf.conv2d(t([2, 9, 9, 3]) as tf.Tensor4D, t([3, 3, 3, 4], "w") as tf.Tensor4D, 2, "valid"),
    tf.maxPool(t([2, 8, 8, 3]) as tf.Tensor4D, 2, 2, "same"),
  ],
  "complex numbers and texts": () => [
    tf.real(tf.fft(tf.complex(t([8]), t([8], "i")))),
    tf.tensor1d(["a", "b"]).equal(tf.tensor1d(["a", "c"])),
  ],
};

for (const route of routes) {
  for (const [name, compute] of Object.entries(CASES)) {
    Deno.test(`${route}: tfjs's ${name} agree with the cpu backend's`, () => {
      const all = () => [compute()].flat();
      const expected = on("cpu", all), actual = on(route, all);
      actual.forEach((array, i) => {
        const d = difference(array, expected[i]);
        assert.ok(d <= 2e-6, `result ${i} is off by ${d}`);
      });
    });
  }

  Deno.test(`${route}: products of any shape are the cpu backend's`, () => {
    const next = random(3, "shapes"), size = (n: number) => 1 + randomInteger(next, n);
    for (let i = 0; i < 60; i++) {
      const [M, N, K] = i % 3 === 0
        ? [size(300), size(120), size(500)]
        : [size(40), size(70), size(60)];
      const batch = i % 4 === 0 ? [size(3), size(3)] : i % 4 === 1 ? [1] : [];
      const turnA = next() < 0.5, turnB = next() < 0.5;
      const a = [...batch, ...(turnA ? [K, M] : [M, K])];
      const b = [...(next() < 0.5 ? batch : []), ...(turnB ? [N, K] : [K, N])];
      const compute = () => [tf.matMul(t(a, "a"), t(b, "b"), turnA, turnB)];
      const [expected] = on("cpu", compute), [actual] = on(route, compute);
      const d = difference(actual, expected);
      assert.ok(d <= 1e-5, `[${a}]${turnA ? "ᵀ" : ""} [${b}]${turnB ? "ᵀ" : ""} is off by ${d}`);
    }
  });

  Deno.test(`${route}: a fused product adds its bias and cuts at zero`, () => {
    const compute = () => [
      tf.fused.matMul({
        a: t([5, 6]) as tf.Tensor2D,
        b: t([6, 7], "b") as tf.Tensor2D,
        bias: t([7], "c"),
        activation: "relu",
      }),
    ];
    assert.ok(difference(on(route, compute)[0], on("cpu", compute)[0]) < 1e-6);
  });

  Deno.test(`${route}: the comparison of these tests notices an entry scaled by 1.001`, () => {
    const [x] = on(route, () => [t([50])]);
    const wrong = x.slice();
    wrong[x.indexOf(Math.max(...x))] *= 1.001;
    assert.ok(difference(wrong, x) > 5e-4);
    wrong[3] = NaN;
    assert.equal(difference(wrong, x), Infinity);
  });
}
