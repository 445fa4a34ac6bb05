import assert from "node:assert/strict";
import {
  type Band,
  bandsUnder,
  equivalentRating,
  judgeBands,
  meanByBand,
} from "@lib/analysis/human_strength.ts";
import { type Random, random, randomNormal } from "@lib/random.ts";

Deno.test("bands end at the cap and the lowest takes the rest", () => {
  assert.deepEqual(bandsUnder(1000, 800), [[0, 800], [800, 1000]]);
  assert.deepEqual(bandsUnder(1500, 800), [[0, 900], [900, 1100], [1100, 1300], [1300, 1500]]);
  assert.deepEqual(bandsUnder(1000, 1000), [[0, 1000]]);
});

Deno.test("means by band count its own positions only", () => {
  const movers = { rating: [900, 1000, 1001, 1200, 1200], cluster: [0, 1, 2, 3, 3] };
  const [low, high] = meanByBand([1, 3, 5, 7, 12], movers, [[0, 1000], [1000, 1200]]);
  assert.deepEqual([low.value, low.positions, low.n], [2, 2, 2]);
  assert.deepEqual([high.value, high.positions, high.n], [8, 3, 2]);
  const [part] = meanByBand([1, 3, 5, 7, 12], movers, [[0, 1200]], { keep: (x) => x < 2 });
  assert.equal(part.value, 2);
  assert.throws(() => meanByBand([1, 3, 5, 7, 12], movers, [[1500, 1600]]), /0 clusters/);
});

Deno.test("a cap transcends only when every band is clear of zero", () => {
  const of = (low: number, high: number) => ({ value: (low + high) / 2, low, high, n: 100 });
  assert.equal(judgeBands([of(0.1, 2), of(0.5, 1)]), "transcends");
  assert.equal(judgeBands([of(0.1, 2), of(-0.5, 1)]), "undecided");
  assert.equal(judgeBands([of(0.1, 2), of(-0.5, 1), of(-2, -1)]), "does not transcend");
});

const bands: Band[] = [
  [0, 900],
  ...[900, 1000, 1100, 1200, 1300, 1400, 1500, 1600].map((low): Band => [low, low + 100]),
];

/**
 * Players whose loss falls with their rating, more steeply among the weak, and a model that plays as
 * those of `truth` do; positions of one game are alike.
 */
function made(next: Random, truth: number, games: number) {
  const curve = (r: number) => 4 + 30 * Math.exp(-r / 500);
  const rating: number[] = [], cluster: number[] = [], difference: number[] = [];
  for (let game = 0; game < games; game++) {
    const r = 800 + 900 * next(), luck = 2 * randomNormal(next);
    for (let i = 0; i < 4; i++) {
      rating.push(Math.round(r));
      cluster.push(game);
      difference.push(curve(r) - curve(truth) + luck + 4 * randomNormal(next));
    }
  }
  return { movers: { rating, cluster }, difference };
}

Deno.test("the equivalent rating of simulated models is recovered", () => {
  for (const truth of [950, 1200, 1450]) {
    const { movers, difference } = made(random(truth, "players"), truth, 8000);
    const found = equivalentRating(difference, movers, bands, { seed: 1, resamples: 200 });
    assert.ok(Math.abs(found.value - truth) < 60, `${found.value} for ${truth}`);
    assert.ok(found.low < found.value && found.value < found.high);
    assert.equal(found.beyond, undefined);
    assert.equal(found.n, 8000);
  }
});

Deno.test("beyond the measured bands the rating is a bound and says so", () => {
  const { movers, difference } = made(random(1, "players"), 1200, 2000);
  const options = { seed: 1, resamples: 50 };
  const better = equivalentRating(difference.map((d) => d + 20), movers, bands, options);
  assert.equal(better.beyond, "above");
  assert.ok(better.low === better.high || better.high - better.low < 20);
  assert.equal(
    equivalentRating(difference.map((d) => d - 20), movers, bands, options).beyond,
    "below",
  );
  assert.throws(
    () => equivalentRating(difference, movers, [...bands, [2000, 2200]], options),
    /0 positions of players rated 2000 to 2200/,
  );
});

Deno.test("the interval of the equivalent rating covers the truth about 95 times in 100", () => {
  const next = random(8, "coverage");
  let covered = 0;
  const trials = 120;
  for (let trial = 0; trial < trials; trial++) {
    const { movers, difference } = made(next, 1200, 800);
    const { low, high } = equivalentRating(difference, movers, bands, {
      seed: trial,
      resamples: 200,
    });
    if (low <= 1200 && 1200 <= high) covered++;
  }
  assert.ok(covered / trials > 0.88 && covered / trials < 0.985, `${covered / trials}`);
});
