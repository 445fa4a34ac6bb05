/**
 * Moving numbers: turning, cutting, joining, repeating, padding; and views in another shape.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { bits } from "../machine.ts";
import {
  axesOf,
  isPlain,
  type KernelTable,
  launchFlat,
  LIGHT_GRAIN,
  type PlainInfo,
  sizeOf,
  widthOf,
} from "../launch.ts";
import type { SharedBackend } from "../shared_backend.ts";
import { loop, merged, stridesOf } from "./strides.ts";

/**
 * Copies along `shape` from x, read from number `start` on at `xStrides`, to y, written from number
 * `yStart` on at `yStrides`; false when the axes are too many.
 */
export function copyStrided(
  backend: SharedBackend,
  shape: readonly number[],
  x: tf.TensorInfo,
  start: number,
  xStrides: readonly number[],
  y: tf.TensorInfo,
  yStart: number,
  yStrides: readonly number[],
): boolean {
  if (sizeOf(shape) === 0) return true;
  const axes = merged(shape, xStrides, yStrides);
  const inner = axes.at(-1) ?? { size: 1, strides: [1, 1] };
  const rows = inner.strides[1] === 1 ? axes.slice(0, -1) : axes;
  const [length, step] = rows === axes ? [1, 1] : [inner.size, inner.strides[0]];
  if (rows.length > 5) return false;
  const count = rows.reduce((n, { size }) => n * size, 1);
  const width = widthOf(y), grain = Math.max(1, Math.floor(LIGHT_GRAIN / (length + 8)));
  launchFlat(backend, width === 1 ? "copy_bytes" : "copy_rows", count, grain, [
    backend.address(x) + width * start,
    backend.address(y) + width * yStart,
    length,
    step,
    rows.length,
    ...loop(rows, 5),
  ]);
  return true;
}

/** Makes the tensor that `copy` fills; drops it again when `copy` cannot. */
export function filled(
  backend: SharedBackend,
  shape: readonly number[],
  dtype: tf.DataType,
  copy: (y: tf.TensorInfo) => boolean,
): tf.TensorInfo | undefined {
  const y = backend.make(shape, dtype as PlainInfo["dtype"]);
  if (copy(y)) return y;
  backend.drop(y);
  return undefined;
}

/** x with its axes in the order of `perm`. */
export function transpose(
  backend: SharedBackend,
  x: tf.TensorInfo,
  perm: readonly number[],
): tf.TensorInfo | undefined {
  const shape = perm.map((axis) => x.shape[axis]), own = stridesOf(x.shape);
  const xStrides = perm.map((axis) => own[axis]), yStrides = stridesOf(shape);
  const axes = merged(shape, xStrides, yStrides);
  const column = axes.findIndex(({ strides }) => strides[0] === 1), row = axes.length - 1;
  const outer = axes.filter((_, i) => i !== column && i !== row);
  if (column < 0 || column === row || outer.length > 4) {
    return filled(
      backend,
      shape,
      x.dtype,
      (y) => copyStrided(backend, shape, x, 0, xStrides, y, 0, yStrides),
    );
  }
  const y = backend.make(shape, x.dtype as PlainInfo["dtype"]);
  const strips = Math.ceil(axes[row].size / 64);
  const chunks = outer.reduce((n, { size }) => n * size, strips);
  backend.machine.launch(widthOf(x) === 1 ? "transpose_bytes" : "transpose", chunks, [
    chunks,
    strips,
    backend.address(x),
    backend.address(y),
    axes[row].size,
    axes[column].size,
    axes[row].strides[0],
    axes[column].strides[1],
    outer.length,
    ...loop(outer, 4),
  ]);
  return y;
}

/** Joins tensors along an axis. */
export function concat(
  backend: SharedBackend,
  tensors: readonly tf.TensorInfo[],
  axis: number,
): tf.TensorInfo | undefined {
  const [first] = tensors, shape = [...first.shape];
  shape[axis] = tensors.reduce((n, t) => n + t.shape[axis], 0);
  return filled(backend, shape, first.dtype, (y) => {
    const yStrides = stridesOf(shape);
    let at = 0;
    return tensors.every((t) => {
      const start = at * yStrides[axis];
      at += t.shape[axis];
      return copyStrided(backend, t.shape, t, 0, stridesOf(t.shape), y, start, yStrides);
    });
  });
}

