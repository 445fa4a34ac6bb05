import assert from "node:assert/strict";
import { expectedReward, majorityVote, mixture } from "@lib/analysis/reward.ts";
import { checkPolicy, optimalPolicy, uniformPolicy } from "@lib/analysis/states.ts";
import { isHeldOut, partOf, solveEndgame } from "@lib/experts/endgame.ts";
import {
  endgameExamples,
  endgameExperts,
  selectedMixture,
  trainingSet,
} from "@lib/experts/endgame_experts.ts";
import { behaviourOf } from "@lib/experts/expert_dials.ts";
import { squaresOf } from "@lib/experts/retrograde.ts";
import { temper } from "@lib/analysis/reward.ts";
import { hash32 } from "@lib/random.ts";
import { createHash } from "node:crypto";

const world = solveEndgame("KRvK");
const { states } = world;
/** Enough of it to say how experts behave. */
const part = partOf(world, (x) => hash32(x) % 8 === 0);

Deno.test("experts err at the rate of the dial, privately, always with the same wrong move", () => {
  const { errorAt } = behaviourOf(world, { k: 2, errorRate: 0.4, seed: 1 });
  let first = 0, both = 0, same = 0;
  for (let x = 0; x < states.length; x++) {
    const a = errorAt(0, x), b = errorAt(1, x);
    assert.equal(a, errorAt(0, x));
    if (a >= 0) first++;
    if (a >= 0 && b >= 0) both++;
    if (a >= 0 && a === b) same++;
  }
  const n = states.length;
  assert.ok(Math.abs(first / n - 0.4) < 0.005, `${first / n}`);
  assert.ok(Math.abs(both / n - 0.16) < 0.005, `${both / n}`); // independent
  assert.ok(same / both < 0.1, `${same / both}`);
});

Deno.test("a noisy expert is ρ of uniform and 1 − ρ of the best (the paper's Proposition 3)", () => {
  const [noisy] = endgameExperts(world, { k: 1, errorRate: 0, noise: 0.3, seed: 1 });
  checkPolicy(states, noisy);
  const best = expectedReward(states, optimalPolicy(states));
  const uniform = expectedReward(states, uniformPolicy(states));
  assert.ok(Math.abs(expectedReward(states, noisy) - (0.7 * best + 0.3 * uniform)) < 1e-12);
});

Deno.test("the vote of ten private errors beats each expert and stays below perfect play", () => {
  const experts = [...endgameExperts(world, { k: 10, errorRate: 0.4, seed: 1 })];
  experts.forEach((expert) => checkPolicy(states, expert));
  const rewards = experts.map((expert) => expectedReward(states, expert));
  const mixed = expectedReward(states, mixture(experts));
  assert.ok(Math.abs(mixed - rewards.reduce((a, b) => a + b) / 10) < 1e-12);
  const vote = expectedReward(states, majorityVote(states, experts));
  assert.ok(vote > Math.max(...rewards) + 0.03);
  assert.ok(vote < expectedReward(states, optimalPolicy(states)));
});

Deno.test("errors among the worse half, and one best move for all, earn what a trial did", () => {
  const dials = { k: 10, errorRate: 0.4, severity: 0.5, ties: "shared", seed: 1 } as const;
  const experts = [...endgameExperts(world, dials)];
  for (const expert of experts) {
    const reward = expectedReward(states, expert);
    assert.ok(Math.abs(reward - 0.409) < 0.003, `${reward}`); // its experts .409
  }
  const vote = expectedReward(states, majorityVote(states, experts));
  assert.ok(Math.abs(vote - 0.475) < 0.001, `${vote}`); // their vote .475
  const examples = endgameExamples(world, dials, { seed: 1, step: 0, size: 2000 });
  for (const entry of examples.choice) assert.ok(experts.some((expert) => expert[entry] === 1));
});

