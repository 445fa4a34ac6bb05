import assert from "node:assert/strict";
import fc from "fast-check";
import { expectedReward, mixture, temper } from "@lib/analysis/reward.ts";
import { makeStates, type Policy, type States } from "@lib/analysis/states.ts";
import { sharpen, softmaxOfProbabilities } from "@lib/analysis/temperature.ts";
import {
  proposition1,
  proposition2,
  proposition3,
  proposition4,
  roundingOf,
} from "@lib/theory/propositions.ts";
import {
  appendixExample,
  boundaryExample,
  complementaryExperts,
  noisyExpert,
  randomWorld,
} from "@lib/theory/worlds.ts";
import { random } from "@lib/random.ts";
import { tabularWorlds } from "../analysis/worlds.ts";

const noise = fc.double({ min: 0.01, max: 0.99, noNaN: true });
/** Worlds in which some state tells its moves apart. */
const staked = tabularWorlds.filter(({ states: { length, offsets, reward } }) => {
  for (let x = 0; x < length; x++) {
    const row = reward.subarray(offsets[x], offsets[x + 1]);
    if (Math.max(...row) - Math.min(...row) > 1e-6) return true;
  }
  return false;
});
const many = { numRuns: 2000 };
const near = (a: number, b: number, tolerance = 1e-12) =>
  assert.ok(Math.abs(a - b) <= tolerance, `${a} is not ${b}`);

Deno.test("Proposition 1 holds in every world, to 1e-12", () => {
  fc.assert(
    fc.property(tabularWorlds, ({ states, experts }) => {
      const { error, gap, holds } = proposition1(states, experts);
      assert.ok(holds, `error ${error}, gap ${gap}`);
      assert.ok(Math.abs(error) <= 1e-12 * 10); // rewards up to 10
    }),
    many,
  );
});

Deno.test("Proposition 1 is false of an imitator that is cooled, and the check says so", () => {
  let caught = 0;
  for (let seed = 0; seed < 500; seed++) {
    const { states, experts } = small(seed);
    const cooled = temper(states, mixture(experts), 0.9);
    if (!proposition1(states, experts, cooled).holds) caught++;
  }
  assert.equal(caught, 500);
});

Deno.test("Proposition 2 holds both ways, in both senses of temperature, off its boundary", () => {
  for (const sharpening of [sharpen, softmaxOfProbabilities]) {
    let above = 0, below = 0;
    fc.assert(
      fc.property(tabularWorlds, ({ states, experts }) => {
        const { atZero, tauStar, holds } = proposition2(states, experts, { sharpening });
        if (Math.abs(atZero) <= 10 * roundingOf(states)) return; // see the boundary example
        assert.ok(holds, `${atZero} at zero, τ* = ${tauStar}`);
        if (atZero > 0) above++;
        else below++;
      }),
      many,
    );
    assert.ok(above > 100 && below > 100, `${above} above, ${below} below`);
  }
});

Deno.test("τ* is where the gap changes sign, and nothing below it does", () => {
  let located = 0;
  for (let seed = 0; seed < 300; seed++) {
    const { states, experts } = small(seed);
    const imitator = mixture(experts);
    const best = Math.max(...experts.map((f) => expectedReward(states, f)));
    const gap = (tau: number) => expectedReward(states, temper(states, imitator, tau)) - best;
    const { atZero, tauStar, settledBelow } = proposition2(states, experts);
    for (const part of [1, 0.7, 0.3, 0.01]) {
      assert.equal(gap(part * settledBelow) > 0, atZero > 0);
      if (tauStar > 0) assert.ok(gap(part * tauStar * (1 - 1e-9)) > 0);
    }
    if (tauStar > 0) {
      assert.ok(tauStar < 1 && gap(tauStar + 1e-6) <= 0);
      located++;
    }
  }
  assert.ok(located > 50, `${located}`);
});

