/**
 * Choosing what computes: the fastest of this workspace's own backends that starts here (`native`
 * with a C compiler, else `simd`), or what the environment variable `LAB_BACKEND` names.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import * as tf from "@tensorflow/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { checkBlas } from "./blas.ts";
import { type Route, ROUTES } from "./machine.ts";
import { threadsAsked } from "./open_machine.ts";
import { registerShared } from "./register_shared.ts";
import { currentShared } from "./shared_backend.ts";
import { mendMatrixProduct } from "./wasm.ts";
import { registerWebgpu, webgpuAdapter } from "./webgpu.ts";

/**
 * The backends that can be asked for: our own kernels compiled for this CPU, as WebAssembly with
 * relaxed SIMD, and with plain SIMD; tfjs's own; and a GPU.
 */
export const BACKENDS = [...ROUTES, "wasm", "cpu", "webgpu"] as const;

/** A backend's name. */
export type BackendName = typeof BACKENDS[number];

/** What computes now. */
export interface BackendReport {
  /** What was asked for, or chosen. */
  readonly name: BackendName;
  /** tfjs's version. */
  readonly version: string;
  /** The backend's features, for people: `SIMD, 1 thread`. */
  readonly features: string;
  /** Why a faster backend is not in use; empty when none was tried. */
  readonly hint: string;
  /** What would make it faster; empty when nothing is known to. */
  readonly faster: string;
}

/**
 * Makes a backend the current one; asking again for the current one costs nothing.
 *
 * wasm (tfjs's own) runs with SIMD and one thread: its threads start their Workers in a way that
 * Deno does not know. Its files come from the npm package, never from the network.
 *
 * @param name the backend; by default what `LAB_BACKEND` names, else the fastest that starts.
 * @throws {RangeError} for a name that is none of {@link BACKENDS}, or a `LAB_THREADS` that is no
 * number of threads.
 * @throws {Error} when the backend cannot start here, or the library that `LAB_BLAS` names; a
 * software WebGPU adapter is refused.
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
  name ??= Deno.env.get("LAB_BACKEND") || undefined;
  // Before what is wrong there passes for a route that does not start.
  threadsAsked();
  checkBlas();
  const chosen = name !== undefined;
  let hint = "";
  if (name === undefined) [name, hint] = await fastest();
  if (!isBackendName(name)) {
    throw new RangeError(
      `Cannot use the backend "${name}": must be one of ${BACKENDS.join(", ")} (LAB_BACKEND)`,
    );
  }
  if (tf.getBackend() !== name) await start(name);
  await tf.ready();
  const features = currentShared()?.machine.features ??
    (name === "wasm"
      ? `${await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT") ? "SIMD" : "no SIMD"}, 1 thread`
      : name === "cpu"
      ? "JavaScript, slow"
      : webgpuAdapter());
  return { name, version: tf.version_core, features, hint, faster: advice(name, hint, chosen) };
}

/** What a user can do for speed; the numbers are those of `results/bench/train.json`. */
function advice(name: BackendName, hint: string, chosen: boolean): string {
  const cores = navigator.hardwareConcurrency, threads = currentShared()?.machine.threads ?? cores;
  const idle = threads < cores ? `all ${cores} cores (unset LAB_THREADS)` : "";
  if (name === "native" || name === "webgpu") return idle;
  const kernels = chosen
    ? "the fastest backend that starts here (unset LAB_BACKEND)"
    : /no C compiler|does not run|failed/.test(hint)
    ? currentShared()?.machine.blas
      ? "a C compiler that works (clang or gcc)"
      : "a C compiler that works (clang or gcc): trains 2 to 3 times as fast; or OpenBLAS: twice"
    : /needs --allow/.test(hint)
    ? "--allow-ffi, --allow-run and --allow-write (or -A): trains 2 to 3 times as fast"
    : "";
  return [kernels, idle].filter((part) => part).join(", ");
}

/** The report in a line: `tfjs 4.22.0 on native (AVX-512, 2 threads, gcc 12.2.0)`. */
export function describeBackend(
  { name, version, features, hint, faster }: BackendReport,
): string {
  return `tfjs ${version} on ${name} (${features})` +
    (hint && `; not faster because: ${hint}`) + (faster && `; faster with: ${faster}`);
}

let found: [BackendName, hint: string] | undefined;

/** The first of our routes that starts, else wasm; and why those before it did not. */
async function fastest(): Promise<[BackendName, hint: string]> {
  if (found) return found;
  const reasons: string[] = [];
  for (const route of ROUTES) {
    try {
      await start(route);
      return found = [route, reasons.join("; ")];
    } catch (error) {
      reasons.push((error as Error).message);
    }
  }
  return found = ["wasm", reasons.join("; ")];
}

async function start(name: BackendName): Promise<void> {
  if (isRoute(name)) registerShared(name);
  if (name === "wasm") prepareWasm();
  if (name === "webgpu") await registerWebgpu();
  if (!await tf.setBackend(name)) {
    throw new Error(`Cannot start the tfjs backend "${name}"; LAB_BACKEND=cpu works everywhere`);
  }
}

function isRoute(name: string): name is Route {
  return (ROUTES as readonly string[]).includes(name);
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
