/**
 * Mends the matrix product of tfjs-backend-wasm, which is fast (XNNPACK, about 35 GFLOP/s a core)
 * only when nothing is transposed and the batch is 1, and a naive loop (2 GFLOP/s) otherwise; and
 * every backward pass transposes. Here a transposed operand is copied straight first, and a batch
 * is a loop of fast products over views of the same memory.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";

/** What the mended kernel uses of tfjs's `BackendWasm`, whose own types hide half of it. */
interface WasmBackend {
  readonly wasm: {
    readonly HEAPF32: Float32Array;
    readonly tfjs: {
      registerTensor(id: number, size: number, address: number): void;
      disposeData(id: number): void;
    };
    _malloc(bytes: number): number;
    _free(address: number): void;
    cwrap(name: string, result: null, parameters: readonly string[]): MatrixProduct;
  };
  readonly dataIdMap: {
    get(dataId: object): { readonly id: number; readonly memoryOffset: number };
  };
  makeOutput(shape: readonly number[], dtype: "float32"): tf.TensorInfo;
}

type MatrixProduct = (
  a: number,
  aShape: Uint8Array,
  aRank: number,
  b: number,
  bShape: Uint8Array,
  bRank: number,
  transposeA: boolean,
  transposeB: boolean,
  out: number,
) => void;

/** Names for views of the heap, far above those that the backend counts up from 1. */
const [A, B, OUT] = [0x7ffffff0, 0x7ffffff1, 0x7ffffff2];

/** Below so many multiplications a matrix, the naive loop over a batch beats a call of XNNPACK each. */
const SMALL = 8192;

/** Replaces BatchMatMul of the backend "wasm"; call it once, before the backend is made. */
export function mendMatrixProduct(): void {
  let product: MatrixProduct;
  tf.unregisterKernel("BatchMatMul", "wasm");
  tf.registerKernel({
    kernelName: "BatchMatMul",
    backendName: "wasm",
    setupFunc: (backend) => {
      const n = "number";
      product = (backend as WasmBackend).wasm
        .cwrap("BatchMatMul", null, [n, "array", n, n, "array", n, n, n, n]);
    },
    kernelFunc: ({ inputs, attrs, backend }) =>
      batchMatMul(
        product,
        inputs["a"]!,
        inputs["b"]!,
        attrs?.["transposeA"] as boolean,
        attrs?.["transposeB"] as boolean,
        backend as WasmBackend,
      ),
  });
}

/** a [..., M, K] · b [..., K, N] → [..., M, N]; the leading axes are equal, or absent in one. */
function batchMatMul(
  product: MatrixProduct,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  transposeA: boolean,
  transposeB: boolean,
  backend: WasmBackend,
): tf.TensorInfo {
  const [aRows, aColumns] = a.shape.slice(-2);
  const [bRows, bColumns] = b.shape.slice(-2);
  const [M, K] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
  const [bK, N] = transposeB ? [bColumns, bRows] : [bRows, bColumns];
  if (K !== bK || a.dtype !== "float32" || b.dtype !== "float32") {
    throw new TypeError(
      `Cannot multiply ${a.dtype} [${a.shape}] by ${b.dtype} [${b.shape}]: ` +
        `must be float32 with equal inner sizes, not ${K} and ${bK}`,
    );
  }
  const leading = tf.broadcast_util
    .assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const aBatch = tf.util.sizeFromShape(a.shape.slice(0, -2));
  const bBatch = tf.util.sizeFromShape(b.shape.slice(0, -2));
  const batch = Math.max(aBatch, bBatch);
  if ((aBatch !== batch && aBatch !== 1) || (bBatch !== batch && bBatch !== 1)) {
    throw new RangeError(
      `Cannot multiply [${a.shape}] by [${b.shape}]: leading axes must be equal or absent in one`,
    );
  }
  const { wasm } = backend;
  const out = backend.makeOutput([...leading, M, N], "float32");
  const bytesOf = (...shape: number[]) => new Uint8Array(new Int32Array(shape).buffer);
  if (batch > 1 && M * K * N < SMALL) {
    const [aId, bId, outId] = [a, b, out].map((t) => backend.dataIdMap.get(t.dataId).id);
    const aShape = bytesOf(aBatch, aRows, aColumns), bShape = bytesOf(bBatch, bRows, bColumns);
    product(aId, aShape, 3, bId, bShape, 3, transposeA, transposeB, outId);
    return out;
  }
  const address = (t: tf.TensorInfo) => backend.dataIdMap.get(t.dataId).memoryOffset;
  const [aStart, bStart, outStart] = [address(a), address(b), address(out)];
  const aStraight = transposeA ? wasm._malloc(4 * M * K) >>> 0 : 0;
  const bStraight = transposeB ? wasm._malloc(4 * K * N) >>> 0 : 0;
  const aShape = bytesOf(1, M, K), bShape = bytesOf(1, K, N);
  for (let i = 0; i < batch; i++) {
    let aView = aStart + 4 * M * K * (aBatch === 1 ? 0 : i);
    let bView = bStart + 4 * K * N * (bBatch === 1 ? 0 : i);
    if (transposeA) transpose(wasm.HEAPF32, aView, aView = aStraight, K, M);
    if (transposeB) transpose(wasm.HEAPF32, bView, bView = bStraight, N, K);
    wasm.tfjs.registerTensor(A, M * K, aView);
    wasm.tfjs.registerTensor(B, K * N, bView);
    wasm.tfjs.registerTensor(OUT, M * N, outStart + 4 * M * N * i);
    product(A, aShape, 3, B, bShape, 3, false, false, OUT);
    // Forgets the views and, with B, XNNPACK's packed copy of it; the memory is not freed.
    for (const view of [A, B, OUT]) wasm.tfjs.disposeData(view);
  }
  if (aStraight) wasm._free(aStraight);
  if (bStraight) wasm._free(bStraight);
  return out;
}

/** Copies the matrix [rows, columns] at byte address `from` to `to` as [columns, rows]. */
function transpose(heap: Float32Array, from: number, to: number, rows: number, columns: number) {
  const source = from >>> 2, target = to >>> 2, tile = 16;
  for (let i0 = 0; i0 < rows; i0 += tile) {
    const i1 = Math.min(rows, i0 + tile);
    for (let j0 = 0; j0 < columns; j0 += tile) {
      const j1 = Math.min(columns, j0 + tile);
      for (let j = j0; j < j1; j++) {
        for (let i = i0; i < i1; i++) {
          heap[target + j * rows + i] = heap[source + i * columns + j];
        }
      }
    }
  }
}
