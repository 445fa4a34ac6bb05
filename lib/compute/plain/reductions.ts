/**
 * Reductions along axes: sums, extremes, their places; and softmax.
 *
 * @module
 */

import type * as tf from "@tensorflow/tfjs";
import { bits } from "../machine.ts";
import {
  axesOf,
  GRAIN,
  isFloat,
  type KernelTable,
  launchFlat,
  one,
  rowGrain,
  sizeOf,
} from "../launch.ts";
import type { SharedBackend, SharedKernel } from "../shared_backend.ts";
import { transpose } from "./moves.ts";

const KINDS = ["Sum", "Max", "Min", "Prod", "Squares"] as const;

/** Rows that are summed in one go before the sums are summed. */
const SECTION = 128;

/** Reduces axes away; `scale` multiplies the result. */
export function reduce(
  backend: SharedBackend,
  which: typeof KINDS[number],
  x: tf.TensorInfo,
  axes: readonly number[],
  keepDims = false,
  scale = 1,
): tf.TensorInfo | undefined {
  const kept = x.shape.filter((_, i) => !axes.includes(i));
  const shape = keepDims ? x.shape.map((n, i) => axes.includes(i) ? 1 : n) : kept;
  const first = Math.min(...axes), last = Math.max(...axes);
  const inRow = axes.length > 0 && last - first + 1 === axes.length;
  const outer = sizeOf(x.shape.slice(0, first)), inner = sizeOf(x.shape.slice(last + 1));
  const length = sizeOf(axes.map((i) => x.shape[i]));
  if (length === 0 || sizeOf(kept) === 0) return undefined;
  if (!inRow || (inner > 1 && which !== "Sum")) {
    const rest = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
    const moved = transpose(backend, x, [...rest, ...axes]);
    if (!moved) return undefined;
    const y = reduceRows(backend, which, moved, sizeOf(kept), length, shape, scale);
    backend.drop(moved);
    return y;
  }
  return inner > 1
    ? sumColumns(backend, x, outer, length, inner, shape, scale)
    : reduceRows(backend, which, x, outer, length, shape, scale);
}

function reduceRows(
  backend: SharedBackend,
  which: typeof KINDS[number],
  x: tf.TensorInfo,
  rows: number,
  length: number,
  shape: readonly number[],
  scale: number,
): tf.TensorInfo {
  const kind = KINDS.indexOf(which), y = backend.make(shape);
  let from = x, left = length, next = kind;
  if (rows === 1 && length > 2 * GRAIN) {
    left = Math.ceil(length / GRAIN);
    from = backend.make([left]);
    launchFlat(backend, "reduce_part", length, GRAIN, [
      backend.address(x),
      backend.address(from),
      0,
      kind,
    ]);
    if (which === "Squares") next = 0;
  }
  launchFlat(backend, "reduce_rows", rows, rowGrain(left), [
    backend.address(from),
    backend.address(y),
    left,
    next,
    bits(scale),
  ]);
  if (from !== x) backend.drop(from);
  return y;
}

/** x [outer, rows, columns] → [outer, columns]. */
export function sumColumns(
  backend: SharedBackend,
  x: tf.TensorInfo,
  outer: number,
  rows: number,
  columns: number,
  shape: readonly number[],
  scale = 1,
): tf.TensorInfo {
  const y = backend.make(shape), blocks = Math.ceil(columns / 256);
  const pass = (from: tf.TensorInfo, to: tf.TensorInfo, n: number, section: number, by: number) => {
    const sections = Math.ceil(n / section);
    backend.machine.launch("sum_columns", outer * sections * blocks, [
      backend.address(from),
      backend.address(to),
      n,
      columns,
      section,
      sections,
      blocks,
      bits(by),
    ]);
    return sections;
  };
  if (rows <= 2 * SECTION) {
    pass(x, y, rows, rows, scale);
  } else {
    const parts = backend.make([outer, Math.ceil(rows / SECTION), columns]);
    const sections = pass(x, parts, rows, SECTION, 1);
    pass(parts, y, sections, sections, scale);
    backend.drop(parts);
  }
  return y;
}

const reduceKernel =
  (which: "Sum" | "Max" | "Min" | "Prod" | "Mean"): SharedKernel => (backend, inputs, attrs) => {
    const x = one(inputs, "x");
    if (!isFloat(x)) return undefined;
    const axes = axesOf(attrs["axis"] ?? attrs["reductionIndices"], x);
    const keep = attrs["keepDims"] as boolean;
    if (axes.length === 0) return undefined;
    return which === "Mean"
      ? reduce(backend, "Sum", x, axes, keep, 1 / sizeOf(axes.map((i) => x.shape[i])))
      : reduce(backend, which, x, axes, keep);
  };

const argKernel = (sign: number): SharedKernel => (backend, inputs, attrs) => {
  const x = one(inputs, "x");
  if (!isFloat(x) || x.shape.length === 0) return undefined;
  const axis = axesOf(attrs["axis"], x)[0], length = x.shape[axis];
  const rest = x.shape.map((_, i) => i).filter((i) => i !== axis);
  const rows = axis === x.shape.length - 1 ? x : transpose(backend, x, [...rest, axis]);
  if (!rows || sizeOf(x.shape) === 0) return undefined;
  const y = backend.make(rest.map((i) => x.shape[i]), "int32");
  launchFlat(backend, "arg_rows", sizeOf(y.shape), rowGrain(length), [
    backend.address(rows),
    backend.address(y),
    length,
    bits(sign),
  ]);
  if (rows !== x) backend.drop(rows);
  return y;
};

const softmaxKernel = (log: boolean): SharedKernel => (backend, inputs, attrs) => {
  const x = one(inputs, "logits");
  const rank = x.shape.length, axis = (attrs[log ? "axis" : "dim"] as number ?? -1) as number;
  if (!isFloat(x) || rank === 0 || (axis !== -1 && axis !== rank - 1)) return undefined;
  const y = backend.make(x.shape), length = x.shape[rank - 1];
  if (length === 0) return y;
  launchFlat(backend, "softmax", sizeOf(x.shape) / length, rowGrain(4 * length), [
    backend.address(x),
    backend.address(y),
    length,
    log ? 1 : 0,
  ]);
  return y;
};

/** tfjs's reductions. */
export const REDUCTIONS: KernelTable = [
  ...(["Sum", "Max", "Min", "Prod", "Mean"] as const)
    .map((name) => [name, reduceKernel(name)] as const),
  ["ArgMax", argKernel(1)],
  ["ArgMin", argKernel(-1)],
  ["Softmax", softmaxKernel(false)],
  ["LogSoftmax", softmaxKernel(true)],
];
