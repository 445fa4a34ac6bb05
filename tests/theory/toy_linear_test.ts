import assert from "node:assert/strict";
import { expectedReward, majorityVote, temper } from "@lib/analysis/reward.ts";
import { checkPolicy } from "@lib/analysis/states.ts";
import { useBackend } from "@lib/compute/backend.ts";
import { toyLinear } from "@lib/theory/toy_linear.ts";

const small = { dimensions: 20, examples: 2000, tests: 1000, steps: 60, seed: 1 };

Deno.test("experts without noise are the truth, and the model learns it", async () => {
  await useBackend();
  const { states, experts, imitator } = toyLinear({ ...small, sigma: 0 });
  checkPolicy(states, imitator);
  for (const expert of experts) assert.equal(expectedReward(states, expert), 1);
  assert.ok(expectedReward(states, temper(states, imitator, 0)) > 0.9);
});

Deno.test("noisy experts: the vote and the cooled model are above the best, the warm model is not far", async () => {
  await useBackend();
  const { states, experts, imitator } = toyLinear({ ...small, sigma: 1 });
  const best = Math.max(...experts.map((f) => expectedReward(states, f)));
  assert.ok(best > 0.3 && best < 0.6, `${best}`);
  assert.ok(expectedReward(states, majorityVote(states, experts)) > best + 0.05);
  assert.ok(expectedReward(states, temper(states, imitator, 0)) > best + 0.05);
  assert.ok(expectedReward(states, imitator) < best + 0.05);
});

Deno.test("the same seed gives the same toy", async () => {
  await useBackend();
  const at = (seed: number) => toyLinear({ ...small, sigma: 1, seed, steps: 5 });
  assert.deepEqual(at(1), at(1));
  assert.notDeepEqual(at(1).states.reward, at(2).states.reward);
});

Deno.test("dials out of range are refused by name", () => {
  assert.throws(() => toyLinear({ ...small, sigma: -1 }), /σ = -1/);
  assert.throws(() => toyLinear({ ...small, sigma: NaN }), RangeError);
  assert.throws(() => toyLinear({ ...small, sigma: 1, k: 0 }), /0 experts/);
  assert.throws(() => toyLinear({ ...small, sigma: 1, classes: 1 }), /1 classes/);
  assert.throws(() => toyLinear({ ...small, sigma: 1, learningRate: 0 }), /rate 0/);
});
