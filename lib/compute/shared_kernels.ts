/**
 * tfjs's own kernels on shared memory: element by element, reductions, moves and products. Each
 * leaves what it does not know (integers, booleans, axes beyond its loops) to the cpu backend.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { bits, type Kernel } from "./machine.ts";
import { multiply } from "./products.ts";
import type { SharedBackend, SharedKernel } from "./shared_backend.ts";

/** Numbers a chunk of a flat loop takes: the sums' order follows from it, never from the threads. */
export const GRAIN = 16384;

const sizeOf = (shape: readonly number[]): number => tf.util.sizeFromShape(shape as number[]);
const isFloat = (...tensors: readonly (tf.TensorInfo | undefined)[]): boolean =>
  tensors.every((t) => t?.dtype === "float32");
const isWord = (t: tf.TensorInfo): boolean => t.dtype === "float32" || t.dtype === "int32";

/** Runs a kernel whose first two arguments are the number of items and the items a chunk. */
export function launchFlat(
  backend: SharedBackend,
  kernel: Kernel,
  items: number,
  grain: number,
  args: readonly number[],
): void {
  backend.machine.launch(kernel, Math.ceil(items / grain), [items, grain, ...args]);
}

/** Rows a chunk takes so that it has about {@link GRAIN} numbers. */
export const rowGrain = (length: number): number => Math.max(1, Math.floor(GRAIN / (length || 1)));

// ---------------------------------------------------------------- element by element

const UNARY = [
  "Neg",
  "Exp",
  "Log",
  "Sqrt",
  "Rsqrt",
  "Square",
  "Abs",
  "Relu",
  "Sigmoid",
  "Tanh",
  "Reciprocal",
  "Erf",
  "Gelu",
  "Sign",
  "ClipByValue",
  "Step",
  "Affine",
  "Floor",
  "Ceil",
] as const;

/** y = f(x), f by its name in `kernels/elementwise.h`. */
export function unary(
  backend: SharedBackend,
  which: typeof UNARY[number],
  x: tf.TensorInfo,
  p = 0,
  q = 0,
): tf.TensorInfo {
  const y = backend.make(x.shape);
  launchFlat(backend, "unary", sizeOf(x.shape), GRAIN, [
    backend.address(x),
    backend.address(y),
    UNARY.indexOf(which),
    bits(p),
    bits(q),
  ]);
  return y;
}

const BINARY = [
  "Add",
  "Sub",
  "Multiply",
  "RealDiv",
  "Maximum",
  "Minimum",
  "SquaredDifference",
  "ReluGradient",
  "GeluGradient",
  "Greater",
  "GreaterEqual",
  "Less",
  "LessEqual",
  "Equal",
  "NotEqual",
] as const;
const FIRST_COMPARISON = BINARY.indexOf("Greater");

/** z = f(x, y) with broadcasting, f by its name; undefined when the axes are too many. */
export function binary(
  backend: SharedBackend,
  which: typeof BINARY[number],
  x: tf.TensorInfo,
  y: tf.TensorInfo,
): tf.TensorInfo | undefined {
  const shape = tf.broadcast_util.assertAndGetBroadcastShape(x.shape, y.shape);
  const axes = merged(shape, broadcastStrides(x.shape, shape), broadcastStrides(y.shape, shape));
  const inner = axes.at(-1) ?? { size: 1, strides: [1, 1] };
  if (axes.length > 6 || inner.strides.some((stride) => stride > 1)) return undefined;
  const outer = axes.slice(0, -1), index = BINARY.indexOf(which);
  const compares = index >= FIRST_COMPARISON;
  const z = backend.make(shape, compares ? "bool" : "float32");
  launchFlat(backend, "binary", sizeOf(shape), GRAIN, [
    backend.address(x),
    backend.address(y),
    backend.address(z),
    index,
    inner.size,
    ...inner.strides,
    compares ? 1 : 4,
    outer.length,
    ...loop(outer, 5),
  ]);
  return z;
}

