/**
 * The models in the page: what computes, and what a model thinks of a position.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import type { Distribution } from "@lib/analysis/distribution.ts";
import type { Position } from "@lib/chess/position.ts";
import { mendMatrixProduct } from "@lib/compute/wasm.ts";
import { registerWebgpu, webgpuAdapter } from "@lib/compute/webgpu.ts";
import type { BoardNetConfig } from "@lib/model/boardnet.ts";
import { decodeModel, type Model } from "@lib/model/decode_model.ts";
import { boardPolicy } from "@lib/model/policy.ts";

/** A model that the site offers, as `models.json` lists it. */
export interface Offer {
  /** The run, and the file's name under `models/`. */
  readonly id: string;
  /** The people it learned from, such as `players rated up to 1000`. */
  readonly crowd: string;
  readonly parameters: number;
  /** Training positions, repeats counted. */
  readonly positions: number;
}

/** The models of this site, in its order. */
export async function offers(): Promise<Offer[]> {
  return await (await get("models.json")).json();
}

/**
 * Starts the fastest of tfjs's backends that this browser has: a real GPU, WebAssembly with one
 * thread, plain JavaScript.
 *
 * @param asked `webgpu` (on a software adapter, too), `wasm` or `cpu`, to try one: `?backend=…` of
 *   the address. What is not there gives way to the next.
 * @returns its name, for people.
 */
export async function startBackend(asked: string | null): Promise<string> {
  if (asked !== "wasm" && asked !== "cpu") {
    try {
      await registerWebgpu(navigator.gpu, { software: asked === "webgpu" });
      if (await tf.setBackend("webgpu")) return `WebGPU: ${webgpuAdapter()}`;
    } catch {
      // No GPU, or none that is faster than the CPU.
    }
  }
  // Threads would need headers that a static host does not send.
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  setWasmPaths(new URL("wasm/", document.baseURI).href);
  mendMatrixProduct();
  try {
    if (asked !== "cpu" && await tf.setBackend("wasm")) return "WebAssembly";
  } catch {
    // An old or locked-down browser.
  }
  await tf.setBackend("cpu");
  return "JavaScript, slowly";
}

const loaded = new Map<string, Promise<Model<BoardNetConfig>>>();

/** A model by its run, loaded once. */
export function model(id: string): Promise<Model<BoardNetConfig>> {
  let found = loaded.get(id);
  if (!found) {
    found = load(id);
    loaded.set(id, found);
    found.catch(() => loaded.delete(id)); // a failed download may be tried again
  }
  return found;
}

/** f̂(y|x): the model's probabilities of the legal moves at τ = 1. */
export async function policy(id: string, position: Position): Promise<Distribution> {
  const [distribution] = await boardPolicy(await model(id), [position]);
  return distribution;
}

async function load(id: string): Promise<Model<BoardNetConfig>> {
  const file = `models/${id}.safetensors`;
  return decodeModel(new Uint8Array(await (await get(file)).arrayBuffer()), file, "boardnet");
}

async function get(path: string): Promise<Response> {
  const response = await fetch(path).catch((cause) => {
    throw new Error(`Cannot load ${path}: ${cause.message}; is the server still there?`, { cause });
  });
  if (!response.ok) throw new Error(`Cannot load ${path}: the server says ${response.status}`);
  return response;
}
