import * as tf from "@tensorflow/tfjs";
import { random, randomInteger } from "@lib/random.ts";
import { agree, extreme, shapes } from "../routes.ts";

/** The same numbers as every type. */
const types = (shape: number[], name = "x") => {
  const x = tf.tensor(extreme(shape, name), shape);
  return [x, x.clipByValue(-99, 99).mul(7).toInt(), x.greater(0)];
};

Deno.test("moves of any type and shape", () => {
  for (const shape of [...shapes(16, 3, "moves"), [17, 16, 33], [1, 1, 1]]) {
    const next = random(1, `moves ${shape}`);
    const perm = [0, 1, 2].sort(() => next() - 0.5);
    const begin = shape.map((n) => randomInteger(next, n + 1));
    const size = shape.map((n, i) => randomInteger(next, n - begin[i] + 1));
    const stride = shape.map(() => (1 + randomInteger(next, 3)) * (next() < 0.3 ? -1 : 1));
    const ends = shape.map((n, i) => stride[i] < 0 ? 0 : n);
    const starts = shape.map((n, i) => stride[i] < 0 ? n - 1 : begin[i]);
    const border = shape.map(() => [randomInteger(next, 3), randomInteger(next, 3)]) as [
      number,
      number,
    ][];
    const reps = shape.map(() => 1 + randomInteger(next, 3));
    const axis = randomInteger(next, 3);
    for (const kind of [0, 1, 2]) {
      agree(`type ${kind} [${shape}]`, () => {
        const x = types(shape)[kind], y = types(shape, "y")[kind];
        return [
          x.transpose(perm),
          x.transpose(),
          x.slice(begin, size),
          x.reverse(axis),
          x.reverse(),
          x.tile(reps),
          tf.concat([x, y, x], axis),
          tf.stack([x, y], axis),
          ...tf.unstack(x, axis),
          x.expandDims(axis),
          tf.zerosLike(x),
          tf.onesLike(x),
          ...(kind < 2 ? [tf.pad(x, border, 3)] : []),
        ];
      });
      if (shape.includes(0)) continue;
      agree(`strides and mirrors, type ${kind} [${shape}]`, () => {
        const x = types(shape)[kind];
        const near = border.map(([a, b], i) =>
          [Math.min(a, shape[i] - 1), Math.min(b, shape[i] - 1)] as [number, number]
        );
        return [
          x.stridedSlice(
            starts,
            ends,
            stride,
            0,
            stride.reduce((mask, s, i) => s < 0 ? mask | 1 << i : mask, 0),
          ),
          x.stridedSlice([0, 0], [1, shape[1]], [1, 2]),
          tf.mirrorPad(x, near, "reflect"),
          tf.mirrorPad(x, near, "symmetric"),
        ];
      });
    }
  }
});

Deno.test("boards to blocks and back, flips, diagonals, fills", () => {
  agree("blocks", () => {
    const x = types([4, 6, 4, 8])[0] as tf.Tensor4D;
    return [
      tf.batchToSpaceND(x, [2, 2], [[1, 0], [0, 2]]),
      tf.spaceToBatchND(x, [2, 2], [[1, 1], [0, 2]]),
      tf.depthToSpace(x, 2),
      tf.image.flipLeftRight(x),
      tf.diag(x.slice([0, 0, 0, 0], [1, 1, 1, 5]).flatten()),
      tf.diag(tf.tensor2d([[1, 2], [3, 4]])),
      tf.fill([3, 5], 2.5),
      tf.fill([3, 5], 7, "int32"),
      tf.fill([0, 5], 7),
      tf.zeros([3], "bool"),
      tf.ones([2, 2], "bool"),
    ];
  });
});
