/**
 * Players of a solved ending: White by a policy, Black by the best defence.
 *
 * @module
 */

import { makeFen } from "@lib/chess/fen.ts";
import { BLACK, type Move } from "@lib/chess/position.ts";
import { bestDefence, type EndgameWorld, stateOf } from "@lib/experts/endgame.ts";
import { optimalPolicy, type Policy } from "@lib/analysis/states.ts";
import { checkTemperature, sharpen } from "@lib/analysis/temperature.ts";
import { type Random, randomInteger } from "@lib/random.ts";
import { sampleIndex } from "@lib/analysis/distribution.ts";
import type { Player } from "@lib/play/player.ts";

/**
 * Plays White by f(y|x)^{1/τ} / Z and defends with Black as long as can be, so that in a match of
 * paired colours two policies meet the same defence from the same positions.
 *
 * @param policy f, aligned with `world.states`: an expert's, a model's, their mixture.
 * @param options the temperature τ, 1 by default.
 * @throws {RangeError} for a negative temperature, a policy of another world; when asked to play a
 * position that is none of the ending.
 *
 * ```ts
 * import { endgamePlayer, perfectPlayer } from "@lib/play/endgame_player.ts";
 * import { solveEndgame } from "@lib/experts/endgame.ts";
 * import { newGame } from "@lib/play/game.ts";
 * import { uniformPolicy } from "@lib/analysis/states.ts";
 * import { makeUci } from "@lib/chess/san.ts";
 * import { random } from "@lib/random.ts";
 * import assert from "node:assert/strict";
 *
 * const world = solveEndgame("KRvK");
 * const careless = endgamePlayer("careless", world, uniformPolicy(world.states));
 * const game = newGame("7k/8/6K1/8/8/8/8/R7 w - - 0 1");
 * const [choice] = await perfectPlayer(world).choose([game], [random(1, "moves")]);
 * assert.ok("move" in choice && makeUci(choice.move) === "a1a8");
 * assert.equal(careless.name, "careless τ=1");
 * ```
 */
export function endgamePlayer(
  name: string,
  world: EndgameWorld,
  policy: Policy,
  { temperature = 1 }: { readonly temperature?: number } = {},
): Player {
  checkTemperature(temperature);
  const { states, moves, ending } = world;
  if (policy.length !== states.reward.length) {
    throw new RangeError(
      `Cannot play ${ending} by a policy of ${policy.length} entries: ` +
        `must be ${states.reward.length}`,
    );
  }
  const attack = (state: number, random: Random): Move => {
    const start = states.offsets[state], end = states.offsets[state + 1];
    const p = sharpen(policy.slice(start, end), temperature);
    return moves[start + sampleIndex(p, random)];
  };
  return {
    name: `${name} τ=${temperature}`,
    choose: (games, randoms) =>
      Promise.resolve(games.map(({ position }, i) => {
        if (position.turn === BLACK) {
          const defences = bestDefence(world, position);
          return { move: defences[randomInteger(randoms[i], defences.length)] };
        }
        const state = stateOf(world, position);
        if (state < 0) {
          throw new RangeError(`Cannot play ${makeFen(position)}: must be a position of ${ending}`);
        }
        return { move: attack(state, randoms[i]) };
      })),
  };
}

/** Mates as fast as can be, and defends as long as can be. */
export function perfectPlayer(world: EndgameWorld): Player {
  return { ...endgamePlayer("", world, optimalPolicy(world.states)), name: "perfect" };
}
