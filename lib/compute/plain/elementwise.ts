/**
 * Element by element: functions of one number and of two with broadcasting, types, choosing.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { bits } from "../machine.ts";
import {
  GRAIN,
  isFloat,
  isPlain,
  isWord,
  type KernelTable,
  launchFlat,
  LIGHT_GRAIN,
  one,
  sizeOf,
  widthOf,
} from "../launch.ts";
import type { SharedBackend, SharedKernel } from "../shared_backend.ts";
import { broadcastStrides, loop, merged } from "./strides.ts";

/** In the order of `unary` in `kernels/elementwise.h`. */
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
  "Sin",
  "Cos",
  "Tan",
  "Asin",
  "Acos",
  "Atan",
  "Sinh",
  "Cosh",
  "Asinh",
  "Acosh",
  "Atanh",
  "Expm1",
  "Log1p",
  "Softplus",
  "Elu",
  "Selu",
  "LeakyRelu",
  "Relu6",
  "Round",
] as const;
type Unary = typeof UNARY[number];
/** Functions that take longer than reading and writing the number. */
const HEAVY: ReadonlySet<Unary> = new Set<Unary>(
  UNARY.filter((name) =>
    /^(Exp|Log|Sig|Tan|Erf|Gelu|Sin|Cos|A(sin|cos|tan)|Soft|Elu|Selu)/.test(name)
  ),
);

/** y = f(x), f by its name in `kernels/elementwise.h`; into a tensor that is there, if one is given. */
export function unary(
  backend: SharedBackend,
  which: Unary,
  x: tf.TensorInfo,
  p = 0,
  q = 0,
  y: tf.TensorInfo = backend.make(x.shape),
): tf.TensorInfo {
  launchFlat(backend, "unary", sizeOf(x.shape), HEAVY.has(which) ? GRAIN : LIGHT_GRAIN, [
    backend.address(x),
    backend.address(y),
    UNARY.indexOf(which),
    bits(p),
    bits(q),
  ]);
  return y;
}

/** In the order of `unary_int` and `test` there. */
const WHOLE = ["Neg", "Abs", "Square", "Relu", "Sign"] as const;
const TESTS = ["IsNan", "IsInf", "IsFinite", "LogicalNot"] as const;

function mapped(
  backend: SharedBackend,
  kernel: "unary_int" | "test",
  which: number,
  x: tf.TensorInfo,
): tf.TensorInfo {
  const y = backend.make(x.shape, kernel === "test" ? "bool" : "int32");
  launchFlat(backend, kernel, sizeOf(x.shape), LIGHT_GRAIN, [
    backend.address(x),
    backend.address(y),
    which,
  ]);
  return y;
}

/** In the order of `pair` there. */
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
  "Pow",
  "Mod",
  "FloorDiv",
  "Atan2",
  "Prelu",
  "EluGrad",
  "BitwiseAnd",
  "LogicalAnd",
  "LogicalOr",
] as const;
type Binary = typeof BINARY[number];
const isTruth = (which: Binary) => /Equal|Greater|Less|Logical/.test(which);

/** The pairs of whole numbers and of truths that have a kernel. */
const OF_INT: ReadonlySet<Binary> = new Set<Binary>(
  BINARY.filter((which) => !/RealDiv|Gradient|Pow|Atan2|Prelu|EluGrad|Logical/.test(which)),
);
const OF_BOOL: ReadonlySet<Binary> = new Set(["Equal", "NotEqual", "LogicalAnd", "LogicalOr"]);

/**
 * z = f(x, y) with broadcasting, f by its name; undefined when the axes are too many or f has no
 * kernel for the type.
 *
 * @param into where the result goes, of its shape and type; by default a new tensor.
 */
