/**
 * tfjs's WebGPU backend on a real GPU, made safe: a software adapter is refused, and what a lost
 * device or a refused command would leave as silent zeros becomes an error at the next reading.
 *
 * The operations of `ops.ts` run there as plain tfjs. Numbers can only be read with `await
 * tensor.data()`.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";

/** Names of adapters that compute on the CPU, for those that do not say so themselves. */
const SOFTWARE = /llvmpipe|lavapipe|swiftshader|basic render/i;

/** The adapter's limits that its device shall have: WebGPU's defaults are the least of all GPUs. */
const LIMITS = [
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxComputeWorkgroupSizeX",
  "maxComputeInvocationsPerWorkgroup",
] as const;

/** The part of tfjs's WebGPU backend that is watched. */
type Watched = tf.KernelBackend & {
  readonly device: GPUDevice;
  readonly tensorMap: tf.DataStorage<{ readonly values: tf.BackendValues | null }>;
  runWebGPUProgram(...args: unknown[]): tf.TensorInfo;
};

let adapterName = "GPU";

/** What the GPU that computes is called. */
export function webgpuAdapter(): string {
  return adapterName;
}

/**
 * Registers the backend `webgpu` on this machine's GPU, for `tf.setBackend` to start; costs nothing
 * when it is registered already.
 *
 * A software adapter is far slower than our own kernels on the same CPU. With the environment
 * variable `LAB_WEBGPU_SOFTWARE=1` it is taken all the same, to check that the numbers are right.
 *
 * @param gpu where adapters come from.
 * @param options `software`: whether a software adapter is taken, where no environment says so.
 * @throws {Error} when there is no adapter, or only a software one.
 *
 * ```ts
 * import { registerWebgpu } from "@lib/compute/webgpu.ts";
 * import assert from "node:assert/strict";
 *
 * const noGpu = { requestAdapter: () => Promise.resolve(null) } as unknown as GPU;
 * await assert.rejects(registerWebgpu(noGpu), /no adapter/);
 * ```
 */
export async function registerWebgpu(
  gpu: GPU | undefined = navigator.gpu,
  options: { readonly software?: boolean } = {},
): Promise<void> {
  if (tf.findBackendFactory("webgpu")) return;
  const adapter = await gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) {
    throw new Error(
      "Cannot use the backend webgpu: this machine offers no adapter; needs a GPU with its driver " +
        "for Vulkan, Metal or DirectX 12",
    );
  }
  const { info } = adapter;
  const name = info.description || [info.vendor, info.architecture, info.device].join(" ").trim();
  const software = info.isFallbackAdapter || SOFTWARE.test(name);
  if (software && !(options.software ?? Deno.env.get("LAB_WEBGPU_SOFTWARE") === "1")) {
    throw new Error(
      `Cannot use the backend webgpu: "${name}" is a software adapter, far slower than simd; ` +
        "LAB_WEBGPU_SOFTWARE=1 takes it all the same, for checks",
    );
  }
  const { WebGPUBackend } = await import("@tensorflow/tfjs-backend-webgpu");
  // The package registers itself for any adapter; ours starts on the one that was looked at.
  if (tf.findBackendFactory("webgpu")) tf.removeBackend("webgpu");
  tf.registerBackend("webgpu", async () => {
    const requiredLimits = Object.fromEntries(
      LIMITS.map((limit) => [limit, adapter.limits[limit]]),
    );
    const device = await adapter.requestDevice({ requiredLimits });
    return watch(new WebGPUBackend(device, info) as unknown as Watched);
  });
  adapterName = software ? `${name}, a software adapter` : name;
}

/** Makes readings fail once the device was lost or has refused a command. */
function watch(backend: Watched): tf.KernelBackend {
  let fault = "";
  backend.device.lost.then(({ reason, message }) =>
    fault ||= `the device was lost (${reason}: ${message})`
  );
  backend.device.addEventListener("uncapturederror", (event) => {
    event.preventDefault();
    fault ||= `the GPU refused a command (${(event as GPUUncapturedErrorEvent).error.message})`;
  });
  const check = (cause?: unknown) => {
    if (!fault && cause === undefined) return;
    const what = fault || `the GPU does not answer (${(cause as Error).message})`;
    throw new Error(
      `Cannot go on with webgpu: ${what}; start again, with smaller batches if the memory is full: ` +
        "a training run goes on from its last checkpoint",
      { cause },
    );
  };
  const read = backend.read.bind(backend), readSync = backend.readSync.bind(backend);
  const runProgram = backend.runWebGPUProgram.bind(backend);
  backend.runWebGPUProgram = (...args) => {
    check();
    try {
      return runProgram(...args);
    } catch (cause) {
      return check(cause) as never;
    }
  };
  backend.read = async (dataId) => {
    let values: tf.BackendValues;
    try {
      values = await read(dataId);
    } catch (cause) {
      await new Promise((resolve) => setTimeout(resolve, 50)); // the reason comes a little later
      return check(cause) as never;
    }
    check();
    return values;
  };
  backend.readSync = (dataId) => {
    check();
    // What has not left the CPU, or has come back, can be read.
    if (backend.tensorMap.get(dataId).values) return readSync(dataId);
    throw new Error("Cannot read from the GPU synchronously: await tensor.data() instead");
  };
  return backend;
}
