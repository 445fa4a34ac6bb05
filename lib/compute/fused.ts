/**
 * The models' operations as tfjs kernels of the shared backend, each in one or a few launches, with
 * their gradients registered like those of tfjs's own kernels; in `fused/`, a file for each. `ops.ts`
 * calls them where the shared backend is current; it has checked the shapes' meaning, they check
 * sizes again against each other, since nothing below does.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { ACTIVATIONS } from "./fused/activation.ts";
import { ATTENTION } from "./fused/attention.ts";
import { CONVOLUTION } from "./fused/convolution.ts";
import { EMBEDDING } from "./fused/embedding.ts";
import { LINEAR } from "./fused/linear.ts";
import { LOSS } from "./fused/loss.ts";
import { LAYER_NORM } from "./fused/norm.ts";
import type { SharedKernel } from "./shared_backend.ts";

const OPERATIONS = [LINEAR, LAYER_NORM, ACTIVATIONS, ATTENTION, EMBEDDING, CONVOLUTION, LOSS];

/** The fused kernels and their gradients' kernels. */
export const FUSED_KERNELS: ReadonlyMap<string, SharedKernel> = new Map(
  OPERATIONS.flatMap(({ kernels }) => kernels),
);

let registered = false;

/** Tells tfjs the gradients of the fused kernels, once. */
export function registerFusedGradients(): void {
  if (registered) return;
  registered = true;
  for (const { gradients } of OPERATIONS) gradients.forEach(tf.registerGradient);
}