Deno.test("examples follow the mixture of the experts, on the right side of the hold-out", () => {
  const dials = { k: 3, errorRate: 0.5, noise: 0.1, seed: 4 };
  const one = { seed: 9, step: 3, size: 4000 };
  const examples = endgameExamples(world, dials, one);
  assert.deepEqual(examples, endgameExamples(world, dials, one));
  assert.notDeepEqual(examples.state, endgameExamples(world, dials, { ...one, step: 4 }).state);
  const mixed = mixture(endgameExperts(world, dials));
  let reward = 0, likely = 0;
  examples.state.forEach((x, n) => {
    assert.equal(isHeldOut(world, x), false);
    const entry = examples.choice[n];
    assert.ok(entry >= states.offsets[x] && entry < states.offsets[x + 1] && mixed[entry] > 0);
    reward += states.reward[entry] / one.size;
    likely += (states.reward[entry] - expectedAt(x)) / one.size;
  });
  // Mean reward of the drawn moves less the mixture's expectation: standard error below 0.003.
  assert.ok(Math.abs(likely) < 0.01, `${likely} at mean reward ${reward}`);
  const kept = endgameExamples(world, dials, { ...one, size: 50, heldOut: true });
  kept.state.forEach((x) => assert.equal(isHeldOut(world, x), true));

  function expectedAt(x: number): number {
    let total = 0;
    for (let i = states.offsets[x]; i < states.offsets[x + 1]; i++) {
      total += mixed[i] * states.reward[i];
    }
    return total;
  }
});

Deno.test("experts without the newer dials are those of the committed results, bit by bit", () => {
  const hash = (values: Float64Array | Uint32Array) =>
    createHash("sha256").update(new Uint8Array(values.buffer)).digest("hex").slice(0, 12);
  const dials = { k: 10, errorRate: 0.4, seed: 1 };
  const [first] = endgameExperts(world, dials);
  assert.equal(hash(first), "d9b1c18267c7");
  const { choice } = endgameExamples(world, { ...dials, noise: 0.2 }, {
    seed: 1,
    step: 0,
    size: 512,
  });
  assert.equal(hash(choice), "d78842d12d7d");
  const same = { ...dials, shared: 0, sharing: "rule", regions: 0, skillSpread: 0 } as const;
  assert.equal(hash([...endgameExperts(world, { ...same, k: 1 })][0]), "d9b1c18267c7");
});

for (const sharing of ["hash", "rule"] as const) {
  Deno.test(`π of the errors are shared by ${sharing}, and each expert errs as often as before`, () => {
    const one = behaviourOf(world, { k: 2, errorRate: 0.4, shared: 0.5, sharing, seed: 3 });
    let errors = 0, same = 0;
    for (let x = 0; x < states.length; x++) {
      const a = one.errorAt(0, x);
      if (a < 0) continue;
      errors++;
      if (a === one.errorAt(1, x)) same++;
    }
    assert.ok(Math.abs(errors / states.length - 0.4) < 0.01, `${errors / states.length}`);
    // Half in common, and of the private ones a few by chance: .25 × 1/14 or so.
    assert.ok(Math.abs(same / errors - 0.51) < 0.03, `${same / errors}`);
    const all = behaviourOf(world, { k: 9, errorRate: 0.4, shared: 1, sharing, seed: 3 });
    for (let x = 0; x < states.length; x += 7) assert.equal(all.errorAt(0, x), all.errorAt(8, x));
  });
}

Deno.test("the rule is a blind spot: it depends on where the kings stand, not on the rook", () => {
  const dials = { k: 1, errorRate: 0.4, shared: 1, sharing: "rule", seed: 2 } as const;
  const { errorAt } = behaviourOf(world, dials);
  const blind = new Map<number, boolean>();
  const squares = new Uint8Array(3);
  let kings = 0;
  for (let x = 0; x < states.length; x++) {
    const rewards = states.reward.subarray(states.offsets[x], states.offsets[x + 1]);
    if (rewards.every((r) => r === rewards[0])) continue; // no error to make
    squaresOf(world.placements[x], squares);
    const key = squares[0] * 64 + squares[2], errs = errorAt(0, x) >= 0;
    if (!blind.has(key)) kings++;
    assert.equal(blind.get(key) ?? errs, errs);
    blind.set(key, errs);
  }
  const share = [...blind.values()].filter((errs) => errs).length / kings;
  assert.ok(Math.abs(share - 0.4) < 0.02, `${share}`);
});

