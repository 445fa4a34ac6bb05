/**
 * Models by name: one configuration type for all families, and loading what a run has trained.
 *
 * @module
 */

import { isAbsolute, join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { z } from "zod";
import { writeFileAtomic } from "@lib/files.ts";
import { RESULTS } from "@lib/paths.ts";
import { BoardNetConfig, boardNetParameters } from "@lib/model/boardnet.ts";
import { ChessFormerConfig, chessFormerParameters } from "@lib/model/chessformer.ts";
import { EndgameFormerConfig, endgameFormerParameters } from "@lib/model/endgameformer.ts";
import { initialise, type Parameter, type Params } from "@lib/model/params.ts";
import {
  decodeTensors,
  encodeTensors,
  type NamedTensor,
  type Precision,
} from "@lib/model/safetensors.ts";

/** The configuration of any model. */
export const ModelConfig = z.discriminatedUnion("model", [
  BoardNetConfig,
  ChessFormerConfig,
  EndgameFormerConfig,
]);

/** The configuration of any model. */
export type ModelConfig = z.infer<typeof ModelConfig>;

/** A model: what it is, and its parameters. Dispose of it when its tensors are no longer needed. */
export interface Model<C extends ModelConfig = ModelConfig> extends Disposable {
  readonly name: string;
  readonly config: C;
  readonly params: Params;
}

/** The parameters that a configuration asks for. */
export function parametersOf(config: ModelConfig): Parameter[] {
  switch (config.model) {
    case "boardnet":
      return boardNetParameters(config);
    case "chessformer":
      return chessFormerParameters(config);
    case "endgameformer":
      return endgameFormerParameters(config);
  }
}

/** A model of a configuration and parameters. */
export function makeModel<C extends ModelConfig>(
  name: string,
  config: C,
  params: Params,
): Model<C> {
  return { name, config, params, [Symbol.dispose]: () => tf.dispose(params) };
}

/** A new, untrained model. */
export function initModel<C extends ModelConfig>(config: C, seed: number): Model<C> {
  return makeModel(`untrained ${config.model}`, config, initialise(parametersOf(config), seed));
}

/** The numbers of tensors, copied out of the backend. */
export async function readParams(params: Params): Promise<Record<string, NamedTensor>> {
  const read = Object.entries(params).map(async ([name, tensor]) =>
    [name, { shape: tensor.shape, values: (await tensor.data<"float32">()).slice() }] as const
  );
  return Object.fromEntries(await Promise.all(read));
}

/**
 * Tensors of the numbers that a file holds, checked against what the configuration asks for.
 *
 * @param file The name to put into errors.
 * @throws {TypeError} naming the file, the parameter and both shapes: missing, of another size, or
 * not part of the model.
 */
export function makeParams(
  config: ModelConfig,
  tensors: Readonly<Record<string, NamedTensor>>,
  file: string,
): Params {
  const wanted = parametersOf(config);
  for (const { name, shape } of wanted) {
    const found = tensors[name]?.shape;
    if (found?.join() !== shape.join()) {
      throw new TypeError(
        `Cannot load ${file}: ${name} is ${found ? `[${found}]` : "missing"}, ` +
          `the ${config.model} needs [${shape}]`,
      );
    }
  }
  const extra = Object.keys(tensors).find((name) => !wanted.some((w) => w.name === name));
  if (extra) throw new TypeError(`Cannot load ${file}: the ${config.model} has no ${extra}`);
  try {
    return Object.fromEntries(
      wanted.map(({ name, shape }) => [
        name,
        tf.tensor(tensors[name].values, [...shape], "float32"),
      ]),
    );
  } catch (error) {
    if (!(error instanceof Error && error.message.includes("not yet been initialized"))) {
      throw error;
    }
    throw new Error(`Cannot load ${file}: nothing computes yet; await useBackend() first`);
  }
}

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
  const { tensors, metadata } = decodeTensors(bytes, file);
  let config: ModelConfig;
  try {
    config = ModelConfig.parse(JSON.parse(metadata.config ?? "null"));
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    throw new TypeError(`Cannot load ${file}: its configuration is not one of a model: ${reason}`);
  }
  if (family !== undefined && config.model !== family) {
    throw new TypeError(`Cannot load ${file} as a ${family}: it is a ${config.model}`);
  }
  return makeModel(
    metadata.name ?? name,
    config as Extract<ModelConfig, { model: F }>,
    makeParams(config, tensors, file),
  );
}
