/**
 * Reductions along axes: sums, extremes, their places, any and all; and softmax.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { bits } from "../machine.ts";
import {
  axesOf,
  GRAIN,
  isFloat,
  isPlain,
  isWord,
  type KernelTable,
  launchFlat,
  one,
  rowGrain,
  sizeOf,
} from "../launch.ts";
import type { SharedBackend, SharedKernel } from "../shared_backend.ts";
import { cast } from "./elementwise.ts";
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

const WHOLE = ["Sum", "Max", "Min", "Prod"] as const;
const TRUTHS = ["Any", "All"] as const;

/** The same for int32 (sums and products modulo 2³²) and bool. */
function reduceWhole(
  backend: SharedBackend,
  which: typeof WHOLE[number] | typeof TRUTHS[number],
  x: tf.TensorInfo,
  axes: readonly number[],
  keepDims: boolean,
): tf.TensorInfo | undefined {
  const rest = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const kept = rest.map((i) => x.shape[i]), rows = sizeOf(kept);
  const length = sizeOf(axes.map((i) => x.shape[i]));
  if (length === 0 || rows === 0) return undefined;
  const last = axes.every((axis) => axis >= rest.length);
  const moved = last ? x : transpose(backend, x, [...rest, ...axes]);
  if (!moved) return undefined;
  const dtype = x.dtype as "int32" | "bool";
  const kind = dtype === "bool" ? TRUTHS.indexOf(which as "Any") : WHOLE.indexOf(which as "Sum");
  const pass = (from: tf.TensorInfo, shape: readonly number[], n: number, total: number) => {
    const y = backend.make(shape, dtype), count = sizeOf(shape);
    launchFlat(backend, dtype === "bool" ? "reduce_bool" : "reduce_int", count, rowGrain(n), [
      backend.address(from),
      backend.address(y),
      n,
      kind,
      total,
    ]);
    return y;
  };
  const shape = keepDims ? x.shape.map((n, i) => axes.includes(i) ? 1 : n) : kept;
  if (rows === 1 && length > 2 * GRAIN) {
    const parts = pass(moved, [Math.ceil(length / GRAIN)], GRAIN, length);
    const y = pass(parts, shape, sizeOf(parts.shape), sizeOf(parts.shape));
    backend.drop(parts);
    if (moved !== x) backend.drop(moved);
    return y;
  }
  const y = pass(moved, shape, length, rows * length);
  if (moved !== x) backend.drop(moved);
  return y;
}

const reduceKernel =
  (which: "Sum" | "Max" | "Min" | "Prod" | "Mean"): SharedKernel => (backend, inputs, attrs) => {
    const x = one(inputs, "x");
    const axes = axesOf(attrs["axis"] ?? attrs["reductionIndices"], x);
    const keep = attrs["keepDims"] as boolean;
    if (axes.length === 0 || !isPlain(x)) return undefined;
    if (which === "Mean") {
      const scale = 1 / sizeOf(axes.map((i) => x.shape[i]));
      if (isFloat(x)) return reduce(backend, "Sum", x, axes, keep, scale);
      const numbers = cast(backend, x, "float32")!;
      const y = reduce(backend, "Sum", numbers, axes, keep, scale);
      backend.drop(numbers);
      return y;
    }
    if (x.dtype === "int32") return reduceWhole(backend, which, x, axes, keep);
    return isFloat(x) ? reduce(backend, which, x, axes, keep) : undefined;
  };

const truthKernel =
  (which: typeof TRUTHS[number]): SharedKernel => (backend, { x }, { axis, keepDims }) => {
    const axes = axesOf(axis, x!);
    if (x!.dtype !== "bool" || axes.length === 0) return undefined;
    return reduceWhole(backend, which, x!, axes, keepDims as boolean);
  };

const argKernel = (sign: number): SharedKernel => (backend, inputs, attrs) => {
  const x = one(inputs, "x");
  if (!isWord(x) || x.shape.length === 0) return undefined;
  const axis = axesOf(attrs["axis"], x)[0], length = x.shape[axis];
  if (sizeOf(x.shape) === 0) return undefined;
  const rest = x.shape.map((_, i) => i).filter((i) => i !== axis);
  const rows = axis === x.shape.length - 1 ? x : transpose(backend, x, [...rest, axis]);
  if (!rows) return undefined;
  const y = backend.make(rest.map((i) => x.shape[i]), "int32");
  const kernel = isFloat(x) ? "arg_rows" : "arg_rows_int";
  launchFlat(backend, kernel, sizeOf(y.shape), rowGrain(length), [
    backend.address(rows),
    backend.address(y),
    length,
    isFloat(x) ? bits(sign) : sign,
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
  ...TRUTHS.map((name) => [name, truthKernel(name)] as const),
  ["ArgMax", argKernel(1)],
  ["ArgMin", argKernel(-1)],
  ["Softmax", softmaxKernel(false)],
  ["LogSoftmax", softmaxKernel(true)],
  ["Multinomial", (backend, { logits }, attrs) => {
    if (attrs["normalized"]) return undefined;
    const shares = softmaxKernel(false)(backend, { logits: logits! }, {}) as tf.TensorInfo;
    const draw = tf.getKernel("Multinomial", "cpu")!.kernelFunc; // for its seeded numbers
    const drawn = shares && backend.onCpu(draw, { logits: shares }, { ...attrs, normalized: true });
    if (shares) backend.drop(shares);
    return drawn;
  }],
];
