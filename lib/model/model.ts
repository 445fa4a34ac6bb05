/**
 * Models by name: loading what a run has trained, and saving it.
 *
 * @module
 */

import { isAbsolute, join } from "node:path";
import { writeFileAtomic } from "@lib/files.ts";
import { RESULTS } from "@lib/paths.ts";
import { decodeModel, type Model, type ModelConfig, readParams } from "@lib/model/decode_model.ts";
import { encodeTensors, type Precision } from "@lib/model/safetensors.ts";

export * from "@lib/model/decode_model.ts";

/** Writes a model as safetensors, atomically, with its configuration in the header. */
export async function saveModel(
  file: string,
  model: Model,
  precision: Precision = "float32",
): Promise<void> {
  const metadata = { config: JSON.stringify(model.config), name: model.name };
  const tensors = await readParams(model.params);
  writeFileAtomic(file, encodeTensors({ tensors, metadata }, precision));
}

/**
 * Loads a trained model.
 *
 * @param name A run's id (its folder under `results`), the path of a run's folder, or of a
 * `.safetensors` file.
 * @throws {Deno.errors.NotFound} when there is no such model, naming where it was looked for.
 * @throws {SyntaxError} for a file that is cut short, corrupt, or holds NaN.
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
  return decodeModel(bytes, file, family);
}
