import assert from "node:assert/strict";
import fc from "fast-check";
import { shareInTop } from "@lib/analysis/concentration.ts";

Deno.test("shares of the top rise to the whole, above it where the rest loses", () => {
  assert.deepEqual(shareInTop([5, 5, 5, 5], [0, 0.25, 0.5, 1]), [0, 0.25, 0.5, 1]);
  assert.deepEqual(shareInTop([3, -1, 0, 0], [0.25, 0.75, 1]), [1.5, 1.5, 1]);
});

Deno.test("the order of the states and their scale do not matter; the curve is concave", () => {
  const gains = fc.array(fc.integer({ min: -50, max: 100 }), { minLength: 4, maxLength: 60 })
    .filter((values) => values.reduce((a, b) => a + b, 0) > 0);
  fc.assert(fc.property(gains, (values) => {
    const n = values.length, tops = Array.from({ length: n + 1 }, (_, i) => i / n);
    const curve = shareInTop(values, tops);
    const turned = shareInTop(values.map((v) => 3 * v).reverse(), tops);
    curve.forEach((share, i) => assert.ok(Math.abs(share - turned[i]) < 1e-9));
    for (let i = 2; i <= n; i++) {
      assert.ok(curve[i] - curve[i - 1] <= curve[i - 1] - curve[i - 2] + 1e-9);
    }
    assert.ok(Math.abs(curve[n] - 1) < 1e-12);
  }));
});

Deno.test("states that are ranked beforehand hold no more than those ranked by their own gain", () => {
  assert.deepEqual(shareInTop([1, 5, 4], [1 / 3, 2 / 3, 1], [9, 1, 5]), [0.1, 0.5, 1]);
  assert.throws(() => shareInTop([1, 2], [1], [1]), /Cannot rank 2 states by 1 values/);
});

Deno.test("no gain, no number, no share: refused by name", () => {
  assert.throws(() => shareInTop([1, -1], [0.5]), /a total of 0 among states: must be more than 0/);
  assert.throws(() => shareInTop([], [0.5]), /a total of 0/);
  assert.throws(() => shareInTop([1, NaN], [0.5]), /Cannot share NaN \(entry 1\)/);
  assert.throws(() => shareInTop([1], [1.5]), /a share 1.5 of the states: must be 0 to 1/);
});
