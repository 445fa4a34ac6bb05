import assert from "node:assert/strict";
import { join } from "node:path";
import {
  humanCurve,
  lossAt,
  type LossTable,
  ratingAt,
  readLossTable,
  tallyLosses,
  writeLossTable,
} from "@lib/analysis/human_curve.ts";
import { type Random, random } from "@lib/random.ts";

const trueLoss = (rating: number) => 22 - rating / 100;

/** Games between equals, whose moves have the true loss in the mean, but not within a game. */
function table(next: Random, games: number): LossTable {
  const moves = Array.from({ length: games }, (_, game) => {
    const rating = 800 + Math.floor(1000 * next()), luck = 0.5 + next();
    return Array.from({ length: 8 }, (_, i) => ({
      ...{ game, rating, phase: i < 4 ? "opening" : "middlegame", year: 2020 + game % 2 },
      loss: 2 * next() * luck * trueLoss(rating),
    }));
  }).flat();
  return { source: "made up", games, cells: tallyLosses(moves) };
}

Deno.test("sums are kept by rating, phase, year and group, and come back from disk", () => {
  const one = { rating: 1199, phase: "opening", year: 2020 };
  const cells = tallyLosses([
    { ...one, game: 3, loss: 1 },
    { ...one, game: 3, loss: 2 },
    { ...one, game: 53, loss: 4 },
    { ...one, game: 54, rating: 1200, loss: 8 },
  ]);
  assert.deepEqual(cells.map(({ rating, games }) => [rating, games]), [[1100, 2], [1200, 1]]);
  assert.equal(cells[0].moves[3], 3); // 53 is of the group of 3
  assert.equal(cells[0].loss[3], 7);
  const file = join(Deno.makeTempDirSync(), "table.json.gz");
  const table = { source: "made up", games: 3, cells };
  writeLossTable(file, table);
  assert.deepEqual(readLossTable(file), table);
  Deno.writeTextFileSync(file, "{}");
  assert.throws(() => readLossTable(file), SyntaxError);
});

Deno.test("the curve falls, keeps to what is asked for, and is read both ways", () => {
  const made = table(random(1, "curve"), 3000);
  const curve = humanCurve(made, { seed: 1, resamples: 100 });
  assert.deepEqual(
    curve.map(({ rating }) => rating),
    Array.from({ length: 10 }, (_, i) => 850 + 100 * i),
  );
  curve.forEach(({ value, low, high, rating }, i) => {
    assert.ok(low <= value && value <= high);
    assert.ok(i === 0 || value <= curve[i - 1].value);
    assert.ok(Math.abs(value - trueLoss(rating)) < 1.5);
  });
  assert.equal(curve.reduce((sum, { n }) => sum + n, 0), 3000);
  const opening = humanCurve(made, { keep: ({ phase }) => phase === "opening", seed: 1 });
  const half = humanCurve(made, { groups: (g) => g % 2 === 0, seed: 1 });
  const moves = (points: typeof curve) => points.reduce((sum, point) => sum + point.moves, 0);
  assert.equal(moves(curve), 24000);
  assert.equal(moves(opening), 12000);
  assert.equal(moves(half), 12000);
  assert.ok(Math.abs(ratingAt(curve, lossAt(curve, 1234)) - 1234) < 1e-6);
  assert.ok(Number.isNaN(lossAt(curve, 700)));
  assert.equal(ratingAt(curve, 100), 850);
  assert.equal(ratingAt(curve, 0), 1750);
  assert.throws(() => humanCurve(made, { keep: () => false, seed: 1 }), /0 bins/);
});

Deno.test("the interval covers the truth about 95 times in 100", () => {
  const next = random(2, "coverage");
  let covered = 0, all = 0;
  for (let trial = 0; trial < 60; trial++) {
    const curve = humanCurve(table(next, 1500), { seed: trial, resamples: 200 });
    for (const { low, high, rating } of curve) {
      if (low <= trueLoss(rating - 0.5) && trueLoss(rating - 0.5) <= high) covered++;
      all++;
    }
  }
  assert.ok(covered / all > 0.91 && covered / all < 0.985, `${covered / all}`);
});
