import assert from "node:assert/strict";
import { makePoints } from "@lib/analysis/points.ts";
import { explained, explainedMore, heldOut, readOff, ridge } from "@lib/analysis/probe.ts";
import { random, randomNormal } from "@lib/random.ts";

const next = random(1, "probe test");
const normals = (n: number) => Array.from({ length: n }, () => randomNormal(next));
const rows = Array.from({ length: 300 }, () => normals(6));
const points = makePoints(rows.map((row) => [...row.slice(0, 5), 7])); // the last never varies
const linear = rows.map((row) => 3 * row[0] - 2 * row[4] + 1);
const noise = normals(300);

Deno.test("a probe finds a linear map, and a penalty draws it to the mean", () => {
  const { weights: [w], offset } = ridge(points, [linear], 0);
  [3, 0, 0, 0, -2, 0].forEach((wanted, a) => assert.ok(Math.abs(w[a] - wanted) < 1e-5));
  assert.ok(Math.abs(offset[0] - 1) < 1e-5);
  const [flat] = readOff(ridge(points, [linear], 1e9), points);
  const mean = linear.reduce((a, b) => a + b) / 300;
  flat.forEach((y) => assert.ok(Math.abs(y - mean) < 1e-6));
});

Deno.test("ridge has the textbook's solution for one dimension", () => {
  const line = makePoints([[-1], [0], [1]]); // deviation √(2/3)
  const { weights: [[w]] } = ridge(line, [[-2, 0, 2]], 0.5);
  // z = x/√(2/3): mean zy = 2√(2/3), mean z² = 1; weight on z 2√(2/3)/1.5, on x 2/1.5.
  assert.ok(Math.abs(w - 2 / 1.5) < 1e-6);
});

Deno.test("held out, a linear target is foretold and noise is not", () => {
  const half = linear.map((y, i) => y + 2 * noise[i]);
  const [exact, mixed, none] = [linear, half, noise].map((target) =>
    explained(heldOut(points, [target], { seed: 1 })[0], target, { seed: 1, resamples: 400 })
  );
  assert.ok(exact.value > 0.999);
  assert.ok(mixed.low < 13 / 17 && 13 / 17 < mixed.high, JSON.stringify(mixed));
  assert.ok(none.low < 0 && none.value < 0.05, JSON.stringify(none));
});

Deno.test("more dimensions than points are no advantage held out", () => {
  const wide = makePoints(Array.from({ length: 40 }, () => normals(80)));
  const target = normals(40);
  const [own] = readOff(ridge(wide, [target], 1e-6), wide);
  const scores = { seed: 1, resamples: 100 };
  assert.ok(explained(own, target, scores).value > 0.99);
  assert.ok(explained(heldOut(wide, [target], { seed: 1 })[0], target, scores).value < 0.3);
});

Deno.test("two forecasts of the same points are compared in pairs", () => {
  const worse = linear.map((y, i) => y + noise[i]);
  const { value, low } = explainedMore(linear, worse, linear, { seed: 1, resamples: 200 });
  assert.ok(low > 0 && value < 0.2);
});

Deno.test("what cannot be fitted or held out is refused", () => {
  assert.throws(() => ridge(points, [[1, 2]], 1), /2 targets to 300 points/);
  assert.throws(
    () => ridge(makePoints([[1, 1], [2, 2], [4, 4]]), [[1, 2, 3]], 0),
    /larger penalty/,
  );
  assert.throws(() => heldOut(points, [linear], { seed: 1, folds: 2 }), /2 parts of 300 points/);
});