export function binary(
  backend: SharedBackend,
  which: Binary,
  x: tf.TensorInfo,
  y: tf.TensorInfo,
  into?: tf.TensorInfo,
): tf.TensorInfo | undefined {
  const dtype = x.dtype as "float32" | "int32" | "bool";
  const kernel = dtype === "int32" ? "binary_int" : dtype === "bool" ? "binary_bool" : "binary";
  if (dtype === "int32" && !OF_INT.has(which)) return undefined;
  if (dtype === "bool" && !OF_BOOL.has(which)) return undefined;
  const shape = tf.broadcast_util.assertAndGetBroadcastShape(x.shape, y.shape);
  const axes = merged(shape, broadcastStrides(x.shape, shape), broadcastStrides(y.shape, shape));
  const inner = axes.at(-1) ?? { size: 1, strides: [1, 1] };
  if (axes.length > 6 || inner.strides.some((stride) => stride > 1)) return undefined;
  const outer = axes.slice(0, -1);
  const z = into ??
    backend.make(shape, isTruth(which) ? "bool" : which === "FloorDiv" ? "int32" : dtype);
  const heavy = which === "Pow" || which === "Mod" || which === "Atan2" || which === "GeluGradient";
  launchFlat(backend, kernel, sizeOf(shape), heavy ? GRAIN : LIGHT_GRAIN, [
    backend.address(x),
    backend.address(y),
    backend.address(z),
    BINARY.indexOf(which),
    inner.size,
    ...inner.strides,
    widthOf(z),
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
  launchFlat(backend, "cast", sizeOf(x.shape), LIGHT_GRAIN, [
    backend.address(x),
    backend.address(y),
    how,
  ]);
  return y;
}

const unaryKernel = (which: Unary): SharedKernel => (backend, inputs) => {
  const x = one(inputs, "x"), whole = (WHOLE as readonly string[]).indexOf(which);
  if (isFloat(x)) return unary(backend, which, x);
  return x.dtype === "int32" && whole >= 0 ? mapped(backend, "unary_int", whole, x) : undefined;
};

const testKernel = (which: typeof TESTS[number]): SharedKernel => (backend, { x }) =>
  x!.dtype === (which === "LogicalNot" ? "bool" : "float32")
    ? mapped(backend, "test", TESTS.indexOf(which), x!)
    : undefined;

/** A function of the inputs `first` and `second`. */
const binaryKernel =
  (which: Binary, first = "a", second = "b"): SharedKernel => (backend, inputs) => {
    const x = one(inputs, first), y = one(inputs, second);
    return isPlain(x) && x.dtype === y.dtype ? binary(backend, which, x, y) : undefined;
  };

const OWN_ATTRIBUTES: readonly Unary[] = ["ClipByValue", "Step", "LeakyRelu", "Gelu", "Affine"];

/** tfjs's operations element by element. */
export const ELEMENTWISE: KernelTable = [
  ...UNARY.filter((name) => !OWN_ATTRIBUTES.includes(name))
    .map((name) => [name, unaryKernel(name)] as const),
  ...TESTS.map((name) => [name, testKernel(name)] as const),
  ...BINARY.filter((name) => !name.endsWith("Gradient") && !/Prelu|EluGrad/.test(name))
    .map((name) => [name, binaryKernel(name)] as const),
  ["Prelu", binaryKernel("Prelu", "x", "alpha")],
  ["EluGrad", binaryKernel("EluGrad", "dy", "y")],
  [
    "LeakyRelu",
    (backend, { x }, { alpha }) =>
      isFloat(x) ? unary(backend, "LeakyRelu", x!, alpha as number) : undefined,
  ],
  ["AddN", (backend, inputs) => {
    const tensors = inputs as unknown as tf.TensorInfo[], [first] = tensors;
    if (!tensors.every((t) => isWord(t) && t.dtype === first.dtype)) return undefined;
    if (tensors.length === 1) return backend.alias(first);
    let sum = binary(backend, "Add", first, tensors[1])!;
    for (const t of tensors.slice(2)) {
      const next = binary(backend, "Add", sum, t)!; // equal shapes: one axis
      backend.drop(sum);
      sum = next;
    }
    return sum;
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
  ["Select", (backend, { condition, t, e }) => {
    const shape = t!.shape;
    if (!isWord(t!) || t!.dtype !== e!.dtype || condition!.dtype !== "bool") return undefined;
    if (condition!.shape.join() !== shape.join() || e!.shape.join() !== shape.join()) {
      return undefined;
    }
    const y = backend.make(shape, t!.dtype as "float32" | "int32");
    launchFlat(backend, "where", sizeOf(shape), LIGHT_GRAIN, [
      backend.address(condition!),
      backend.address(t!),
      backend.address(e!),
      backend.address(y),
    ]);
    return y;
  }],
];
