/**
 * What a model is trained on: batches by step, and the loss of one.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { crossEntropy } from "@lib/compute/ops.ts";
import { positionOf, solveEndgame } from "@lib/experts/endgame.ts";
import {
  type EndgameExamples,
  endgameExamples,
  trainingSet,
} from "@lib/experts/endgame_experts.ts";
import {
  encodePieces,
  forward as endgameLogits,
  logitCount,
  pieceMoveIndex,
} from "@lib/model/endgameformer.ts";
import type { Params } from "@lib/model/params.ts";
import { checkFits } from "@lib/model/policy.ts";
import { hashOf, type TrainConfig } from "@lib/train/config.ts";
import { random, randomInteger } from "@lib/random.ts";
import { gamesTask } from "@lib/train/games_task.ts";

/** A source of batches and the loss of one. */
export interface Task<B = unknown> {
  /** What the examples are, in the plural, for people. */
  readonly unit: string;
  /** Examples (or tokens) in one batch, for rates. */
  readonly unitsPerBatch: number;
  /** Sixteen hexadecimal digits that identify the data. */
  readonly dataHash: string;
  /** The batch of a step: a function of the run's seed and the step alone. */
  batch(step: number): B;
  /** The batches of the validation set: the same at every call. */
  validation(): Iterable<B>;
  /** Mean cross-entropy of a batch in nats. */
  loss(params: Params, batch: B): tf.Scalar;
}

/** The task of a configuration. */
export function makeTask(config: TrainConfig): Task {
  const { model, data } = config;
  if (model.model === "endgameformer" && data.kind === "endgame") {
    return endgameTask(config) as Task;
  }
  if (model.model !== "endgameformer" && data.kind === "games") {
    return gamesTask(config);
  }
  throw new TypeError(
    `Cannot train a ${model.model} on ${data.kind} data: ` +
      "endgameformer goes with endgame, boardnet and chessformer with games",
  );
}

interface EndgameBatch {
  /** [B, T] */
  readonly tokens: Int32Array;
  /** [B]: 1 where Black is to move */
  readonly sides: Int32Array;
  /** [B] */
  readonly targets: Int32Array;
  /** [B, V]: 1 where legal */
  readonly legal: Float32Array;
}

function endgameTask(config: TrainConfig): Task<EndgameBatch> {
  const { model, data, batch: size, seed } = config;
  if (model.model !== "endgameformer" || data.kind !== "endgame") throw new TypeError("no endgame");
  const world = solveEndgame(data.ending, { share: data.share ?? 1 });
  const T = model.pieces, V = logitCount(model);
  checkFits(model, data.ending);
  const encode = ({ state, choice }: EndgameExamples): EndgameBatch => {
    const tokens = new Int32Array(size * T), targets = new Int32Array(size);
    const sides = new Int32Array(size);
    const legal = new Float32Array(size * V);
    for (let n = 0; n < size; n++) {
      const x = state[n], own = tokens.subarray(n * T, (n + 1) * T);
      const position = positionOf(world, x);
      encodePieces(position, own);
      sides[n] = position.turn;
      targets[n] = pieceMoveIndex(own, world.moves[choice[n]]);
      for (let i = world.states.offsets[x]; i < world.states.offsets[x + 1]; i++) {
        legal[n * V + pieceMoveIndex(own, world.moves[i])] = 1;
      }
    }
    return { tokens, sides, targets, legal };
  };
  const { examples, atHome = false } = data;
  if (examples !== undefined && examples < size) {
    throw new RangeError(
      `Cannot train on ${examples} examples in batches of ${size}: must be ${size} or more`,
    );
  }
  const set = examples === undefined
    ? undefined
    : trainingSet(world, data, seed, examples, { atHome });
  const draw = (step: number): EndgameExamples => {
    if (!set) return endgameExamples(world, data, { seed, step, size, atHome });
    const next = random(seed, "batches", step);
    const rows = Array.from({ length: size }, () => randomInteger(next, set.state.length));
    const pick = (column: Uint32Array) => Uint32Array.from(rows, (row) => column[row]);
    return { state: pick(set.state), choice: pick(set.choice) };
  };
  return {
    unit: "positions",
    unitsPerBatch: size,
    dataHash: hashOf(data, 16), // the experts are a function of these numbers
    batch: (step) => encode(draw(step)),
    // Held-out states and a seed of their own: the same for all runs with these experts, batch size
    // and number of validation batches, whatever the run's seed.
    *validation() {
      for (let step = 0; step < config.evaluationBatches; step++) {
        yield encode(endgameExamples(world, data, { seed: 0, step, size, heldOut: true, atHome }));
      }
    },
    loss: (params, { tokens, sides, targets, legal }) =>
      tf.tidy(() => {
        const logits = endgameLogits(model, params, tokens, sides);
        return crossEntropy(logits, tf.tensor1d(targets, "int32"), tf.tensor2d(legal, [size, V]));
      }),
  };
}
