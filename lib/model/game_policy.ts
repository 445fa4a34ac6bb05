/**
 * f̂(y|x) of either family of models that play full games.
 *
 * @module
 */

import type { Distribution } from "@lib/analysis/distribution.ts";
import type { Model } from "@lib/model/model.ts";
import { boardPolicy } from "@lib/model/policy.ts";
import { type History, tokenPolicy } from "@lib/model/token_policy.ts";

/**
 * A model's probabilities of the legal moves after each game: a BoardNet's from the position alone, a
 * ChessFormer's from the moves that led there.
 *
 * @throws {TypeError} for a model that plays no full games.
 * @throws {RangeError} for a position where the game is over.
 *
 * ```ts
 * import { boardNetShape } from "@lib/model/boardnet.ts";
 * import { gamePolicy } from "@lib/model/game_policy.ts";
 * import { initModel } from "@lib/model/model.ts";
 * import { startPosition } from "@lib/chess/position.ts";
 * import assert from "node:assert/strict";
 *
 * using model = initModel({ model: "boardnet", ...boardNetShape(1) }, 1);
 * const [first] = await gamePolicy(model, [{ moves: [], position: startPosition() }]);
 * assert.equal(first.moves.length, 20);
 * ```
 */
export async function gamePolicy(
  model: Model,
  games: readonly History[],
): Promise<Distribution[]> {
  const { config } = model;
  if (config.model === "boardnet") {
    return await boardPolicy({ ...model, config }, games.map(({ position }) => position));
  }
  if (config.model === "chessformer") return await tokenPolicy({ ...model, config }, games);
  throw new TypeError(
    `Cannot put ${model.name} on positions of games: it is a ${config.model}, must be a boardnet ` +
      `or chessformer`,
  );
}
