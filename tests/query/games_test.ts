import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { clusteredMean, wilson } from "@lib/analysis/stats.ts";
import { winProbability } from "@lib/chess/win_probability.ts";
import { gamesFolder } from "@lib/paths.ts";
import { loadGames, meanBy, queryGames, queryMoves } from "@lib/query/mod.ts";
import { random } from "@lib/random.ts";

const PGN = `[WhiteElo "1500"]
[BlackElo "900"]
[UTCDate "2016.02.03"]
[TimeControl "180+0"]

1. e4 { [%eval 0.2] } e5 { [%eval 0.5] } 2. Qh5 { [%eval -0.5] } Ke7 { [%eval #1] } 3. Qxe5# 1-0

[WhiteElo "?"]

1. d4 *
`;

Deno.test("games and moves become rows: ratings, points, and what each move cost its player", async () => {
  const folder = Deno.makeTempDirSync();
  const file = join(folder, "two.pgn");
  Deno.writeTextFileSync(file, PGN);
  const games = await loadGames(file);
  assert.deepEqual(
    queryGames(games).map(({ white, black, score, year, plies, speed }) => [
      white,
      black,
      score,
      year,
      plies,
      speed,
    ]),
    [[1500, 900, 1, 2016, 5, "blitz"], [null, null, null, null, 1, "unknown"]],
  );
  const moves = queryMoves(games);
  // The first has nothing before it and the mating move has no evaluation.
  assert.deepEqual(moves.map(({ ply, rating }) => [ply, rating]), [[1, 900], [2, 1500], [3, 900]]);
  const w = winProbability, close = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-9);
  close(moves[0].loss, 100 * (w(50) - w(20))); // Black's loss is White's gain
  close(moves[1].loss, 100 * (w(50) - w(-50)));
  close(moves[2].loss, 100 * (w(9999) - w(-50)));
  assert.ok(moves.every(({ phase }) => phase === "opening"));
  assert.equal((await loadGames(file, { limit: 1 })).length, 1);
  await assert.rejects(loadGames(file, { limit: 0 }), /Cannot load 0 games/);
  await assert.rejects(loadGames(join(folder, "none.pgn")), /none\.pgn/);
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("groups have the mean's clustered interval, in the order of their fields", () => {
  const rows = [5, 1, 4, 2, 3, 6].map((x) => ({ x, side: x % 2 ? "odd" : "even", game: x % 3 }));
  const means = meanBy(rows, { by: ({ side }) => ({ side }), value: ({ x }) => x });
  assert.deepEqual(means.map(({ side, value, n }) => [side, value, n]), [
    ["even", 4, 3],
    ["odd", 3, 3],
  ]);
  const [all] = meanBy(rows, {
    by: () => ({}),
    value: ({ x }) => x,
    cluster: ({ game }) => `game ${game}`,
  });
  const cluster = rows.map(({ game }) => game);
  assert.deepEqual(all, clusteredMean(rows.map(({ x }) => x), { cluster }));
  const one = meanBy(rows, { by: () => ({}), value: ({ x }) => x, cluster: () => 1 });
  assert.deepEqual(one, [{ value: 3.5, low: NaN, high: NaN, n: 1 }]);
  const left = meanBy(rows, { by: ({ x }) => x > 2 ? { x } : undefined, value: () => undefined });
  assert.deepEqual(left, []);
  const tens = meanBy([2, 10, 1], { by: (x) => ({ x }), value: (x) => x, cluster: (x) => x });
  assert.deepEqual(tens.map(({ x }) => x), [1, 2, 10]);
});

Deno.test("a share has Wilson's interval, wider where rows of a cluster are alike", () => {
  const flips = Array.from({ length: 40 }, (_, i) => ({ hit: i % 4 === 0, game: i }));
  const share = { by: () => ({}), value: ({ hit }: { hit: boolean }) => hit };
  assert.deepEqual(meanBy(flips, share), [wilson(10, 40)]);
  const doubled = [...flips, ...flips]; // twice the rows, no more knowledge
  const [twice] = meanBy(doubled, { ...share, cluster: ({ game }) => game });
  assert.equal(twice.n, 40);
  assert.ok(Math.abs(twice.high - wilson(10, 40).high) < 0.01, String(twice.high));
  const never = doubled.map(({ game }) => ({ hit: false, game }));
  assert.deepEqual(meanBy(never, { ...share, cluster: ({ game }) => game }), [wilson(0, 40)]);
});

Deno.test("intervals of clustered shares cover the truth about 95 times in 100", () => {
  const next = random(1, "coverage");
  let covered = 0;
  const trials = 400;
  for (let t = 0; t < trials; t++) {
    const rows = Array.from({ length: 40 }, (_, game) => {
      const p = next() < 0.5 ? 0.02 : 0.18; // games differ; the mean is 0.1
      return Array.from({ length: 8 }, () => ({ game, hit: next() < p }));
    }).flat();
    const [{ low, high }] = meanBy(rows, {
      by: () => ({}),
      value: ({ hit }) => hit,
      cluster: ({ game }) => game,
    });
    if (low <= 0.1 && 0.1 <= high) covered++;
  }
  assert.ok(covered / trials > 0.92 && covered / trials < 0.98, `${covered / trials}`);
});

const REAL = join(gamesFolder(), "lichess_games.pgn.zst");
const present = existsSync(REAL);
if (!present) console.log("skipped: there are no real games in the games folder");
Deno.test({
  name: "in real games weaker players lose more a move",
  ignore: !present,
  fn: async () => {
    const moves = queryMoves(
      await loadGames(REAL, {
        limit: 1000,
        keep: ({ evals }) => evals !== undefined,
      }),
    );
    const rates = meanBy(moves, {
      by: ({ rating }) => rating === null ? undefined : { weak: rating < 1500 },
      value: ({ loss }) => loss,
      cluster: ({ game }) => game,
    });
    const [strong, weak] = rates;
    assert.equal(weak.weak, true);
    assert.ok(weak.low > strong.high, JSON.stringify(rates));
  },
});
