/**
 * By index: rows and points of a table, written to or summed by index, counts, one-hot.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { bits } from "../machine.ts";
import {
  axesOf,
  GRAIN,
  isFloat,
  isWord,
  type KernelTable,
  launchFlat,
  rowGrain,
  sizeOf,
} from "../launch.ts";
import type { SharedBackend } from "../shared_backend.ts";
import { fill, slice } from "./moves.ts";

/** Refuses an index outside the table. */
function checkIndices(indices: ArrayLike<number>, table: number): void {
  for (let i = 0; i < indices.length; i++) {
    if (indices[i] < 0 || indices[i] >= table) {
      throw new RangeError(`Cannot gather row ${indices[i]}: must be 0 to ${table - 1}`);
    }
  }
}

/** The rows of x, taken as [outer, table, length], that int32 indices name. */
export function gather(
  backend: SharedBackend,
  x: tf.TensorInfo,
  indices: tf.TensorInfo,
  axis: number,
): tf.TensorInfo {
  checkIndices(backend.view(indices), x.shape[axis]);
  const before = x.shape.slice(0, axis), after = x.shape.slice(axis + 1);
  const shape = [...before, ...indices.shape, ...after];
  return gatherRows(backend, x, indices, sizeOf(before), x.shape[axis], sizeOf(after), shape);
}

/** x [outer, table, length] → [outer, indices, length], the indices checked already. */
function gatherRows(
  backend: SharedBackend,
  x: tf.TensorInfo,
  indices: tf.TensorInfo,
  outer: number,
  table: number,
  length: number,
  shape: readonly number[],
): tf.TensorInfo {
  const count = sizeOf(indices.shape), y = backend.make(shape, x.dtype as "float32");
  launchFlat(backend, "gather", outer * count, rowGrain(length), [
    backend.address(x),
    backend.address(indices),
    backend.address(y),
    count,
    table,
    length,
  ]);
  return y;
}

/** Each of the batch has indices of its own: x [batch, outer, table, length], [batch, count]. */
function gatherBatch(
  backend: SharedBackend,
  x: tf.TensorInfo,
  indices: tf.TensorInfo,
  axis: number,
  batchDims: number,
): tf.TensorInfo {
  const table = x.shape[axis], from = backend.view(indices);
  checkIndices(from, table);
  const batch = sizeOf(x.shape.slice(0, batchDims)), after = x.shape.slice(axis + 1);
  const outer = sizeOf(x.shape.slice(batchDims, axis)), count = from.length / (batch || 1);
  const flat = whole(backend, batch * outer * count, (to) => {
    for (let row = 0, at = 0; row < batch * outer; row++) {
      const start = Math.floor(row / outer) * count;
      for (let i = 0; i < count; i++) to[at++] = row * table + from[start + i];
    }
  });
  const shape = [...x.shape.slice(0, axis), ...indices.shape.slice(batchDims), ...after];
  const y = gatherRows(backend, x, flat, 1, batch * outer * table, sizeOf(after), shape);
  backend.drop(flat);
  return y;
}

/** A new int32 tensor [n] that `write` fills. */
function whole(backend: SharedBackend, n: number, write: (to: Int32Array) => void): tf.TensorInfo {
  const y = backend.make([n], "int32");
  write(backend.view(y) as Int32Array);
  return y;
}

/** Indices [n, rank] of a tensor with these strides, as places in it → [n], each 0 to table − 1. */
function places(
  backend: SharedBackend,
  indices: tf.TensorInfo,
  rank: number,
  strides: readonly number[],
  table: number,
): tf.TensorInfo {
  const n = sizeOf(indices.shape) / rank, from = backend.view(indices);
  return whole(backend, n, (to) => {
    for (let i = 0; i < n; i++) {
      let place = 0;
      for (let d = 0; d < rank; d++) place += from[i * rank + d] * strides[d];
      if (place < 0 || place >= table) {
        const index = Array.from(from.subarray(i * rank, (i + 1) * rank));
        throw new RangeError(`Cannot use the index [${index}]: it is outside, at ${place}`);
      }
      to[i] = place;
    }
  });
}

/** In the order of `kernels/move.h`. */
const SCATTER = ["sum", "sum int32", "put"] as const;

