import assert from "node:assert/strict";
import fc from "fast-check";
import { sharpen, softmaxOfProbabilities } from "@lib/analysis/temperature.ts";

const rows = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 40 })
  .filter((row) => row.some((p) => p > 1e-6))
  .map((row) => {
    const total = row.reduce((a, b) => a + b);
    return Float64Array.from(row, (p) => p / total);
  });

function near(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < actual.length; i++) {
    assert.ok(Math.abs(actual[i] - expected[i]) <= tolerance, `${actual[i]} is not ${expected[i]}`);
  }
}

Deno.test("temperature 1 gives the distribution back, in the power form only", () => {
  fc.assert(fc.property(rows, (p) => near(sharpen(p, 1), p, 1e-15)));
  assert.ok(Math.abs(softmaxOfProbabilities(Float64Array.of(1, 0), 1)[0] - 0.731) < 1e-3);
});

Deno.test("every temperature gives a distribution in the old order", () => {
  const taus = fc.oneof(fc.constantFrom(0, 1e-4, Infinity), fc.double({ min: 1e-4, max: 10 }));
  fc.assert(fc.property(rows, taus.filter((t) => t >= 0), (p, tau) => {
    const q = sharpen(p, tau);
    assert.ok(Math.abs(q.reduce((a, b) => a + b) - 1) < 1e-12);
    for (let i = 1; i < p.length; i++) {
      if (p[i] > p[i - 1] * (1 + 1e-6)) assert.ok(q[i] >= q[i - 1]);
    }
  }));
});

Deno.test("temperatures compose: τ then σ is τσ", () => {
  fc.assert(
    fc.property(
      rows,
      fc.double({ min: 0.2, max: 3, noNaN: true }),
      fc.double({ min: 0.2, max: 3, noNaN: true }),
      (p, tau, sigma) => near(sharpen(sharpen(p, tau), sigma), sharpen(p, tau * sigma), 1e-10),
    ),
  );
});

Deno.test("appendix C's low temperature is reached at τ ≈ .0995, or .0346 in the paper's form", () => {
  const average = Float64Array.of(0.3, 0.4, 0.3);
  near(sharpen(average, 0.0995), [0.05, 0.9, 0.05], 5e-4);
  near(softmaxOfProbabilities(average, 0.0346), [0.05, 0.9, 0.05], 5e-4);
});

Deno.test("temperature 0 shares ties, also those that rounding hides", () => {
  assert.deepEqual(sharpen(Float64Array.of(0.4, 0.2, 0.4), 0), Float64Array.of(0.5, 0, 0.5));
  const rounded = Float64Array.of(0.1 + 0.2, 0.3, 0.4 - 1e-8); // 0.30000000000000004 and 0.3
  assert.deepEqual(sharpen(rounded.subarray(0, 2), 0), Float64Array.of(0.5, 0.5));
  assert.deepEqual(sharpen(Float64Array.of(0.4, 0.4 - 1e-8), 0), Float64Array.of(1, 0));
});

Deno.test("tiny temperatures and tiny probabilities neither overflow nor vanish", () => {
  near(sharpen(Float64Array.of(1e-300, 2e-300, 0), 1e-4), [0, 1, 0], 0);
  near(sharpen(Float64Array.of(0.5, 0.5), 1e-4), [0.5, 0.5], 0);
  near(sharpen(Float64Array.of(0.2, 0.8, 0), Infinity), [0.5, 0.5, 0], 0);
});

Deno.test("a row is sharpened in place and its neighbours are left alone", () => {
  const p = Float64Array.of(9, 0.25, 0.75, 9);
  assert.equal(sharpen(p, 0, p, 1, 3), p);
  assert.deepEqual(p, Float64Array.of(9, 0, 1, 9));
  const q = Float64Array.of(9, 0.25, 0.75, 9);
  softmaxOfProbabilities(q, 0.5, q, 1, 3); // e^{(0.25 − 0.75) / 0.5} = 1 / e
  near(q, [9, 1 / (1 + Math.E), Math.E / (1 + Math.E), 9], 1e-15);
});

Deno.test("bad temperatures and probabilities are refused by name", () => {
  const p = Float64Array.of(0.5, 0.5);
  assert.throws(() => sharpen(p, -1), /^RangeError: Cannot sample at temperature -1/);
  assert.throws(() => sharpen(p, NaN), RangeError);
  assert.throws(() => softmaxOfProbabilities(p, -0.1), RangeError);
  for (const bad of [NaN, -0.1, Infinity]) {
    assert.throws(() => sharpen(Float64Array.of(0.5, bad), 1), /entry 1/);
  }
  assert.throws(() => sharpen(Float64Array.of(0, 0), 1), /zeros/);
  assert.throws(() => softmaxOfProbabilities(Float64Array.of(0, 0), 1), /zeros/);
  assert.throws(() => sharpen(new Float64Array(0), 1), /empty/);
});
