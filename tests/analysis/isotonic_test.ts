import assert from "node:assert/strict";
import { antitonic, isotonic } from "@lib/analysis/isotonic.ts";
import { random, randomInteger, randomNormal } from "@lib/random.ts";

/** The min-max formula of isotonic regression (Robertson, Wright, Dykstra 1988, theorem 1.4.4). */
function byMinMax(values: number[], weights: number[]): number[] {
  const average = (from: number, to: number) => {
    let total = 0, weight = 0;
    for (let i = from; i <= to; i++) {
      total += values[i] * weights[i];
      weight += weights[i];
    }
    return total / weight;
  };
  return values.map((_, i) => {
    const lowest = Array.from(
      { length: i + 1 },
      (_, from) => Math.min(...values.slice(i).map((_, k) => average(from, i + k))),
    );
    return Math.max(...lowest);
  });
}

Deno.test("the fit never falls and equals the min-max formula", () => {
  const next = random(1, "isotonic");
  for (let trial = 0; trial < 200; trial++) {
    const n = 1 + randomInteger(next, 9);
    const values = Array.from({ length: n }, (_, i) => 0.3 * i + randomNormal(next));
    const weights = values.map(() => 0.1 + next());
    const fit = isotonic(values, weights), reference = byMinMax(values, weights);
    fit.forEach((v, i) => {
      assert.ok(Math.abs(v - reference[i]) < 1e-9, `${v} for ${reference[i]}`);
      assert.ok(i === 0 || v >= fit[i - 1]);
    });
  }
});

Deno.test("what rises already is left alone, what falls is pooled by weight", () => {
  assert.deepEqual(isotonic([1, 2, 3]), Float64Array.of(1, 2, 3));
  assert.deepEqual(isotonic([3, 1], [3, 1]), Float64Array.of(2.5, 2.5));
  assert.deepEqual(isotonic([1, 5, 3], [1, 0, 1]), Float64Array.of(1, 3, 3));
  assert.deepEqual(antitonic([1, 3, 2]), Float64Array.of(2, 2, 2));
  assert.throws(() => isotonic([1, 2], [1]), /2 values with 1 weights/);
  assert.throws(() => isotonic([1], [-1]), /weight -1/);
});
