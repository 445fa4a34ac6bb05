import assert from "node:assert/strict";
import fc from "fast-check";
import {
  checkPolicy,
  checkStates,
  makeStates,
  optimalPolicy,
  restrictStates,
  uniformPolicy,
} from "@lib/analysis/states.ts";
import { expectedReward } from "@lib/analysis/reward.ts";
import { tabularWorlds } from "./worlds.ts";

Deno.test("states without moves, rewards that are no numbers and wrong weights are refused", () => {
  assert.throws(() => makeStates([]), /Cannot use 0 states/);
  assert.throws(() => makeStates([[1], []]), /state 1: it has no moves/);
  assert.throws(() => makeStates([[1, NaN]]), /reward NaN \(entry 1\)/);
  assert.throws(() => makeStates([[1], [0]], [1]), /1 weights/);
  assert.throws(() => makeStates([[1], [0]], [0, 0]), RangeError);
  assert.throws(() => makeStates([[1], [0]], [2, -1]), /weight -1/);
  assert.throws(
    () => checkStates({ ...makeStates([[1], [0]]), cluster: Uint32Array.of(0) }),
    /1 clusters for 2 states/,
  );
});

Deno.test("a policy must have one probability a move, none negative, of sum 1", () => {
  const states = makeStates([[1, 0], [1, 0, 0]]);
  assert.throws(() => checkPolicy(states, new Float64Array(4)), /4 entries on 5 moves/);
  assert.throws(() => checkPolicy(states, Float64Array.of(1, 0, 0.5, 0.4, 0)), /state 1/);
  assert.throws(() => checkPolicy(states, Float64Array.of(2, -1, 1, 0, 0)), /probability -1/);
  assert.throws(() => checkPolicy(states, Float64Array.of(NaN, 1, 1, 0, 0)), /NaN/);
  checkPolicy(states, Float64Array.of(0.3, 0.7, 1, 0, 0));
});

Deno.test("no policy is better than the optimal one, which plays only best moves", () => {
  fc.assert(fc.property(tabularWorlds, ({ states, experts }) => {
    const optimal = checkPolicy(states, optimalPolicy(states));
    const best = expectedReward(states, optimal);
    for (const f of [...experts, uniformPolicy(states)]) {
      assert.ok(expectedReward(states, checkPolicy(states, f)) <= best + 1e-9);
    }
  }));
});

Deno.test("the optimal policy shares ties", () => {
  assert.deepEqual(optimalPolicy(makeStates([[1, 3, 3], [2]])), Float64Array.of(0, 0.5, 0.5, 1));
});

Deno.test("restricting keeps proportions and splits the expected reward exactly", () => {
  const states = makeStates([[1], [2], [4]], [1, 1, 2]);
  const policy = Float64Array.of(1, 1, 1);
  const kept = expectedReward(restrictStates(states, (x) => x > 0), policy);
  assert.ok(Math.abs(kept - (2 + 2 * 4) / 3) < 1e-12);
  assert.throws(() => restrictStates(states, () => false), RangeError);
});
