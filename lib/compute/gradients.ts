/**
 * The gradients of a loss, freeing what they no longer need while they go back.
 *
 * tfjs's own `variableGrads` keeps every intermediate gradient and every saved activation until the
 * end, so that a training step walks through several times the memory it needs, and memory is what
 * a step waits for.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";

/** What tfjs 4.22, the last release, records of each operation. */
interface TapeNode {
  readonly kernelName: string;
  readonly inputs: tf.NamedTensorMap;
  readonly outputs: readonly tf.Tensor[];
  readonly saved?: readonly tf.Tensor[];
  readonly gradient?: (dys: readonly tf.Tensor[]) => Record<string, () => tf.Tensor>;
}

interface Engine {
  readonly state: { activeTape: TapeNode[] | null };
  startTape(): void;
  endTape(): void;
}

/** A loss and its gradients. */
export interface Gradients {
  /** The loss. */
  readonly value: tf.Scalar;
  /** By the tensors' order; each of its tensor's shape. */
  readonly gradients: tf.Tensor[];
}

/**
 * The value of `loss` and its gradient with respect to each of `tensors`; call it inside `tf.tidy`.
 *
 * @param loss computes a scalar from the tensors.
 * @throws {RangeError} when the loss is no scalar, or does not depend on one of the tensors.
 * @throws {Error} when an operation has no gradient.
 *
 * ```ts
 * import { gradientsOf } from "@lib/compute/gradients.ts";
 * import * as tf from "@tensorflow/tfjs";
 * import assert from "node:assert/strict";
 *
 * await tf.setBackend("cpu");
 * const x = tf.tensor1d([1, 2, 3]);
 * const { value, gradients } = gradientsOf(() => x.square().sum(), [x]);
 * assert.equal(value.dataSync()[0], 14);
 * assert.deepEqual([...gradients[0].dataSync()], [2, 4, 6]);
 * ```
 */
export function gradientsOf(loss: () => tf.Scalar, tensors: readonly tf.Tensor[]): Gradients {
  const engine = tf.engine() as unknown as Engine;
  if (engine.state.activeTape) {
    throw new Error("Cannot take gradients inside gradients: call one after the other");
  }
  let tape: readonly TapeNode[] = [];
  try {
    const value = tf.tidy(() => {
      engine.startTape();
      try {
        return loss();
      } finally {
        tape = engine.state.activeTape!;
        engine.endTape();
        engine.state.activeTape = null;
      }
    });
    if (value.rank !== 0) {
      throw new RangeError(`Cannot take the gradient of [${value.shape}]: must be a scalar`);
    }
    return { value, gradients: goBack(tape, value, tensors) };
  } finally {
    for (const { saved } of tape) tf.dispose(saved as tf.Tensor[]);
  }
}

/** Goes back along the tape from the value to the tensors. */
function goBack(
  tape: readonly TapeNode[],
  value: tf.Scalar,
  tensors: readonly tf.Tensor[],
): tf.Tensor[] {
  const reached = new Set(tensors.map(({ id }) => id));
  const leading = tape.filter(({ inputs, outputs }) => {
    const leads = Object.values(inputs).some(({ id }) => reached.has(id));
    if (leads) { for (const { id } of outputs) reached.add(id); }
    return leads;
  });
  const wanted = new Set(tensors.map(({ id }) => id));
  const found = new Map<number, tf.Tensor>([[value.id, tf.onesLike(value)]]);
  for (const { kernelName, inputs, outputs, gradient, saved } of leading.reverse()) {
    if (!outputs.some(({ id }) => found.has(id))) continue;
    if (!gradient) throw new Error(`Cannot go back through ${kernelName}: it has no gradient`);
    const given = outputs.map(({ id }) => found.get(id));
    const back = tf.tidy(() => {
      // What the fused kernels keep beside their result (a layer's activations) has no gradient, and
      // they do not look at it: zeros of that size cost more than JavaScript in a whole step.
      const none = ({ shape, dtype }: tf.Tensor) =>
        kernelName.startsWith("Fused") ? tf.scalar(0) : tf.zeros(shape, dtype);
      const dys = given.map((dy, i) => dy ?? none(outputs[i]));
      const towards = gradient(dys);
      const results: tf.NamedTensorMap = {};
      for (const [name, { id }] of Object.entries(inputs)) {
        if (!reached.has(id)) continue;
        const dx = towards[name]();
        // What comes in may go out as it is, and is freed below.
        results[name] = dys.includes(dx) ? dx.clone() : dx;
      }
      return results;
    });
    for (const [name, dx] of Object.entries(back)) {
      const { id } = inputs[name], before = found.get(id);
      found.set(id, before ? tf.add(before, dx) : dx);
      if (before) tf.dispose([before, dx]);
    }
    for (const { id } of outputs) {
      if (wanted.has(id)) continue;
      found.get(id)?.dispose();
      found.delete(id);
    }
    tf.dispose(saved as tf.Tensor[]);
  }
  return tensors.map(({ id, shape }, i) => {
    const gradient = found.get(id);
    if (!gradient) {
      throw new RangeError(
        `Cannot take the gradient with respect to tensor ${i} [${shape}]: the loss does not depend ` +
          "on it",
      );
    }
    return gradient;
  });
}
