/** Random tabular worlds and experts for property-based tests. */
import fc from "fast-check";
import { makeStates, type Policy, type States } from "@lib/analysis/states.ts";

const share = fc.integer({ min: 0, max: 1000 });

/** Up to 8 states of up to 6 moves with weights, and 1 … 6 experts on them. */
export const tabularWorlds: fc.Arbitrary<{ states: States; experts: Policy[] }> = fc
  .array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 8 })
  .chain((sizes) => {
    const moves = sizes.reduce((a, b) => a + b);
    return fc.record({
      sizes: fc.constant(sizes),
      rewards: fc.array(fc.double({ min: -10, max: 10, noNaN: true }), {
        minLength: moves,
        maxLength: moves,
      }),
      weight: fc.array(fc.integer({ min: 1, max: 100 }), {
        minLength: sizes.length,
        maxLength: sizes.length,
      }),
      experts: fc.array(fc.array(share, { minLength: moves, maxLength: moves }), {
        minLength: 1,
        maxLength: 6,
      }),
    });
  })
  .map(({ sizes, rewards, weight, experts }) => {
    let at = 0;
    const states = makeStates(sizes.map((n) => rewards.slice(at, at += n)), weight);
    return { states, experts: experts.map((shares) => normalised(states, shares)) };
  });

function normalised(states: States, shares: readonly number[]): Policy {
  const policy = Float64Array.from(shares);
  for (let x = 0; x < states.length; x++) {
    const row = policy.subarray(states.offsets[x], states.offsets[x + 1]);
    const total = row.reduce((a, b) => a + b);
    row.forEach((p, y) => row[y] = total > 0 ? p / total : 1 / row.length);
  }
  return policy;
}
