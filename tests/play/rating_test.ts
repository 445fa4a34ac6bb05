import assert from "node:assert/strict";
import { type Random, random, shuffle } from "@lib/random.ts";
import { fitRatings, type Results } from "@lib/play/rating.ts";

const near = (actual: number, expected: number, tolerance = 1e-6) =>
  assert.ok(Math.abs(actual - expected) < tolerance, `${actual} is not ${expected}`);

const ratingOf = (fit: ReturnType<typeof fitRatings>, player: string) =>
  fit.ratings.find((rating) => rating.player === player)!;

/** Plays `games` games by Davidson's model, ratings in Elo. */
function simulate(
  next: Random,
  a: string,
  b: string,
  d: number,
  nu: number,
  games: number,
): Results {
  const up = 10 ** (d / 800);
  const total = up + nu + 1 / up;
  const counts = { wins: 0, draws: 0, losses: 0 };
  for (let g = 0; g < games; g++) {
    const u = next() * total;
    counts[u < up ? "wins" : u < up + nu ? "draws" : "losses"]++;
  }
  return { a, b, ...counts };
}

/** At the maximum the expected wins less losses of each player, and the draws, are the actual ones. */
function assertStationary(fit: ReturnType<typeof fitRatings>, results: readonly Results[]) {
  const surplus = new Map<string, number>();
  const add = (player: string, points: number) =>
    surplus.set(player, (surplus.get(player) ?? 0) + points);
  for (const { a, b, wins, draws, losses } of results) {
    const up = 10 ** ((ratingOf(fit, a).rating - ratingOf(fit, b).rating) / 800);
    const total = up + fit.drawParameter + 1 / up;
    const games = wins + draws + losses;
    const points = wins - losses - games * (up - 1 / up) / total;
    add(a, points);
    add(b, -points);
    add("draws", draws - games * fit.drawParameter / total);
  }
  for (const points of surplus.values()) near(points, 0, 1e-7);
}

Deno.test("two players: the difference has its closed form", () => {
  // Davidson: d = ln(W/L), ν = D / √(WL).
  const fit = fitRatings([{ a: "x", b: "y", wins: 50, draws: 30, losses: 20 }], { mean: 0 });
  near(ratingOf(fit, "x").rating, 200 * Math.log10(2.5));
  near(ratingOf(fit, "y").rating, -200 * Math.log10(2.5));
  near(fit.drawParameter, 30 / Math.sqrt(1000));
  const { value, low, high } = fit.difference("x", "y");
  near(value, 400 * Math.log10(2.5));
  // Its variance by the delta method: 1/W + 1/L.
  near((high - low) / 2 / 1.959963984540054, 400 / Math.LN10 * Math.sqrt(1 / 50 + 1 / 20));
});

Deno.test("with an anchor the scale is its own, and it does not move", () => {
  const results = [{ a: "x", b: "y", wins: 30, draws: 0, losses: 10 }];
  const fit = fitRatings(results, { anchors: { y: 1000 } });
  near(ratingOf(fit, "x").rating, 1000 + 400 * Math.log10(3));
  near(ratingOf(fit, "x").se, 400 / Math.LN10 * Math.sqrt(1 / 30 + 1 / 10));
  const y = ratingOf(fit, "y");
  assert.deepEqual([y.rating, y.low, y.high, y.se, y.note], [1000, 1000, 1000, 0, "anchor"]);
});

Deno.test("the order of games and the side they are told from change nothing", () => {
  const next = random(5, "games");
  const truth = { a: 0, b: 80, c: 200, d: 350 };
  const results: Results[] = [];
  for (const [a, ra] of Object.entries(truth)) {
    for (const [b, rb] of Object.entries(truth)) {
      if (a < b) {
        for (let k = 0; k < 5; k++) results.push(simulate(next, a, b, ra - rb, 0.7, 20));
      }
    }
  }
  const fit = fitRatings(results);
  const other = shuffle(
    next,
    results.map((r, i) =>
      i % 2 ? r : { a: r.b, b: r.a, wins: r.losses, draws: r.draws, losses: r.wins }
    ),
  );
  assert.deepEqual(fitRatings(other).ratings, fit.ratings);
  assert.deepEqual(fit.ratings.map((r) => r.player), ["d", "c", "b", "a"]);
});

Deno.test("the gradient vanishes: expected and actual points agree for each player", () => {
  const next = random(6, "games");
  const names = ["a", "b", "c", "d", "e"];
  const results = names.flatMap((a, i) =>
    names.slice(i + 1).map((b) => simulate(next, a, b, (i - 2) * 40, 0.5, 60))
  );
  const fit = fitRatings(results);
  assertStationary(fit, results);
});

