/**
 * The toy of linear experts (paper § 2.8, its Figure 7; second-hand, no code was published): points
 * of N(0, I) with classes y* = argmax W* x, experts W_j = W* + σ · noise, and a linear softmax model
 * of examples that are labelled by one of them each. Here the imitator is trained, on finite data and
 * in a restricted class, so Propositions 1 and 2 do not bind it.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { checkStates, type Policy, type States } from "@lib/analysis/states.ts";
import { crossEntropy } from "@lib/compute/ops.ts";
import { random, randomInteger, randomNormal } from "@lib/random.ts";

/** The toy's dials; all but σ and the seed have the paper's values, where it gives them. */
export interface LinearDials {
  /** σ: how far the experts are from the truth, whose entries have standard deviation 1. */
  readonly sigma: number;
  /** Fixes experts and data. */
  readonly seed: number;
  /** Number of experts; 5 unless given. */
  readonly k?: number;
  /** Dimensions of x; 100 unless given. */
  readonly dimensions?: number;
  /** Number of classes; 10 unless given. */
  readonly classes?: number;
  /** Labelled examples; 10,000 unless given. */
  readonly examples?: number;
  /** Test points; 20,000 unless given. */
  readonly tests?: number;
  /** Steps of full-batch gradient descent with momentum 0.9; 300 unless given. */
  readonly steps?: number;
  /** 0.5 unless given. */
  readonly learningRate?: number;
}

/** The toy's test points as a world: states x, classes as moves, reward 1 for the right one. */
export interface LinearToy {
  /** Inputs and their classes. */
  readonly states: States;
  /** One each. */
  readonly experts: readonly Policy[];
  /** f̂ at τ = 1: the trained model. */
  readonly imitator: Policy;
}

/**
 * Makes the experts and their examples, trains the model, and puts all of them on the test points.
 * The same seed gives the same points and truth for every σ. Choose a backend first (`useBackend`).
 *
 * @throws {RangeError} for dials out of range.
 *
 * ```ts
 * import { toyLinear } from "@lib/theory/toy_linear.ts";
 * import { useBackend } from "@lib/compute/backend.ts";
 * import { transcendence } from "@lib/analysis/transcendence.ts";
 * import assert from "node:assert/strict";
 *
 * await useBackend();
 * const toy = { sigma: 1, seed: 1, dimensions: 20, examples: 1000, tests: 1000, steps: 50 };
 * const { states, experts, imitator } = toyLinear(toy);
 * assert.equal(transcendence(states, imitator, experts, { tau: 0 }).verdict, "transcends");
 * ```
 */
export function toyLinear(dials: LinearDials): LinearToy {
  const { sigma, seed, k = 5, dimensions = 100, classes = 10 } = dials;
  const { examples = 10_000, tests = 20_000, steps = 300, learningRate = 0.5 } = dials;
  for (
    const [name, n, least] of [
      ["experts", k, 1],
      ["dimensions", dimensions, 1],
      ["classes", classes, 2],
      ["examples", examples, 1],
      ["test points", tests, 1],
      ["steps", steps, 0],
    ] as const
  ) {
    if (!(Number.isInteger(n) && n >= least)) {
      throw new RangeError(`Cannot use ${n} ${name}: must be an integer of ${least} or more`);
    }
  }
  if (!(sigma >= 0 && sigma < Infinity)) {
    throw new RangeError(`Cannot make experts of σ = ${sigma}: must be 0 or more`);
  }
  if (!(learningRate > 0 && learningRate < Infinity)) {
    throw new RangeError(`Cannot learn at rate ${learningRate}: must be more than 0`);
  }
  const normals = (stream: string, rows: number, columns: number, ...part: number[]) => {
    const next = random(seed, stream, ...part);
    return tf.tensor2d(
      Float32Array.from({ length: rows * columns }, () => randomNormal(next)),
      [rows, columns],
    );
  };

  tf.engine().startScope();
  try {
    const truth = normals("truth", dimensions, classes); // [D, C]
    const experts = Array.from(
      { length: k },
      (_, j) => truth.add(normals("expert", dimensions, classes, j).mul(sigma)), // [D, C]
    );

    const seen = normals("examples", examples, dimensions); // [N, D]
    const choices = experts.map((w) => classOf(seen.matMul(w)));
    const next = random(seed, "labels");
    const labels = Int32Array.from(
      { length: examples },
      (_, n) => choices[randomInteger(next, k)][n],
    );
    const model = fit(seen, tf.tensor1d(labels, "int32"), { classes, steps, learningRate });

    const unseen = normals("tests", tests, dimensions); // [T, D]
    const states = checkStates({
      length: tests,
      offsets: Uint32Array.from({ length: tests + 1 }, (_, x) => x * classes),
      reward: choosing(classOf(unseen.matMul(truth)), classes),
      cluster: Uint32Array.from({ length: tests }, (_, x) => x),
    });
    return {
      states,
      experts: experts.map((w) => choosing(classOf(unseen.matMul(w)), classes)),
      imitator: Float64Array.from(tf.softmax(unseen.matMul(model)).dataSync()),
    };
  } finally {
    tf.engine().endScope();
  }
}

/** Full-batch gradient descent with momentum on the cross-entropy, from zero: [N, D], [N] → [D, C]. */
function fit(
  x: tf.Tensor,
  y: tf.Tensor,
  { classes, steps, learningRate }: Required<
    Pick<LinearDials, "classes" | "steps" | "learningRate">
  >,
): tf.Tensor {
  const lossAt = tf.valueAndGrad((w) => crossEntropy(x.matMul(w), y));
  let w: tf.Tensor = tf.zeros([x.shape[1]!, classes]);
  let velocity: tf.Tensor = tf.zerosLike(w);
  for (let step = 0; step < steps; step++) {
    [w, velocity] = tf.tidy(() => {
      const moved = velocity.mul(0.9).sub(lossAt(w).grad.mul(learningRate));
      return [w.add(moved), moved];
    });
  }
  return w;
}

/** The class of the largest logit in every row: [N, C] → [N]. */
function classOf(logits: tf.Tensor): ArrayLike<number> {
  return logits.argMax(-1).dataSync();
}

/** The policy that is certain of a class in every state: [N] → [N · C]. */
function choosing(classes: ArrayLike<number>, count: number): Policy {
  const policy = new Float64Array(classes.length * count);
  for (let x = 0; x < classes.length; x++) policy[x * count + classes[x]] = 1;
  return policy;
}
