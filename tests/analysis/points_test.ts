import assert from "node:assert/strict";
import {
  joinPoints,
  makePoints,
  meanOfParts,
  pointAt,
  selectPoints,
  squaredDistances,
} from "@lib/analysis/points.ts";

Deno.test("points are rows; some of them, parts of them, and how far apart they are", () => {
  const points = makePoints([[0, 0, 3, 4], [1, 1, 1, 1], [0, 0, 0, 0]]);
  assert.deepEqual([...pointAt(points, 1)], [1, 1, 1, 1]);
  assert.deepEqual([...selectPoints(points, [2, 0]).values], [0, 0, 0, 0, 0, 0, 3, 4]);
  assert.deepEqual([...joinPoints(makePoints([[1], [2]]), makePoints([[3, 4], [5, 6]])).values], [
    1,
    3,
    4,
    2,
    5,
    6,
  ]);
  assert.deepEqual([...meanOfParts(points, 2).values], [1.5, 2, 1, 1, 0, 0]);
  assert.deepEqual([...squaredDistances(points)], [0, 15, 25, 15, 0, 4, 25, 4, 0]);
});

Deno.test("rows that do not fit are refused", () => {
  assert.throws(
    () => makePoints([[1, 2], [3]]),
    /row 1 of 1 numbers: must have as many as the first, 2/,
  );
  assert.throws(() => makePoints([]), /points of 0 rows/);
  assert.throws(() => joinPoints(makePoints([[1]]), makePoints([[1], [2]])), /1 points with 2/);
  assert.throws(() => meanOfParts(makePoints([[1, 2, 3]]), 2), /3 dimensions into 2 parts/);
});
