/**
 * Cross-entropy with its gradient.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { launchFlat, rowGrain } from "../launch.ts";
import { bits } from "../machine.ts";
import { cast } from "../plain/elementwise.ts";
import { reduce } from "../plain/reductions.ts";
import type { SharedBackend, SharedKernel } from "../shared_backend.ts";
import { check, type Fused, runKernel, zeros } from "./kernel.ts";

/** Checks the targets and returns how many count. */
function countTargets(backend: SharedBackend, targets: tf.TensorInfo, V: number): number {
  let counted = 0;
  for (const target of backend.view(targets)) {
    if (target >= V) {
      throw new RangeError(
        `Cannot take the cross-entropy to target ${target}: must be below ${V}`,
      );
    }
    if (target >= 0) counted++;
  }
  return Math.max(1, counted);
}

const crossEntropy: SharedKernel = (backend, { logits, targets, mask }) => {
  const [N, V] = logits!.shape;
  check("cross-entropy", "logits", logits!, N * V);
  check("cross-entropy", "targets", targets!, N, "int32");
  const counted = countTargets(backend, targets!, V);
  const legal = mask && cast(backend, mask, "bool");
  if (legal) check("cross-entropy", "mask", legal, N * V, "bool");
  const losses = backend.make([N]), lse = backend.make([N]);
  launchFlat(backend, "cross_entropy", N, rowGrain(4 * V), [
    backend.address(logits!),
    backend.address(targets!),
    backend.address(losses),
    backend.address(lse),
    V,
    legal ? backend.address(legal) : 0,
  ]);
  const loss = N === 0
    ? zeros(backend, 1)
    : reduce(backend, "Sum", losses, [0], false, 1 / counted)!;
  loss.shape = [];
  backend.drop(losses, ...(legal ? [legal] : []));
  return [loss, lse];
};

const crossEntropyGradient: SharedKernel = (backend, { logits, targets, mask, lse, dy }) => {
  const [N, V] = logits!.shape;
  check("the cross-entropy's gradient", "lse", lse!, N);
  check("the cross-entropy's gradient", "dy", dy!, 1);
  const counted = countTargets(backend, targets!, V);
  const legal = mask && cast(backend, mask, "bool");
  const dx = backend.make(logits!.shape);
  launchFlat(backend, "cross_entropy_back", N, rowGrain(4 * V), [
    backend.address(logits!),
    backend.address(targets!),
    backend.address(dx),
    backend.address(lse!),
    V,
    legal ? backend.address(legal) : 0,
    backend.address(dy!),
    bits(1 / counted),
  ]);
  if (legal) backend.drop(legal);
  return dx;
};

/** Mean cross-entropy with its gradient: logits [N, V], targets int32 [N], mask [N, V] → []. */
export function fusedCrossEntropy(
  logits: tf.Tensor,
  targets: tf.Tensor,
  mask?: tf.Tensor,
): tf.Tensor {
  return tf.customGrad((x, save) => {
    const [loss, lse] = runKernel<tf.Tensor[]>("FusedCrossEntropy", {
      logits: x as tf.Tensor,
      targets,
      mask,
    });
    (save as (tensors: tf.Tensor[]) => void)([
      x as tf.Tensor,
      targets,
      lse,
      ...(mask ? [mask] : []),
    ]);
    return {
      value: loss,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [logits, targets, lse, mask] = saved;
        return runKernel("FusedCrossEntropyGradient", { logits, targets, mask, lse, dy });
      },
    };
  })(logits);
}

/** The loss; its gradient is told where it is taken. */
export const LOSS: Fused = {
  kernels: [
    ["FusedCrossEntropy", crossEntropy],
    ["FusedCrossEntropyGradient", crossEntropyGradient],
  ],
  gradients: [],
};
