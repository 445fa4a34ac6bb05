/**
 * Images and boards [batch, height, width, channels]: convolution as a matrix product of windows,
 * pooling, normalisation by channel, resizing.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { isFloat, type KernelTable, launchFlat, sizeOf } from "../launch.ts";
import { multiply } from "../products.ts";
import type { SharedBackend, SharedKernel } from "../shared_backend.ts";
import { binary, unary } from "./elementwise.ts";
import { gather } from "./indices.ts";
import { copyStrided, fill, pad, reverse, transpose } from "./moves.ts";
import { stridesOf } from "./strides.ts";

type Conv = tf.backend_util.Conv2DInfo;

/** What tfjs derives from the attributes; undefined for channels first. */
function convInfo(
  x: readonly number[],
  filter: readonly number[],
  attrs: tf.NamedAttrMap,
  depthwise = false,
): Conv | undefined {
  const { strides, dilations, pad, dimRoundingMode, dataFormat } = attrs;
  if ((dataFormat ?? "NHWC") !== "NHWC") return undefined;
  return tf.backend_util.computeConv2DInfo(
    x as [number, number, number, number],
    filter as [number, number, number, number],
    strides as [number, number],
    (dilations ?? [1, 1]) as [number, number],
    pad as "same",
    dimRoundingMode as "floor" | undefined,
    depthwise,
  );
}

/** The windows of x, one a row: [B, OH, OW, KH, KW, C]; x itself where a window is a number. */
function windows(backend: SharedBackend, x: tf.TensorInfo, info: Conv): tf.TensorInfo | undefined {
  const { top, bottom, left, right } = info.padInfo, { strideHeight, strideWidth } = info;
  const { filterHeight: KH, filterWidth: KW, outHeight: OH, outWidth: OW, inChannels: C } = info;
  const flat = KH * KW === 1 && strideHeight === 1 && strideWidth === 1;
  if (flat && top + bottom + left + right === 0) return x;
  const padded = top + bottom + left + right > 0
    ? pad(backend, x, [[0, 0], [top, bottom], [left, right], [0, 0]], 0)
    : x;
  if (!padded) return undefined;
  const [perBoard, perRow, perSquare] = stridesOf(padded.shape);
  const shape = [info.batchSize, OH, OW, KH, KW, C];
  const xStrides = [
    perBoard,
    perRow * strideHeight,
    perSquare * strideWidth,
    perRow * info.dilationHeight,
    perSquare * info.dilationWidth,
    1,
  ];
  const y = backend.make(shape);
  const done = copyStrided(backend, shape, padded, 0, xStrides, y, 0, stridesOf(shape));
  if (padded !== x) backend.drop(padded);
  if (done) return y;
  backend.drop(y);
  return undefined;
}

/** x [B, H, W, C] by filter [KH, KW, C, D] → [B, OH, OW, D]. */
function convolve(
  backend: SharedBackend,
  x: tf.TensorInfo,
  filter: tf.TensorInfo,
  info: Conv,
  bias?: tf.TensorInfo,
): tf.TensorInfo | undefined {
  const rows = windows(backend, x, info);
  if (!rows) return undefined;
  const { batchSize: B, outHeight: OH, outWidth: OW, outChannels: N } = info;
  const y = backend.make([B, OH, OW, N]);
  const K = info.filterHeight * info.filterWidth * info.inChannels;
  multiply(backend, rows, filter, y, { M: B * OH * OW, N, K, bias });
  if (rows !== x) backend.drop(rows);
  return y;
}

/** What may follow a convolution: y is taken over. */
function activate(
  backend: SharedBackend,
  y: tf.TensorInfo | undefined,
  { activation, leakyreluAlpha }: tf.NamedAttrMap,
): tf.TensorInfo | undefined {
  const which = ACTIVATIONS[(activation ?? "linear") as keyof typeof ACTIVATIONS];
  if (!y || which === null) return y;
  const z = unary(backend, which, y, leakyreluAlpha as number ?? 0);
  backend.drop(y);
  return z;
}
const ACTIVATIONS = {
  linear: null,
  relu: "Relu",
  relu6: "Relu6",
  elu: "Elu",
  sigmoid: "Sigmoid",
  leakyrelu: "LeakyRelu",
} as const;

const known = (attrs: tf.NamedAttrMap) =>
  (attrs["activation"] ?? "linear") as string in ACTIVATIONS;
const isBias = (bias: tf.TensorInfo | undefined, channels: number) =>
  !bias || (isFloat(bias) && sizeOf(bias.shape) === channels);

const conv2d: SharedKernel = (backend, { x, filter, bias, preluActivationWeights }, attrs) => {
  if (!isFloat(x, filter) || preluActivationWeights || !known(attrs)) return undefined;
  const info = convInfo(x!.shape, filter!.shape, attrs);
  if (!info || filter!.shape[2] !== info.inChannels || !isBias(bias, info.outChannels)) {
    return undefined;
  }
  return activate(backend, convolve(backend, x!, filter!, info, bias), attrs);
};

