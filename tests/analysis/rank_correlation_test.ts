import assert from "node:assert/strict";
import { rankCorrelation } from "@lib/analysis/rank_correlation.ts";
import { random } from "@lib/random.ts";

Deno.test("only the order counts, and ties share a rank", () => {
  const of = (a: number[], b: number[]) => rankCorrelation(a, b, { seed: 1, resamples: 50 }).value;
  assert.equal(of([1, 2, 3], [1, 10, 1e6]), 1);
  assert.equal(of([1, 2, 3], [3, 2, 1]), -1);
  assert.equal(of([1, 2, 3], [5, 5, 5]), 0);
  // Ranks 0, 1.5, 1.5, 3 against 0, 1, 2, 3: covariance 4.5, variances 4.5 and 5.
  assert.ok(Math.abs(of([1, 2, 2, 3], [1, 2, 3, 4]) - 4.5 / Math.sqrt(4.5 * 5)) < 1e-12);
});

Deno.test("the interval of what is unrelated holds 0, that of what is related does not", () => {
  const next = random(1, "correlation"), a = Float64Array.from({ length: 200 }, next);
  const b = Float64Array.from({ length: 200 }, next), c = a.map((v, i) => v + 0.5 * b[i]);
  const unrelated = rankCorrelation(a, b, { seed: 1, resamples: 500 });
  const related = rankCorrelation(a, c, { seed: 1, resamples: 500 });
  assert.ok(unrelated.low < 0 && unrelated.high > 0, JSON.stringify(unrelated));
  assert.ok(related.low > 0.7 && related.high < 1, JSON.stringify(related));
  assert.throws(() => rankCorrelation([1], [1, 2], { seed: 1 }), /1 values with 2/);
});
