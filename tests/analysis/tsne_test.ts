import assert from "node:assert/strict";
import { nearest } from "@lib/analysis/neighbours.ts";
import { makePoints, type Points } from "@lib/analysis/points.ts";
import { affinities, conditional, divergence, gradient, tsne } from "@lib/analysis/tsne.ts";
import { random, randomNormal } from "@lib/random.ts";

/** Clusters of `size` points about centres that are 20 deviations apart, in `d` dimensions. */
function clusters(count: number, size: number, d: number, seed: number): Points {
  const next = random(seed, "clusters");
  return makePoints(
    Array.from(
      { length: count * size },
      (_, i) =>
        Array.from(
          { length: d },
          (_, c) => (c === Math.floor(i / size) ? 20 : 0) + randomNormal(next),
        ),
    ),
  );
}

Deno.test("each point's affinities have the perplexity asked for", () => {
  const next = random(1, "distances");
  const squared = Float64Array.from({ length: 50 }, () => 1000 + 200 * next());
  for (const perplexity of [2, 5, 30]) {
    const p = conditional(squared, 7, perplexity);
    assert.equal(p[7], 0);
    const entropy = p.reduce((h, q) => (q > 0 ? h - q * Math.log(q) : h), 0);
    assert.ok(Math.abs(Math.exp(entropy) - perplexity) < 1e-3, `${Math.exp(entropy)}`);
  }
});

Deno.test("affinities are symmetric and sum to 1, also where points coincide", () => {
  const P = affinities(makePoints([[0], [0], [0], [1], [2], [9]]), 2);
  assert.ok(Math.abs(P.reduce((a, b) => a + b) - 1) < 1e-6);
  for (let i = 0; i < 6; i++) {
    for (let j = 0; j < 6; j++) assert.equal(P[6 * i + j], P[6 * j + i]);
  }
});

Deno.test("the gradient is that of the divergence", () => {
  const P = affinities(clusters(2, 6, 3, 1), 3);
  const next = random(2, "places"), y = Float64Array.from({ length: 24 }, () => randomNormal(next));
  const slope = gradient(P, y);
  for (let c = 0; c < y.length; c++) {
    const at = (step: number) => divergence(P, y.map((v, i) => (i === c ? v + step : v)));
    const measured = (at(1e-5) - at(-1e-5)) / 2e-5;
    assert.ok(Math.abs(slope[c] - measured) < 1e-6, `${slope[c]} ${measured}`);
  }
});

Deno.test("clusters of a larger space are clusters of the plane", () => {
  const points = clusters(4, 40, 10, 3);
  const { points: plane, divergence: missed } = tsne(points, { perplexity: 15, seed: 1 });
  const { of } = nearest(plane, 10);
  const inside = of.filter((j, at) => Math.floor(j / 40) === Math.floor(at / 10 / 40)).length;
  assert.equal(inside, of.length);
  assert.ok(missed > 0 && missed < 1, `${missed}`);
});

Deno.test("a plane follows from its seed", () => {
  const points = clusters(2, 10, 3, 4), options = { perplexity: 5, iterations: 50 };
  const first = tsne(points, { ...options, seed: 1 });
  assert.deepEqual(tsne(points, { ...options, seed: 1 }), first);
  assert.notDeepEqual(tsne(points, { ...options, seed: 2 }), first);
});

Deno.test("a perplexity that the points cannot have is refused", () => {
  const points = clusters(2, 5, 3, 5);
  assert.throws(() => tsne(points, { perplexity: 10, seed: 1 }), /10 points the perplexity 10/);
  assert.throws(() => tsne(points, { perplexity: 0, seed: 1 }), /perplexity 0: must be from 1/);
});
