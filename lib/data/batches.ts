/**
 * Batches for training, as functions of (seed, step): nothing is kept between steps, so a run that is
 * stopped goes on with the very batch that was next, and two models see the same data in the same order.
 *
 * @module
 */

export { positionAt } from "@lib/data/games.ts";
export type { BatchPlace } from "@lib/data/draw.ts";
export type { TokenBatch, TokenBatchOptions } from "@lib/data/token_batches.ts";
export {
  NO_TARGET,
  tokenBatch,
  tokenEpoch,
  validationTokenBatches,
} from "@lib/data/token_batches.ts";
export type {
  PositionBatch,
  PositionBatchOptions,
  PositionFilter,
} from "@lib/data/position_batches.ts";
export {
  positionBatch,
  positionEpoch,
  validationPositionBatches,
} from "@lib/data/position_batches.ts";
