/**
 * Choosing what computes: tfjs-wasm by default, or what the environment variable `LAB_BACKEND`
 * (wasm, cpu, webgpu) names.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import * as tf from "@tensorflow/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { mendMatrixProduct } from "./wasm.ts";

/** The backends that can be asked for. */
export const BACKENDS = ["wasm", "cpu", "webgpu"] as const;

/** A backend's name. */
export type BackendName = typeof BACKENDS[number];

/** What computes now. */
export interface BackendReport {
  readonly name: BackendName;
  /** tfjs's version. */
  readonly version: string;
  /** The backend's features, for people: `SIMD, 1 thread`. */
  readonly features: string;
}

/**
 * Makes a backend the current one; asking again for the current one costs nothing.
 *
 * wasm runs with SIMD and one thread: tfjs's own threads start their Workers in a way that Deno
 * does not know. Its files come from the npm package, never from the network.
 *
 * @param name the backend; by default what `LAB_BACKEND` names, else wasm.
 * @throws {RangeError} for a name that is none of {@link BACKENDS}.
 * @throws {Error} when the backend cannot start here; a software WebGPU adapter is refused.
 *
 * ```ts
 * import { useBackend } from "@lib/compute/backend.ts";
 * import * as tf from "@tensorflow/tfjs";
 * import assert from "node:assert/strict";
 *
 * const { name } = await useBackend("cpu");
 * assert.equal(name, tf.getBackend());
 * ```
 */
export async function useBackend(name?: string): Promise<BackendReport> {
  name ??= Deno.env.get("LAB_BACKEND") || "wasm";
  if (!isBackendName(name)) {
    throw new RangeError(
      `Cannot use the backend "${name}": must be one of ${BACKENDS.join(", ")} (LAB_BACKEND)`,
    );
  }
  if (tf.getBackend() !== name) {
    if (name === "wasm") prepareWasm();
    if (name === "webgpu") await prepareWebgpu();
    if (!await tf.setBackend(name)) {
      throw new Error(`Cannot start the tfjs backend "${name}"; LAB_BACKEND=cpu works everywhere`);
    }
  }
  await tf.ready();
  const features = name === "wasm"
    ? `${await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT") ? "SIMD" : "no SIMD"}, 1 thread`
    : name === "cpu"
    ? "JavaScript, slow"
    : "GPU";
  return { name, version: tf.version_core, features };
}

/** The report in a line: `tfjs 4.22.0 on wasm (SIMD, 1 thread)`. */
export function describeBackend({ name, version, features }: BackendReport): string {
  return `tfjs ${version} on ${name} (${features})`;
}

function isBackendName(name: string): name is BackendName {
  return (BACKENDS as readonly string[]).includes(name);
}

function prepareWasm(): void {
  if (tf.findBackend("wasm")) return;
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  const main = import.meta.resolve("@tensorflow/tfjs-backend-wasm");
  setWasmPaths(fileURLToPath(new URL("./", main)));
  mendMatrixProduct();
}

async function prepareWebgpu(): Promise<void> {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new Error("Cannot use the backend webgpu: this machine offers no adapter");
  const { vendor = "", architecture = "", device = "", description = "" } = adapter.info;
  const about = [vendor, architecture, device, description].join(" ").trim();
  if (adapter.info.isFallbackAdapter || /llvmpipe|swiftshader|lavapipe|software|cpu/i.test(about)) {
    throw new Error(
      `Cannot use the backend webgpu: "${about}" is a software adapter, far slower than wasm`,
    );
  }
  // Not among the pinned packages, so that nobody downloads it for nothing.
  const specifier = "@tensorflow/tfjs-backend-webgpu";
  try {
    await import(specifier);
  } catch (cause) {
    throw new Error(
      `Cannot use the backend webgpu: add "${specifier}": "npm:${specifier}@4.22.0" to the imports ` +
        "of deno.json first",
      { cause },
    );
  }
}
