import assert from "node:assert/strict";
import { nearest, neighbourMean, sharedNeighbours } from "@lib/analysis/neighbours.ts";
import { makePoints } from "@lib/analysis/points.ts";
import { random, randomNormal } from "@lib/random.ts";

const next = random(1, "neighbours test");
const cloud = makePoints(
  Array.from({ length: 60 }, () => [randomNormal(next), randomNormal(next)]),
);

Deno.test("neighbours are those that sorting all distances gives", () => {
  const { of } = nearest(cloud, 7);
  for (let i = 0; i < 60; i++) {
    const far = (j: number) =>
      (cloud.values[2 * j] - cloud.values[2 * i]) ** 2 +
      (cloud.values[2 * j + 1] - cloud.values[2 * i + 1]) ** 2;
    const sorted = Array.from({ length: 60 }, (_, j) => j).filter((j) => j !== i)
      .sort((a, b) => far(a) - far(b));
    assert.deepEqual([...of.subarray(7 * i, 7 * i + 7)], sorted.slice(0, 7));
  }
});

Deno.test("points on the same place are neighbours, none of itself", () => {
  const { of } = nearest(makePoints([[1], [1], [1], [5]]), 2);
  assert.deepEqual([...of], [1, 2, 0, 2, 0, 1, 0, 1]);
});

Deno.test("neighbours foretell a value that they share, and spaces agree with themselves", () => {
  const line = makePoints([[0], [1], [10], [11]]);
  const near = nearest(line, 1);
  assert.deepEqual([...neighbourMean(near, [3, 4, 7, 8])], [4, 3, 8, 7]);
  assert.deepEqual([...sharedNeighbours(near, near)], [1, 1, 1, 1]);
  const other = nearest(makePoints([[0], [10], [1], [11]]), 1);
  assert.deepEqual([...sharedNeighbours(near, other)], [0, 0, 0, 0]);
});

Deno.test("too many neighbours, or those of other spaces, are refused", () => {
  assert.throws(() => nearest(cloud, 60), /60 neighbours in 60 points: must be 1 … 59/);
  assert.throws(
    () => sharedNeighbours(nearest(cloud, 2), nearest(cloud, 3)),
    /60 points of 2 neighbours with 60 of 3/,
  );
});
