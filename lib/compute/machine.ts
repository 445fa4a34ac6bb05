/**
 * What runs the kernels of `kernels/kernels.c`, as the operations see it; `open_machine.ts` starts one.
 * Nothing here needs Deno, so that the models run in a browser too, on tfjs's own backends.
 *
 * @module
 */

import type { Blas } from "./blas.ts";
import type { SharedMemory } from "./memory.ts";

/** The ways to run the kernels, fastest first. */
export const ROUTES = ["native", "simd", "simd-plain"] as const;

/** native: compiled on this machine; simd: WebAssembly with relaxed SIMD; simd-plain: without. */
export type Route = typeof ROUTES[number];

/** The kernels, in the order of the table in `kernels/kernels.c`. */
export const KERNELS = [
  "gemm",
  "fill",
  "transpose",
  "copy_rows",
  "gather",
  "scatter_add",
  "one_hot",
  "cast",
  "where",
  "unary",
  "binary",
  "reduce_rows",
  "reduce_part",
  "sum_columns",
  "arg_rows",
  "softmax",
  "norm",
  "norm_back",
  "attend",
  "attend_back",
  "turn_heads",
  "cross_entropy",
  "cross_entropy_back",
  "adamw",
  "flip_taps",
  "conv_boards",
  "conv_boards_weight",
  "conv_points",
  "conv_taps",
  "keep_rows",
  "attend_pages",
  "few_rows",
  "test",
  "unary_int",
  "binary_int",
  "binary_bool",
  "transpose_bytes",
  "copy_bytes",
  "reduce_int",
  "reduce_bool",
  "arg_rows_int",
  "scan",
  "scan_int",
  "top_rows",
  "pool_windows",
  "resize",
  "depthwise",
  "count_rows",
  "pool_back",
  "split_points",
] as const;

/** A kernel's name. */
export type Kernel = typeof KERNELS[number];

/** Runs kernels on a memory. */
export interface Machine extends Disposable {
  /** How it computes. */
  readonly route: Route;
  /** For people: `AVX-512, 2 threads, gcc 12.2.0`. */
  readonly features: string;
  /** Where tensors lie. */
  readonly memory: SharedMemory;
  /** How many compute. */
  readonly threads: number;
  /** Rows that the matrix product makes at a time; blocks of rows are multiples of it. */
  readonly rows: number;
  /** Whether large products are made of AMX tiles, for which larger blocks pay. */
  readonly tiles: boolean;
  /** What makes large products instead of the kernels; never on the route native. */
  readonly blas?: Blas | undefined;
  /** Runs `kernel` over chunks 0 … chunks − 1 with these 32-bit arguments; floats by {@link bits}. */
  launch(kernel: Kernel, chunks: number, args: readonly number[]): void;
}

/** What a build of `kernels/kernels.c` offers. */
export interface Entry {
  /** Runs an operation, over chunks where it has any, with its arguments at an address. */
  run(op: number, args: number, chunks: number): number;
  /** A fact about the kernels, by number. */
  describe(what: number): number;
}

/** What {@link Entry.describe} answers, by number. */
export const BUILD = { kernels: 0, lanes: 1, rows: 2, tiles: 3 } as const;

const floatOf = new Float32Array(1), bitsOf = new Int32Array(floatOf.buffer);

/** A float as the 32-bit integer with the same bits. */
export function bits(value: number): number {
  floatOf[0] = value;
  return bitsOf[0];
}
