/**
 * Trained models as players: by name, at a temperature.
 *
 * @module
 */

import { useBackend } from "@lib/compute/backend.ts";
import { encodeText, PGN_CHARACTERS } from "@lib/data/tokenizer.ts";
import { type Decoder, openDecoder } from "@lib/model/decoder.ts";
import { loadModel, type Model } from "@lib/model/model.ts";
import { boardPolicy } from "@lib/model/policy.ts";
import { tokenPolicy } from "@lib/model/token_policy.ts";
import { checkTemperature } from "@lib/analysis/temperature.ts";
import { characterPlayer, type NextCharacter } from "@lib/play/character_player.ts";
import { modelPlayer, type Player } from "@lib/play/player.ts";

/**
 * Loads a model and makes it a player: a BoardNet, or a ChessFormer of move tokens, move by move; a
 * ChessFormer of characters by writing characters, as the paper's do. A ChessFormer remembers its
 * games, so that a move costs only its new tokens. `await using` frees the model and the memory.
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
  using resources = new DisposableStack();
  resources.use(model);
  const player = playerOf(name, model, temperature, resources);
  const kept = resources.move();
  return Object.assign(player, { [Symbol.asyncDispose]: () => Promise.resolve(kept.dispose()) });
}

function playerOf(
  name: string,
  model: Model,
  temperature: number,
  resources: DisposableStack,
): Player {
  if (isOf(model, "boardnet")) {
    const policy = (states: Parameters<Player["choose"]>[0]) =>
      boardPolicy(model, states.map((state) => state.position));
    return modelPlayer(name, policy, { temperature });
  }
  if (isOf(model, "chessformer")) {
    const decoder = resources.use(openDecoder(model));
    return model.config.tokenizer === "pgn"
      ? characterPlayer(name, nextCharacterOf(decoder), { temperature })
      : modelPlayer(name, (states) => tokenPolicy(decoder, states), { temperature });
  }
  throw new TypeError(
    `Cannot play chess with "${name}", a model of ${model.config.model}: ` +
      `must be a BoardNet or a ChessFormer`,
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
export function nextCharacterOf({ config, next }: Decoder): NextCharacter {
  if (config.tokenizer !== "pgn" || config.vocabulary !== PGN_CHARACTERS.length) {
    throw new TypeError(
      `Cannot write characters with a model of ${config.vocabulary} ${config.tokenizer} tokens: ` +
        `must be ${PGN_CHARACTERS.length} pgn tokens`,
    );
  }
  return (texts) => next(texts.map(encodeText));
}