/** The gradient by x: dy, spread by the strides and bordered, by the filter turned by 180°. */
const conv2dBackInput: SharedKernel = (backend, { dy, filter }, attrs) => {
  if (!isFloat(dy, filter)) return undefined;
  const info = convInfo(attrs["inputShape"] as number[], filter!.shape, attrs);
  if (!info || info.dilationHeight !== 1 || info.dilationWidth !== 1) return undefined;
  const { filterHeight: KH, filterWidth: KW, strideHeight: SH, strideWidth: SW, padInfo } = info;
  const { batchSize: B, outHeight: OH, outWidth: OW, inHeight: H, inWidth: W } = info;
  const top = KH - 1 - padInfo.top, left = KW - 1 - padInfo.left, D = info.outChannels;
  const height = H + KH - 1, width = W + KW - 1; // of what the turned filter passes over
  if (top < 0 || left < 0 || top + (OH - 1) * SH >= height || left + (OW - 1) * SW >= width) {
    return undefined;
  }
  const spread = fill(backend, [B, height, width, D], "float32", 0);
  const [perBoard, perRow, perSquare] = stridesOf(spread.shape);
  const start = top * perRow + left * perSquare, own = stridesOf(dy!.shape);
  const to = [perBoard, SH * perRow, SW * perSquare, 1];
  const done = copyStrided(backend, dy!.shape, dy!, 0, own, spread, start, to);
  const half = done ? reverse(backend, filter!, [0, 1]) : undefined;
  const turned = half && transpose(backend, half, [0, 1, 3, 2]);
  const y = turned && convolve(
    backend,
    spread,
    turned,
    convInfo(spread.shape, turned.shape, { strides: [1, 1], pad: "valid" })!,
  );
  backend.drop(spread, ...[half, turned].filter((t) => t !== undefined));
  return y;
};

/** The gradient by the filter: the windows of x, turned, by dy. */
const conv2dBackFilter: SharedKernel = (backend, { x, dy }, attrs) => {
  if (!isFloat(x, dy)) return undefined;
  const shape = attrs["filterShape"] as number[], info = convInfo(x!.shape, shape, attrs);
  const rows = info && windows(backend, x!, info);
  if (!rows) return undefined;
  const { batchSize: B, outHeight: OH, outWidth: OW } = info, y = backend.make(shape);
  const M = sizeOf(shape.slice(0, 3));
  multiply(backend, rows, dy!, y, { M, N: shape[3], K: B * OH * OW, turnA: true });
  if (rows !== x) backend.drop(rows);
  return y;
};

/** The arguments that pooling and the depthwise convolution share. */
function windowArgs(backend: SharedBackend, x: tf.TensorInfo, y: tf.TensorInfo, info: Conv) {
  return [
    backend.address(x),
    backend.address(y),
    info.inHeight,
    info.inWidth,
    info.inChannels,
    info.outHeight,
    info.outWidth,
    info.filterHeight,
    info.filterWidth,
    info.strideHeight,
    info.strideWidth,
    info.padInfo.top,
    info.padInfo.left,
  ];
}

/** Output rows a chunk takes. */
const windowGrain = (info: Conv) =>
  Math.ceil(
    32768 / (info.outWidth * info.inChannels * info.filterHeight * info.filterWidth || 1),
  );

const poolInfo = (shape: readonly number[], attrs: tf.NamedAttrMap): Conv =>
  tf.backend_util.computePool2DInfo(
    shape as [number, number, number, number],
    attrs["filterSize"] as number,
    attrs["strides"] as number,
    1,
    attrs["pad"] as "same",
    attrs["dimRoundingMode"] as "floor" | undefined,
  );

const poolKernel = (mean: boolean): SharedKernel => (backend, { x }, attrs) => {
  if (!isFloat(x)) return undefined;
  const info = poolInfo(x!.shape, attrs);
  const y = backend.make(info.outShape), rows = info.batchSize * info.outHeight;
  launchFlat(backend, "pool_windows", rows, windowGrain(info), [
    ...windowArgs(backend, x!, y, info),
    mean ? 1 : 0,
  ]);
  return y;
};

const poolBack = (mean: boolean): SharedKernel => (backend, { dy, input }, attrs) => {
  if (!isFloat(dy, input)) return undefined;
  const info = poolInfo(input!.shape, attrs), dx = backend.make(input!.shape);
  const grain = Math.ceil(windowGrain(info) / (info.outHeight || 1));
  launchFlat(backend, "pool_back", info.batchSize, grain, [
    ...windowArgs(backend, input!, dx, info),
    mean ? 1 : 0,
    backend.address(dy!),
  ]);
  return dx;
};

const depthwise: SharedKernel = (backend, inputs, attrs) => {
  const { x, filter, bias, preluActivationWeights } = inputs;
  if (!isFloat(x, filter) || preluActivationWeights || !known(attrs)) return undefined;
  const info = convInfo(x!.shape, filter!.shape, attrs, true), C = x!.shape[3];
  if (!info || filter!.shape[3] !== 1 || !isBias(bias, C)) return undefined;
  const y = backend.make(info.outShape), rows = info.batchSize * info.outHeight;
  launchFlat(backend, "depthwise", rows, windowGrain(info), [
    ...windowArgs(backend, x!, y, info),
    0,
    backend.address(filter!),
    info.dilationHeight,
    info.dilationWidth,
  ]);
  if (!bias) return activate(backend, y, attrs);
  const shifted = binary(backend, "Add", y, { ...bias, shape: [C] });
  backend.drop(y);
  return activate(backend, shifted, attrs);
};

