/**
 * Element by element: functions of one number and of two with broadcasting, types, choosing.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { bits } from "../machine.ts";
import { GRAIN, isFloat, type KernelTable, launchFlat, one, sizeOf } from "../launch.ts";
import type { SharedBackend, SharedKernel } from "../shared_backend.ts";
import { broadcastStrides, loop, merged } from "./strides.ts";

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

const unaryKernel = (which: typeof UNARY[number]): SharedKernel => (backend, inputs) =>
  isFloat(one(inputs, "x")) ? unary(backend, which, one(inputs, "x")) : undefined;

const binaryKernel = (which: typeof BINARY[number]): SharedKernel => (backend, inputs) =>
  isFloat(one(inputs, "a"), one(inputs, "b"))
    ? binary(backend, which, one(inputs, "a"), one(inputs, "b"))
    : undefined;

/** tfjs's operations element by element. */
export const ELEMENTWISE: KernelTable = [
  ...(["Neg", "Exp", "Log", "Sqrt", "Rsqrt", "Square", "Abs", "Relu", "Sigmoid", "Tanh"] as const)
    .map((name) => [name, unaryKernel(name)] as const),
  ...(["Reciprocal", "Erf", "Sign", "Floor", "Ceil"] as const)
    .map((name) => [name, unaryKernel(name)] as const),
  ...BINARY.filter((name) => !name.endsWith("Gradient"))
    .map((name) => [name, binaryKernel(name)] as const),
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
];
