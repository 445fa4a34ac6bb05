/**
 * Trained models as players: by name, at a temperature.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { useBackend } from "@lib/compute/backend.ts";
import { linear } from "@lib/compute/ops.ts";
import { encodeText, PGN_CHARACTERS } from "@lib/data/tokenizer.ts";
import { type ChessFormerConfig, lastHidden } from "@lib/model/chessformer.ts";
import { loadModel, type Model } from "@lib/model/model.ts";
import { boardPolicy } from "@lib/model/policy.ts";
import { checkTemperature } from "@lib/analysis/temperature.ts";
import { characterPlayer, type NextCharacter } from "./character_player.ts";
import { modelPlayer, type Player } from "./player.ts";

/** Tokens that are evaluated together: large enough for speed, small in memory. */
const CHUNK = 8192;

/**
 * Loads a model and makes it a player: a BoardNet move by move; a ChessFormer of characters by
 * writing characters, as the paper's do. `await using` frees the model.
 *
 * @param name a run's id, or the path of a run's folder or of a `.safetensors` file.
 * @param options the temperature τ.
 * @throws {RangeError} for a negative temperature.
 * @throws {TypeError} for a model of another kind.
 * @throws as `loadModel`, for one that is missing or broken.
 */
export async function openModelPlayer(
  name: string,
  { temperature }: { readonly temperature: number },
): Promise<Player & AsyncDisposable> {
  checkTemperature(temperature);
  await useBackend();
  const model = loadModel(name);
  try {
    return Object.assign(playerOf(name, model, temperature), {
      [Symbol.asyncDispose]: () => Promise.resolve(model[Symbol.dispose]()),
    });
  } catch (error) {
    model[Symbol.dispose]();
    throw error;
  }
}

function playerOf(name: string, model: Model, temperature: number): Player {
  if (isOf(model, "boardnet")) {
    const policy = (states: Parameters<Player["choose"]>[0]) =>
      boardPolicy(model, states.map((state) => state.position));
    return modelPlayer(name, policy, { temperature });
  }
  if (isOf(model, "chessformer") && model.config.tokenizer === "pgn") {
    return characterPlayer(name, nextCharacterOf(model), { temperature });
  }
  throw new TypeError(
    `Cannot play chess with "${name}", a model of ${model.config.model}: ` +
      `must be a BoardNet, or a ChessFormer of characters`,
  );
}

function isOf<F extends Model["config"]["model"]>(
  model: Model,
  family: F,
): model is Model<Extract<Model["config"], { model: F }>> {
  return model.config.model === family;
}

/**
 * The next-character logits of a ChessFormer, for `characterPlayer`. Of a text longer than the
 * model's block only the end is read, as the paper's code does.
 *
 * @throws {TypeError} for a model whose tokens are moves.
 */
export function nextCharacterOf({ config, params }: Model<ChessFormerConfig>): NextCharacter {
  if (config.tokenizer !== "pgn" || config.vocabulary !== PGN_CHARACTERS.length) {
    throw new TypeError(
      `Cannot write characters with a model of ${config.vocabulary} ${config.tokenizer} tokens: ` +
        `must be ${PGN_CHARACTERS.length} pgn tokens`,
    );
  }
  return async (texts) => {
    const rows = texts.map((text) => encodeText(text.slice(-config.block)));
    // Texts of like length share a batch, so that little is padded.
    const order = rows.map((_, i) => i).sort((i, j) => rows[i].length - rows[j].length);
    const logits: Float32Array[] = new Array(texts.length);
    for (let first = 0; first < order.length;) {
      let end = first + 1;
      while (end < order.length && (end + 1 - first) * rows[order[end]].length <= CHUNK) end++;
      const batch = order.slice(first, end);
      const T = rows[batch[batch.length - 1]].length;
      const tokens = new Int32Array(batch.length * T); // the padding is after the end, never seen
      batch.forEach((i, b) => tokens.set(rows[i], b * T));
      const ends = Int32Array.from(batch, (i, b) => b * T + rows[i].length - 1);
      const output = tf.tidy(() => {
        const hidden = lastHidden(config, params, tf.tensor2d(tokens, [batch.length, T], "int32"));
        const last = tf.gather(hidden.reshape([-1, config.width]), tf.tensor1d(ends, "int32"));
        return linear(last, tf.transpose(params["tokens"])); // [B, V]
      });
      const values = await output.data<"float32">();
      output.dispose();
      const V = config.vocabulary;
      batch.forEach((i, b) => logits[i] = values.slice(b * V, (b + 1) * V));
      first = end;
    }
    return logits;
  };
}
