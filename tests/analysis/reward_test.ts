import assert from "node:assert/strict";
import fc from "fast-check";
import {
  expectedReward,
  majorityVote,
  mixture,
  rewardPerState,
  temper,
  temperatureSweep,
} from "@lib/analysis/reward.ts";
import { checkPolicy, makeStates, optimalPolicy, uniformPolicy } from "@lib/analysis/states.ts";
import { mean } from "@lib/analysis/stats.ts";
import { tabularWorlds } from "./worlds.ts";

Deno.test("Proposition 1: the mixture's reward is the mean of the experts', so never above the best", () => {
  fc.assert(
    fc.property(tabularWorlds, ({ states, experts }) => {
      const rewards = experts.map((f) => expectedReward(states, f));
      const mixed = expectedReward(states, mixture(experts));
      assert.ok(Math.abs(mixed - mean(rewards)) <= 1e-12 * 10, `${mixed} ${mean(rewards)}`);
      assert.ok(mixed <= Math.max(...rewards) + 1e-11);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("Proposition 1 holds to 1e-12 for rewards of 0 … 1 over a hundred thousand states", () => {
  let h = 1;
  const next = () => (h = h * 48271 % 2147483647) / 2147483647;
  const states = makeStates(Array.from({ length: 100_000 }, () => [next(), next(), next()]));
  const experts = Array.from({ length: 3 }, () => {
    const f = new Float64Array(300_000);
    for (let x = 0; x < 300_000; x += 3) {
      const a = next(), b = next() * (1 - a);
      f.set([a, b, 1 - a - b], x);
    }
    return f;
  });
  const rewards = experts.map((f) => expectedReward(states, f));
  assert.ok(Math.abs(expectedReward(states, mixture(experts)) - mean(rewards)) < 1e-12);
});

Deno.test("Proposition 3: cooling one noisy expert gains exactly ρ (max r − mean r)", () => {
  fc.assert(
    fc.property(tabularWorlds, fc.double({ min: 0.01, max: 0.95, noNaN: true }), (world, rho) => {
      const { states } = world;
      const best = optimalPolicy(states), uniform = uniformPolicy(states);
      const noisy = best.map((p, i) => rho * uniform[i] + (1 - rho) * p);
      const gain = expectedReward(states, temper(states, noisy, 0)) -
        expectedReward(states, noisy);
      const predicted = rho * (expectedReward(states, best) - expectedReward(states, uniform));
      assert.ok(Math.abs(gain - predicted) < 1e-9, `${gain} ${predicted}`);
    }),
  );
});

Deno.test("the reward is linear in the policy and is what a state's moves say", () => {
  const states = makeStates([[1, 0], [0, 1, 2]], [1, 3]);
  const f = Float64Array.of(0.25, 0.75, 0, 0.5, 0.5);
  assert.deepEqual(rewardPerState(states, f), Float64Array.of(0.25, 1.5));
  assert.equal(expectedReward(states, f), 0.25 * 0.25 + 0.75 * 1.5);
});

Deno.test("tempering keeps policies, and τ = 0 is the limit of small τ", () => {
  fc.assert(fc.property(tabularWorlds, ({ states, experts }) => {
    const mixed = mixture(experts);
    for (const tau of [0, 1e-4, 0.3, 1, 2]) checkPolicy(states, temper(states, mixed, tau));
    const cold = expectedReward(states, temper(states, mixed, 1e-4));
    // At τ = 1e-4 a move less probable by a thousandth has e⁻¹⁰ of the best one's share: only exact
    // ties and clear differences have come to their limit.
    const gapped = mixed.every((p, i) => {
      const x = states.offsets.findLastIndex((offset) => offset <= i);
      const best = Math.max(...mixed.subarray(states.offsets[x], states.offsets[x + 1]));
      return p > best * (1 - 1e-12) || p < best * (1 - 1e-3);
    });
    if (gapped) {
      assert.ok(Math.abs(cold - expectedReward(states, temper(states, mixed, 0))) < 0.2);
    }
  }));
});

Deno.test("a sweep gives one point a temperature, its τ = 1 the policy's own reward", () => {
  const states = makeStates([[1, 0]]);
  const f = Float64Array.of(0.75, 0.25);
  assert.deepEqual(
    temperatureSweep(states, f, [0, 0.5, 1]).map((p) => [p.tau, p.reward.toFixed(12)]),
    [[0, "1.000000000000"], [0.5, "0.900000000000"], [1, "0.750000000000"]],
  );
});

Deno.test("the vote shares ties and takes experts from a generator", () => {
  const states = makeStates([[1, 0]]);
  function* experts() {
    yield Float64Array.of(1, 0);
    yield Float64Array.of(0, 1);
  }
  assert.deepEqual(majorityVote(states, experts()), Float64Array.of(0.5, 0.5));
});

Deno.test("policies that do not fit are refused with both lengths", () => {
  const states = makeStates([[1, 0]]);
  assert.throws(() => expectedReward(states, Float64Array.of(1)), /1 entries on 2 moves/);
  assert.throws(() => temper(states, Float64Array.of(1), 1), /1 entries on 2 moves/);
  assert.throws(() => temper(states, Float64Array.of(1, 0), -1), RangeError);
  assert.throws(() => mixture([]), /Cannot mix 0 policies/);
  assert.throws(() => mixture([Float64Array.of(1), Float64Array.of(1, 0)]), /1 and 2 entries/);
});
