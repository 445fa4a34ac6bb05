/**
 * Layer normalisation with its gradient.
 *
 * @module
 */

import type * as tf from "@tensorflow/tfjs";
import { launchFlat, rowGrain, sizeOf } from "../launch.ts";
import { bits } from "../machine.ts";
import { sumColumns } from "../plain/reductions.ts";
import type { SharedKernel } from "../shared_backend.ts";
import { check, first, type Fused, lastOf, runKernel, zeros } from "./kernel.ts";

/** Rows whose part of the gain's gradient is summed by one chunk. */
const NORM_ROWS = 64;

const layerNorm: SharedKernel = (backend, { x, gain, bias }, { epsilon }) => {
  const C = lastOf(x!), N = sizeOf(x!.shape) / C;
  check("layer norm", "gain", gain!, C);
  if (bias) check("layer norm", "bias", bias, C);
  check("layer norm", "x", x!, N * C);
  const y = backend.make(x!.shape), mean = backend.make([N]), rstd = backend.make([N]);
  const shift = bias ?? zeros(backend, C);
  launchFlat(backend, "norm", N, rowGrain(4 * C), [
    backend.address(x!),
    backend.address(gain!),
    backend.address(shift),
    backend.address(y),
    backend.address(mean),
    backend.address(rstd),
    C,
    bits(epsilon as number),
  ]);
  if (!bias) backend.drop(shift);
  return [y, mean, rstd];
};

const layerNormGradient: SharedKernel = (backend, { x, gain, mean, rstd, dy }) => {
  const C = lastOf(x!), N = sizeOf(x!.shape) / C, sections = Math.ceil(N / NORM_ROWS);
  check("layer norm's gradient", "dy", dy!, N * C);
  const dx = backend.make(x!.shape), parts = backend.make([sections, 2, C]);
  launchFlat(backend, "norm_back", N, NORM_ROWS, [
    backend.address(x!),
    backend.address(gain!),
    backend.address(dy!),
    backend.address(dx),
    backend.address(mean!),
    backend.address(rstd!),
    C,
    backend.address(parts),
  ]);
  const both = sumColumns(backend, parts, 1, sections, 2 * C, [2, C]);
  backend.drop(parts);
  return [dx, both];
};

/** (x − mean) / deviation · gain + bias over the last axis. */
export const LAYER_NORM: Fused = {
  kernels: [
    ["FusedLayerNorm", layerNorm],
    ["FusedLayerNormGradient", layerNormGradient],
  ],
  gradients: [{
    kernelName: "FusedLayerNorm",
    inputsToSave: ["x", "gain"],
    outputsToSave: [false, true, true],
    gradFunc: (dys, saved) => {
      const [x, gain, mean, rstd] = saved as tf.Tensor[], dy = first(dys);
      const [dx, both] = runKernel<tf.Tensor[]>("FusedLayerNormGradient", {
        x,
        gain,
        mean,
        rstd,
        dy,
      });
      const C = gain.size;
      return {
        x: () => dx,
        gain: () => both.slice([0, 0], [1, C]).reshape([C]),
        bias: () => both.slice([1, 0], [1, C]).reshape([C]),
      };
    },
  }],
};
