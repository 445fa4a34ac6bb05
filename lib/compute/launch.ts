/**
 * Launching kernels over flat ranges and rows, and reading what tfjs passes to a kernel.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import type { Kernel } from "./machine.ts";
import type { SharedBackend, SharedKernel } from "./shared_backend.ts";

/** Numbers a chunk of a flat loop takes: the sums' order follows from it, never from the threads. */
export const GRAIN = 16384;

/** Numbers a chunk takes where each costs little more than its way to memory. */
export const LIGHT_GRAIN = 65536;

/** Numbers in a shape. */
export const sizeOf = (shape: readonly number[]): number =>
  tf.util.sizeFromShape(shape as number[]);
/** Whether all are there and float32. */
export const isFloat = (...tensors: readonly (tf.TensorInfo | undefined)[]): boolean =>
  tensors.every((t) => t?.dtype === "float32");
/** Whether the numbers are 32 bits wide. */
export const isWord = (t: tf.TensorInfo): boolean => t.dtype === "float32" || t.dtype === "int32";

/** Bytes that a number takes. */
export const widthOf = (t: { readonly dtype: tf.DataType }): number => t.dtype === "bool" ? 1 : 4;
/** Whether the numbers lie in shared memory: neither strings nor complex. */
export const isPlain = (t: tf.TensorInfo): t is PlainInfo => isWord(t) || t.dtype === "bool";

/** A tensor whose numbers lie in shared memory. */
export type PlainInfo = tf.TensorInfo & { dtype: "float32" | "int32" | "bool" };

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

/** The input of that name. */
export const one = (inputs: tf.NamedTensorInfoMap, name: string): tf.TensorInfo => inputs[name]!;
/** The axes an attribute names, counted from the front. */
export const axesOf = (attr: unknown, x: tf.TensorInfo): number[] =>
  tf.util.parseAxisParam(attr as number | number[], x.shape);

/** Kernels of tfjs by name. */
export type KernelTable = readonly (readonly [name: string, kernel: SharedKernel])[];
