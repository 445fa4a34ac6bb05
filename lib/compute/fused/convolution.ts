/**
 * 3×3 convolution on 8×8 boards with its gradients.
 *
 * @module
 */

import type * as tf from "@tensorflow/tfjs";
import { sumColumns } from "../plain/reductions.ts";
import { multiply } from "../products.ts";
import type { SharedBackend, SharedKernel } from "../shared_backend.ts";
import { check, first, type Fused, lastOf, runKernel } from "./kernel.ts";

/** Numbers of scratch that the convolution's kernels have: tiles × (C + D). */
const CONV_SCRATCH = 4096;

/** Into how many parts the boards are cut for the weights' gradient, whatever the threads. */
const CONV_PARTS = 8;

/**
 * Boards of 4 tiles that a chunk convolves Winograd's way; 0 where the plain product of
 * neighbourhoods is faster (few channels: the transforms cost more; many: they leave the cache) or
 * where the rounding, 1e-5 of the largest entry at 128 channels, would grow further.
 */
function boardsAtOnce(C: number, D: number): number {
  if (Math.min(C, D) < 24 || Math.max(C, D) > 128) return 0;
  return Math.min(8, Math.floor(CONV_SCRATCH / (C + D) / 4));
}

/** 3×3, border of zeros, on boards [B, 8, 8, C]: w [3, 3, C, D] → [B, 8, 8, D]. */
function convolve(
  backend: SharedBackend,
  x: tf.TensorInfo,
  w: tf.TensorInfo,
  bias?: tf.TensorInfo,
): tf.TensorInfo {
  const [, , C, D] = w.shape, B = x.shape[0], y = backend.make([B, 8, 8, D]);
  const group = boardsAtOnce(C, D);
  if (!group) {
    multiply(backend, x, w, y, { M: B * 64, N: D, K: 9 * C, boardChannels: C, bias });
    return y;
  }
  const { machine } = backend, tiles = machine.tiles && C % 32 === 0 && D % 32 === 0;
  let points = backend.make([36, C, D]);
  machine.launch("conv_points", C, [backend.address(w), backend.address(points), C, D]);
  if (tiles) { // which take 32 channels at a time; three numbers of two bytes for each
    const split = backend.make([36, C, 1.5 * D]);
    machine.launch("split_points", 36, [backend.address(points), backend.address(split), C, D]);
    backend.drop(points);
    points = split;
  }
  // Small batches still give every thread some boards.
  const boards = Math.max(1, Math.min(group, Math.ceil(B / (2 * machine.threads))));
  machine.launch("conv_boards", Math.ceil(B / boards), [
    backend.address(x),
    backend.address(points),
    backend.address(y),
    C,
    D,
    B,
    boards,
    bias ? backend.address(bias) : 0,
    0,
    tiles ? 1 : 0,
  ]);
  backend.drop(points);
  return y;
}

const conv: SharedKernel = (backend, { x, w, b }) => {
  const [, , C, D] = w!.shape, M = x!.shape[0] * 64;
  check("convolution", "x", x!, M * C);
  check("convolution", "w", w!, 9 * C * D);
  if (b) check("convolution", "b", b, D);
  return convolve(backend, x!, w!, b);
};

const convInput: SharedKernel = (backend, { dy, w }) => {
  const [, , C, D] = w!.shape, M = dy!.shape[0] * 64;
  check("the convolution's gradient", "dy", dy!, M * D);
  const flipped = backend.make([3, 3, D, C]);
  backend.machine.launch("flip_taps", 9, [backend.address(w!), backend.address(flipped), C, D]);
  const dx = convolve(backend, dy!, flipped);
  backend.drop(flipped);
  return dx;
};

const convWeight: SharedKernel = (backend, { x, dy }) => {
  const C = lastOf(x!), D = lastOf(dy!), B = x!.shape[0], K = B * 64;
  check("the convolution's gradient", "x", x!, K * C);
  check("the convolution's gradient", "dy", dy!, K * D);
  const dw = backend.make([3, 3, C, D]), group = boardsAtOnce(C, D);
  if (!group) {
    multiply(backend, x!, dy!, dw, { M: 9 * C, N: D, K, turnA: true, boardChannels: C });
    return dw;
  }
  const parts = backend.make([CONV_PARTS, 36, C, D]);
  backend.machine.launch("conv_boards_weight", CONV_PARTS, [
    backend.address(x!),
    backend.address(dy!),
    backend.address(parts),
    C,
    D,
    B,
    group,
    0,
    CONV_PARTS,
  ]);
  const points = sumColumns(backend, parts, 1, CONV_PARTS, 36 * C * D, [36, C, D]);
  backend.machine.launch("conv_taps", C, [backend.address(points), backend.address(dw), C, D]);
  backend.drop(parts, points);
  return dw;
};

/** The convolution. */
export const CONVOLUTION: Fused = {
  kernels: [
    ["FusedConv3x3", conv],
    ["FusedConv3x3Input", convInput],
    ["FusedConv3x3Weight", convWeight],
  ],
  gradients: [{
    kernelName: "FusedConv3x3",
    inputsToSave: ["x", "w"],
    gradFunc: (dys, saved) => {
      const dy = first(dys), [x, w] = saved as tf.Tensor[];
      return {
        x: () => runKernel("FusedConv3x3Input", { dy, w }),
        w: () => runKernel("FusedConv3x3Weight", { x, dy }),
        b: () => runKernel("FusedSumRows", { x: dy }),
      };
    },
  }],
};
