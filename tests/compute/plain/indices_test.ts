import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { random, randomInteger } from "@lib/random.ts";
import { agree, extreme, on, routes } from "../routes.ts";

const x = (shape: number[]) => tf.tensor(extreme(shape, "x"), shape);
const whole = (shape: number[], below: number, name = "i") => {
  const next = random(1, name), size = shape.reduce((n, d) => n * d, 1);
  return tf.tensor(
    Int32Array.from({ length: size }, () => randomInteger(next, below)),
    shape,
    "int32",
  );
};

Deno.test("rows and points by index, for each of a batch too", () => {
  for (const n of [0, 1, 5, 40]) {
    agree(`${n} indices`, () => [
      tf.gather(x([7, 5, 3]), whole([n], 7)),
      tf.gather(x([7, 5, 3]), whole([n, 2], 5), 1),
      tf.gather(whole([7, 5], 90, "x"), whole([n], 5), 1),
      tf.gather(x([7, 5, 3]), whole([7, n], 5), 1, 1),
      tf.gather(x([7, 2, 5, 3]), whole([7, n], 5), 2, 1),
      tf.gather(x([2, 3, 5]), whole([2, 3, n], 5), 2, 2),
      tf.gatherND(x([4, 4, 3]), whole([n, 2], 4)),
      tf.gatherND(x([4, 4, 4]), whole([n, 3], 4)),
      tf.gatherND(whole([6, 4], 99, "x"), whole([2, n, 1], 6)),
      tf.oneHot(whole([n], 9), 7),
    ]);
  }
});

Deno.test("writing by index: sums of those that meet, the last of those that replace", () => {
  for (const n of [1, 5, 40]) {
    agree(`${n} indices`, () => [
      tf.scatterND(whole([n, 1], 6), tf.clipByValue(x([n, 3]), -9, 9), [6, 3]),
      tf.scatterND(whole([n, 2], 4), whole([n], 50, "u"), [4, 4]),
      tf.tensorScatterUpdate(x([6, 3]), whole([n, 1], 6), tf.zeros([n, 3])),
      tf.tensorScatterUpdate(x([4, 4]), whole([n, 2], 4), x([n])),
      tf.sparseToDense(whole([n, 2], 4), x([n]), [4, 4], tf.scalar(2.5)),
      tf.sparseToDense(whole([n, 1], 9), tf.scalar(3), [9]),
    ]);
  }
});

Deno.test("counts, weighted and by row", () => {
  agree("counts", () => [
    tf.bincount(whole([300], 20) as tf.Tensor1D, tf.tensor1d([]), 15),
    tf.bincount(
      whole([300], 20) as tf.Tensor1D,
      tf.clipByValue(x([300]), -1, 1) as tf.Tensor1D,
      15,
    ),
    tf.denseBincount(whole([6, 50], 20) as tf.Tensor2D, tf.tensor2d([], [0, 0]), 15),
    tf.denseBincount(whole([6, 50], 20) as tf.Tensor2D, tf.tensor2d([], [0, 0]), 15, true),
    tf.denseBincount(
      whole([6, 50], 20) as tf.Tensor2D,
      tf.clipByValue(x([6, 50]), -1, 1) as tf.Tensor2D,
      15,
    ),
    tf.denseBincount(whole([60], 20) as tf.Tensor1D, tf.tensor1d([]), 15),
  ]);
});

Deno.test("an index outside is refused before anything is read or written", () => {
  for (const route of routes) {
    const refused = (compute: () => tf.Tensor, message: RegExp) =>
      assert.throws(() => on(route, () => [compute()]), message, route);
    const at = (...index: number[]) => tf.tensor2d([index], [1, index.length], "int32");
    refused(
      () => tf.gather(x([3, 2]), tf.tensor1d([3], "int32")),
      /Cannot gather row 3: must be 0 to 2/,
    );
    refused(() => tf.gather(x([3, 2]), at(2).tile([3, 1]), 1, 1), /Cannot gather row 2/);
    refused(() => tf.gatherND(x([3, 2]), at(-1)), /Cannot use the index \[-1\]/);
    refused(() => tf.scatterND(at(9), tf.ones([1]), [9]), /Cannot use the index \[9\]/);
    refused(
      () => tf.tensorScatterUpdate(x([3]), at(3), tf.ones([1])),
      /Cannot use the index \[3\]/,
    );
    refused(
      () => tf.bincount(tf.tensor1d([-1], "int32"), tf.tensor1d([]), 3),
      /Cannot count -1: must be 0 or more/,
    );
  }
});