/** A block of a tensor, copied. */
export function slice(
  backend: SharedBackend,
  x: tf.TensorInfo,
  begin: readonly number[],
  size: readonly number[],
): tf.TensorInfo | undefined {
  const strides = stridesOf(x.shape);
  const start = begin.reduce((n, at, i) => n + at * strides[i], 0);
  return filled(
    backend,
    size,
    x.dtype,
    (y) => copyStrided(backend, size, x, start, strides, y, 0, stridesOf(size)),
  );
}

/** A tensor of one value. */
export function fill(
  backend: SharedBackend,
  shape: readonly number[],
  dtype: PlainInfo["dtype"],
  value: number,
): tf.TensorInfo {
  const y = backend.make(shape, dtype);
  if (dtype === "bool") {
    backend.view(y).fill(value);
    return y;
  }
  const word = dtype === "int32" ? value : bits(value);
  launchFlat(backend, "fill", sizeOf(shape), LIGHT_GRAIN, [backend.address(y), word]);
  return y;
}

/** x with the order along `axes` turned round. */
export function reverse(
  backend: SharedBackend,
  x: tf.TensorInfo,
  axes: readonly number[],
): tf.TensorInfo | undefined {
  const own = stridesOf(x.shape);
  const start = axes.reduce((n, i) => n + (x.shape[i] - 1) * own[i], 0);
  const xStrides = own.map((stride, i) => axes.includes(i) ? -stride : stride);
  return filled(
    backend,
    x.shape,
    x.dtype,
    (y) => copyStrided(backend, x.shape, x, start, xStrides, y, 0, own),
  );
}

/** x inside a border of `value`, before and after along each axis. */
export function pad(
  backend: SharedBackend,
  x: tf.TensorInfo,
  border: readonly (readonly [number, number])[],
  value: number,
): tf.TensorInfo | undefined {
  const shape = x.shape.map((n, i) => n + border[i][0] + border[i][1]), own = stridesOf(shape);
  const y = fill(backend, shape, x.dtype as PlainInfo["dtype"], value);
  const start = border.reduce((n, [before], i) => n + before * own[i], 0);
  if (copyStrided(backend, x.shape, x, 0, stridesOf(x.shape), y, start, own)) return y;
  backend.drop(y);
  return undefined;
}

/** x inside a border that mirrors it; `skip` 1 leaves the edge itself out of the mirror. */
function mirrorPad(
  backend: SharedBackend,
  x: tf.TensorInfo,
  border: readonly (readonly [number, number])[],
  skip: number,
): tf.TensorInfo | undefined {
  const y = pad(backend, x, border, 0);
  if (!y) return undefined;
  const own = stridesOf(y.shape);
  // Axis by axis, each border from what stands already.
  for (let axis = 0; axis < x.shape.length; axis++) {
    const n = x.shape[axis], [before, after] = border[axis];
    const corner = border.reduce((at, [skipped], i) => at + (i > axis ? skipped * own[i] : 0), 0);
    const turned = own.map((stride, i) => i === axis ? -stride : stride);
    const part = (length: number) =>
      y.shape.map((size, i) => i < axis ? size : i === axis ? length : x.shape[i]);
    const copy = (length: number, from: number, to: number) =>
      copyStrided(
        backend,
        part(length),
        y,
        corner + from * own[axis],
        turned,
        y,
        corner + to * own[axis],
        own,
      );
    if (
      !copy(before, before + skip + before - 1, 0) ||
      !copy(after, before + n - 1 - skip, before + n)
    ) {
      backend.drop(y);
      return undefined;
    }
  }
  return y;
}

