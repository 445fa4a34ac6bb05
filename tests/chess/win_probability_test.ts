import assert from "node:assert/strict";
import { centipawnScore, mateScore, winProbability } from "@lib/chess/win_probability.ts";

// Values of paper.md § 7: the data of the official repository, and the limits of python-chess.
Deno.test("win probability is that of the paper's data", () => {
  for (
    const [score, expected] of [
      [0, "0.500"],
      [303, "0.753"],
      [-407, "0.183"],
      [1000, "0.975"],
      [-1000, "0.025"],
      [5000, "0.975"],
      [mateScore(1), "0.999"],
      [mateScore(10), "0.983"],
      [mateScore(99), "0.983"],
      [mateScore(-1), "0.001"],
      [mateScore(0), "0.000"],
    ] as const
  ) assert.equal(winProbability(score).toFixed(3), expected, `score ${score}`);
});

Deno.test("the two sides' win probabilities sum to 1", () => {
  for (const score of [1, 303, 2000, mateScore(3)]) {
    assert.ok(Math.abs(winProbability(score) + winProbability(-score) - 1) < 1e-12);
  }
});

Deno.test("a mate is one number, nearer to ±10000 the shorter it is", () => {
  assert.deepEqual([3, 1, -1, -3, 0].map(mateScore), [9997, 9999, -9999, -9997, -10000]);
  assert.equal(centipawnScore(20000), 9000);
  assert.equal(centipawnScore(-15), -15);
});

Deno.test("a score that is none is refused", () => {
  assert.throws(() => winProbability(NaN), RangeError);
  assert.throws(() => winProbability(10001), /within ±10000/);
});