/** Where each of `size` places lies among `from`, as a fraction of tfjs's making. */
function sources(from: number, size: number, alignCorners: boolean): (i: number) => number {
  const aligned = alignCorners && size > 1;
  const ratio = (aligned ? from - 1 : from) / (aligned ? size - 1 : size);
  return (i) => ratio * i;
}

const resizeBilinear: SharedKernel = (backend, { images: x }, attrs) => {
  const [B, H, W, C] = x!.shape, [OH, OW] = attrs["size"] as [number, number];
  if (!isFloat(x) || sizeOf(x!.shape) === 0) return undefined;
  const half = attrs["halfPixelCenters"] as boolean;
  const places: number[] = [], fractions: number[] = [];
  for (const [from, size] of [[H, OH], [W, OW]]) {
    const at = sources(from, size, attrs["alignCorners"] as boolean);
    const all = Array.from({ length: size }, (_, i) => half ? at(i + 0.5) - 0.5 : at(i));
    const low = all.map((place) => Math.max(0, Math.floor(place)));
    places.push(...low, ...all.map((place) => Math.min(from - 1, Math.ceil(place))));
    fractions.push(...all.map((place, i) => place - low[i]));
  }
  const y = backend.make([B, OH, OW, C]), corners = backend.make([places.length], "int32");
  const parts = backend.make([fractions.length]);
  backend.view(corners).set(places);
  backend.view(parts).set(fractions);
  launchFlat(backend, "resize", B * OH, Math.ceil(8192 / (OW * C || 1)), [
    backend.address(x!),
    backend.address(y),
    H,
    W,
    C,
    OH,
    OW,
    backend.address(corners),
    backend.address(parts),
  ]);
  backend.drop(corners, parts);
  return y;
};

const resizeNearest: SharedKernel = (backend, { images: x }, attrs) => {
  if (!isFloat(x) || sizeOf(x!.shape) === 0) return undefined;
  const sizes = attrs["size"] as [number, number], align = attrs["alignCorners"] as boolean;
  const half = attrs["halfPixelCenters"] as boolean;
  let y = x!;
  sizes.forEach((size, i) => {
    const from = x!.shape[1 + i], at = sources(from, size, align);
    const nearest = backend.make([size], "int32"), to = backend.view(nearest);
    for (let j = 0; j < size; j++) {
      const place = at(half ? j + 0.5 : j);
      to[j] = Math.max(0, Math.min(from - 1, align ? Math.round(place) : Math.floor(place)));
    }
    const next = gather(backend, y, nearest, 1 + i);
    backend.drop(nearest);
    if (y !== x) backend.drop(y);
    y = next;
  });
  return y;
};

/** (x − mean) · scale / √(variance + ε) + offset, by channel. */
const batchNorm: SharedKernel = (backend, inputs, { varianceEpsilon }) => {
  const { x, mean, variance, offset, scale } = inputs, C = x!.shape.at(-1)!;
  const given = [mean, variance, offset, scale].filter((t) => t != null);
  if (!isFloat(x, ...given) || given.some((t) => t!.shape.length !== 1 || t!.shape[0] !== C)) {
    return undefined;
  }
  const spread = unary(backend, "Affine", variance!, 1, varianceEpsilon as number);
  let factor = unary(backend, "Rsqrt", spread);
  backend.drop(spread);
  const steps = (a: tf.TensorInfo, which: "Sub" | "Multiply" | "Add", b: tf.TensorInfo) => {
    const c = binary(backend, which, a, b)!; // [..., C] with [C]: two axes
    if (a !== x) backend.drop(a);
    return c;
  };
  if (scale) factor = steps(factor, "Multiply", scale);
  let y = steps(steps(x!, "Sub", mean!), "Multiply", factor);
  if (offset) y = steps(y, "Add", offset);
  backend.drop(factor);
  return y;
};

/** tfjs's operations on images. */
export const IMAGES: KernelTable = [
  ["Conv2D", conv2d],
  ["FusedConv2D", conv2d],
  ["Conv2DBackpropInput", conv2dBackInput],
  ["Conv2DBackpropFilter", conv2dBackFilter],
  ["DepthwiseConv2dNative", depthwise],
  ["FusedDepthwiseConv2D", depthwise],
  ["MaxPool", poolKernel(false)],
  ["AvgPool", poolKernel(true)],
  ["MaxPoolGrad", poolBack(false)],
  ["AvgPoolGrad", poolBack(true)],
  ["FusedBatchNorm", batchNorm],
  ["ResizeBilinear", resizeBilinear],
  ["ResizeNearestNeighbor", resizeNearest],
];
