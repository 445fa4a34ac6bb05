/**
 * Trained models as players: by name, at a temperature.
 *
 * @module
 */

import { useBackend } from "@lib/compute/backend.ts";
import { encodeText, PGN_CHARACTERS, uciTokenizer } from "@lib/data/tokenizer.ts";
import { type Decoder, openDecoder } from "@lib/model/decoder.ts";
import { loadModel, type Model } from "@lib/model/model.ts";
import { boardPolicy } from "@lib/model/policy.ts";
import { tokenPolicy } from "@lib/model/token_policy.ts";
import { checkTemperature } from "@lib/analysis/temperature.ts";
import { characterPlayer, type NextCharacter } from "@lib/play/character_player.ts";
import type { GameState } from "@lib/play/game.ts";
import { modelPlayer, type MovePolicy, type Player } from "@lib/play/player.ts";
import { type NextToken, tokenPlayer } from "@lib/play/token_player.ts";

/**
 * Loads a model and makes it a player: a BoardNet, or a ChessFormer of move tokens, move by move; a
 * ChessFormer of characters by writing characters, as the paper's do. A ChessFormer remembers its
 * games, so that a move costs only its new tokens. `await using` frees the model and the memory.
 *
 * @param name a run's id, or the path of a run's folder or of a `.safetensors` file.
 * @param options the temperature τ; `tries` for the paper's rule, by which a ChessFormer may write what
 * is no legal move and loses the game after so many of them. One of move tokens plays legal moves
 * only unless it is given; one of characters has 5.
 * @throws {RangeError} for a negative temperature.
 * @throws {TypeError} for a model of another kind, or tries for a BoardNet, which has no illegal moves.
 * @throws as `loadModel`, for one that is missing or broken.
 */
export async function openModelPlayer(
  name: string,
  { temperature, tries }: { readonly temperature: number; readonly tries?: number | undefined },
): Promise<Player & AsyncDisposable> {
  checkTemperature(temperature);
  await useBackend();
  const model = loadModel(name);
  using resources = new DisposableStack();
  resources.use(model);
  const player = playerOf(name, model, { temperature, tries }, resources);
  const kept = resources.move();
  return Object.assign(player, { [Symbol.asyncDispose]: () => Promise.resolve(kept.dispose()) });
}

function playerOf(
  name: string,
  model: Model,
  { temperature, tries }: { readonly temperature: number; readonly tries: number | undefined },
  resources: DisposableStack,
): Player {
  if (isOf(model, "boardnet")) {
    if (tries !== undefined) {
      throw new TypeError(`Cannot give "${name}" ${tries} tries: a BoardNet has legal moves only`);
    }
    const policy = (states: Parameters<Player["choose"]>[0]) =>
      boardPolicy(model, states.map((state) => state.position));
    return modelPlayer(name, policy, { temperature });
  }
  if (isOf(model, "chessformer")) {
    const decoder = resources.use(openDecoder(model));
    if (model.config.tokenizer === "pgn") {
      const next = nextCharacterOf(decoder);
      return characterPlayer(name, next, { temperature, ...(tries !== undefined && { tries }) });
    }
    if (tries === undefined) {
      const policy: MovePolicy = (states) => tokenPolicy(decoder, fromUsualStart(states));
      return modelPlayer(name, policy, { temperature });
    }
    const next: NextToken = (states) =>
      decoder.next(fromUsualStart(states).map(({ moves }) => uciTokenizer.encode(moves)));
    return tokenPlayer(name, next, { temperature, tries });
  }
  throw new TypeError(
    `Cannot play chess with "${name}", a model of ${model.config.model}: ` +
      `must be a BoardNet or a ChessFormer`,
  );
}

/** Refuses a game from a set-up position, which a model of moves alone cannot be told of. */
function fromUsualStart(states: readonly GameState[]): readonly GameState[] {
  const start = states.find((state) => state.start !== null)?.start;
  if (start === undefined) return states;
  throw new RangeError(
    `Cannot play a game from ${start} by its moves: must be from the usual start`,
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
