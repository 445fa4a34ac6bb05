/**
 * The simulated experts of the crowd as players.
 *
 * @module
 */

import { type CrowdPlayer, crowdPolicy } from "@lib/experts/crowd.ts";
import { modelPlayer, type Player } from "@lib/play/player.ts";

/**
 * Plays as an expert of the crowd, f(y|x)^{1/τ} / Z.
 *
 * @param expert whom.
 * @param options the temperature τ; 1, the default, is the expert itself.
 * @throws {RangeError} for a negative temperature.
 *
 * ```ts
 * import { crowdPlayer } from "@lib/play/crowd_player.ts";
 * import { makeCrowd } from "@lib/experts/crowd.ts";
 * import { playMatch } from "@lib/play/match.ts";
 * import { randomPlayer } from "@lib/play/player.ts";
 * import assert from "node:assert/strict";
 *
 * const [best] = makeCrowd({ players: 4, seed: 1 });
 * const { score } = await playMatch({ a: crowdPlayer(best), b: randomPlayer(), games: 6, seed: 1 });
 * assert.ok(score.value > 0.5);
 * ```
 */
export function crowdPlayer(
  expert: CrowdPlayer,
  { temperature = 1 }: { readonly temperature?: number } = {},
): Player {
  const player = modelPlayer(
    expert.name,
    (states) => Promise.resolve(states.map(({ position }) => crowdPolicy(expert, position))),
    { temperature },
  );
  return temperature === 1 ? { ...player, name: expert.name } : player;
}
