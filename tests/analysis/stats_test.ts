import assert from "node:assert/strict";
import fc from "fast-check";
import {
  bootstrap,
  bootstrapMean,
  clusteredMean,
  type Interval,
  mean,
  meanInterval,
  pairedDifference,
  quantileOf,
  sum,
  variance,
  wilson,
} from "@lib/analysis/stats.ts";
import { type Random, random, randomNormal } from "@lib/random.ts";

/** Share of simulated intervals that hold the true value. */
function coverage(
  truth: number,
  times: number,
  interval: (next: Random, run: number) => Interval,
): number {
  const next = random(11, "coverage");
  let hits = 0;
  for (let run = 0; run < times; run++) {
    const { low, high } = interval(next, run);
    if (low <= truth && truth <= high) hits++;
  }
  return hits / times;
}

function between(share: number, low: number, high: number): void {
  assert.ok(share >= low && share <= high, `coverage ${share} is outside ${low} … ${high}`);
}

Deno.test("the sum keeps what plain addition loses", () => {
  const values = Array.from({ length: 100_000 }, () => 0.1);
  assert.equal(sum(values), 10_000);
  assert.notEqual(values.reduce((a, b) => a + b), 10_000);
});

Deno.test("mean and variance are those of the textbook", () => {
  assert.equal(mean([2, 4, 4, 4, 5, 5, 7, 9]), 5);
  assert.equal(variance([2, 4, 4, 4, 5, 5, 7, 9]), 32 / 7);
});

Deno.test("Student's interval of five normal values covers in 95 of 100 cases", () => {
  // The normal quantile in its place would cover in 88.
  const share = coverage(3, 8000, (next) =>
    meanInterval(
      Array.from({ length: 5 }, () => 3 + 2 * randomNormal(next)),
    ));
  between(share, 0.94, 0.96);
});

Deno.test("intervals by cluster cover, intervals that ignore the clusters do not", () => {
  const sample = (next: Random) => {
    const values: number[] = [], cluster: number[] = [];
    for (let game = 0; game < 25; game++) {
      const level = randomNormal(next), states = 5 + Math.floor(next() * 20);
      for (let i = 0; i < states; i++) {
        values.push(level + randomNormal(next));
        cluster.push(game);
      }
    }
    return { values, cluster };
  };
  between(
    coverage(0, 2000, (next) => {
      const { values, cluster } = sample(next);
      return clusteredMean(values, { cluster });
    }),
    0.925,
    0.965,
  );
  between(
    coverage(0, 300, (next, run) => {
      const { values, cluster } = sample(next);
      return bootstrapMean(values, { cluster, seed: run, resamples: 400 });
    }),
    0.89,
    0.98,
  );
  between(coverage(0, 1000, (next) => clusteredMean(sample(next).values)), 0.2, 0.7);
});

Deno.test("BCa covers a skewed mean about as often as it says", () => {
  const share = coverage(
    1,
    600,
    (next, run) =>
      bootstrapMean(Array.from({ length: 40 }, () => -Math.log(1 - next())), {
        seed: run,
        resamples: 500,
      }),
  );
  between(share, 0.9, 0.97);
});

Deno.test("Wilson's interval covers near 95 of 100 for any share, by exact enumeration", () => {
  const n = 60;
  const intervals = Array.from({ length: n + 1 }, (_, k) => wilson(k, n));
  let total = 0, worst = 1;
  for (let p = 0.02; p < 0.981; p += 0.02) {
    let probability = (1 - p) ** n, covered = 0;
    for (let k = 0; k <= n; k++) {
      if (intervals[k].low <= p && p <= intervals[k].high) covered += probability;
      probability *= (n - k) / (k + 1) * p / (1 - p);
    }
    total += covered / 49;
    worst = Math.min(worst, covered);
  }
  between(total, 0.945, 0.96);
  assert.ok(worst > 0.9, `${worst}`);
});

Deno.test("Wilson's interval is the published one", () => {
  // Newcombe 1998, Statistics in Medicine 17, table I, method 3: 81/263, 15/148, 0/20.
  const rounded = ({ low, high }: Interval) => [low.toFixed(4), high.toFixed(4)];
  assert.deepEqual(rounded(wilson(81, 263)), ["0.2553", "0.3662"]);
  assert.deepEqual(rounded(wilson(15, 148)), ["0.0624", "0.1605"]);
  assert.deepEqual(rounded(wilson(0, 20)), ["0.0000", "0.1611"]);
});

Deno.test("each value its own cluster gives Student's interval; weights weigh", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 2, maxLength: 40 }),
      (values) => {
        const a = meanInterval(values), b = clusteredMean(values);
        for (const key of ["value", "low", "high", "n"] as const) {
          assert.ok(Math.abs(a[key] - b[key]) <= 1e-9 * (1 + Math.abs(a[key])), key);
        }
      },
    ),
  );
  assert.equal(clusteredMean([1, 2, 9], { weight: [3, 1, 0] }).value, 1.25);
  assert.equal(clusteredMean([1, 2, 9], { weight: [3, 1, 0] }).n, 2);
});

Deno.test("paired differences drop what the pairs share", () => {
  const next = random(5, "pairs");
  const a = Array.from({ length: 200 }, () => 50 * next());
  const b = a.map((v) => v - 1 + 0.1 * randomNormal(next));
  const { value, low, high } = pairedDifference(a, b);
  assert.ok(Math.abs(value - 1) < 0.05 && low > 0.9 && high < 1.1);
  assert.throws(() => pairedDifference([1, 2], [1]), RangeError);
});

Deno.test("the bootstrap repeats itself by seed and covers a median", () => {
  const values = Array.from({ length: 31 }, (_, i) => i);
  const median = (picked: Uint32Array) =>
    quantileOf(Float64Array.from(picked, (i) => values[i]).sort(), 0.5);
  const a = bootstrap(31, median, { seed: 3 });
  assert.deepEqual(a, bootstrap(31, median, { seed: 3 }));
  assert.equal(a.value, 15);
  // Binomial theory: order statistics 10 and 22 of 31 bound the median at 97 %, 11 and 21 at 93 %.
  assert.ok(a.low >= 8 && a.low <= 11 && a.high >= 19 && a.high <= 22, `${a.low} ${a.high}`);
});

Deno.test("intervals refuse what cannot have one", () => {
  assert.throws(() => mean([]), RangeError);
  assert.throws(() => meanInterval([1]), RangeError);
  assert.throws(() => clusteredMean([1, 2, 3], { cluster: [7, 7, 7] }), /1 clusters/);
  assert.throws(() => clusteredMean([1, 2], { weight: [1] }), RangeError);
  assert.throws(() => bootstrapMean([1], { seed: 0 }), RangeError);
  assert.throws(() => wilson(3, 2), RangeError);
  assert.throws(() => meanInterval([1, 2], { level: 95 }), /level 95/);
});
