/**
 * Where the time of a computation goes, kernel by kernel, on a shared backend.
 *
 * @module
 */

import type { Blas } from "./blas.ts";
import { currentShared } from "./shared_backend.ts";
import type { Kernel, Machine } from "./machine.ts";

/** What one kernel took in all its launches. */
export interface KernelTime {
  /** Its name. */
  readonly kernel: Kernel;
  /** How often it ran. */
  readonly launches: number;
  /** How long, in all. */
  readonly milliseconds: number;
}

/**
 * Runs a computation and times its kernels, the longest first; a BLAS counts as gemm. What is missing to the whole is
 * JavaScript: tfjs's bookkeeping, allocation, the computation's own code.
 *
 * @throws {Error} on another backend: only ours can be watched.
 *
 * ```ts
 * import { useBackend } from "@lib/compute/backend.ts";
 * import { profileKernels } from "@lib/compute/profile.ts";
 * import * as tf from "@tensorflow/tfjs";
 * import assert from "node:assert/strict";
 *
 * await useBackend("simd");
 * const times = await profileKernels(() => tf.tidy(() => tf.matMul(tf.ones([64, 64]), tf.ones([64, 64]))));
 * assert.ok(times.some(({ kernel }) => kernel === "gemm"));
 * ```
 */
export async function profileKernels(
  compute: () => unknown | Promise<unknown>,
): Promise<KernelTime[]> {
  const shared = currentShared();
  if (!shared) {
    throw new Error(
      "Cannot time kernels on this backend: must be native, simd or simd-plain (LAB_BACKEND)",
    );
  }
  const machine: { launch: Machine["launch"]; blas?: Blas | undefined } = shared.machine;
  const { launch, blas } = machine;
  const times = new Map<Kernel, { launches: number; milliseconds: number }>();
  const time = (kernel: Kernel, run: () => void) => {
    const start = performance.now();
    run();
    const before = times.get(kernel) ?? { launches: 0, milliseconds: 0 };
    times.set(kernel, {
      launches: before.launches + 1,
      milliseconds: before.milliseconds + performance.now() - start,
    });
  };
  machine.launch = (kernel, ...job) => time(kernel, () => launch(kernel, ...job));
  machine.blas = blas &&
    { ...blas, multiply: (...product) => time("gemm", () => blas.multiply(...product)) };
  try {
    await compute();
  } finally {
    Object.assign(machine, { launch, blas });
  }
  return [...times].map(([kernel, time]) => ({ kernel, ...time }))
    .sort((a, b) => b.milliseconds - a.milliseconds);
}
