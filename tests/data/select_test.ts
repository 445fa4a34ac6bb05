import assert from "node:assert/strict";
import { packMove } from "@lib/chess/position.ts";
import { gameRow, parseRating } from "@lib/data/games.ts";
import {
  headerTest,
  lowestKeys,
  moversOf,
  parseSelection,
  ratingTest,
  rowTest,
} from "@lib/data/select.ts";
import type { SelectionInput } from "@lib/data/select.ts";
import { speedOf } from "@lib/data/speed.ts";
import { hash32 } from "@lib/random.ts";

const HEADERS = {
  Event: "Rated Blitz game",
  WhiteElo: "1480",
  BlackElo: "1500",
  TimeControl: "300+0",
  UTCDate: "2018.06.30",
  Termination: "Normal/mate",
};

/** The rule that refuses a game with these headers. */
function refuses(selection: SelectionInput, headers: Record<string, string> = {}) {
  const rules = parseSelection(selection), all = { ...HEADERS, ...headers };
  const [white, black] = [parseRating(all.WhiteElo), parseRating(all.BlackElo)];
  return ratingTest(rules)(white, black) ?? headerTest(rules)(all);
}

Deno.test("speeds follow Lichess's rule at its borders", () => {
  const speeds = [
    ["29+0", "ultraBullet"],
    ["0+1", "bullet"],
    ["30+0", "bullet"],
    ["179+0", "bullet"],
    ["60+3", "blitz"],
    ["479+0", "blitz"],
    ["480+0", "rapid"],
    ["600+22", "rapid"],
    ["1500+0", "classical"],
    ["900+15", "classical"],
    ["15", "ultraBullet"],
    ["-", "correspondence"],
    ["?", "unknown"],
    ["40/7200:3600", "unknown"],
  ];
  for (const [control, speed] of speeds) assert.equal(speedOf(control), speed, control);
  assert.equal(speedOf(undefined, "Rated UltraBullet game"), "ultraBullet");
  assert.equal(speedOf("?", "Rated game"), "unknown");
  assert.equal(speedOf("60+0", "Rated Classical game"), "bullet");
});

Deno.test("the cap holds for the higher of the two ratings, inclusive", () => {
  assert.equal(refuses({ cap: 1500 }), null);
  assert.equal(refuses({ cap: 1499 }), "cap");
  assert.equal(refuses({ cap: 1500 }, { WhiteElo: "1501" }), "cap");
  assert.equal(refuses({ cap: 1500 }, { WhiteElo: "?" }), "rating unknown");
  assert.equal(refuses({}, { WhiteElo: "?" }), null);
});

Deno.test("a band holds for both players and bands that touch share no game", () => {
  assert.equal(refuses({ band: [1400, 1500] }), null);
  assert.equal(refuses({ band: [1480, 1600] }), "band");
  assert.equal(refuses({ band: [1479, 1499] }), "band");
  for (let white = 1390; white <= 1610; white += 10) {
    for (let black = 1390; black <= 1610; black += 10) {
      const headers = { WhiteElo: `${white}`, BlackElo: `${black}` };
      const bands = [[1400, 1500], [1500, 1600]] as [number, number][];
      const kept = bands.filter((band) => refuses({ band }, headers) === null);
      assert.ok(kept.length <= 1, `${white} ${black}`);
    }
  }
});

Deno.test("headers decide speed, rated, termination, variant and set-up", () => {
  assert.equal(refuses({ speeds: ["blitz"] }), null);
  assert.equal(refuses({ speeds: ["rapid", "unknown"] }), "speed");
  assert.equal(refuses({ rated: true }), null);
  assert.equal(refuses({ rated: false }), "rated");
  assert.equal(refuses({ rated: true }, { Event: "Casual Blitz game" }), "rated");
  assert.equal(refuses({ rated: true }, { Event: "World Championship" }), "rated");
  assert.equal(refuses({ terminations: ["Normal"] }), null);
  assert.equal(refuses({ terminations: ["Normal"] }, { Termination: "Normally" }), "termination");
  assert.equal(refuses({ terminations: ["Normal/resign", "Abandoned"] }), "termination");
  assert.equal(refuses({}, { Variant: "Atomic" }), "variant");
  assert.equal(refuses({}, { Variant: "Standard" }), null);
  assert.equal(refuses({}, { FEN: "8/8/8/8/8/8/8/8 w - - 0 1" }), "set-up position");
  assert.equal(refuses({ setUp: true }, { FEN: "x", Variant: "From Position" }), null);
});

Deno.test("dates are inclusive at both ends, to the precision they are given in", () => {
  for (const from of ["2018", "2018-06", "2018-06-30"]) assert.equal(refuses({ from }), null, from);
  for (const from of ["2019", "2018-07", "2018-07-01"]) {
    assert.equal(refuses({ from }), "date", from);
  }
  for (const to of ["2018", "2018-06", "2018-06-30"]) assert.equal(refuses({ to }), null, to);
  for (const to of ["2017", "2018-05", "2018-06-29"]) assert.equal(refuses({ to }), "date", to);
});

Deno.test("a date that is not known well enough is refused", () => {
  const known = (UTCDate: string, selection: SelectionInput) => refuses(selection, { UTCDate });
  assert.equal(known("2018.??.??", { from: "2018" }), null);
  assert.equal(known("2018.??.??", { from: "2018-01" }), "date");
  assert.equal(known("2018.??.??", { to: "2018-12" }), "date");
  assert.equal(known("????.??.??", { to: "2018" }), "date");
});

