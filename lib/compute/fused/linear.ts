/**
 * Linear layers, alone and as a transformer's feed-forward layer, with their gradients.
 *
 * @module
 */

import type * as tf from "@tensorflow/tfjs";
import { sizeOf } from "../launch.ts";
import { binary, unary } from "../plain/elementwise.ts";
import { sumColumns } from "../plain/reductions.ts";
import { multiply } from "../products.ts";
import type { SharedKernel } from "../shared_backend.ts";
import { check, first, type Fused, lastOf, runKernel } from "./kernel.ts";

/** x [..., C] · w [C, D] (+ b [D]) (+ add [..., D]). */
const linear: SharedKernel = (backend, { x, w, b, add }) => {
  const [C, D] = w!.shape, N = sizeOf(x!.shape.slice(0, -1));
  check("linear", "x", x!, N * C);
  check("linear", "w", w!, C * D);
  if (b) check("linear", "b", b, D);
  if (add) check("linear", "add", add, N * D);
  const y = backend.make([...x!.shape.slice(0, -1), D]);
  multiply(backend, x!, w!, y, { M: N, N: D, K: C, bias: b, add });
  return y;
};

/** dy [..., D] · wᵀ. */
const linearInput: SharedKernel = (backend, { dy, w }) => {
  const [C, D] = w!.shape, N = sizeOf(dy!.shape.slice(0, -1));
  check("linear's gradient", "dy", dy!, N * D);
  const dx = backend.make([...dy!.shape.slice(0, -1), C]);
  multiply(backend, dy!, w!, dx, { M: N, N: C, K: D, turnB: true });
  return dx;
};

/** xᵀ · dy. */
const linearWeight: SharedKernel = (backend, { x, dy }) => {
  const C = lastOf(x!), D = lastOf(dy!), N = sizeOf(x!.shape) / C;
  check("linear's gradient", "dy", dy!, N * D);
  const dw = backend.make([C, D]);
  multiply(backend, x!, dy!, dw, { M: C, N: D, K: N, turnA: true });
  return dw;
};

/** The sum over all but the last axis. */
const sumRows: SharedKernel = (backend, { x }) => {
  const C = lastOf(x!);
  return sumColumns(backend, x!, 1, sizeOf(x!.shape) / C, C, [C]);
};

/** gelu(x·w1 + b1)·w2 + b2 + add, and what GELU was taken of and gave, for the gradient. */
const feedForward: SharedKernel = (backend, { x, w1, b1, w2, b2, add }) => {
  const [C, D] = w1!.shape, N = sizeOf(x!.shape) / C;
  check("feed forward", "x", x!, N * C);
  check("feed forward", "w2", w2!, D * C);
  check("feed forward", "add", add!, N * C);
  if (b1) check("feed forward", "b1", b1, D);
  if (b2) check("feed forward", "b2", b2, C);
  const pre = backend.make([N, D]), y = backend.make(x!.shape);
  multiply(backend, x!, w1!, pre, { M: N, N: D, K: C, bias: b1 });
  const hidden = unary(backend, "Gelu", pre)!;
  multiply(backend, hidden, w2!, y, { M: N, N: C, K: D, bias: b2, add });
  return [y, pre, hidden];
};

/** The gradients by x, w1, b1, w2 and b2. */
const feedForwardGradient: SharedKernel = (backend, { x, w1, w2, pre, hidden, dy }) => {
  const [C, D] = w1!.shape, N = sizeOf(x!.shape) / C;
  check("feed forward's gradient", "dy", dy!, N * C);
  check("feed forward's gradient", "pre", pre!, N * D);
  check("feed forward's gradient", "hidden", hidden!, N * D);
  const dw2 = backend.make([D, C]), db2 = sumColumns(backend, dy!, 1, N, C, [C]);
  multiply(backend, hidden!, dy!, dw2, { M: D, N: C, K: N, turnA: true });
  const dHidden = backend.make([N, D]), dx = backend.make(x!.shape), dw1 = backend.make([C, D]);
  multiply(backend, dy!, w2!, dHidden, { M: N, N: D, K: C, turnB: true });
  const du = binary(backend, "GeluGradient", pre!, dHidden)!;
  backend.drop(dHidden);
  multiply(backend, x!, du, dw1, { M: C, N: D, K: N, turnA: true });
  multiply(backend, du, w1!, dx, { M: N, N: C, K: D, turnB: true });
  const db1 = sumColumns(backend, du, 1, N, D, [D]);
  backend.drop(du);
  return [dx, dw1, db1, dw2, db2];
};

/** y = x·w + b (+ a residual), and two of them around GELU. */
export const LINEAR: Fused = {
  kernels: [
    ["FusedLinear", linear],
    ["FusedLinearInput", linearInput],
    ["FusedLinearWeight", linearWeight],
    ["FusedSumRows", sumRows],
    ["FusedFeedForward", feedForward],
    ["FusedFeedForwardGradient", feedForwardGradient],
  ],
  gradients: [{
    kernelName: "FusedLinear",
    inputsToSave: ["x", "w"],
    gradFunc: (dys, saved) => {
      const dy = first(dys), [x, w] = saved as tf.Tensor[];
      return {
        x: () => runKernel("FusedLinearInput", { dy, w }),
        w: () => runKernel("FusedLinearWeight", { x, dy }),
        b: () => runKernel("FusedSumRows", { x: dy }),
        add: () => dy.clone(),
      };
    },
  }, {
    kernelName: "FusedFeedForward",
    inputsToSave: ["x", "w1", "w2"],
    outputsToSave: [false, true, true],
    gradFunc: (dys, saved) => {
      const [x, w1, w2, pre, hidden] = saved as tf.Tensor[], dy = first(dys);
      const [dx, dw1, db1, dw2, db2] = runKernel<tf.Tensor[]>("FusedFeedForwardGradient", {
        x,
        w1,
        w2,
        pre,
        hidden,
        dy,
      });
      return {
        x: () => dx,
        w1: () => dw1,
        b1: () => db1,
        w2: () => dw2,
        b2: () => db2,
        add: () => dy.clone(),
      };
    },
  }],
};
