import assert from "node:assert/strict";
import fc from "fast-check";
import { mixture } from "@lib/analysis/reward.ts";
import { makeStates, type Policy, type States } from "@lib/analysis/states.ts";
import { judgeGap, transcendence } from "@lib/analysis/transcendence.ts";
import { type Random, random, randomNormal } from "@lib/random.ts";
import { tabularWorlds } from "./worlds.ts";

Deno.test("at τ = 1 the mixture never transcends its experts (Proposition 1)", () => {
  fc.assert(fc.property(tabularWorlds, ({ states, experts }) => {
    const result = transcendence(states, mixture(experts), experts, { tau: 1 });
    assert.ok(result.gap.value <= 1e-11);
    assert.equal(result.experts.length, experts.length);
    assert.ok(result.experts.every((r) => r <= result.experts[result.best]));
  }));
});

Deno.test("complementary experts transcend at τ → 0 by the closed form (Proposition 4)", () => {
  // Three blocks of one state each; expert i plays its own block best, the others uniformly.
  const states = makeStates([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]], [2, 1, 1]);
  const experts = [0, 1, 2].map((i) => {
    const f = new Float64Array(12).fill(0.25);
    f.fill(0, 4 * i, 4 * i + 4);
    f[4 * i + i] = 1;
    return f;
  });
  const { gap, best } = transcendence(states, mixture(experts), experts, { tau: 0 });
  assert.equal(best, 0);
  assert.ok(Math.abs(gap.value - (1 - (0.5 + 0.5 * 0.25))) < 1e-12);
});

Deno.test("a whole population has an exact gap; equal policies do not transcend", () => {
  const states = makeStates([[1, 0]]);
  const f = Float64Array.of(0.5, 0.5);
  const { gap, verdict } = transcendence(states, f, [f], { tau: 1 });
  assert.deepEqual(gap, { value: 0, low: 0, high: 0, n: 0 });
  assert.equal(verdict, "does not transcend");
});

Deno.test("a sample's interval covers the true gap though the best expert is chosen after the fact", () => {
  // Move 0 is the model's, move 1 + i expert i's; all rewards noisy with the same game's luck.
  const advantage = [0.15, 0.1, 0.1, 0.1];
  const sample = (next: Random): { states: States; policies: Policy[] } => {
    const rows: number[][] = [], cluster: number[] = [];
    for (let game = 0; game < 30; game++) {
      const luck = advantage.map(() => 0.2 * randomNormal(next));
      for (let i = 0; i < 6; i++) {
        rows.push([
          0.2,
          ...advantage.map((a, e) => 0.2 - a + luck[e] + 0.2 * randomNormal(next)),
        ]);
        cluster.push(game);
      }
    }
    const states = { ...makeStates(rows), cluster: Uint32Array.from(cluster) };
    const policies = [0, 1, 2, 3, 4].map((y) => {
      const f = new Float64Array(states.reward.length);
      for (let x = 0; x < states.length; x++) f[5 * x + y] = 1;
      return f;
    });
    return { states, policies };
  };
  const next = random(2, "gap coverage");
  let covered = 0, wrong = 0;
  const runs = 400;
  for (let run = 0; run < runs; run++) {
    const { states, policies } = sample(next);
    const { gap } = transcendence(states, policies[0], policies.slice(1), { tau: 0 });
    assert.equal(gap.n, 30);
    if (gap.low <= 0.1 && 0.1 <= gap.high) covered++;
    if (gap.low > 0.1) wrong++;
  }
  assert.ok(covered / runs >= 0.93, `${covered / runs}`);
  assert.ok(wrong / runs <= 0.05, `${wrong / runs}`);
});

Deno.test("the verdict is the sign, where the interval knows it", () => {
  assert.equal(judgeGap({ value: 1, low: 0.1, high: 2, n: 5 }), "transcends");
  assert.equal(judgeGap({ value: 1, low: -0.1, high: 2, n: 5 }), "undecided");
  assert.equal(judgeGap({ value: -1, low: -2, high: -0.1, n: 5 }), "does not transcend");
  assert.equal(judgeGap({ value: 1e-15, low: 1e-15, high: 1e-15, n: 0 }), "does not transcend");
});

Deno.test("no experts, no question", () => {
  assert.throws(
    () => transcendence(makeStates([[1]]), Float64Array.of(1), [], { tau: 1 }),
    /0 experts/,
  );
});
