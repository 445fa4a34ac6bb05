/**
 * GELU and ReLU with their gradients.
 *
 * @module
 */

import type * as tf from "@tensorflow/tfjs";
import { sizeOf } from "../launch.ts";
import { binary, unary } from "../plain/elementwise.ts";
import type { SharedKernel } from "../shared_backend.ts";
import { check, first, type Fused, runKernel } from "./kernel.ts";

const gelu: SharedKernel = (backend, { x }) => {
  check("GELU", "x", x!, sizeOf(x!.shape));
  return unary(backend, "Gelu", x!);
};
const geluGradient: SharedKernel = (backend, { x, dy }) => {
  check("GELU's gradient", "dy", dy!, sizeOf(x!.shape));
  return binary(backend, "GeluGradient", x!, dy!);
};
const relu: SharedKernel = (backend, { x }) => {
  check("ReLU", "x", x!, sizeOf(x!.shape));
  return unary(backend, "Relu", x!);
};
const reluGradient: SharedKernel = (backend, { x, dy }) => {
  check("ReLU's gradient", "dy", dy!, sizeOf(x!.shape));
  return binary(backend, "ReluGradient", x!, dy!);
};

/** The activations. */
export const ACTIVATIONS: Fused = {
  kernels: [
    ["FusedGelu", gelu],
    ["FusedGeluGradient", geluGradient],
    ["FusedRelu", relu],
    ["FusedReluGradient", reluGradient],
  ],
  gradients: ["FusedGelu", "FusedRelu"].map((kernelName) => ({
    kernelName,
    inputsToSave: ["x"],
    gradFunc: (dy, saved) => ({
      x: () => runKernel(`${kernelName}Gradient`, { x: (saved as tf.Tensor[])[0], dy: first(dy) }),
    }),
  })),
};
