/**
 * Stockfish as a player, at full strength or weakened.
 *
 * @module
 */

import type { Random } from "@lib/random.ts";
import type { GameState } from "@lib/play/game.ts";
import type { Choice, Player } from "@lib/play/player.ts";
import { chooseBySkill, SKILL_MULTI_PV, skillDepth } from "@lib/play/skill.ts";
import { type EngineOptions, openStockfish, type Stockfish } from "@lib/play/stockfish.ts";

/** How strong Stockfish is, and how it is run. */
export interface StockfishPlayerOptions extends EngineOptions {
  /** Plies it searches. */
  readonly depth?: number | undefined;
  /** Nodes it searches. */
  readonly nodes?: number | undefined;
  /** Skill level, 0 (weakest) to 20 (full strength, the default). */
  readonly skill?: number | undefined;
  /**
   * Whether the choice of a weak level comes from the game's own stream, so that games reproduce
   * (`chooseBySkill`), rather than from the engine, which draws afresh each time; false by default.
   */
  readonly seeded?: boolean | undefined;
}

/**
 * A player that runs Stockfish; `await using` ends it.
 *
 * @throws {RangeError} without a bound, or for a skill outside 0 … 20.
 * @throws {EngineError} when the engine is missing.
 *
 * ```ts
 * import { stockfishPlayer } from "@lib/play/stockfish_player.ts";
 * import { newGame } from "@lib/play/game.ts";
 * import { random } from "@lib/random.ts";
 * import assert from "node:assert/strict";
 *
 * await using player = await stockfishPlayer({ skill: 0, depth: 1, seeded: true });
 * const choose = () => player.choose([newGame()], [random(1, "game")]);
 * assert.deepEqual(await choose(), await choose());
 * ```
 */
export async function stockfishPlayer(
  { depth, nodes, skill = 20, seeded = false, ...engine }: StockfishPlayerOptions,
): Promise<Player & AsyncDisposable> {
  if (depth === undefined && nodes === undefined) {
    throw new RangeError("Cannot play Stockfish without a bound: give depth (plies) or nodes");
  }
  if (!(Number.isInteger(skill) && skill >= 0 && skill <= 20)) {
    throw new RangeError(
      `Cannot play Stockfish at skill ${skill}: must be an integer from 0 to 20`,
    );
  }
  const stockfish = await openStockfish(engine);
  const choose = skill === 20
    ? (state: GameState) => stockfish.search(state, { depth, nodes })
    : seeded
    ? (state: GameState, random: Random) =>
      chooseSeeded(stockfish, state, random, { depth, nodes, skill })
    // Its luck cannot be repeated, so neither need its memory be cleared.
    : (state: GameState) => stockfish.search(state, { depth, nodes, skill, fresh: false });
  const limits = [depth && `depth ${depth}`, nodes && `${nodes} nodes`].filter(Boolean).join(", ");
  return {
    name: `Stockfish${skill === 20 ? "" : ` skill ${skill}`}${seeded ? " seeded" : ""}, ${limits}`,
    choose: async (states, randoms) =>
      await Promise.all(states.map(async (state, i): Promise<Choice> => ({
        move: (await choose(state, randoms[i])).move,
      }))),
    [Symbol.asyncDispose]: () => stockfish[Symbol.asyncDispose](),
  };
}

async function chooseSeeded(
  stockfish: Stockfish,
  state: GameState,
  random: Random,
  { depth = Infinity, nodes, skill }: {
    depth: number | undefined;
    nodes: number | undefined;
    skill: number;
  },
) {
  const { move, best } = await stockfish.search(state, {
    depth: Math.min(depth, skillDepth(skill)),
    nodes,
    multiPv: SKILL_MULTI_PV,
  });
  return best.length === 0 ? { move } : chooseBySkill(best, skill, random);
}
