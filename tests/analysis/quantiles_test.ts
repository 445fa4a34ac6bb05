import assert from "node:assert/strict";
import fc from "fast-check";
import { normalCdf, normalQuantile, studentCdf, studentQuantile } from "@lib/analysis/quantiles.ts";

function near(actual: number, expected: number, tolerance = 1e-10): void {
  assert.ok(
    Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected)),
    `${actual} is not ${expected}`,
  );
}

Deno.test("normal quantiles are the published ones", () => {
  // NIST/SEMATECH e-Handbook § 1.3.6.7.1 to its digits, longer values from R's qnorm.
  near(normalQuantile(0.5), 0);
  near(normalQuantile(0.9), 1.2815515655446004);
  near(normalQuantile(0.975), 1.959963984540054);
  near(normalQuantile(0.995), 2.5758293035489004);
  near(normalQuantile(0.999), 3.090232306167813);
  near(normalQuantile(1e-10), -6.361340902404056);
});

Deno.test("Student's quantiles are the published ones", () => {
  // R's qt; the NIST table (§ 1.3.6.7.2) agrees to its three digits.
  near(studentQuantile(0.975, 1), 12.706204736174698);
  near(studentQuantile(0.975, 2), 4.302652729749464);
  near(studentQuantile(0.975, 4), 2.7764451051977987);
  near(studentQuantile(0.975, 5), 2.570581835636314);
  near(studentQuantile(0.975, 10), 2.228138851964939);
  near(studentQuantile(0.975, 30), 2.042272456301238);
  near(studentQuantile(0.995, 10), 3.16927267261694);
  near(studentQuantile(0.975, 1e9), normalQuantile(0.975));
});

Deno.test("Student's quantiles equal the closed forms of 1, 2 and 4 degrees", () => {
  fc.assert(fc.property(fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true }), (p) => {
    near(studentQuantile(p, 1), Math.tan(Math.PI * (p - 0.5)), 1e-8);
    near(studentQuantile(p, 2), 2 * (p - 0.5) * Math.sqrt(2 / (4 * p * (1 - p))), 1e-8);
    const a = 4 * p * (1 - p), q = Math.cos(Math.acos(Math.sqrt(a)) / 3) / Math.sqrt(a);
    near(studentQuantile(p, 4), Math.sign(p - 0.5) * 2 * Math.sqrt(Math.max(0, q - 1)), 1e-7);
  }));
});

Deno.test("quantile and distribution function are inverse to each other", () => {
  const ps = fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true });
  fc.assert(fc.property(ps, fc.double({ min: 0.5, max: 5000, noNaN: true }), (p, df) => {
    near(normalCdf(normalQuantile(p)), p, 1e-12);
    near(studentCdf(studentQuantile(p, df), df), p, 1e-10);
  }));
});

Deno.test("quantiles refuse what is no probability and no degree of freedom", () => {
  for (const p of [0, 1, -0.1, NaN]) assert.throws(() => normalQuantile(p), RangeError);
  for (const df of [0, -1, NaN]) assert.throws(() => studentQuantile(0.975, df), RangeError);
});
