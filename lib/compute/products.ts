/**
 * The matrix product on shared memory: how it is cut into chunks, what of it the kernel wants turned
 * first, and what a system BLAS makes instead.
 *
 * @module
 */

import type * as tf from "@tensorflow/tfjs";
import type { Blas } from "./blas.ts";
import { zeros } from "./fused/kernel.ts";
import { binary, unary } from "./plain/elementwise.ts";
import type { SharedBackend } from "./shared_backend.ts";

/** C[batch, M, N] = op(A) op(B) (+ bias), op turning where asked; all rows without gaps. */
export interface Product {
  /** Rows of A and C. */
  readonly M: number;
  /** Columns of B and C. */
  readonly N: number;
  /** Columns of A, rows of B. */
  readonly K: number;
  /** A is [K, M]. */
  readonly turnA?: boolean;
  /** B is [N, K]. */
  readonly turnB?: boolean;
  /** How many products (default 1). */
  readonly batch?: number;
  /** Whether each of the batch has an A of its own; if not they share one. */
  readonly manyA?: boolean;
  /** Whether each has a B of its own. */
  readonly manyB?: boolean;
  /** [N], added to every row. */
  readonly bias?: tf.TensorInfo | undefined;
  /** Of C's size, added to it after the bias. */
  readonly add?: tf.TensorInfo | undefined;
  /** Whether what is below zero is cut, at last. */
  readonly relu?: boolean;
  /** A is the boards [squares, channels] that 3×3 neighbourhoods come from. */
  readonly boardChannels?: number;
}

/** Computes the product into `c`, whose shape the caller has chosen. */
export function multiply(
  backend: SharedBackend,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  c: tf.TensorInfo,
  product: Product,
): void {
  const { M, N, K, turnA = false, turnB = false, batch = 1, manyA = true, manyB = true } = product;
  if (M === 0 || N === 0 || batch === 0) return;
  const { machine } = backend;
  if (machine.blas && !product.boardChannels && worthBlas(M, N, K)) {
    return multiplyByBlas(backend, machine.blas, a, b, c, product);
  }
  const tiles = machine.tiles && !product.boardChannels && worthTiles(M, N, K);
  const straight = turnB && K > 0 && !tiles ? turned(backend, b, N, K, manyB ? batch : 1) : b;
  const mode = (turnA ? 1 : 0) + (product.boardChannels ? 2 : 0);
  const [mb, nb] = tiles
    ? tiledBlocks(M, N, batch, machine.threads)
    : blocks(M, N, K, batch, machine.rows, machine.threads);
  const mBlocks = Math.ceil(M / mb), nBlocks = Math.ceil(N / nb);
  machine.launch("gemm", batch * mBlocks * nBlocks, [
    backend.address(a),
    backend.address(straight),
    backend.address(c),
    M,
    N,
    K,
    turnA ? M : K,
    tiles && turnB ? K : N,
    N,
    mode,
    mb,
    nb,
    mBlocks,
    nBlocks,
    manyA ? M * K : 0,
    manyB ? K * N : 0,
    M * N,
    product.bias ? backend.address(product.bias) : 0,
    product.relu ? 1 : 0,
    product.boardChannels ?? 0,
    tiles && turnB ? 1 : 0,
    tiles ? 1 : 0,
    product.add ? backend.address(product.add) : 0,
  ]);
  if (straight !== b) backend.drop(straight);
}

/** Whether a BLAS is surely faster: below 64³ it takes one thread only, and thin factors gain little. */
function worthBlas(M: number, N: number, K: number): boolean {
  return M > 1 && N >= 32 && K >= 32 && M * N * K >= 2 ** 18;
}

