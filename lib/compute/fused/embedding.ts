/**
 * Rows of a table with the gradient by the table.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { sizeOf } from "../launch.ts";
import { scatterAdd } from "../plain/indices.ts";
import type { SharedKernel } from "../shared_backend.ts";
import { check, type Fused, lastOf, runKernel } from "./kernel.ts";

const embeddingGradient: SharedKernel = (backend, { ids, dy }, { rows }) => {
  const n = sizeOf(ids!.shape), C = lastOf(dy!);
  check("the embedding's gradient", "ids", ids!, n, "int32");
  check("the embedding's gradient", "dy", dy!, n * C);
  return scatterAdd(backend, { ...dy!, shape: [n, C] }, ids!, rows as number);
};

/** Rows of a table [V, C] by ids int32 [...], with the gradient by the table. */
export function fusedEmbedding(table: tf.Tensor, ids: tf.Tensor): tf.Tensor {
  return tf.customGrad((x, save) => {
    (save as (tensors: tf.Tensor[]) => void)([ids]);
    return {
      value: tf.gather(x as tf.Tensor, ids),
      gradFunc: (dy: tf.Tensor, [ids]: tf.Tensor[]) =>
        runKernel("FusedEmbeddingGradient", { ids, dy }, { rows: table.shape[0] }),
    };
  })(table);
}

/** The gradient's kernel; forward it is tfjs's gather. */
export const EMBEDDING: Fused = {
  kernels: [["FusedEmbeddingGradient", embeddingGradient]],
  gradients: [],
};
