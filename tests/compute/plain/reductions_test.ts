import * as tf from "@tensorflow/tfjs";
import { agree, extreme, normal, shapes } from "../routes.ts";

Deno.test("reductions of every type along every axis", () => {
  const axes = [undefined, 0, 1, 2, [0, 1], [0, 2], [1, 2], -1];
  for (const shape of [...shapes(9, 3, "reduce"), [3, 40, 700], [70_000, 1, 1]]) {
    agree(`[${shape}]`, () => {
      const x = tf.tensor(normal(shape, "x"), shape), i = x.mul(5).toInt(), b = x.greater(1);
      return axes.flatMap((axis) => [
        i.sum(axis),
        i.max(axis),
        i.min(axis, true),
        i.mean(axis),
        b.mean(axis),
        b.sum(axis),
        b.any(axis),
        b.all(axis, true),
        b.logicalNot().any(axis),
        i.minimum(1).maximum(-1).add(1).maximum(1).prod(axis),
      ]);
    });
    if (shape.includes(0)) continue;
    agree(`places [${shape}]`, () => {
      const x = tf.tensor(normal(shape, "x"), shape), i = x.mul(5).toInt();
      return [0, 1, 2].flatMap((axis) => [
        x.argMax(axis),
        x.argMin(axis),
        i.argMax(axis),
        i.argMin(axis),
      ]);
    });
  }
});

Deno.test("drawing by logits is seeded and the cpu backend's", () => {
  agree("draws", () => {
    const x = tf.tensor2d(normal([20, 9], "x"), [20, 9]);
    return [tf.multinomial(x, 30, 7), tf.multinomial(tf.softmax(x) as tf.Tensor2D, 30, 7, true)];
  });
});

Deno.test("extremes and their places among NaN and infinities", () => {
  for (const n of [1, 2, 15, 16, 17, 33, 400]) {
    const x = () => tf.tensor(extreme([9, n], `${n}`), [9, n]);
    agree(`${n}`, () => [x().argMax(1), x().argMin(1), x().argMax(0), x().isNaN().any(1)]);
  }
  agree("the smallest whole number", () => {
    const i = tf.tensor2d([[-(2 ** 31), 2 ** 31 - 1, 0, -(2 ** 31)]], [1, 4], "int32");
    return [i.argMin(1), i.argMax(1), i.min(), i.max(), i.sum()];
  });
});
