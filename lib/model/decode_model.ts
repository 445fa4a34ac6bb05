/**
 * Models of all families: their configurations, and what a file's bytes hold. `model.ts` has the
 * files; nothing here needs Deno, so that a browser can play a model too.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { z } from "zod";
import { BoardNetConfig, boardNetParameters } from "@lib/model/boardnet.ts";
import { ChessFormerConfig, chessFormerParameters } from "@lib/model/chessformer.ts";
import { EndgameFormerConfig, endgameFormerParameters } from "@lib/model/endgameformer.ts";
import { initialise, type Parameter, type Params } from "@lib/model/params.ts";
import { decodeTensors, type NamedTensor } from "@lib/model/safetensors.ts";

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
  /** Its run. */
  readonly name: string;
  /** What it is. */
  readonly config: C;
  /** What it has learned. */
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

/**
 * A trained model from the bytes of its file.
 *
 * @param bytes What `saveModel` has written.
 * @param file The name to put into errors, and the model's name where the file has none.
 * @throws {SyntaxError} for a file that is cut short, corrupt, or holds NaN.
 * @throws {TypeError} when file and configuration do not fit, or the model is not of the family asked
 * for.
 *
 * ```ts
 * import { decodeModel } from "@lib/model/decode_model.ts";
 * import { RESULTS } from "@lib/paths.ts";
 * import assert from "node:assert/strict";
 *
 * const file = "boardnet-cap1000/model.safetensors";
 * using model = decodeModel(Deno.readFileSync(`${RESULTS}/${file}`), file, "boardnet");
 * assert.equal(model.config.filters, 64);
 * ```
 */
export function decodeModel<F extends ModelConfig["model"] = ModelConfig["model"]>(
  bytes: Uint8Array,
  file: string,
  family?: F,
): Model<Extract<ModelConfig, { model: F }>> {
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
    metadata.name ?? file,
    config as Extract<ModelConfig, { model: F }>,
    makeParams(config, tensors, file),
  );
}