/** The product by a system BLAS, which adds it to what C starts from: the bias and the addend. */
function multiplyByBlas(
  backend: SharedBackend,
  blas: Blas,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  c: tf.TensorInfo,
  product: Product,
): void {
  const { M, N, K, turnA = false, turnB = false, batch = 1, manyA = true, manyB = true } = product;
  const { bias, add, relu } = product, rows = batch * M;
  const parts: [string, tf.TensorInfo | undefined, size: number][] = [
    ["A", a, (manyA ? batch : 1) * M * K],
    ["B", b, (manyB ? batch : 1) * K * N],
    ["C", c, rows * N],
    ["the bias", bias, N],
    ["the addend", add, rows * N],
  ];
  for (const [what, t, size] of parts) {
    if (t && (t.dtype !== "float32" || backend.view(t).length !== size)) {
      throw new RangeError(
        `Cannot multiply: ${what} must be float32 with ${size} numbers, not ${t.dtype} [${t.shape}]`,
      );
    }
  }
  const accumulate = bias !== undefined || add !== undefined;
  const y = relu ? backend.make([rows, N]) : c;
  if (accumulate) {
    const zero = zeros(backend, rows);
    binary(
      backend,
      "Add",
      add ? { ...add, shape: [rows, N] } : { ...zero, shape: [rows, 1] },
      bias ? { ...bias, shape: [N] } : { ...zero, shape: [1] },
      y,
    );
    backend.drop(zero);
  }
  const sizes = { M, N, K, turnA, turnB, accumulate };
  for (let i = 0; i < batch; i++) {
    blas.multiply(
      backend.address(a) + (manyA ? 4 * i * M * K : 0),
      backend.address(b) + (manyB ? 4 * i * K * N : 0),
      backend.address(y) + 4 * i * M * N,
      sizes,
    );
  }
  if (relu) {
    unary(backend, "Relu", y, 0, 0, c);
    backend.drop(y);
  }
}

/** [batch, rows, columns] → a new [batch, columns, rows]. */
export function turned(
  backend: SharedBackend,
  x: tf.TensorInfo,
  rows: number,
  columns: number,
  batch = 1,
): tf.TensorInfo {
  const y = backend.make([batch, columns, rows]);
  const size = rows * columns, strips = Math.ceil(rows / 64);
  backend.machine.launch("transpose", batch * strips, [
    batch * strips,
    strips,
    backend.address(x),
    backend.address(y),
    rows,
    columns,
    columns,
    rows,
    1,
    ...[batch, 1, 1, 1],
    ...[size, 0, 0, 0],
    ...[size, 0, 0, 0],
  ]);
  return y;
}

/** Rows and columns of C that a chunk makes: large, but a few chunks for every thread. */
function blocks(
  M: number,
  N: number,
  K: number,
  batch: number,
  unit: number,
  threads: number,
): [mb: number, nb: number] {
  let mb = Math.min(Math.floor(128 / unit) * unit, roundUp(M, unit)), nb = Math.min(N, 512);
  // A chunk of 200,000 operations takes a few microseconds, about what handing it out costs.
  const wanted = Math.min(4 * threads, Math.floor(2 * M * N * K * batch / 200_000));
  const chunks = () => batch * Math.ceil(M / mb) * Math.ceil(N / nb);
  if (threads > 1) {
    while (chunks() < wanted && nb >= 96) nb = roundUp(Math.ceil(nb / 2), 16);
    while (chunks() < wanted && mb > 2 * unit) mb = roundUp(Math.ceil(mb / 2), unit);
    while (chunks() < wanted && nb > 16) nb = roundUp(Math.ceil(nb / 2), 16);
  }
  return [mb, nb];
}

/** Whether splitting the factors for AMX tiles costs less than the tiles gain. */
function worthTiles(M: number, N: number, K: number): boolean {
  return M >= 32 && N >= 32 && K >= 24 && M * N * K >= 2 ** 17;
}

/** As {@link blocks} for AMX tiles: each block splits its rows and columns first, so the fewer the better. */
function tiledBlocks(
  M: number,
  N: number,
  batch: number,
  threads: number,
): [number, number] {
  let mb = Math.min(256, roundUp(M, 32)), nb = Math.min(2048, roundUp(N, 32));
  const chunks = () => batch * Math.ceil(M / mb) * Math.ceil(N / nb);
  while (threads > 1 && chunks() < threads && mb * nb > 1024) {
    if (nb >= mb) nb = roundUp(nb / 2, 32);
    else mb = roundUp(mb / 2, 32);
  }
  return [mb, nb];
}

function roundUp(n: number, to: number): number {
  return Math.ceil(n / to) * to;
}