interface Axis {
  size: number;
  strides: number[];
}

/** Strides, in numbers, of a tensor without gaps. */
function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  for (let i = shape.length - 1, stride = 1; i >= 0; stride *= shape[i--]) strides[i] = stride;
  return strides;
}

/** The strides at which a tensor is read along the axes of the shape it's broadcast to. */
function broadcastStrides(from: readonly number[], to: readonly number[]): number[] {
  const own = stridesOf(from), lacking = to.length - from.length;
  return to.map((_, i) => i < lacking || from[i - lacking] === 1 ? 0 : own[i - lacking]);
}

/** The axes without those of size 1, neighbours joined where every tensor runs through them. */
function merged(shape: readonly number[], ...strides: readonly (readonly number[])[]): Axis[] {
  const axes: Axis[] = [];
  shape.forEach((size, i) => {
    if (size === 1) return;
    const here = strides.map((s) => s[i]), last = axes.at(-1);
    if (last && here.every((stride, j) => last.strides[j] === stride * size)) {
      last.size *= size;
      last.strides = here;
    } else axes.push({ size, strides: here });
  });
  return axes;
}

/** Outer axes as the kernels read them: sizes, then the strides of each tensor, padded to `room`. */
function loop(axes: readonly Axis[], room: number): number[] {
  const pad = (
    numbers: number[],
    filler: number,
  ) => [...numbers, ...new Array<number>(room - numbers.length).fill(filler)];
  return [
    ...pad(axes.map(({ size }) => size), 1),
    ...pad(axes.map(({ strides }) => strides[0]), 0),
    ...pad(axes.map(({ strides }) => strides[1]), 0),
  ];
}

// ---------------------------------------------------------------- moves

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

const CASTS = ["int32 float32", "bool float32", "float32 int32", "bool int32", "float32 bool"];

/** x as another type. */
export function cast(
  backend: SharedBackend,
  x: tf.TensorInfo,
  dtype: "float32" | "int32" | "bool",
): tf.TensorInfo | undefined {
  if (x.dtype === dtype) return backend.alias(x);
  const how = [...CASTS, "int32 bool"].indexOf(`${x.dtype} ${dtype}`);
  if (how < 0) return undefined;
  const y = backend.make(x.shape, dtype);
  launchFlat(backend, "cast", sizeOf(x.shape), GRAIN, [
    backend.address(x),
    backend.address(y),
    how,
  ]);
  return y;
}

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

// ---------------------------------------------------------------- reductions

const REDUCTIONS = ["Sum", "Max", "Min", "Prod", "Squares"] as const;

/** Rows that are summed in one go before the sums are summed. */
const SECTION = 128;

