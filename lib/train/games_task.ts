/**
 * Training on the games of a dataset: positions for BoardNet, blocks of tokens for ChessFormer.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { crossEntropy } from "@lib/compute/ops.ts";
import {
  type PositionBatch,
  positionBatch,
  type TokenBatch,
  tokenBatch,
  validationPositionBatches,
  validationTokenBatches,
} from "@lib/data/batches.ts";
import { openDataset } from "@lib/data/dataset.ts";
import { tokenizerByName } from "@lib/data/tokenizer.ts";
import { planesOf, POLICY_SIZE } from "@lib/data/board_encoding.ts";
import { forward as boardLogits } from "@lib/model/boardnet.ts";
import { forward as tokenLogits } from "@lib/model/chessformer.ts";
import type { Params } from "@lib/model/params.ts";
import { datasetFolder } from "@lib/paths.ts";
import { hashOf, type TrainConfig } from "@lib/train/config.ts";
import type { Task } from "@lib/train/task.ts";

/**
 * The task of a configuration whose data are games.
 *
 * @throws {Error} when the dataset is missing or corrupt.
 * @throws {TypeError} for a ChessFormer on some positions only.
 * @throws {RangeError} when its validation set is smaller than a batch.
 */
export function gamesTask(config: TrainConfig): Task {
  const { model, data } = config;
  if (data.kind !== "games") throw new TypeError(`Cannot train on ${data.kind} as games`);
  const { card, train, validation } = openDataset(datasetFolder(data.dataset));
  const dataHash = hashOf(card.shards.map(({ sha256 }) => sha256), 16);
  const { batch: size, seed, evaluationBatches: batches } = config;
  const { minPly, band } = data;

  if (model.model === "boardnet") {
    const { attacks = false } = model;
    const filter = { attacks, ...(minPly !== undefined && { minPly }), ...(band && { band }) };
    const task: Task<PositionBatch> = {
      unit: "positions",
      unitsPerBatch: size,
      dataHash,
      batch: (step) => positionBatch(train, { seed, step, size, ...filter }),
      validation: () => validationPositionBatches(validation, { size, batches, ...filter }),
      loss: (params: Params, { planes, target, legal }) =>
        tf.tidy(() =>
          crossEntropy(
            boardLogits(model, params, tf.tensor4d(planes, [size, 8, 8, planesOf(attacks)])),
            tf.tensor1d(target, "int32"),
            tf.tensor2d(Float32Array.from(legal), [size, POLICY_SIZE]),
          )
        ),
    };
    return task as Task;
  }

  if (model.model === "chessformer") {
    if (minPly !== undefined || band) {
      throw new TypeError(
        `Cannot train ${config.name} on positions of minPly ${minPly} and band ${band}: ` +
          "a chessformer reads whole games",
      );
    }
    const tokenizer = tokenizerByName(model.tokenizer);
    const { block, vocabulary } = model;
    const task: Task<TokenBatch> = {
      unit: "tokens",
      unitsPerBatch: size * block,
      dataHash,
      batch: (step) => tokenBatch(train, tokenizer, { seed, step, size, block }),
      validation: () => validationTokenBatches(validation, tokenizer, { size, block, batches }),
      loss: (params: Params, { x, y }) =>
        tf.tidy(() => {
          const logits = tokenLogits(model, params, tf.tensor2d(x, [size, block], "int32"));
          return crossEntropy(
            logits.reshape([size * block, vocabulary]), // [B, T, V] → [B × T, V]
            tf.tensor1d(y, "int32"),
          );
        }),
    };
    return task as Task;
  }
  throw new TypeError(`Cannot train a ${model.model} on games`);
}
