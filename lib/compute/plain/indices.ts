/**
 * By index: rows of a table, sums of rows that share an index, one-hot.
 *
 * @module
 */

import type * as tf from "@tensorflow/tfjs";
import { bits } from "../machine.ts";
import {
  axesOf,
  isFloat,
  isWord,
  type KernelTable,
  launchFlat,
  rowGrain,
  sizeOf,
} from "../launch.ts";
import type { SharedBackend } from "../shared_backend.ts";

/** The rows of x, taken as [outer, table, length], that int32 indices name. */
export function gather(
  backend: SharedBackend,
  x: tf.TensorInfo,
  indices: tf.TensorInfo,
  axis: number,
): tf.TensorInfo {
  const table = x.shape[axis], count = sizeOf(indices.shape);
  for (const index of backend.view(indices)) {
    if (index < 0 || index >= table) {
      throw new RangeError(`Cannot gather row ${index}: must be 0 to ${table - 1}`);
    }
  }
  const before = x.shape.slice(0, axis), after = x.shape.slice(axis + 1);
  const y = backend.make([...before, ...indices.shape, ...after], x.dtype as "float32");
  const length = sizeOf(after);
  launchFlat(backend, "gather", sizeOf(before) * count, rowGrain(length), [
    backend.address(x),
    backend.address(indices),
    backend.address(y),
    count,
    table,
    length,
  ]);
  return y;
}

/** The sums of the rows of x [n, length] that share an index → [rows, length]. */
export function scatterAdd(
  backend: SharedBackend,
  x: tf.TensorInfo,
  indices: tf.TensorInfo,
  rows: number,
): tf.TensorInfo {
  const n = sizeOf(indices.shape), length = n ? sizeOf(x.shape) / n : sizeOf(x.shape.slice(1));
  const y = backend.make([rows, length]);
  // Every chunk reads all the indices.
  launchFlat(backend, "scatter_add", rows, Math.max(1, Math.ceil(rows / 16)), [
    backend.address(x),
    backend.address(indices),
    backend.address(y),
    n,
    length,
  ]);
  return y;
}

/** tfjs's operations by index. */
export const INDICES: KernelTable = [
  [
    "GatherV2",
    (backend, { x, indices }, { axis, batchDims }) =>
      isWord(x!) && indices!.dtype === "int32" && !batchDims
        ? gather(backend, x!, indices!, axesOf(axis, x!)[0])
        : undefined,
  ],
  ["UnsortedSegmentSum", (backend, { x, segmentIds }, { numSegments }) => {
    if (!isFloat(x) || segmentIds!.dtype !== "int32" || segmentIds!.shape.length !== 1) {
      return undefined;
    }
    const rows = numSegments as number, y = scatterAdd(backend, x!, segmentIds!, rows);
    y.shape = [rows, ...x!.shape.slice(1)];
    return y;
  }],
  ["OneHot", (backend, { indices }, { dtype, depth, onValue, offValue }) => {
    if (indices!.dtype !== "int32" || (dtype !== "float32" && dtype !== "int32")) return undefined;
    const word = dtype === "int32" ? (x: number) => x : bits, length = depth as number;
    const y = backend.make([...indices!.shape, length], dtype as "float32");
    launchFlat(backend, "one_hot", sizeOf(indices!.shape), rowGrain(length), [
      backend.address(indices!),
      backend.address(y),
      length,
      word(onValue as number),
      word(offValue as number),
    ]);
    return y;
  }],
];
