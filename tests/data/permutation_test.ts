import assert from "node:assert/strict";
import fc from "fast-check";
import { permutation } from "@lib/data/permutation.ts";

Deno.test("a permutation takes each place exactly once", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 3000 }), fc.integer(), (n, key) => {
    const at = permutation(n, key);
    const seen = new Set(Array.from({ length: n }, (_, i) => at(i)));
    return seen.size === n && Math.min(...seen) === 0 && Math.max(...seen) === n - 1;
  }));
});

Deno.test("two keys give two orders, one key one", () => {
  const order = (...key: number[]) =>
    Array.from({ length: 100 }, (_, i) => permutation(100, ...key)(i));
  assert.deepEqual(order(1, 2), order(1, 2));
  assert.notDeepEqual(order(1, 2), order(1, 3));
});

Deno.test("items fall on all places alike, and neighbours fall apart", () => {
  // Over 4000 keys the item at place 0 of 10 is each of them 400 times, ± 5 standard deviations (19).
  const counts = new Array(10).fill(0);
  let neighbours = 0;
  for (let key = 0; key < 4000; key++) {
    const at = permutation(10, key);
    counts[at(0)]++;
    if (at(1) === at(0) + 1) neighbours++;
  }
  for (const count of counts) assert.ok(Math.abs(count - 400) < 95, `${counts}`);
  assert.ok(Math.abs(neighbours - 400) < 95, `${neighbours}`); // 9 of 90 ordered pairs
});

Deno.test("a large range is permuted without repeats among its first places", () => {
  for (const n of [2 ** 32, 2 ** 32 - 5, 3_000_000_019]) {
    const at = permutation(n, 5);
    const seen = new Set(Array.from({ length: 20000 }, (_, i) => at(n - 1 - i)));
    assert.equal(seen.size, 20000);
    assert.ok([...seen].every((item) => item >= 0 && item < n));
  }
});

Deno.test("no items, or too many, are refused", () => {
  for (const n of [0, -1, 1.5, 2 ** 32 + 1, NaN]) assert.throws(() => permutation(n), RangeError);
});
