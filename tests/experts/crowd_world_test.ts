import assert from "node:assert/strict";
import { legalMoves } from "@lib/chess/position.ts";
import { expectedReward, mixture } from "@lib/analysis/reward.ts";
import { checkPolicy } from "@lib/analysis/states.ts";
import { transcendence } from "@lib/analysis/transcendence.ts";
import { makeCrowd } from "@lib/experts/crowd.ts";
import { crowdExperts, crowdWorld } from "@lib/experts/crowd_world.ts";

const crowd = makeCrowd({ players: 12, seed: 1, noise: [0.8, 0.8], preference: 0.2, blindness: 0 });
const world = await crowdWorld(crowd, { games: 60, seed: 2 });
const { states, positions, moves } = world;

Deno.test("a crowd's world holds the legal moves of its positions, the best of reward 0", () => {
  assert.equal(states.length, 240);
  positions.forEach((position, x) => {
    const start = states.offsets[x], end = states.offsets[x + 1];
    assert.deepEqual([...moves.subarray(start, end)], legalMoves(position));
    assert.equal(states.reward.subarray(start, end).reduce((a, b) => Math.max(a, b)), 0);
    assert.equal(states.cluster[x], Math.floor(x / 4));
  });
  assert.ok(states.reward.every((r) => r >= -10 && r <= 0));
  assert.ok(states.reward.some((r) => r < -1));
});

Deno.test("the vote of mildly differing players is above each of them, their mean is not", () => {
  const experts = crowdExperts(world, crowd).map((expert) => checkPolicy(states, expert));
  const vote = transcendence(states, mixture(experts), experts, { tau: 0 });
  assert.equal(vote.verdict, "transcends");
  assert.ok(vote.reward > 0.5 * vote.experts[vote.best]); // it loses less than half as much
  assert.ok(transcendence(states, mixture(experts), experts, { tau: 1 }).gap.value < 0);
});

Deno.test("a blind spot that all share is not out-voted", () => {
  const quiet = crowd.map((player) => ({ ...player, noise: 0.3 }));
  const seeing = crowdExperts(world, quiet);
  const blind = crowdExperts(world, quiet.map((player) => ({ ...player, blindSpot: 1 })));
  const vote = (experts: Float64Array[]) =>
    transcendence(states, mixture(experts), experts, { tau: 0 }).reward;
  assert.ok(vote(blind) < vote(seeing) - 0.02, `${vote(blind)} ${vote(seeing)}`);
});

Deno.test("noise costs reward, and worlds repeat themselves by seed", async () => {
  const noisier = [0.1, 0.5, 2].map((noise) => ({ ...crowd[0], noise }));
  const rewards = crowdExperts(world, noisier).map((expert) => expectedReward(states, expert));
  assert.ok(rewards[0] > rewards[1] && rewards[1] > rewards[2]);
  const again = await crowdWorld(crowd, { games: 60, seed: 2 });
  assert.deepEqual(again.states.reward, states.reward);
  await assert.rejects(crowdWorld(crowd, { games: 1, seed: 2, perGame: 0 }), /0 positions a game/);
  await assert.rejects(crowdWorld(crowd, { games: 0, seed: 2 }), RangeError);
});
