import assert from "node:assert/strict";
import { random, randomInteger, randomNormal, shuffle } from "@lib/random.ts";

Deno.test("a stream is a function of its seed, name and substream alone", () => {
  const take = (...args: Parameters<typeof random>) => Array.from({ length: 4 }, random(...args));
  assert.deepEqual(take(1, "data", 5), take(1, "data", 5));
  const others = [take(2, "data", 5), take(1, "init", 5), take(1, "data", 6), take(1, "data")];
  for (const other of others) assert.notDeepEqual(take(1, "data", 5), other);
  assert.notDeepEqual(take(1, "a"), take(1 + 2 ** 32, "a"));
  assert.throws(() => random(0.5, "data"), /Cannot seed the stream "data" with 0.5/);
});

Deno.test("uniform numbers fill [0, 1) evenly, and neighbouring substreams are unrelated", () => {
  const cells = new Float64Array(100);
  const n = 200_000;
  for (let i = 0; i < n; i++) cells[Math.floor(100 * random(3, "first number", i)())]! += 1;
  const chiSquare = cells.reduce((sum, count) => sum + (count - n / 100) ** 2 / (n / 100), 0);
  // 99 degrees of freedom: mean 99, standard deviation 14.
  assert.ok(chiSquare > 50 && chiSquare < 155, `chi-square ${chiSquare}`);
});

Deno.test("normal numbers have mean 0, variance 1 and normal tails", () => {
  const next = random(4, "normal");
  const xs = Array.from({ length: 100_000 }, () => randomNormal(next));
  const mean = xs.reduce((a, b) => a + b) / xs.length;
  const variance = xs.reduce((a, b) => a + b * b, 0) / xs.length;
  const tail = xs.filter((x) => Math.abs(x) > 1.959964).length / xs.length;
  assert.ok(Math.abs(mean) < 0.015, `mean ${mean}`);
  assert.ok(Math.abs(variance - 1) < 0.02, `variance ${variance}`);
  assert.ok(Math.abs(tail - 0.05) < 0.004, `tail ${tail}`);
});

Deno.test("a shuffle is a permutation, and every first element is equally likely", () => {
  const first = new Float64Array(5);
  for (let i = 0; i < 20_000; i++) {
    const order = shuffle(random(5, "shuffle", i), [0, 1, 2, 3, 4]);
    assert.equal(order.reduce((mask, x) => mask | (1 << x), 0), 31);
    first[order[0]!]! += 1;
  }
  for (const count of first) assert.ok(Math.abs(count - 4000) < 300, `count ${count}`);
  const next = random(6, "integers");
  for (let i = 0; i < 1000; i++) assert.ok(randomInteger(next, 7) < 7);
});
