/**
 * The matrix product with transposes, batches, bias and relu, as tfjs asks for it.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { isFloat, type KernelTable, one, sizeOf } from "../launch.ts";
import { multiply } from "../products.ts";
import type { SharedKernel } from "../shared_backend.ts";

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
  const c = backend.make([...outer, M, N]);
  multiply(backend, a, b, c, {
    M,
    N,
    K,
    turnA,
    turnB,
    batch,
    manyA,
    manyB,
    bias,
    relu: activation === "relu",
  });
  return c;
};

/** tfjs's matrix products. */
export const PRODUCTS: KernelTable = [
  ["BatchMatMul", matMulKernel],
  ["_FusedMatMul", matMulKernel],
];
