import assert from "node:assert/strict";
import fc from "fast-check";
import {
  diversityOf,
  entropy,
  policyDiversity,
  subsample,
  tally,
  visitation,
} from "@lib/analysis/diversity.ts";
import { makeStates, uniformPolicy } from "@lib/analysis/states.ts";
import { random } from "@lib/random.ts";

const weights = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 12 })
  .filter((row) => row.some((w) => w > 0));

Deno.test("entropy: 0 for one choice, log₂ n for n equal ones, and never more; scale is nothing", () => {
  assert.equal(entropy([0, 7, 0]), 0);
  assert.ok(Math.abs(entropy([3, 3, 3, 3, 3]) - Math.log2(5)) < 1e-12);
  fc.assert(fc.property(weights, (row) => {
    const bits = entropy(row);
    assert.ok(bits >= 0 && bits <= Math.log2(row.length) + 1e-12);
    assert.ok(Math.abs(bits - entropy(row.map((w) => 0.1 * w))) < 1e-12);
    const { byLegal, byObserved, effective } = diversityOf(row);
    assert.ok(byLegal <= byObserved + 1e-12 && byObserved <= 1 + 1e-12);
    assert.ok(effective >= 1 && effective <= row.length + 1e-9);
  }));
});

Deno.test("legal moves that nobody chose count in the paper's words, not in its code", () => {
  const { byLegal, byObserved } = diversityOf([5, 5], 16);
  assert.deepEqual([byLegal, byObserved], [0.25, 1]);
  assert.throws(() => diversityOf([1, 1, 1], 2), /Cannot count 2 legal moves: 3 were chosen/);
});

Deno.test("a policy's diversity is the mean over states by their weight", () => {
  const states = makeStates([[1, 0], [1, 0, 0, 0]], [3, 1]);
  const { entropy, byLegal, effective } = policyDiversity(states, uniformPolicy(states));
  assert.deepEqual([entropy, byLegal, effective], [1.25, 1, 2.5]);
});

Deno.test("equal subsamples of common states remove what the number of observations does", () => {
  const next = random(1, "choices");
  const draw = (n: number) => {
    const states = Array.from({ length: n }, (_, i) => i % 4);
    return tally(states, states.map(() => Math.floor(next() * 6)));
  };
  const few = draw(40), many = draw(4000);
  const mean = (counts: ReturnType<typeof draw>) => {
    const all = [...counts.values()].map((row) => diversityOf([...row.values()]).entropy);
    return all.reduce((a, b) => a + b) / all.length;
  };
  assert.ok(mean(many) - mean(few) > 0.1); // the same choices look more diverse when seen more often
  let difference = 0;
  for (let i = 0; i < 200; i++) {
    const [a, b] = subsample([few, many], 5, next);
    assert.ok(
      [...a.values(), ...b.values()].every((row) =>
        [...row.values()].reduce((x, y) => x + y) === 5
      ),
    );
    difference += (mean(b) - mean(a)) / 200;
  }
  assert.ok(Math.abs(difference) < 0.1, `${difference}`);
});

Deno.test("visits: how many states, how evenly", () => {
  const { n, states, most, entropy, normalised } = visitation([7, 7, 8, 9]);
  assert.deepEqual([n, states, most, entropy, normalised], [4, 3, 2, 1.5, 0.75]);
  assert.equal(visitation([1, 2, 3, 4]).normalised, 1);
});

Deno.test("what cannot be counted is refused", () => {
  assert.throws(() => entropy([0, 0]), /of sum 0: must be more than 0/);
  assert.throws(() => entropy([1, -1]), /weight -1 \(entry 1\)/);
  assert.throws(() => tally([1], []), /0 choices at 1 states/);
  assert.throws(() => subsample([], 0, random(1, "x")), /Cannot draw 0 observations/);
  assert.throws(() => visitation([]), /Cannot describe 0 visits/);
});
