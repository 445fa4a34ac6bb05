import assert from "node:assert/strict";
import { random } from "@lib/random.ts";
import { eloOfScore, expectedScore } from "@lib/analysis/elo.ts";
import { performanceRating } from "@lib/play/performance.ts";

const PAPER = [1552, 1842, 2142];

// Expected scores as if they were results, so that the estimate is the true rating.
const expected = (rating: number) =>
  PAPER.map((opponent) => {
    const wins = 100 * expectedScore(rating - opponent);
    return { rating: opponent, wins, draws: 0, losses: 100 - wins };
  });

Deno.test("300 games against the paper's opponents: standard errors of paper.md § 2.6", () => {
  for (const [rating, se] of [[1423, 31], [1000, 79]]) {
    const performance = performanceRating(expected(rating));
    assert.ok(Math.abs(performance.value - rating) < 1e-6);
    assert.ok(Math.abs(performance.se - se) < 1, `standard error ${performance.se}`);
    assert.ok(performance.low < rating - 1.9 * se && performance.high > rating + 1.7 * se);
  }
});

Deno.test("scores and rating differences are inverse to each other", () => {
  assert.ok(Math.abs(eloOfScore(0.75) - 190.848501887865) < 1e-9);
  for (const d of [-300, 0, 12]) assert.ok(Math.abs(eloOfScore(expectedScore(d)) - d) < 1e-9);
  assert.equal(eloOfScore(0), -Infinity);
});

Deno.test("all lost or all won: infinite, with a one-sided bound", () => {
  const lost = performanceRating([{ rating: 1500, wins: 0, draws: 0, losses: 20 }]);
  assert.deepEqual([lost.value, lost.low], [-Infinity, -Infinity]);
  // The probability of twenty losses at the bound is 5 %.
  assert.ok(Math.abs((1 - expectedScore(lost.high - 1500)) ** 20 - 0.05) < 1e-9);
  const won = performanceRating([{ rating: 1500, wins: 20, draws: 0, losses: 0 }]);
  assert.deepEqual([won.value, won.high], [Infinity, Infinity]);
  assert.ok(Math.abs(won.low - 1500 + lost.high - 1500) < 1e-6);
});

Deno.test("95 % intervals hold the true rating in about 95 % of simulated matches", () => {
  const next = random(11, "matches");
  let covered = 0;
  for (let t = 0; t < 1000; t++) {
    const rating = 1400 + 600 * next();
    const results = PAPER.map((opponent) => {
      let wins = 0;
      for (let g = 0; g < 40; g++) if (next() < expectedScore(rating - opponent)) wins++;
      return { rating: opponent, wins, draws: 0, losses: 40 - wins };
    });
    const { low, high } = performanceRating(results);
    if (low <= rating && rating <= high) covered++;
  }
  assert.ok(930 <= covered && covered <= 970, `covered ${covered} of 1000`);
});

Deno.test("nothing to rate is refused", () => {
  assert.throws(() => performanceRating([]), /0 games/);
  assert.throws(
    () => performanceRating([{ rating: NaN, wins: 1, draws: 0, losses: 0 }]),
    RangeError,
  );
  assert.throws(
    () => performanceRating([{ rating: 1, wins: -1, draws: 0, losses: 0 }]),
    RangeError,
  );
});
