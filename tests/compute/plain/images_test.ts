import * as tf from "@tensorflow/tfjs";
import { random, randomInteger } from "@lib/random.ts";
import { agree, extreme, normal } from "../routes.ts";

const t4 = (shape: number[], name: string) =>
  tf.tensor(normal(shape, name), shape) as tf.Tensor as tf.Tensor4D;

Deno.test("convolutions and their gradients, of any size, stride, border and dilation", () => {
  const next = random(1, "conv"), size = (n: number) => 1 + randomInteger(next, n);
  for (let i = 0; i < 25; i++) {
    const [B, H, W, C, D] = [i % 9 === 8 ? 0 : size(3), 3 + size(7), 3 + size(7), size(6), size(6)];
    const [KH, KW] = [size(4), size(4)], stride = size(3);
    const dilation = stride === 1 ? size(2) : 1;
    if ((KH - 1) * dilation >= H || (KW - 1) * dilation >= W) continue;
    const pad = next() < 0.5 ? "same" : "valid";
    const what = `[${B},${H},${W},${C}] ${KH}×${KW} /${stride} ×${dilation} ${pad}`;
    agree(what, () => {
      const x = t4([B, H, W, C], "x"), w = t4([KH, KW, C, D], "w"), v = t4([KH, KW, C, 1], "v");
      const conv = (x: tf.Tensor, w: tf.Tensor) =>
        tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, pad, "NHWC", dilation);
      const { value, grads } = tf.valueAndGrads((x, w) => conv(x, w).square().sum())([x, w]);
      return [
        conv(x, w),
        ...(dilation === 1 ? [value, ...grads] : []),
        tf.depthwiseConv2d(x, v, stride, pad, "NHWC", dilation),
        tf.fused.conv2d({
          x,
          filter: w,
          strides: stride,
          pad,
          dilations: dilation,
          bias: tf.ones([D]),
          activation: "relu",
        }),
        tf.fused.depthwiseConv2d({
          x,
          filter: v,
          strides: stride,
          pad,
          dilations: dilation,
          bias: tf.ones([C]),
          activation: "relu6",
        }),
        tf.maxPool(x, [KH, KW], stride, pad),
        tf.avgPool(x, [KH, KW], stride, pad),
        tf.grad((x: tf.Tensor) => tf.maxPool(x as tf.Tensor4D, [KH, KW], stride, pad).square())(x),
        tf.grad((x: tf.Tensor) => tf.avgPool(x as tf.Tensor4D, [KH, KW], stride, pad).square())(x),
      ];
    }, 1e-5);
  }
});

Deno.test("pooling passes over NaN as the cpu backend does", () => {
  agree(
    "max",
    () => [
      tf.maxPool(tf.tensor4d(extreme([3, 9, 9, 5], "x"), [3, 9, 9, 5]), 3, 2, "same"),
    ],
  );
});

Deno.test("normalisation by channel and resizing", () => {
  agree("norm", () => {
    const x = t4([2, 5, 4, 3], "x"), c = (name: string) => tf.tensor1d(normal([3], name));
    return [
      tf.batchNorm(x, c("m"), c("v").abs(), c("o"), c("s"), 0.01),
      tf.batchNorm(x, c("m"), c("v").abs()),
      tf.batchNorm(x, c("m"), c("v").abs(), undefined, c("s")),
    ];
  });
  for (const [align, half] of [[false, false], [true, false], [false, true]]) {
    for (const to of [[1, 1], [3, 9], [8, 8], [20, 5]] as [number, number][]) {
      agree(`${to} ${align} ${half}`, () => {
        const x = t4([2, 8, 5, 3], "x");
        return [
          tf.image.resizeBilinear(x, to, align, half),
          tf.image.resizeNearestNeighbor(x, to, align, half),
        ];
      });
    }
  }
});
