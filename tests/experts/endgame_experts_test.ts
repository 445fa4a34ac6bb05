import assert from "node:assert/strict";
import { expectedReward, majorityVote, mixture } from "@lib/analysis/reward.ts";
import { checkPolicy, optimalPolicy, uniformPolicy } from "@lib/analysis/states.ts";
import { isHeldOut, solveEndgame } from "@lib/experts/endgame.ts";
import { endgameExamples, endgameExperts, errorAt } from "@lib/experts/endgame_experts.ts";

const world = solveEndgame("KRvK");
const { states } = world;

Deno.test("experts err at the rate of the dial, privately, always with the same wrong move", () => {
  const dials = { k: 2, errorRate: 0.4, seed: 1 };
  let first = 0, both = 0, same = 0;
  for (let x = 0; x < states.length; x++) {
    const a = errorAt(world, dials, 0, x), b = errorAt(world, dials, 1, x);
    assert.equal(a, errorAt(world, dials, 0, x));
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

Deno.test("dials out of range are refused", () => {
  const make = (dials: object) => () =>
    endgameExperts(world, { k: 1, errorRate: 0.1, seed: 1, ...dials }).next();
  assert.throws(make({ k: 0 }), /Cannot make 0 experts: must be an integer of 1 or more/);
  assert.throws(make({ errorRate: 1.5 }), /error rate 1.5: must be 0 to 1/);
  assert.throws(make({ noise: NaN }), /noise NaN: must be 0 to 1/);
  assert.throws(make({ severity: 0 }), /severity 0: must be more than 0, up to 1/);
  assert.throws(make({ ties: "none" }), /ties "none"/);
});
