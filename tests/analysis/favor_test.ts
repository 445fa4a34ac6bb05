import assert from "node:assert/strict";
import { blunderRisk, favor, stakes, topAccuracy } from "@lib/analysis/favor.ts";
import { makeStates } from "@lib/analysis/states.ts";

const states = makeStates([[80, 80, 78, 10], [50], [0, 30, 60]]);
const policy = Float64Array.of(0.1, 0.2, 0.3, 0.4, 1, 0.5, 0.25, 0.25);

Deno.test("favor is the sharpened policy's reward less the policy's own", () => {
  const cold = favor(states, policy, 0);
  const expected = [10 - (8 + 16 + 23.4 + 4), 0, 0 - (7.5 + 15)];
  cold.forEach((f, x) => assert.ok(Math.abs(f - expected[x]) < 1e-9));
  assert.ok(favor(states, policy, 1).every((f) => Math.abs(f) < 1e-9));
});

Deno.test("moves of equal reward are among the best k together", () => {
  const round = (values: Float64Array) => [...values].map((v) => Number(v.toFixed(9)));
  assert.deepEqual(round(topAccuracy(states, policy, 1)), [0.3, 1, 0.25]);
  assert.deepEqual(round(topAccuracy(states, policy, 3)), [0.6, 1, 1]);
});

Deno.test("stakes and blunders are read off the rewards", () => {
  const { best, lead, spread, good } = stakes(states);
  assert.deepEqual(best, Float64Array.of(80, 50, 60));
  assert.deepEqual(lead, Float64Array.of(0, 0, 30));
  assert.deepEqual(spread, Float64Array.of(18, 0, 30));
  assert.deepEqual(good, Float64Array.of(3, 1, 1));
  assert.deepEqual(blunderRisk(states, policy), Float64Array.of(0.4, 0, 0.75));
});
