/**
 * Where a policy's own games lead: the state visitation d_f of an ending (paper § 1, "favor").
 *
 * @module
 */

import { moveFrom, movePromotion, moveTo } from "@lib/chess/position.ts";
import type { Policy } from "@lib/analysis/states.ts";
import { bestReplies, type EndgameWorld, piecesOf } from "@lib/experts/endgame.ts";
import { DRAWN, indexOf, squaresOf } from "@lib/experts/retrograde.ts";

/**
 * d_f: how much of the time White, by this policy, stands at each state when games start at every
 * state alike and go on for so many of White's moves or to their end, against the best defence there
 * is (ties uniform). Worked out by carrying the distribution from move to move; no sampling. It can be
 * the `weight` of the states.
 *
 * @param world A whole ending with White to move in all of its states.
 * @param policy f(y|x); the sharper, the less there is to carry.
 * @throws {RangeError} for a part of a world, one with Black to move in some states, moves below 1.
 *
 * ```ts
 * import { stateVisits } from "@lib/experts/endgame_visits.ts";
 * import { solveEndgame } from "@lib/experts/endgame.ts";
 * import { optimalPolicy } from "@lib/analysis/states.ts";
 * import assert from "node:assert/strict";
 *
 * const world = solveEndgame("KQvK");
 * const visits = stateVisits(world, optimalPolicy(world.states), 3);
 * assert.ok(Math.abs(visits.reduce((a, b) => a + b) - 1) < 1e-9);
 * ```
 */
export function stateVisits(world: EndgameWorld, policy: Policy, moves: number): Float64Array {
  const { states, placements, tables, ending } = world;
  const { length, offsets } = states;
  if (!(Number.isInteger(moves) && moves >= 1)) {
    throw new RangeError(`Cannot play ${moves} moves: must be an integer of 1 or more`);
  }
  const positions = tables.white.reduce((n, plies) => plies >= DRAWN ? n + 1 : n, 0);
  if (world.whites !== length || length !== positions) {
    throw new RangeError(
      `Cannot play games in ${length} states of ${ending}, ${world.whites} with White to move: ` +
        `must be all ${positions}`,
    );
  }
  const { white, black } = piecesOf(ending);
  const squares = new Uint8Array(white.length + black.length);
  const stateAt = new Int32Array(tables.white.length).fill(-1);
  placements.forEach((placement, x) => stateAt[placement] = x);

  /** The states after White's move and the best defence; none where the game ends or changes. */
  const follow = (x: number, entry: number): number[] => {
    const move = world.moves[entry];
    squaresOf(placements[x], squares);
    if (movePromotion(move) || squares.includes(moveTo(move))) return [];
    squares[squares.indexOf(moveFrom(move))] = moveTo(move);
    const after = indexOf(squares);
    return bestReplies(tables, after).map((reply) => {
      squaresOf(after, squares);
      if (squares.includes(moveTo(reply))) return -1; // a capture: another ending
      squares[squares.indexOf(moveFrom(reply))] = moveTo(reply);
      return stateAt[indexOf(squares)];
    });
  };

  const known = new Map<number, number[]>();
  const total = new Float64Array(length);
  let now = new Float64Array(length).fill(1 / length);
  for (let move = 0; move < moves; move++) {
    const later = new Float64Array(length);
    for (let x = 0; x < length; x++) {
      if (now[x] === 0) continue;
      total[x] += now[x];
      for (let i = offsets[x]; i < offsets[x + 1]; i++) {
        if (policy[i] < 1e-6) continue;
        const next = known.get(i) ?? follow(x, i);
        known.set(i, next);
        for (const y of next) if (y >= 0) later[y] += now[x] * policy[i] / next.length;
      }
    }
    now = later;
  }
  const all = total.reduce((a, b) => a + b);
  return total.map((visits) => visits / all);
}