/** The rows of x [n, length] into y [rows, length] by index, added or put. */
function scatter(
  backend: SharedBackend,
  x: tf.TensorInfo,
  indices: tf.TensorInfo,
  y: tf.TensorInfo,
  rows: number,
  length: number,
  how: typeof SCATTER[number],
): tf.TensorInfo {
  // Every chunk reads all the indices: one chunk where little is written.
  const chunks = sizeOf(x.shape) < GRAIN ? 1 : 2 * backend.machine.threads;
  launchFlat(backend, "scatter_add", rows, Math.ceil(rows / chunks) || 1, [
    backend.address(x),
    backend.address(indices),
    backend.address(y),
    sizeOf(indices.shape),
    length,
    SCATTER.indexOf(how),
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
  return scatter(backend, x, indices, backend.make([rows, length]), rows, length, "sum");
}

/** Writes updates into `y`, which it takes over, at indices [n, rank] as tfjs lays them out. */
function scatterNd(
  backend: SharedBackend,
  indices: tf.TensorInfo,
  updates: tf.TensorInfo,
  y: tf.TensorInfo,
  how: typeof SCATTER[number],
): tf.TensorInfo | undefined {
  const { sliceRank, sliceSize, strides, outputSize, numUpdates } = tf.backend_util
    .calculateShapes(updates as tf.Tensor, indices as tf.Tensor, y.shape);
  if (sliceRank === 0 || sizeOf(updates.shape) !== numUpdates * sliceSize) {
    backend.drop(y);
    return undefined;
  }
  const rows = outputSize / sliceSize, at = places(backend, indices, sliceRank, strides, rows);
  scatter(backend, updates, at, y, rows, sliceSize, how);
  backend.drop(at);
  return y;
}

/** How often each of 0 … size − 1 stands in a row of x [rows, length], or the weights' sum. */
function count(
  backend: SharedBackend,
  x: tf.TensorInfo,
  weights: tf.TensorInfo,
  rows: number,
  size: number,
  binary: boolean,
  shape: readonly number[],
): tf.TensorInfo {
  const values = backend.view(x), length = values.length / rows;
  for (let i = 0; i < values.length; i++) {
    if (values[i] < 0) throw new RangeError(`Cannot count ${values[i]}: must be 0 or more`);
  }
  const y = backend.make(shape);
  launchFlat(backend, "count_rows", rows, rowGrain(length), [
    backend.address(x),
    backend.address(y),
    length,
    size,
    sizeOf(weights.shape) ? backend.address(weights) : 0,
    binary ? 1 : 0,
  ]);
  return y;
}

/** tfjs's operations by index. */
export const INDICES: KernelTable = [
  ["GatherV2", (backend, { x, indices }, { axis, batchDims }) => {
    if (!isWord(x!) || indices!.dtype !== "int32") return undefined;
    const along = axesOf(axis, x!)[0], batch = batchDims as number ?? 0;
    return batch === 0
      ? gather(backend, x!, indices!, along)
      : batch > 0
      ? gatherBatch(backend, x!, indices!, along, batch)
      : undefined;
  }],
  ["GatherNd", (backend, { params, indices }) => {
    const rank = indices!.shape.at(-1)!;
    if (!isWord(params!) || indices!.dtype !== "int32" || !rank) return undefined;
    const [shape, n, length, strides] = tf.backend_util
      .prepareAndValidate(params as tf.Tensor, indices as tf.Tensor);
    if (n === 0) return undefined;
    const table = sizeOf(params!.shape) / length;
    const at = places(backend, indices!, rank, strides, table);
    const y = gatherRows(backend, params!, at, 1, table, length, shape);
    backend.drop(at);
    return y;
  }],
  ["ScatterNd", (backend, { indices, updates }, { shape }) => {
    if (!isWord(updates!) || indices!.dtype !== "int32") return undefined;
    const dtype = updates!.dtype as "float32" | "int32";
    const y = backend.make(shape as number[], dtype);
    return scatterNd(backend, indices!, updates!, y, dtype === "int32" ? "sum int32" : "sum");
  }],
  ["TensorScatterUpdate", (backend, { tensor, indices, updates }) => {
    if (!isWord(tensor!) || tensor!.dtype !== updates!.dtype || indices!.dtype !== "int32") {
      return undefined;
    }
    const y = slice(backend, tensor!, tensor!.shape.map(() => 0), tensor!.shape);
    return y && scatterNd(backend, indices!, updates!, y, "put");
  }],
  ["SparseToDense", (backend, inputs, { outputShape }) => {
    const { sparseIndices, sparseValues, defaultValue } = inputs;
    if (!isWord(sparseValues!) || sparseIndices!.dtype !== "int32") return undefined;
    const value = backend.view(defaultValue!)[0];
    const dtype = sparseValues!.dtype as "float32" | "int32";
    const y = fill(backend, outputShape as number[], dtype, value);
    return scatterNd(backend, sparseIndices!, sparseValues!, y, "put");
  }],
  ["Bincount", (backend, { x, weights }, { size }) => {
    if (x!.dtype !== "int32" || !isFloat(weights) || sizeOf(x!.shape) === 0) return undefined;
    return count(backend, x!, weights!, 1, size as number, false, [size as number]);
  }],
  ["DenseBincount", (backend, { x, weights }, { size, binaryOutput }) => {
    if (x!.dtype !== "int32" || !isFloat(weights) || sizeOf(x!.shape) === 0) return undefined;
    const rows = x!.shape.length === 2 ? x!.shape[0] : 1, n = size as number;
    const binary = binaryOutput as boolean && x!.shape.length === 2;
    const shape = x!.shape.length === 2 ? [rows, n] : [n];
    return count(backend, x!, weights!, rows, n, binary, shape);
  }],
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