Deno.test("95 % intervals hold the true ratings in about 95 % of simulated tournaments", () => {
  const truth = [0, 60, 150, 220, 400];
  const center = truth.reduce((sum, r) => sum + r, 0) / truth.length;
  const names = truth.map((_, i) => `p${i}`);
  let covered = 0, differences = 0, anchored = 0;
  const tournaments = 400;
  for (let t = 0; t < tournaments; t++) {
    const next = random(t, "tournament");
    const results = names.flatMap((a, i) =>
      names.slice(i + 1).map((b, k) => simulate(next, a, b, truth[i] - truth[i + 1 + k], 0.6, 40))
    );
    const fit = fitRatings(results, { mean: 0 });
    names.forEach((name, i) => {
      const { low, high } = ratingOf(fit, name);
      if (low <= truth[i] - center && truth[i] - center <= high) covered++;
    });
    const d = fit.difference("p0", "p3");
    if (d.low <= -220 && -220 <= d.high) differences++;
    const known = fitRatings(results, { anchors: { p0: 0, p4: 400 } });
    const { low, high } = ratingOf(known, "p2");
    if (low <= 150 && 150 <= high) anchored++;
  }
  const share = covered / tournaments / names.length;
  assert.ok(0.93 < share && share < 0.97, `ratings: ${share}`);
  assert.ok(0.92 < differences / tournaments && differences / tournaments < 0.98, `${differences}`);
  assert.ok(0.92 < anchored / tournaments && anchored / tournaments < 0.98, `${anchored}`);
});

Deno.test("a player who won or lost everything: infinite, said so, bounded on one side", () => {
  const fit = fitRatings([
    { a: "x", b: "y", wins: 10, draws: 4, losses: 6 },
    { a: "top", b: "x", wins: 20, draws: 0, losses: 0 },
    { a: "y", b: "low", wins: 5, draws: 0, losses: 0 },
    { a: "lower", b: "low", wins: 0, draws: 0, losses: 3 },
  ]);
  assert.deepEqual(fit.ratings.slice(0, 2).map((r) => r.player), ["top", "x"]);
  const top = ratingOf(fit, "top");
  assert.deepEqual([top.rating, top.high], [Infinity, Infinity]);
  assert.match(top.note!, /won every game/);
  // Twenty wins in a row have probability 5 % at the bound.
  const up = 10 ** ((top.low - ratingOf(fit, "x").rating) / 800);
  near((up / (up + fit.drawParameter + 1 / up)) ** 20, 0.05, 1e-9);
  const low = ratingOf(fit, "low");
  assert.deepEqual([low.rating, low.low], [-Infinity, -Infinity]);
  assert.ok(low.high < ratingOf(fit, "y").rating + 200);
  const lower = ratingOf(fit, "lower");
  assert.deepEqual([lower.rating, lower.high], [-Infinity, Infinity]);
  assert.match(lower.note!, /below all, but without a game/);
  assert.equal(fit.difference("top", "x").value, Infinity);
  assert.ok(fit.difference("top", "x").low > 100);
});

Deno.test("two groups without a game between them: the larger is rated, the other not", () => {
  const fit = fitRatings([
    { a: "a", b: "b", wins: 1, draws: 1, losses: 1 },
    { a: "b", b: "c", wins: 1, draws: 1, losses: 1 },
    { a: "x", b: "y", wins: 10, draws: 10, losses: 10 },
  ]);
  assert.deepEqual(fit.ratings.slice(0, 3).map((r) => Math.round(r.rating)), [1500, 1500, 1500]);
  assert.ok(Number.isNaN(ratingOf(fit, "x").rating));
  assert.match(ratingOf(fit, "x").note!, /no game ties/);
});

Deno.test("anchors tie players together who never met", () => {
  const fit = fitRatings([
    { a: "x", b: "weak", wins: 10, draws: 0, losses: 10 },
    { a: "y", b: "strong", wins: 10, draws: 0, losses: 10 },
  ], { anchors: { weak: 1000, strong: 2000 } });
  near(fit.difference("y", "x").value, 1000);
});

Deno.test("nothing but draws: equal, and hardly known", () => {
  const fit = fitRatings([{ a: "x", b: "y", wins: 0, draws: 40, losses: 0 }]);
  near(ratingOf(fit, "x").rating, 1500);
  assert.ok(ratingOf(fit, "x").se > 100);
  assert.equal(ratingOf(fit, "x").note, "every game was drawn");
});

Deno.test("very unequal players do not derail Newton's method", () => {
  const results = [
    { a: "x", b: "y", wins: 9999, draws: 0, losses: 1 },
    { a: "y", b: "z", wins: 9999, draws: 1, losses: 0 },
  ];
  const fit = fitRatings(results);
  assertStationary(fit, results);
  assert.ok(fit.difference("x", "y").value > 1500 && fit.difference("y", "z").value > 1500);
});

Deno.test("results that are none are refused", () => {
  const rate = (...results: Results[]) => () => fitRatings(results);
  assert.throws(rate(), /without games/);
  assert.throws(rate({ a: "x", b: "y", wins: 0, draws: 0, losses: 0 }), /without games/);
  assert.throws(rate({ a: "x", b: "x", wins: 1, draws: 0, losses: 0 }), /against itself/);
  assert.throws(rate({ a: "x", b: "y", wins: -1, draws: 0, losses: 0 }), RangeError);
  assert.throws(rate({ a: "x", b: "y", wins: NaN, draws: 0, losses: 0 }), RangeError);
  const results = [{ a: "x", b: "y", wins: 1, draws: 0, losses: 1 }];
  assert.throws(() => fitRatings(results, { anchors: { y: Infinity } }), /anchor "y" at Infinity/);
  assert.throws(() => fitRatings(results).difference("x", "q"), /Cannot compare "x" and "q"/);
});