/** Reduces axes away; `scale` multiplies the result. */
export function reduce(
  backend: SharedBackend,
  which: typeof REDUCTIONS[number],
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
  which: typeof REDUCTIONS[number],
  x: tf.TensorInfo,
  rows: number,
  length: number,
  shape: readonly number[],
  scale: number,
): tf.TensorInfo {
  const kind = REDUCTIONS.indexOf(which), y = backend.make(shape);
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

// ---------------------------------------------------------------- tfjs's kernels

const one = (inputs: tf.NamedTensorInfoMap, name: string): tf.TensorInfo => inputs[name]!;
const axesOf = (attr: unknown, x: tf.TensorInfo): number[] =>
  tf.util.parseAxisParam(attr as number | number[], x.shape);

const unaryKernel = (which: typeof UNARY[number]): SharedKernel => (backend, inputs) =>
  isFloat(one(inputs, "x")) ? unary(backend, which, one(inputs, "x")) : undefined;

const binaryKernel = (which: typeof BINARY[number]): SharedKernel => (backend, inputs) =>
  isFloat(one(inputs, "a"), one(inputs, "b"))
    ? binary(backend, which, one(inputs, "a"), one(inputs, "b"))
    : undefined;

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

const matMulKernel: SharedKernel = (backend, inputs, attrs) => {
  const a = one(inputs, "a"), b = one(inputs, "b"), bias = inputs["bias"];
  const activation = attrs["activation"] ?? "linear";
  if (!isFloat(a, b) || inputs["preluActivationWeights"]) return undefined;
  if (activation !== "linear" && activation !== "relu") return undefined;
  const turnA = attrs["transposeA"] as boolean, turnB = attrs["transposeB"] as boolean;
  const [aRows, aColumns] = a.shape.slice(-2), [bRows, bColumns] = b.shape.slice(-2);
  const [M, K] = turnA ? [aColumns, aRows] : [aRows, aColumns];
  const [bK, N] = turnB ? [bColumns, bRows] : [bRows, bColumns];
  if (K !== bK) {
    throw new RangeError(
      `Cannot multiply [${a.shape}]${turnA ? "ᵀ" : ""} by [${b.shape}]${turnB ? "ᵀ" : ""}: ` +
        `inner sizes must be equal, not ${K} and ${bK}`,
    );
  }
  const [aOuter, bOuter] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const outer = tf.broadcast_util.assertAndGetBroadcastShape(aOuter, bOuter);
  const batch = sizeOf(outer), manyA = sizeOf(aOuter) > 1, manyB = sizeOf(bOuter) > 1;
  if ((manyA && sizeOf(aOuter) !== batch) || (manyB && sizeOf(bOuter) !== batch)) return undefined;
  if (bias && (!isFloat(bias) || sizeOf(bias.shape) !== N)) return undefined;
  const c = backend.make([...outer, M, N]), relu = activation === "relu";
  multiply(backend, a, b, c, { M, N, K, turnA, turnB, batch, manyA, manyB, bias, relu });
  return c;
};

/** tfjs's kernels that run on shared memory. */
export const SHARED_KERNELS: ReadonlyMap<string, SharedKernel> = new Map<string, SharedKernel>([
  ...(["Neg", "Exp", "Log", "Sqrt", "Rsqrt", "Square", "Abs", "Relu", "Sigmoid", "Tanh"] as const)
    .map((name) => [name, unaryKernel(name)] as const),
  ...(["Reciprocal", "Erf", "Sign", "Floor", "Ceil"] as const)
    .map((name) => [name, unaryKernel(name)] as const),
  ...BINARY.filter((name) => !name.endsWith("Gradient"))
    .map((name) => [name, binaryKernel(name)] as const),
  ...(["Sum", "Max", "Min", "Prod", "Mean"] as const)
    .map((name) => [name, reduceKernel(name)] as const),
  ["ArgMax", argKernel(1)],
  ["ArgMin", argKernel(-1)],
  ["Softmax", softmaxKernel(false)],
  ["LogSoftmax", softmaxKernel(true)],
  ["BatchMatMul", matMulKernel],
  ["_FusedMatMul", matMulKernel],
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
    "ClipByValue",
    (backend, { x }, { clipValueMin, clipValueMax }) =>
      isFloat(x)
        ? unary(backend, "ClipByValue", x!, clipValueMin as number, clipValueMax as number)
        : undefined,
  ],
  [
    "Step",
    (backend, { x }, { alpha }) =>
      isFloat(x) ? unary(backend, "Step", x!, alpha as number) : undefined,
  ],
  [
    "Cast",
    (backend, { x }, { dtype }) =>
      dtype === "float32" || dtype === "int32" || dtype === "bool"
        ? cast(backend, x!, dtype as "float32")
        : undefined,
  ],
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
  ["Select", (backend, { condition, t, e }) => {
    const shape = t!.shape;
    if (!isFloat(t, e) || condition!.dtype !== "bool") return undefined;
    if (condition!.shape.join() !== shape.join() || e!.shape.join() !== shape.join()) {
      return undefined;
    }
    const y = backend.make(shape);
    launchFlat(backend, "where", sizeOf(shape), GRAIN, [
      backend.address(condition!),
      backend.address(t!),
      backend.address(e!),
      backend.address(y),
    ]);
    return y;
  }],
]);