/** tfjs's operations that move numbers. */
export const MOVES: KernelTable = [
  ["Identity", (backend, { x }) => backend.alias(x!)],
  [
    "Reshape",
    (backend, { x }, { shape }) =>
      backend.alias(x!, tf.util.inferFromImplicitShape(shape as number[], sizeOf(x!.shape))),
  ],
  ["ExpandDims", (backend, { input }, { dim }) => {
    const shape = [...input!.shape], axis = dim as number;
    shape.splice(axis < 0 ? shape.length + 1 + axis : axis, 0, 1);
    return backend.alias(input!, shape);
  }],
  [
    "Fill",
    (backend, _, { shape, value, dtype }) =>
      typeof value === "number" && dtype !== "string" && dtype !== "complex64"
        ? fill(backend, shape as number[], (dtype ?? "float32") as PlainInfo["dtype"], value)
        : undefined,
  ],
  [
    "ZerosLike",
    (backend, { x }) => isPlain(x!) ? fill(backend, x!.shape, x!.dtype, 0) : undefined,
  ],
  [
    "OnesLike",
    (backend, { x }) => isPlain(x!) ? fill(backend, x!.shape, x!.dtype, 1) : undefined,
  ],
  [
    "Transpose",
    (backend, { x }, { perm }) =>
      isPlain(x!) ? transpose(backend, x!, perm as number[]) : undefined,
  ],
  ["Slice", (backend, { x }, { begin, size }) => {
    if (!isPlain(x!)) return undefined;
    const [start, length] = tf.slice_util.parseSliceParams(
      x as tf.Tensor,
      begin as number[],
      size as number[],
    );
    tf.slice_util.assertParamsValid(x as tf.Tensor, start, length);
    return slice(backend, x!, start, length);
  }],
  ["SplitV", (backend, { x }, { numOrSizeSplits, axis }) => {
    if (!isPlain(x!)) return undefined;
    const along = axesOf(axis, x!)[0], begin = x!.shape.map(() => 0);
    const sizes = tf.backend_util
      .prepareSplitSize(x as tf.Tensor, numOrSizeSplits as number | number[], along);
    const parts = sizes.map((n) => {
      const size = [...x!.shape];
      size[along] = n;
      const part = slice(backend, x!, begin, size);
      begin[along] += n;
      return part;
    });
    return parts.every((part) => part !== undefined) ? parts as tf.TensorInfo[] : undefined;
  }],
  ["Concat", (backend, inputs, { axis }) => {
    const tensors = (inputs as unknown as tf.TensorInfo[]).filter((t) => sizeOf(t.shape) > 0);
    if (tensors.length === 0 || !tensors.every(isPlain)) return undefined;
    if (tensors.some((t) => t.dtype !== tensors[0].dtype)) return undefined;
    return concat(backend, tensors, axesOf(axis, tensors[0])[0]);
  }],
  ["Pack", (backend, inputs, { axis }) => {
    const tensors = inputs as unknown as tf.TensorInfo[], [first] = tensors;
    if (!tensors.every((t) => isPlain(t) && t.dtype === first.dtype)) return undefined;
    if (tensors.some((t) => t.shape.join() !== first.shape.join())) return undefined;
    const at = (axis as number) < 0 ? first.shape.length + 1 + (axis as number) : axis as number;
    const shape = [...first.shape];
    shape.splice(at, 0, 1);
    return concat(backend, tensors.map((t) => ({ ...t, shape })), at);
  }],
  ["Tile", (backend, { x }, { reps }) => {
    if (!isPlain(x!)) return undefined;
    const own = stridesOf(x!.shape), repeats = reps as number[];
    const shape = x!.shape.map((n, i) => n * repeats[i]);
    // Every axis becomes two: the repeats, which do not move in x, and the axis itself.
    const loops = x!.shape.flatMap((n, i) => [repeats[i], n]);
    const xStrides = own.flatMap((stride) => [0, stride]);
    return filled(
      backend,
      shape,
      x!.dtype,
      (y) => copyStrided(backend, loops, x!, 0, xStrides, y, 0, stridesOf(loops)),
    );
  }],
  [
    "Reverse",
    (backend, { x }, { dims }) => isPlain(x!) ? reverse(backend, x!, axesOf(dims, x!)) : undefined,
  ],
  [
    "FlipLeftRight",
    (backend, { image }) => isPlain(image!) ? reverse(backend, image!, [2]) : undefined,
  ],
  [
    "PadV2",
    (backend, { x }, { paddings, constantValue }) =>
      isPlain(x!)
        ? pad(backend, x!, paddings as [number, number][], constantValue as number)
        : undefined,
  ],
  ["MirrorPad", (backend, { x }, { paddings, mode }) => {
    if (!isPlain(x!) || sizeOf(x!.shape) === 0) return undefined;
    return mirrorPad(backend, x!, paddings as [number, number][], mode === "reflect" ? 1 : 0);
  }],
  ["StridedSlice", (backend, { x }, attrs) => {
    if (!isPlain(x!)) return undefined;
    const { begin, end, strides, beginMask, endMask } = attrs;
    const { ellipsisMask, newAxisMask, shrinkAxisMask } = attrs;
    const info = tf.slice_util.sliceInfo(
      x!.shape,
      begin as number[],
      end as number[],
      strides as number[],
      beginMask as number,
      endMask as number,
      ellipsisMask as number,
      newAxisMask as number,
      shrinkAxisMask as number,
    );
    const own = stridesOf(x!.shape),
      shape = tf.slice_util
        .computeOutShape(info.begin, info.end, info.strides);
    const start = info.begin.reduce((n, at, i) => n + at * own[i], 0);
    const xStrides = own.map((stride, i) => stride * info.strides[i]);
    const y = filled(
      backend,
      shape,
      x!.dtype,
      (y) => copyStrided(backend, shape, x!, start, xStrides, y, 0, stridesOf(shape)),
    );
    return y && { ...y, shape: info.finalShape };
  }],
  ["Unpack", (backend, { value }, { axis }) => {
    if (!isPlain(value!)) return undefined;
    const at = axesOf(axis, value!)[0], begin = value!.shape.map(() => 0);
    const size = value!.shape.map((n, i) => i === at ? 1 : n);
    const shape = value!.shape.filter((_, i) => i !== at);
    const parts = Array.from({ length: value!.shape[at] }, (_, i) => {
      begin[at] = i;
      return slice(backend, value!, begin, size);
    });
    return parts.map((part) => ({ ...part!, shape }));
  }],
  ["Diag", (backend, { x }) => {
    if (!isPlain(x!)) return undefined;
    const n = sizeOf(x!.shape), y = fill(backend, [...x!.shape, ...x!.shape], x!.dtype, 0);
    copyStrided(backend, [n], x!, 0, [1], y, 0, [n + 1]);
    return y;
  }],
  ["BatchToSpaceND", (backend, { x }, { blockShape, crops }) => {
    if (!isPlain(x!)) return undefined;
    const block = blockShape as number[], cut = crops as number[][];
    const product = block.reduce((n, d) => n * d, 1), { backend_util } = tf;
    const spread = backend_util.getReshaped(x!.shape, block, product);
    const order = backend_util.getPermuted(spread.length, block.length);
    const joined = backend_util.getReshapedPermuted(x!.shape, block, product);
    const turned = transpose(backend, { ...x!, shape: spread }, order);
    if (!turned) return undefined;
    const begin = backend_util.getSliceBeginCoords(cut, block.length);
    const size = backend_util.getSliceSize(joined, cut, block.length);
    const y = slice(
      backend,
      { ...turned, shape: joined },
      joined.map((_, i) => begin[i] ?? 0),
      joined.map((n, i) => size[i] ?? n),
    );
    backend.drop(turned);
    return y;
  }],
  ["SpaceToBatchND", (backend, { x }, { blockShape, paddings }) => {
    if (!isPlain(x!)) return undefined;
    const block = blockShape as number[], { backend_util } = tf;
    const product = block.reduce((n, d) => n * d, 1);
    const all = [[0, 0], ...paddings as number[][]];
    while (all.length < x!.shape.length) all.push([0, 0]);
    const padded = pad(backend, x!, all as [number, number][], 0);
    if (!padded) return undefined;
    const spread = backend_util.getReshaped(padded.shape, block, product, false);
    const order = backend_util.getPermuted(spread.length, block.length, false);
    const joined = backend_util.getReshapedPermuted(padded.shape, block, product, false);
    const y = transpose(backend, { ...padded, shape: spread }, order);
    backend.drop(padded);
    return y && { ...y, shape: joined };
  }],
  ["DepthToSpace", (backend, { x }, { blockSize, dataFormat }) => {
    if (!isPlain(x!) || dataFormat !== "NHWC") return undefined;
    const [B, H, W, C] = x!.shape, n = blockSize as number, depth = C / (n * n);
    const spread = { ...x!, shape: [B, H, W, n, n, depth] };
    const y = transpose(backend, spread, [0, 1, 3, 2, 4, 5]);
    return y && { ...y, shape: [B, H * n, W * n, depth] };
  }],
];
