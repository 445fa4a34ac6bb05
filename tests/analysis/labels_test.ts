import assert from "node:assert/strict";
import { join } from "node:path";
import {
  alignPolicy,
  gainOverPlayers,
  humanPolicy,
  type LabelledGame,
  readLabels,
  regretPerState,
  uciOrder,
  writeLabels,
} from "@lib/analysis/labels.ts";
import { expectedReward } from "@lib/analysis/reward.ts";
import { optimalPolicy } from "@lib/analysis/states.ts";
import { parseFen } from "@lib/chess/fen.ts";
import { legalMoves } from "@lib/chess/position.ts";
import { makeUci } from "@lib/chess/san.ts";
import { winProbability } from "@lib/chess/win_probability.ts";

const card = { engine: "by hand", depth: 1, source: "made up", licence: "CC0" };
const start = "k7/8/8/7p/7P/8/8/K7 w - - 0 1"; // legal: a1a2, a1b1, a1b2

/** Three games of two positions; White, to move there, is rated 1000, 1200, 1400. */
function labels(): LabelledGame[] {
  return [0, 1, 2].map((game) => ({
    game,
    white: 1000 + 200 * game,
    black: 2000,
    start,
    moves: game === 1 ? "a1b1 a8a7 b1a1" : "a1b1 a8a7 b1a2",
    scores: { 0: [300, 0, -100], 2: [0, 300, 0, 0, 0] },
  }));
}

Deno.test("labels come back as states, rewards in win-%, and the players as a policy", () => {
  const file = join(Deno.makeTempDirSync(), "labels.jsonl.gz");
  writeLabels(file, card, labels());
  const read = readLabels(file);
  assert.deepEqual(read.card, card);
  assert.match(read.hash, /^[0-9a-f]{16}$/);
  assert.deepEqual([...read.states.cluster], [0, 0, 1, 1, 2, 2]);
  assert.deepEqual([...read.rating], [1000, 1000, 1200, 1200, 1400, 1400]);
  assert.deepEqual(Array.from(read.moves.subarray(0, 8), makeUci), [
    ...["a1a2", "a1b1", "a1b2"],
    ...["b1a1", "b1a2", "b1b2", "b1c1", "b1c2"],
  ]);
  const win = 100 * winProbability(300);
  // a1b1 loses in each game; then b1a2 is best, and b1a1 of game 1 is not.
  assert.ok(Math.abs(expectedReward(read.states, humanPolicy(read)) - (200 + 2 * win) / 6) < 1e-9);
  assert.deepEqual(
    Array.from(regretPerState(read.states, humanPolicy(read)), (r) => +r.toFixed(6)),
    [1, 0, 1, 1, 1, 0].map((bad) => (bad ? +(win - 50).toFixed(6) : 0)),
  );
});

Deno.test("moves sort as their UCI does, promotions too", () => {
  const fens = ["1n3b2/P3P3/8/8/8/8/p6p/R3K2k w Q - 0 1", "8/8/8/8/8/k7/p6p/6NK b - - 0 1"];
  for (const fen of fens) {
    const moves = legalMoves(parseFen(fen)), ucis = moves.map(makeUci).sort();
    assert.deepEqual(uciOrder(moves).map(makeUci), ucis);
  }
});

Deno.test("the gain over players counts only the band's positions, clustered by game", () => {
  const file = join(Deno.makeTempDirSync(), "labels.jsonl.gz");
  writeLabels(file, card, labels());
  const read = readLabels(file);
  const best = optimalPolicy(read.states);
  const win = 100 * winProbability(300);
  const all = gainOverPlayers(read, best, [0, 3000]);
  assert.equal(all.n, 3);
  assert.ok(Math.abs(all.value - 4 / 6 * (win - 50)) < 1e-9);
  // (1000, 1400] holds the players of 1200, who never played best, and of 1400, who did half the time.
  const band = gainOverPlayers(read, best, [1000, 1400]);
  assert.equal(band.n, 2);
  assert.ok(Math.abs(band.value - 3 / 4 * (win - 50)) < 1e-9);
  assert.throws(() => gainOverPlayers(read, best, [2000, 2100]), /0 clusters/);
});

Deno.test("a file that is not labels is refused with its line", () => {
  const file = join(Deno.makeTempDirSync(), "labels.jsonl.gz");
  const broken = (change: Record<string, unknown>) => {
    const lines = labels().map((game, i) => (i === 1 ? { ...game, ...change } : game));
    writeLabels(file, card, lines as LabelledGame[]);
    return () => readLabels(file);
  };
  assert.throws(broken({ moves: "a1b1 a8a7 h4h5" }), /line 3.*"h4h5".*not a legal move/);
  assert.throws(broken({ moves: "a1b1 a8a7" }), /line 3: there are 2 moves, must be 3/);
  assert.throws(
    broken({ scores: { 0: [1, 2], 2: [0, 0, 0, 0, 0] } }),
    /line 3: ply 0 has 2 scores, must be 3/,
  );
  assert.throws(broken({ start: "8/8/8/8/8/8/8/8 w - - 0 1" }), /line 3/);
  assert.throws(broken({ scores: { 2: [0.5, 0, 0, 0, 0] } }), /line 3/);
  assert.throws(broken({ scores: { 2: [0, 0, 0, 0, 20000] } }), /line 3.*must be within/);
  assert.throws(broken({ white: -3 }), /line 3/);
  Deno.writeTextFileSync(file, "plain text");
  assert.throws(() => readLabels(file), SyntaxError);
  assert.throws(() => readLabels(file + ".none"), Deno.errors.NotFound);
});

Deno.test("a model's distributions are aligned by move, not by order", () => {
  const file = join(Deno.makeTempDirSync(), "labels.jsonl.gz");
  writeLabels(file, card, [{ ...labels()[0], moves: "a1b1", scores: { 0: [300, 0, -100] } }]);
  const read = readLabels(file);
  const backwards = [{ moves: read.moves.toReversed(), p: Float64Array.of(0.1, 0.2, 0.7) }];
  assert.deepEqual(alignPolicy(read, backwards), Float64Array.of(0.7, 0.2, 0.1));
  assert.throws(() => alignPolicy(read, []), /0 distributions with 1 positions/);
  const missing = [{ moves: read.moves.slice(1), p: Float64Array.of(0.5, 0.5) }];
  assert.throws(() => alignPolicy(read, missing), /position 0: a1a2 is missing/);
});

Deno.test("the moves from the usual start that led to a position come back", () => {
  const file = join(Deno.makeTempDirSync(), "labels.jsonl.gz");
  const scores = { 1: new Array(20).fill(0), 2: new Array(29).fill(0) };
  const game = { game: 0, white: 1000, black: 1100, moves: "e2e4 e7e5 g1f3", scores };
  writeLabels(file, card, [game]);
  const { histories, rating, year } = readLabels(file);
  assert.deepEqual(histories.map((moves) => [...moves].map(makeUci)), [["e2e4"], ["e2e4", "e7e5"]]);
  assert.deepEqual([...rating], [1100, 1000]);
  assert.deepEqual([...year], [0, 0]);
});