Deno.test("complementary experts are perfect at home and random elsewhere (Proposition 4)", () => {
  const world = part, { states } = part;
  const k = 4;
  const dials = { k, errorRate: 0, noise: 1, regions: k, seed: 1 };
  const experts = [...endgameExperts(world, dials)];
  const { isAtHome } = behaviourOf(world, dials);
  const optimal = optimalPolicy(states), uniform = uniformPolicy(states);
  const homes = new Array<number>(k).fill(0);
  for (let x = 0; x < states.length; x++) {
    for (let e = 0; e < k; e++) if (isAtHome(e, x)) homes[e]++;
    for (let i = states.offsets[x]; i < states.offsets[x + 1]; i++) {
      for (let e = 0; e < k; e++) {
        assert.equal(experts[e][i], (isAtHome(e, x) ? optimal : uniform)[i]);
      }
    }
  }
  assert.equal(homes.reduce((a, b) => a + b), states.length); // each state is one expert's home
  for (const n of homes) assert.ok(Math.abs(n / states.length - 1 / k) < 0.03, `${n}`);
  const vote = expectedReward(states, majorityVote(states, experts));
  assert.ok(Math.abs(vote - expectedReward(states, optimal)) < 1e-12);
});

Deno.test("spread skill: the first expert is the best, the mean error rate stays", () => {
  const world = part, { states } = part;
  const experts = [...endgameExperts(world, { k: 5, errorRate: 0.4, skillSpread: 0.5, seed: 1 })];
  const rewards = experts.map((expert) => expectedReward(states, expert));
  for (let i = 1; i < 5; i++) assert.ok(rewards[i] < rewards[i - 1]);
  const alike = [...endgameExperts(world, { k: 5, errorRate: 0.4, seed: 1 })];
  const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
  const difference = mean(rewards) - mean(alike.map((expert) => expectedReward(states, expert)));
  assert.ok(Math.abs(difference) < 0.003, `${difference}`);
});

Deno.test("quantal noise prefers the better moves: softmax of reward over λ", () => {
  const world = part, { states } = part;
  const [noisy] = endgameExperts(world, { k: 1, errorRate: 0, noise: 1, quantal: 0.1, seed: 1 });
  checkPolicy(states, noisy);
  const softmax = temper(states, states.reward.map((r) => Math.exp(r)), 0.1);
  for (let i = 0; i < 5000; i++) assert.ok(Math.abs(noisy[i] - softmax[i]) < 1e-12);
  const dials = { k: 1, errorRate: 0, noise: 1, quantal: 0.1, seed: 1 };
  const { choice } = endgameExamples(world, dials, { seed: 1, step: 0, size: 4000 });
  let drawn = 0;
  for (const entry of choice) drawn += states.reward[entry] / choice.length;
  assert.ok(Math.abs(drawn - expectedReward(states, noisy)) < 0.01, `${drawn}`);
});

Deno.test("experts behave in a part of the world as in the whole", () => {
  const part = partOf(world, (x) => x % 3 === 1);
  const dials = {
    k: 1,
    errorRate: 0.5,
    shared: 0.5,
    sharing: "rule",
    regions: 1,
    seed: 1,
  } as const;
  for (const change of [{}, { regions: 0, noise: 0.1 }, { regions: 0, sharing: "hash" as const }]) {
    const [whole] = endgameExperts(world, { ...dials, ...change });
    const [some] = endgameExperts(part, { ...dials, ...change });
    part.ids.forEach((x, n) => {
      const { offsets } = part.states;
      const own = some.subarray(offsets[n], offsets[n + 1]);
      assert.deepEqual(own, whole.subarray(states.offsets[x], states.offsets[x + 1]));
    });
  }
  assert.throws(() => partOf(world, () => false), /Cannot make a world of 0 states/);
});