Deno.test("length, result and evaluations are judged on the moves", () => {
  const row = (plies: number, result = "1-0", evals?: number[]) =>
    gameRow({
      headers: HEADERS,
      moves: new Array(plies).fill(796),
      result,
      ...(evals && { evals }),
    });
  const rule = (selection: SelectionInput, ...game: Parameters<typeof row>) =>
    rowTest(parseSelection(selection))(row(...game));
  assert.equal(rule({}, 0), "length");
  assert.equal(rule({}, 1), null);
  assert.equal(rule({ minPlies: 10, maxPlies: 20 }, 9), "length");
  assert.equal(rule({ minPlies: 10, maxPlies: 20 }, 20), null);
  assert.equal(rule({ minPlies: 10, maxPlies: 20 }, 21), "length");
  assert.equal(rule({}, 5, "*"), "result unknown");
  assert.equal(rule({ evals: true }, 2), "evals");
  assert.equal(rule({ evals: true }, 2, "1-0", [NaN, NaN]), "evals");
  assert.equal(rule({ evals: true }, 2, "1-0", [NaN, 3]), null);
  assert.equal(rule({ evals: false }, 2, "1-0", [NaN, 3]), "evals");
});

Deno.test("an opening is told by its first moves, from the usual start", () => {
  const [e4, e5, nf3, d4] = [packMove(12, 28), packMove(52, 36), packMove(6, 21), packMove(11, 27)];
  const rule = (openings: string[], moves: number[], start?: string) =>
    rowTest(parseSelection({ openings, setUp: true }))(
      gameRow({ headers: HEADERS, moves, result: "1-0", ...(start && { start }) }),
    );
  assert.equal(rule(["e4 e5"], [e4, e5, nf3]), null);
  assert.equal(rule(["e4  e5 Nf3"], [e4, e5]), "opening"); // it ends before the line does
  assert.equal(rule(["e4 e5"], [d4]), "opening");
  assert.equal(rule(["e4 e5", "d4"], [d4]), null);
  assert.equal(rule(["e4"], [e4], "4k3/8/8/8/8/8/4P3/4K3 w - - 0 1"), "opening");
});

Deno.test("of a player's games the moves of one side are kept, or of a drawn one", () => {
  const headers = { White: "ada", Black: "bob" };
  assert.equal(refuses({ player: "bob" }, headers), null);
  assert.equal(refuses({ player: "bo" }, headers), "player");
  const movers = (selection: SelectionInput, key = 0) =>
    moversOf(parseSelection(selection), headers, key);
  assert.deepEqual(movers({ player: "ada" }), { white: true, black: true });
  assert.deepEqual(movers({ player: "ada", movesOf: "player" }), { white: true, black: false });
  assert.deepEqual(movers({ player: "ada", movesOf: "opponents" }), { white: false, black: true });
  assert.deepEqual(movers({ player: "bob", movesOf: "player" }), { white: false, black: true });
  const drawn = Array.from(
    { length: 1000 },
    (_, key) => movers({ player: "ada", movesOf: "either" }, key),
  );
  const own = drawn.filter(({ white }) => white).length;
  assert.ok(drawn.every(({ white, black }) => white !== black) && own > 440 && own < 560, `${own}`);
});

Deno.test("a wrong selection is refused with the key and the fault", () => {
  const wrong: [unknown, RegExp][] = [
    [{ cup: 1500 }, /"cup"/],
    [{ cap: "1500" }, /cap: .*number/],
    [{ cap: -3 }, /cap/],
    [{ band: [1500, 1400] }, /band: the low end must be below the high end/],
    [{ speeds: ["fast"] }, /speeds\.0/],
    [{ speeds: [] }, /speeds/],
    [{ from: "June 2018" }, /from: must be a year, month or day/],
    [{ from: "2019", to: "2018" }, /to: must not be before/],
    [{ minPlies: 30, maxPlies: 20 }, /maxPlies: must be at least minPlies/],
    [{ maxGames: 0 }, /maxGames/],
    [{ openings: [] }, /openings/],
    [{ openings: ["e4", "e4 e5 Ke3"] }, /openings\.1: .*"Ke3" is not legal/],
    [{ movesOf: "player" }, /movesOf: needs a player/],
    [{ player: "ada", movesOf: "hers" }, /movesOf/],
    [null, /Cannot select games by null/],
  ];
  for (const [selection, fault] of wrong) {
    assert.throws(() => parseSelection(selection), fault);
    assert.throws(() => parseSelection(selection), TypeError);
  }
  assert.equal(refuses({ from: "2018-05", to: "2018" }), null);
});

Deno.test("the sample with the lowest keys is what sorting all would give, in stream order", () => {
  const keys = Array.from({ length: 5000 }, (_, i) => hash32(i) % 3000); // with ties
  for (const size of [1, 64, 1000, 4999, 5000, 6000]) {
    const sample = lowestKeys<number>(size);
    keys.forEach((key, i) => sample.offer(key, i));
    const expected = keys.map((key, i) => [key, i])
      .sort((a, b) => a[0] - b[0] || a[1] - b[1]).slice(0, size)
      .map(([, i]) => i).sort((a, b) => a - b);
    assert.deepEqual(sample.items(), expected, `size ${size}`);
    assert.equal(sample.offered, 5000);
  }
});
