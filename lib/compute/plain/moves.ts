/**
 * Moving numbers: turning, cutting, joining, repeating, padding; and views in another shape.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { bits } from "../machine.ts";
import {
  axesOf,
  GRAIN,
  isWord,
  type KernelTable,
  launchFlat,
  rowGrain,
  sizeOf,
} from "../launch.ts";
import type { SharedBackend } from "../shared_backend.ts";
import { loop, merged, stridesOf } from "./strides.ts";

/**
 * Copies along `shape` from x, read from number `start` on at `xStrides`, to y, written from number
 * `yStart` on at `yStrides`; false when the axes are too many.
 */
function copyStrided(
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
  launchFlat(backend, "copy_rows", count, rowGrain(length), [
    backend.address(x) + 4 * start,
    backend.address(y) + 4 * yStart,
    length,
    step,
    rows.length,
    ...loop(rows, 5),
  ]);
  return true;
}

/** Makes the tensor that `copy` fills; drops it again when `copy` cannot. */
function filled(
  backend: SharedBackend,
  shape: readonly number[],
  dtype: tf.DataType,
  copy: (y: tf.TensorInfo) => boolean,
): tf.TensorInfo | undefined {
  const y = backend.make(shape, dtype as "float32" | "int32");
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
  const y = backend.make(shape, x.dtype as "float32" | "int32");
  const strips = Math.ceil(axes[row].size / 64);
  const chunks = outer.reduce((n, { size }) => n * size, strips);
  backend.machine.launch("transpose", chunks, [
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
function concat(
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

function slice(
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
  dtype: "float32" | "int32",
  value: number,
): tf.TensorInfo {
  const y = backend.make(shape, dtype);
  const word = dtype === "int32" ? value : bits(value);
  launchFlat(backend, "fill", sizeOf(shape), GRAIN, [backend.address(y), word]);
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
      typeof value === "number" && (dtype === "float32" || dtype === "int32" || dtype === undefined)
        ? fill(backend, shape as number[], (dtype ?? "float32") as "float32", value)
        : undefined,
  ],
  [
    "ZerosLike",
    (backend, { x }) => isWord(x!) ? fill(backend, x!.shape, x!.dtype as "float32", 0) : undefined,
  ],
  [
    "OnesLike",
    (backend, { x }) => isWord(x!) ? fill(backend, x!.shape, x!.dtype as "float32", 1) : undefined,
  ],
  [
    "Transpose",
    (backend, { x }, { perm }) => isWord(x!) ? transpose(backend, x!, perm as number[]) : undefined,
  ],
  ["Slice", (backend, { x }, { begin, size }) => {
    if (!isWord(x!)) return undefined;
    const [start, length] = tf.slice_util.parseSliceParams(
      x as tf.Tensor,
      begin as number[],
      size as number[],
    );
    tf.slice_util.assertParamsValid(x as tf.Tensor, start, length);
    return slice(backend, x!, start, length);
  }],
  ["SplitV", (backend, { x }, { numOrSizeSplits, axis }) => {
    if (!isWord(x!)) return undefined;
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
    if (tensors.length === 0 || !tensors.every(isWord)) return undefined;
    if (tensors.some((t) => t.dtype !== tensors[0].dtype)) return undefined;
    return concat(backend, tensors, axesOf(axis, tensors[0])[0]);
  }],
  ["Pack", (backend, inputs, { axis }) => {
    const tensors = inputs as unknown as tf.TensorInfo[], [first] = tensors;
    if (!tensors.every((t) => isWord(t) && t.dtype === first.dtype)) return undefined;
    if (tensors.some((t) => t.shape.join() !== first.shape.join())) return undefined;
    const at = (axis as number) < 0 ? first.shape.length + 1 + (axis as number) : axis as number;
    const shape = [...first.shape];
    shape.splice(at, 0, 1);
    return concat(backend, tensors.map((t) => ({ ...t, shape })), at);
  }],
  ["Tile", (backend, { x }, { reps }) => {
    if (!isWord(x!)) return undefined;
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
  ["Reverse", (backend, { x }, { dims }) => {
    if (!isWord(x!) || sizeOf(x!.shape) === 0) return undefined;
    const turn = axesOf(dims, x!), own = stridesOf(x!.shape);
    const start = turn.reduce((n, i) => n + (x!.shape[i] - 1) * own[i], 0);
    const xStrides = own.map((stride, i) => turn.includes(i) ? -stride : stride);
    return filled(
      backend,
      x!.shape,
      x!.dtype,
      (y) => copyStrided(backend, x!.shape, x!, start, xStrides, y, 0, own),
    );
  }],
  ["PadV2", (backend, { x }, { paddings, constantValue }) => {
    if (!isWord(x!)) return undefined;
    const pads = paddings as [number, number][];
    const shape = x!.shape.map((n, i) => n + pads[i][0] + pads[i][1]), own = stridesOf(shape);
    const y = fill(backend, shape, x!.dtype as "float32", constantValue as number);
    const start = pads.reduce((n, [before], i) => n + before * own[i], 0);
    if (copyStrided(backend, x!.shape, x!, 0, stridesOf(x!.shape), y, start, own)) return y;
    backend.drop(y);
    return undefined;
  }],
];