Deno.test("τ* of a known case: .5 for a square against its double", () => {
  // f̂ = (.5, .25, .25) earns .5 · 1 − .25 · 1 = .25 … at τ: (1 − 2^{-1/τ}) / (1 + 2 · 2^{-1/τ}).
  // The better expert earns .5, so 2^{-1/τ} = .25.
  const states = makeStates([[1, 0, -1]]);
  const experts = [Float64Array.of(0.5, 0.5, 0), Float64Array.of(0.5, 0, 0.5)];
  const { tauStar, atZero } = proposition2(states, experts);
  near(atZero, 0.5);
  near(tauStar, 0.5, 1e-11);
});

Deno.test("ties share the arg-max: a temperature that breaks them is caught", () => {
  // Two experts, each certain of another move: one is right, the modes tie, nothing is gained.
  const states = makeStates([[1, 0]]);
  const experts = [Float64Array.of(0.9, 0.1), Float64Array.of(0.1, 0.9)];
  assert.ok(proposition2(states, experts).holds);
  assert.equal(proposition2(states, experts).tauStar, 0);
  const firstMode: typeof sharpen = (
    p,
    tau,
    out = new Float64Array(p.length),
    start = 0,
    end = p.length,
  ) => {
    sharpen(p, tau, out, start, end);
    if (tau > 0) return out;
    const first = out.subarray(start, end).findIndex((q) => q > 0);
    out.fill(0, start, end)[start + first] = 1;
    return out;
  };
  const broken = proposition2(states, experts, { sharpening: firstMode });
  assert.ok(broken.atZero > 0 && broken.tauStar === 0 && !broken.holds);
});

Deno.test("Proposition 2 read with ≥ on the left is false, and the check's numbers show it", () => {
  // The planted statement: a gap of zero or more at τ → 0 is enough.
  const planted = (states: States, experts: readonly Policy[]) => {
    const { atZero, tauStar } = proposition2(states, experts);
    return (atZero >= -roundingOf(states)) === (tauStar > 0);
  };
  assert.ok(!planted(makeStates([[1, 0]]), [Float64Array.of(1, 0)])); // perfect already
});

Deno.test("the boundary example is above its expert at every τ in (0, 1) but not in the limit", () => {
  const { states, experts } = boundaryExample();
  for (const sharpening of [sharpen, softmaxOfProbabilities]) {
    const { atZero, tauStar, settledBelow, holds } = proposition2(states, experts, { sharpening });
    near(atZero, 0);
    assert.equal(settledBelow, 0);
    assert.ok(tauStar > 0.1);
    assert.equal(holds, false);
  }
  for (const tau of [0.05, 0.1, 0.5, 0.9]) {
    // .2^{1/τ} > 2 · .1^{1/τ}
    assert.ok(expectedReward(states, temper(states, experts[0], tau)) > 0);
  }
});

