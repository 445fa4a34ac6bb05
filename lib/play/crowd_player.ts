/**
 * The simulated experts of the crowd as players, and the crowd itself.
 *
 * @module
 */

import { crowdMixture, type CrowdPlayer, crowdPolicy } from "@lib/experts/crowd.ts";
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

/**
 * Plays what a whole crowd would, f̄(y|x)^{1/τ} / Z with f̄ the mean of its experts' policies.
 *
 * @param experts whom.
 * @param options the temperature τ; 0, the default, is their exact majority vote, 1 each expert in
 * turn.
 * @throws {RangeError} for a negative temperature; for no experts, at the first move.
 *
 * ```ts
 * import { crowdPlayer, votePlayer } from "@lib/play/crowd_player.ts";
 * import { makeCrowd } from "@lib/experts/crowd.ts";
 * import { playMatch } from "@lib/play/match.ts";
 * import assert from "node:assert/strict";
 *
 * const crowd = makeCrowd({ players: 6, seed: 1, noise: [2, 2], preference: 0.2, blindness: 0 });
 * const { score } = await playMatch({
 *   a: votePlayer(crowd),
 *   b: crowdPlayer(crowd[0]),
 *   games: 4,
 *   maxMoves: 40,
 *   seed: 1,
 * });
 * assert.ok(score.value >= 0.5);
 * ```
 */
export function votePlayer(
  experts: readonly CrowdPlayer[],
  { temperature = 0 }: { readonly temperature?: number } = {},
): Player {
  const player = modelPlayer(
    `vote of ${experts.length}`,
    (states) => Promise.resolve(states.map(({ position }) => crowdMixture(experts, position))),
    { temperature },
  );
  return temperature === 0 ? { ...player, name: `vote of ${experts.length}` } : player;
}