Deno.test("selection goes from the plain mixture to the expert of the region alone", () => {
  const world = part, { states } = part;
  const dials = { k: 5, errorRate: 0.3, noise: 0.2, regions: 2, seed: 1 };
  const plain = mixture(endgameExperts(world, dials));
  selectedMixture(world, dials, 0).forEach((p, i) => assert.ok(Math.abs(p - plain[i]) < 1e-12));
  for (const alpha of [0.3, 1]) checkPolicy(states, selectedMixture(world, dials, alpha));
  const best = expectedReward(states, optimalPolicy(states));
  const chosen = expectedReward(states, selectedMixture(world, dials, 1));
  assert.ok(Math.abs(chosen - best) < 1e-12); // at home nobody errs
  const half = expectedReward(states, selectedMixture(world, dials, 0.5));
  assert.ok(Math.abs(half - (chosen + expectedReward(states, plain)) / 2) < 1e-12);
  assert.throws(() => selectedMixture(world, dials, 2), /by strength 2: must be 0 to 1/);
  assert.throws(() => selectedMixture(world, { ...dials, regions: 0 }, 1), /without regions/);
});

Deno.test("experts at home speak of their own regions only, and of nobody's not at all", () => {
  const dials = { k: 2, errorRate: 0, noise: 1, regions: 3, seed: 1 };
  const { isAtHome } = behaviourOf(world, dials);
  const one = { seed: 1, step: 0, size: 3000, atHome: true };
  const { state, choice } = endgameExamples(world, dials, one);
  const best = optimalPolicy(states);
  const spoken = [0, 0];
  state.forEach((x, n) => {
    const expert = isAtHome(0, x) ? 0 : isAtHome(1, x) ? 1 : assert.fail(`${x} is nobody's`);
    spoken[expert]++;
    assert.ok(best[choice[n]] > 0); // flawless there
  });
  assert.ok(Math.abs(spoken[0] - spoken[1]) < 300, `${spoken}`);
  const mixed = selectedMixture(part, dials, 1);
  checkPolicy(part.states, mixed);
  assert.throws(
    () => endgameExamples(world, { ...dials, regions: 0 }, one),
    /experts at home: they have no regions/,
  );
});

Deno.test("a training set is drawn once", () => {
  const dials = { k: 3, errorRate: 0.4, seed: 1 };
  assert.deepEqual(trainingSet(world, dials, 5, 64), trainingSet(world, dials, 5, 64));
  assert.equal(trainingSet(world, dials, 5, 64).state.length, 64);
});

Deno.test("dials out of range are refused", () => {
  const make = (dials: object) => () =>
    endgameExperts(world, { k: 1, errorRate: 0.1, seed: 1, ...dials }).next();
  assert.throws(make({ k: 0 }), /Cannot make 0 experts: must be an integer of 1 or more/);
  assert.throws(make({ errorRate: 1.5 }), /error rate 1.5: must be 0 to 1/);
  assert.throws(make({ noise: NaN }), /noise NaN: must be 0 to 1/);
  assert.throws(make({ severity: 0 }), /severity 0: must be more than 0, up to 1/);
  assert.throws(make({ ties: "none" }), /ties "none"/);
  assert.throws(make({ shared: 1.1 }), /shared fraction 1.1: must be 0 to 1/);
  assert.throws(make({ sharing: "telepathy" }), /by "telepathy": must be "rule" or "hash"/);
  assert.throws(make({ skillSpread: -1 }), /skill spread -1: must be 0 to 1/);
  assert.throws(make({ errorRate: 0.8, skillSpread: 0.5 }), /would err at 1.2/);
  assert.throws(make({ quantal: 0 }), /quantal noise 0: must be more than 0/);
  assert.throws(make({ regions: 65 }), /into 65 regions: must be an integer of 0 to 64/);
});