Deno.test("Proposition 3 holds for one noisy expert and for many, at every temperature", () => {
  fc.assert(
    fc.property(staked, fc.array(noise, { minLength: 1, maxLength: 5 }), ({ states }, rhos) => {
      const { gain, predicted, error, tauStar, holds } = proposition3(states, rhos);
      assert.ok(holds, `${gain} and ${predicted}, error ${error}, τ* = ${tauStar}`);
      if (rhos.length === 1 && gain > 1e-9) assert.ok(tauStar > 0.99);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("Proposition 3 is false of a biased expert, and the check says so", () => {
  let biasedWorlds = 0;
  for (let seed = 0; seed < 300; seed++) {
    const { states } = small(seed);
    const row = states.reward.subarray(0, states.offsets[1]);
    if (row.length === 2) continue; // one wrong move: noise and bias are the same
    // The same share of errors, but in the first state all of them are the worst move.
    const biased = noisyExpert(states, 0.6);
    const best = row.indexOf(Math.max(...row)), worst = row.indexOf(Math.min(...row));
    const right = biased[best];
    biased.fill(0, 0, row.length);
    biased[best] = right;
    biased[worst] = 1 - right;
    assert.ok(!proposition3(states, [0.6], [biased]).holds);
    biasedWorlds++;
  }
  assert.ok(biasedWorlds > 100);
});

Deno.test("Proposition 4 holds for any division of the states, also into one block", () => {
  let gained = 0, none = 0;
  fc.assert(
    fc.property(
      staked,
      fc.array(fc.nat(3), { minLength: 8, maxLength: 8 }),
      ({ states }, drawn) => {
        const { gain, predicted, error, holds } = proposition4(
          states,
          drawn.slice(0, states.length),
        );
        assert.ok(holds, `${gain} and ${predicted}, error ${error}`);
        assert.ok(gain >= -1e-11);
        if (gain > 1e-9) gained++;
        else none++;
      },
    ),
    { numRuns: 1000 },
  );
  assert.ok(gained > 100 && none > 100, `${gained} and ${none}`);
});

Deno.test("Proposition 4's gain goes to zero as p gathers on one block", () => {
  const gains = [0.5, 0.9, 0.99].map((mass) =>
    proposition4(makeStates([[1, 0], [1, 0]], [mass, 1 - mass]), [0, 1]).gain
  );
  gains.forEach((gain, i) => near(gain, [0.25, 0.05, 0.005][i]));
});

Deno.test("Proposition 4 is false where nobody knows a block, and the check says so", () => {
  const { states } = small(1);
  const blocks = Array.from({ length: states.length }, (_, x) => x % 3);
  const experts = complementaryExperts(states, blocks);
  assert.ok(proposition4(states, blocks, experts).holds);
  assert.ok(!proposition4(states, blocks, [experts[0], experts[1], experts[0]]).holds);
});

Deno.test("the appendix's example: at .4 on average, right at low temperature", () => {
  const { states, experts } = appendixExample();
  near(proposition1(states, experts).gap, 0);
  const cool = temper(states, mixture(experts), 0.0995);
  [0.05, 0.9, 0.05].forEach((p, y) => near(cool[y], p, 5e-4));
  near(proposition2(states, experts).atZero, 0.6);
});

Deno.test("bad worlds, experts and dials are refused by name", () => {
  const { states, experts } = appendixExample();
  const noSupport = [experts[0], new Float64Array(3)];
  const nan = { ...states, reward: Float64Array.of(0, NaN, 0) };
  for (const check of [proposition1, proposition2]) {
    assert.throws(
      () => check(states, noSupport),
      /^RangeError: Cannot use probabilities of sum 0 in state 0/,
    );
    assert.throws(() => check(nan, experts), /^RangeError: Cannot use reward NaN/);
    assert.throws(() => check(states, []), /^RangeError: Cannot .* 0/);
    assert.throws(() => check(states, [Float64Array.of(1)]), /1 entries on 3 moves/);
  }
  for (const rho of [0, 1, -0.1, 1.5, NaN]) {
    assert.throws(() => proposition3(states, [rho]), new RegExp(`noise ${rho}`));
  }
  assert.throws(() => proposition3(states, []), RangeError);
  const flat = makeStates([[2, 2], [1, 1, 1]]);
  assert.throws(() => proposition3(flat, [0.5]), /earn the same/);
  assert.throws(() => proposition4(flat, [0, 1]), /earn the same/);
  assert.throws(() => proposition4(states, [0, 1]), /1 states by 2 block numbers/);
  assert.throws(() => proposition4(states, [-1]), /block -1/);
  assert.throws(() => proposition3(nan, [0.5]), /NaN/);
  // Ties everywhere: nothing to gain, and nothing wrong.
  const level = proposition2(flat, [Float64Array.of(0.5, 0.5, 0.2, 0.3, 0.5)]);
  assert.deepEqual([level.tauStar, level.holds], [0, true]);
});

function small(seed: number) {
  return randomWorld(random(seed, "small worlds"), { states: 6, moves: 5, k: 3, skill: 0.7 });
}
