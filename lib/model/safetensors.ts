/**
 * The safetensors format: eight bytes of length, a JSON header, raw numbers. No code runs when a file
 * is read. Source: https://github.com/huggingface/safetensors#format
 *
 * @module
 */

/** One tensor: its shape and its numbers, row by row. */
export interface NamedTensor {
  /** Its size along each axis. */
  readonly shape: readonly number[];
  /** Its numbers, the last axis fastest. */
  readonly values: Float32Array;
}

/** Tensors by name, and texts by key. */
export interface TensorFile {
  /** By name. */
  readonly tensors: Readonly<Record<string, NamedTensor>>;
  /** Texts by name. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** How the numbers are stored. Half precision keeps three digits and halves the file. */
export type Precision = "float32" | "float16";

const TYPES = { float32: "F32", float16: "F16" } as const;
const BYTES: Readonly<Record<string, number>> = { F32: 4, F16: 2 };
const LARGEST_HEADER = 100_000_000; // the format's own bound

interface HeaderEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [start: number, end: number];
}

/**
 * Encodes tensors.
 *
 * @throws {RangeError} for a number that is NaN or infinite, naming the tensor: better no file than a
 * broken one in place of the good one before.
 *
 * ```ts
 * import { decodeTensors, encodeTensors } from "@lib/model/safetensors.ts";
 * import assert from "node:assert/strict";
 *
 * const w = { shape: [2], values: Float32Array.of(0.5, -1) };
 * const file = { tensors: { w }, metadata: { made: "by hand" } };
 * assert.deepEqual(decodeTensors(encodeTensors(file), "w.safetensors"), file);
 * ```
 */
export function encodeTensors(
  { tensors, metadata }: TensorFile,
  precision: Precision = "float32",
): Uint8Array {
  const dtype = TYPES[precision];
  const header: Record<string, unknown> = { __metadata__: metadata };
  let end = 0;
  for (const [name, { shape, values }] of Object.entries(tensors)) {
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) {
      throw new RangeError(
        `Cannot write ${name}: it holds ${values[bad]} at entry ${bad}, must be finite`,
      );
    }
    header[name] = { dtype, shape, data_offsets: [end, end += values.length * BYTES[dtype]] };
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const start = 8 + Math.ceil(text.length / 8) * 8; // the numbers start aligned, after spaces
  const bytes = new Uint8Array(start + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true);
  bytes.set(text, 8);
  bytes.fill(32, 8 + text.length, start);
  let at = start;
  for (const { values } of Object.values(tensors)) {
    const stored = precision === "float32" ? values : new Float16Array(values);
    bytes.set(new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength), at);
    at += stored.byteLength;
  }
  return bytes;
}

/**
 * Decodes tensors.
 *
 * @param file The name to put into errors.
 * @throws {SyntaxError} naming the file, the tensor and what is wrong: cut short, overlapping or
 * missing bytes, an unknown type, a number that is NaN or infinite.
 */
export function decodeTensors(bytes: Uint8Array, file: string): TensorFile {
  const fail = (reason: string): never => {
    throw new SyntaxError(`Cannot read tensors from ${file}: ${reason}`);
  };
  if (bytes.length < 8) fail(`${bytes.length} bytes are too few for a header of 8 or more`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true)), start = 8 + length;
  if (length > LARGEST_HEADER || start > bytes.length) {
    fail(
      `the header takes ${length} bytes, the file has ${bytes.length}: cut short, or no tensors`,
    );
  }
  let header: Record<string, HeaderEntry> = {};
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start)));
  } catch (error) {
    fail(`the header is not JSON: ${(error as Error).message}`);
  }
  const { __metadata__: metadata = {}, ...entries } = header as unknown as
    & Record<string, HeaderEntry>
    & { readonly __metadata__?: Record<string, string> };
  const tensors: Record<string, NamedTensor> = {};
  let end = 0;
  for (const [name, { dtype, shape, data_offsets: offsets }] of Object.entries(entries)) {
    const count = shape.reduce((a, b) => a * b, 1);
    if (!(dtype in BYTES)) fail(`${name} has type ${dtype}: must be F32 or F16`);
    if (offsets[0] !== end || offsets[1] - end !== count * BYTES[dtype]) {
      fail(`${name} [${shape}] has bytes ${offsets}: must be ${count * BYTES[dtype]} from ${end}`);
    }
    end = offsets[1];
    if (start + end > bytes.length) {
      fail(`${name} ends at byte ${start + end}, the file has ${bytes.length}: cut short`);
    }
    const stored = bytes.slice(start + offsets[0], start + end).buffer;
    const values = dtype === "F32"
      ? new Float32Array(stored)
      : new Float32Array(new Float16Array(stored));
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) fail(`${name} holds ${values[bad]} at entry ${bad}: must be finite`);
    tensors[name] = { shape, values };
  }
  if (start + end !== bytes.length) {
    fail(`${bytes.length - start - end} bytes follow the last tensor: must be none`);
  }
  return { tensors, metadata };
}
