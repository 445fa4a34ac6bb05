/**
 * The crowd as a world: positions from its games as states, the common score as reward, and every
 * player's exact policy, so that experts, their vote and a model are judged on the same positions.
 *
 * @module
 */

import { legalMoves, type Position, startPosition } from "@lib/chess/position.ts";
import { random, randomInteger } from "@lib/random.ts";
import { checkStates, type Policy, type States } from "@lib/analysis/states.ts";
import { type CrowdPlayer, crowdPolicies, simulateGames } from "@lib/experts/crowd.ts";
import { scoreMoves } from "@lib/experts/crowd_score.ts";

/** Positions of a crowd's games with the reward of every legal move. */
export interface CrowdWorld {
  /** r(x, y): minus the pawns of common score that y loses to the best move; `cluster` is the game. */
  readonly states: States & { readonly cluster: Uint32Array };
  /** One a state. */
  readonly positions: readonly Position[];
  /** The move y of every reward; within a state in the order of `legalMoves`. */
  readonly moves: Uint16Array;
}

/** How the positions are drawn. */
export interface CrowdWorldOptions {
  /** Number of games. */
  readonly games: number;
  /** Fixes positions and players. */
  readonly seed: number;
  /** Positions from each game, with replacement; 4 unless given. */
  readonly perGame?: number;
  /** The largest loss in pawns, so that a missed mate does not outweigh all else; 10 unless given. */
  readonly largestLoss?: number;
  /** As in `SimulationOptions`: false where the games that a model learned from were so. */
  readonly hurry?: boolean;
}

/**
 * Draws positions from new games of a crowd.
 *
 * @throws {RangeError} for numbers below 1.
 *
 * ```ts
 * import { makeCrowd } from "@lib/experts/crowd.ts";
 * import { crowdExperts, crowdWorld } from "@lib/experts/crowd_world.ts";
 * import { mixture } from "@lib/analysis/reward.ts";
 * import { transcendence } from "@lib/analysis/transcendence.ts";
 * import assert from "node:assert/strict";
 *
 * const crowd = makeCrowd({ players: 8, seed: 1, noise: [0.8, 0.8], preference: 0.2 });
 * const world = await crowdWorld(crowd, { games: 30, seed: 1 });
 * const experts = crowdExperts(world, crowd);
 * const vote = transcendence(world.states, mixture(experts), experts, { tau: 0 });
 * assert.equal(vote.verdict, "transcends");
 * ```
 */
export async function crowdWorld(
  crowd: readonly CrowdPlayer[],
  { games, seed, perGame = 4, largestLoss = 10, hurry = true }: CrowdWorldOptions,
): Promise<CrowdWorld> {
  if (!(Number.isInteger(perGame) && perGame >= 1) || !(largestLoss > 0)) {
    throw new RangeError(
      `Cannot draw ${perGame} positions a game with losses up to ${largestLoss}: ` +
        "must be an integer of 1 or more, and more than 0",
    );
  }
  const offsets = [0], moves: number[] = [], reward: number[] = [], cluster: number[] = [];
  const positions: Position[] = [];
  let game = 0;
  for await (const played of simulateGames({ players: crowd, games, seed, hurry })) {
    const next = random(seed, "crowd positions", game);
    const plies = Array.from({ length: perGame }, () => randomInteger(next, played.moves.length));
    const position = startPosition();
    let ply = 0;
    for (const wanted of plies.sort((a, b) => a - b)) {
      while (ply < wanted) position.play(played.moves[ply++]);
      const legal = legalMoves(position);
      const scores = scoreMoves(position, undefined, legal);
      const top = scores.reduce((a, b) => Math.max(a, b));
      positions.push(position.copy());
      for (let i = 0; i < legal.length; i++) {
        moves.push(legal[i]);
        reward.push(Math.max(-largestLoss, scores[i] - top));
      }
      offsets.push(moves.length);
      cluster.push(game);
    }
    game++;
  }
  const states = {
    length: positions.length,
    offsets: Uint32Array.from(offsets),
    reward: Float64Array.from(reward),
    cluster: Uint32Array.from(cluster),
  };
  checkStates(states);
  return { states, positions, moves: Uint16Array.from(moves) };
}

/** f_i(y|x) of every player on the positions of a world, exactly. */
export function crowdExperts(
  { states, positions }: CrowdWorld,
  crowd: readonly CrowdPlayer[],
): Policy[] {
  const policies = crowd.map(() => new Float64Array(states.reward.length));
  positions.forEach((position, x) =>
    crowdPolicies(crowd, position).forEach(({ p }, i) => policies[i].set(p, states.offsets[x]))
  );
  return policies;
}
