import assert from "node:assert/strict";
import fc from "fast-check";
import { expectedReward, temper } from "@lib/analysis/reward.ts";
import { makeStates } from "@lib/analysis/states.ts";
import { complementaryGap, noisyGap, noisyReward, selectionGap } from "@lib/theory/closed_forms.ts";
import { noisyExpert } from "@lib/theory/worlds.ts";
import { tabularWorlds } from "../analysis/worlds.ts";

Deno.test("the noisy expert's reward by formula is that of its table, ties included", () => {
  const taus = fc.oneof(fc.constant(0), fc.double({ min: 0.01, max: 5, noNaN: true }));
  const integers = tabularWorlds.map(({ states }) => ({
    ...states,
    reward: states.reward.map(Math.round),
  }));
  fc.assert(
    fc.property(
      integers,
      fc.double({ min: 0, max: 0.99, noNaN: true }),
      taus,
      (states, rho, tau) => {
        const table = expectedReward(states, temper(states, noisyExpert(states, rho), tau));
        assert.ok(Math.abs(noisyReward(states, rho, tau) - table) < 1e-11);
      },
    ),
    { numRuns: 2000 },
  );
});

Deno.test("gains by hand", () => {
  const states = makeStates([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]], [2, 1, 1]);
  const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-15, `${a} is not ${b}`);
  near(noisyGap(states, [0.4, 0.2, 0.9], 0), 0.2 * 0.75);
  near(complementaryGap(states, [0, 1, 2], 0), 0.5 * 0.75);
  near(selectionGap(states, [0, 1, 2], 1), 0.5 * 0.75);
});

Deno.test("dials out of range are refused by name", () => {
  const states = makeStates([[1, 0]]);
  for (const rho of [-0.1, 1, NaN]) assert.throws(() => noisyReward(states, rho, 1), /noise/);
  assert.throws(() => noisyReward(states, 0.5, -1), /temperature -1/);
  for (const alpha of [-0.1, 1.1, NaN]) {
    assert.throws(() => selectionGap(states, [0], alpha), new RegExp(`α = ${alpha}`));
  }
  assert.throws(() => selectionGap(states, [1], 1), /no support/); // block 0 is empty
});
