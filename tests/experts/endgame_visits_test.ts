import assert from "node:assert/strict";
import { optimalPolicy, uniformPolicy } from "@lib/analysis/states.ts";
import { bestDefence, partOf, positionOf, solveEndgame, stateOf } from "@lib/experts/endgame.ts";
import { stateVisits } from "@lib/experts/endgame_visits.ts";
import { random, randomInteger } from "@lib/random.ts";

const world = solveEndgame("KRvK");
const { states } = world;

Deno.test("visits are those of games that are played out", () => {
  // The move that is first in the list, whatever it is worth: many games end by losing the rook.
  const policy = new Float64Array(states.reward.length);
  for (let x = 0; x < states.length; x++) policy[states.offsets[x]] = 1;
  const visits = stateVisits(world, policy, 4);
  const next = random(1, "games");
  let played = 0, seen = 0;
  const games = 4000;
  for (let game = 0; game < games; game++) {
    let state = randomInteger(next, states.length);
    for (let move = 0; move < 4 && state >= 0; move++) {
      played++;
      // A statistic of the distribution: how often White's king stands on the first rank.
      if (world.placements[state] < 8 * 64 * 64) seen++;
      const position = positionOf(world, state);
      position.play(world.moves[states.offsets[state]]);
      const replies = bestDefence(world, position);
      if (replies.length === 0) break;
      position.play(replies[randomInteger(next, replies.length)]);
      state = stateOf(world, position);
    }
  }
  let expected = 0;
  visits.forEach((share, x) => {
    if (world.placements[x] < 8 * 64 * 64) expected += share;
  });
  assert.ok(Math.abs(seen / played - expected) < 0.02, `${seen / played}, ${expected}`);
});

Deno.test("games start everywhere alike, and perfect play comes nearer to mate", () => {
  const one = stateVisits(world, optimalPolicy(states), 1);
  for (const share of one) assert.ok(Math.abs(share * states.length - 1) < 1e-9);
  const mean = (visits: Float64Array) =>
    visits.reduce((sum, share, x) => sum + share * world.tables.white[world.placements[x]], 0);
  // Each move of both brings the mate nearer by two plies.
  assert.ok(mean(stateVisits(world, optimalPolicy(states), 2)) < mean(one) - 0.5);
});

Deno.test("a part of a world, no moves, a world of both sides: refused", () => {
  const part = partOf(world, (x) => x < 100);
  assert.throws(() => stateVisits(part, uniformPolicy(part.states), 3), /in 100 states of KRvK/);
  assert.throws(() => stateVisits(world, uniformPolicy(states), 0), /Cannot play 0 moves/);
  const pawn = solveEndgame("KPvK");
  assert.throws(
    () => stateVisits(pawn, uniformPolicy(pawn.states), 1),
    /of KPvK, 163324 with White/,
  );
});
