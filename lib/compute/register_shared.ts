/**
 * Makes our own kernels a tfjs backend.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { FUSED_KERNELS, registerFusedGradients } from "./fused.ts";
import type { Route } from "./machine.ts";
import { type MachineOptions, openMachine } from "./open_machine.ts";
import { SharedBackend, type SharedKernel } from "./shared_backend.ts";
import { SHARED_KERNELS } from "./shared_kernels.ts";

/**
 * Registers a route as a tfjs backend of that name, with all its kernels; the machine starts here.
 * Asking again for a registered name returns what is there.
 *
 * @throws {Error} when the route, or the BLAS asked for, does not exist on this machine.
 *
 * ```ts
 * import { registerShared } from "@lib/compute/register_shared.ts";
 * import * as tf from "@tensorflow/tfjs";
 * import assert from "node:assert/strict";
 *
 * registerShared("simd", { threads: 2 });
 * tf.setBackend("simd");
 * const product = tf.matMul(tf.ones([3, 4]), tf.ones([4, 5]), false, false);
 * assert.deepEqual([...product.dataSync().slice(0, 3)], [4, 4, 4]);
 * ```
 */
export function registerShared(
  route: Route,
  options: MachineOptions & { readonly name?: string } = {},
): SharedBackend {
  const name = options.name ?? route;
  const known = tf.findBackend(name);
  if (known) return known as SharedBackend;
  const backend = new SharedBackend(openMachine(route, options));
  registerFusedGradients();
  const own = new Map<string, SharedKernel>([...SHARED_KERNELS, ...FUSED_KERNELS]);
  for (const { kernelName, kernelFunc } of tf.getKernelsForBackend("cpu")) {
    const shared = own.get(kernelName), keeps = kernelName === "Complex";
    own.delete(kernelName);
    tf.registerKernel({
      kernelName,
      backendName: name,
      kernelFunc: ({ inputs, attrs = {} }) =>
        backend.run(() =>
          shared?.(backend, inputs, attrs) ?? backend.onCpu(kernelFunc, inputs, attrs, keeps)
        ),
    });
  }
  for (const [kernelName, shared] of own) {
    tf.registerKernel({
      kernelName,
      backendName: name,
      kernelFunc: ({ inputs, attrs = {} }) =>
        backend.run(() => {
          const output = shared(backend, inputs, attrs);
          if (!output) throw new TypeError(`Cannot run ${kernelName}: its inputs must be float32`);
          return output;
        }),
    });
  }
  tf.registerBackend(name, () => backend);
  return backend;
}
