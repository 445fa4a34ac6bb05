/**
 * Models by name: loading what a run has trained, and saving it.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { isAbsolute, join } from "node:path";
import { readTextIfPresent, writeFileAtomic } from "@lib/files.ts";
import { RESULTS } from "@lib/paths.ts";
import { decodeModel, type Model, type ModelConfig, readParams } from "@lib/model/decode_model.ts";
import { encodeTensors, type Precision } from "@lib/model/safetensors.ts";

export * from "@lib/model/decode_model.ts";

/**
 * Writes a model as safetensors, atomically, with its configuration in the header; returns the file's
 * SHA-256 in hex.
 */
export async function saveModel(
  file: string,
  model: Model,
  precision: Precision = "float32",
): Promise<string> {
  const metadata = { config: JSON.stringify(model.config), name: model.name };
  const tensors = await readParams(model.params);
  const bytes = encodeTensors({ tensors, metadata }, precision);
  writeFileAtomic(file, bytes);
  return sha256(bytes);
}

/**
 * Loads a trained model. A run's weights must be those that its `run.json` names by their SHA-256; runs
 * of older versions name none.
 *
 * @param name A run's id (its folder under `results`), the path of a run's folder, or of a
 * `.safetensors` file.
 * @throws {Deno.errors.NotFound} when there is no such model, naming where it was looked for.
 * @throws {SyntaxError} for a file that is cut short, corrupt, holds NaN, or is not the one that the run
 * has written, naming both hashes.
 * @throws {TypeError} when file and configuration do not fit, or the model is not of the family asked
 * for.
 *
 * ```ts
 * import { initModel, loadModel, ModelConfig, saveModel } from "@lib/model/model.ts";
 * import { boardNetShape } from "@lib/model/boardnet.ts";
 * import assert from "node:assert/strict";
 *
 * const config = ModelConfig.parse({ model: "boardnet", ...boardNetShape(1) });
 * using model = initModel(config, 1);
 * const file = `${Deno.makeTempDirSync()}/model.safetensors`;
 * await saveModel(file, model);
 * using loaded = loadModel(file, "boardnet");
 * assert.deepEqual(loaded.config, config);
 * ```
 */
export function loadModel<F extends ModelConfig["model"] = ModelConfig["model"]>(
  name: string,
  family?: F,
): Model<Extract<ModelConfig, { model: F }>> {
  const path = isAbsolute(name) ? name : join(RESULTS, name);
  const file = path.endsWith(".safetensors") ? path : join(path, "model.safetensors");
  let bytes: Uint8Array;
  try {
    bytes = Deno.readFileSync(file);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Deno.errors.NotFound(`Cannot load the model "${name}": there is no ${file}`);
  }
  if (file !== path) checkWeights(path, file, bytes);
  return decodeModel(bytes, file, family);
}

/** Refuses weights that are not those that the run in this folder has written. */
function checkWeights(folder: string, file: string, bytes: Uint8Array): void {
  const manifest = join(folder, "run.json");
  let expected: unknown;
  try {
    expected = JSON.parse(readTextIfPresent(manifest) ?? "{}").weights;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new SyntaxError(`Cannot load ${file}: ${manifest} is damaged: ${error.message}`);
  }
  const found = sha256(bytes);
  if (expected !== undefined && expected !== found) {
    throw new SyntaxError(
      `Cannot load ${file}: its SHA-256 is ${found}, must be ${expected} as ${manifest} has it; ` +
        "the file was damaged or exchanged",
    );
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
