/**
 * The ONNX format, as far as a network needs it: a graph of operations and its numbers, written as
 * protocol buffers. Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 *
 * @module
 */

/** Numbers that belong to a graph. */
export interface Constant {
  /** By which operations refer to it. */
  readonly name: string;
  /** Empty for a single number. */
  readonly shape: readonly number[];
  /** Float32Array: float; BigInt64Array: int64. */
  readonly values: Float32Array | BigInt64Array;
}

/** An operation of the ONNX standard: https://onnx.ai/onnx/operators */
export interface Operation {
  /** Its name in the standard, such as `MatMul`. */
  readonly type: string;
  /** Names of what it takes. */
  readonly inputs: readonly string[];
  /** Name of what it makes. */
  readonly output: string;
  /** Whole numbers, lists of them, or `{ float }`. */
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** An attribute of an operation. */
export type Attribute = number | readonly number[] | { readonly float: number };

/** What goes into a graph or comes out; a text in the shape is the name of a size left open. */
export interface GraphValue {
  /** By which operations refer to it. */
  readonly name: string;
  /** Of its numbers. */
  readonly type: "float" | "int64";
  /** Its sizes. */
  readonly shape: readonly (number | string)[];
}

/** A network. */
export interface OnnxGraph {
  /** Of the network. */
  readonly name: string;
  /** In an order in which each has what it takes. */
  readonly operations: readonly Operation[];
  /** The weights, and other numbers. */
  readonly constants: readonly Constant[];
  /** What goes in. */
  readonly inputs: readonly GraphValue[];
  /** What comes out. */
  readonly outputs: readonly GraphValue[];
}

/** The version of the operations: the first that has layer normalisation. */
const OPSET = 17;
const IR_VERSION = 8; // of the format, as of that set
const TYPES = { float: 1, int64: 7 } as const;

/**
 * Encodes a network.
 *
 * @param metadata texts that are kept in the file, by key
 *
 * ```ts
 * import { encodeOnnx } from "@lib/model/onnx.ts";
 * import assert from "node:assert/strict";
 *
 * const x = { name: "x", type: "float", shape: ["batch", 2] } as const;
 * const bytes = encodeOnnx({
 *   name: "twice",
 *   inputs: [x],
 *   outputs: [{ ...x, name: "y" }],
 *   constants: [{ name: "two", shape: [], values: Float32Array.of(2) }],
 *   operations: [{ type: "Mul", inputs: ["x", "two"], output: "y", attributes: {} }],
 * });
 * assert.match(new TextDecoder().decode(bytes), /twice/);
 * ```
 */
export function encodeOnnx(
  graph: OnnxGraph,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  return message([
    [1, IR_VERSION],
    [2, "transcendence-lab"],
    [
      7,
      message([
        ...graph.operations.map((each) => [1, operation(each)] as const),
        [2, graph.name],
        ...graph.constants.map((each) => [5, constant(each)] as const),
        ...graph.inputs.map((each) => [11, graphValue(each)] as const),
        ...graph.outputs.map((each) => [12, graphValue(each)] as const),
      ]),
    ],
    [8, message([[2, OPSET]])],
    ...Object.entries(metadata).map(([key, value]) =>
      [14, message([[1, key], [2, value]])] as const
    ),
  ]);
}

function operation({ type, inputs, output, attributes }: Operation): Uint8Array {
  return message([
    ...inputs.map((input) => [1, input] as const),
    [2, output],
    [3, output],
    [4, type],
    ...Object.entries(attributes).map(([name, value]) => [5, attribute(name, value)] as const),
  ]);
}

function attribute(name: string, value: Attribute): Uint8Array {
  if (typeof value === "number") return message([[1, name], [3, value], [20, 2]]);
  if ("float" in value) return message([[1, name], [2, Float32Array.of(value.float)], [20, 1]]);
  return message([[1, name], ...value.map((each) => [8, each] as const), [20, 7]]);
}

function constant({ name, shape, values }: Constant): Uint8Array {
  const { buffer, byteOffset, byteLength } = values;
  return message([
    ...shape.map((size) => [1, size] as const),
    [2, values instanceof Float32Array ? TYPES.float : TYPES.int64],
    [8, name],
    [9, new Uint8Array(buffer, byteOffset, byteLength)],
  ]);
}

function graphValue({ name, type, shape }: GraphValue): Uint8Array {
  const sizes = shape.map((size) =>
    [1, message([typeof size === "number" ? [1, size] : [2, size]])] as const
  );
  const tensor = message([[1, TYPES[type]], [2, message(sizes)]]);
  return message([[1, name], [2, message([[1, tensor]])]]);
}

/** A field: its number in the message, and an integer, a text, bytes, or one float. */
type Field = readonly [number, number | string | Uint8Array | Float32Array];

/** Encodes a message of protocol buffers: https://protobuf.dev/programming-guides/encoding */
function message(fields: readonly Field[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [number, value] of fields) {
    if (typeof value === "number") parts.push(varint(number << 3), varint(value));
    else if (value instanceof Float32Array) {
      parts.push(varint((number << 3) | 5), new Uint8Array(value.buffer));
    } else {
      const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
      parts.push(varint((number << 3) | 2), varint(bytes.length), bytes);
    }
  }
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A whole number, seven bits a byte; a negative one as its two's complement of 64 bits. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const seven = Number(rest & 127n);
    rest >>= 7n;
    bytes.push(rest > 0n ? seven | 128 : seven);
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}
