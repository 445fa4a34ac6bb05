import assert from "node:assert/strict";
import { join } from "node:path";
import {
  alignPolicy,
  gainOverPlayers,
  humanPolicy,
  type Label,
  readLabels,
  regretPerState,
  writeLabels,
} from "@lib/analysis/labels.ts";
import { expectedReward } from "@lib/analysis/reward.ts";
import { parseFen } from "@lib/chess/fen.ts";
import { legalMoves } from "@lib/chess/position.ts";
import { makeUci } from "@lib/chess/san.ts";
import { winProbability } from "@lib/chess/win_probability.ts";

const card = { engine: "by hand", depth: 1, source: "made up", licence: "CC0" };
const fen = "k7/8/8/7p/7P/8/8/K7 w - - 0 1";

function labels(): Label[] {
  return Array.from({ length: 6 }, (_, i) => ({
    fen,
    game: i >> 1,
    rating: 1000 + 100 * i,
    played: i % 2 ? "a1a2" : "a1b1",
    score: { "a1b1": 0, "a1a2": 300, "a1b2": -100 },
  }));
}

Deno.test("labels come back as states, rewards in win-%, and the players as a policy", () => {
  const file = join(Deno.makeTempDirSync(), "labels.jsonl.gz");
  writeLabels(file, card, labels());
  const read = readLabels(file);
  assert.deepEqual(read.card, card);
  assert.equal(read.states.length, 6);
  assert.deepEqual(Array.from(read.moves.subarray(0, 3), makeUci), ["a1b1", "a1a2", "a1b2"]);
  const win = 100 * winProbability(300);
  assert.ok(Math.abs(expectedReward(read.states, humanPolicy(read)) - (50 + win) / 2) < 1e-9);
  assert.deepEqual(
    Array.from(regretPerState(read.states, humanPolicy(read)), (r) => +r.toFixed(6)),
    [0, 1, 2, 3, 4, 5].map((i) => (i % 2 ? 0 : +(win - 50).toFixed(6))),
  );
});

Deno.test("the gain over players counts only the band's positions, clustered by game", () => {
  const file = join(Deno.makeTempDirSync(), "labels.jsonl.gz");
  writeLabels(file, card, labels());
  const read = readLabels(file);
  const best = new Float64Array(read.moves.length);
  for (let x = 0; x < 6; x++) best[3 * x + 1] = 1; // always a1a2
  const win = 100 * winProbability(300);
  const all = gainOverPlayers(read, best, [0, 3000]);
  assert.equal(all.n, 3);
  assert.ok(Math.abs(all.value - (win - 50) / 2) < 1e-9);
  // (1000, 1200] holds the players of 1100 (game 0, played best) and 1200 (game 1, did not).
  const band = gainOverPlayers(read, best, [1000, 1200]);
  assert.equal(band.n, 2);
  assert.ok(Math.abs(band.value - (win - 50) / 2) < 1e-9);
  assert.throws(() => gainOverPlayers(read, best, [2000, 2100]), /0 clusters/);
});

Deno.test("a file that is not labels is refused with its line", () => {
  const file = join(Deno.makeTempDirSync(), "labels.jsonl.gz");
  const broken = (change: (label: Label) => unknown) => {
    writeLabels(file, card, labels().map((label, i) => (i === 3 ? change(label) : label) as Label));
    return () => readLabels(file);
  };
  assert.throws(broken((l) => ({ ...l, played: "h4h5" })), /line 5.*h4h5 has no score/);
  const { a1b2: _, ...fewer } = labels()[0].score;
  assert.throws(
    broken((l) => ({ ...l, score: fewer })),
    /line 5: 2 moves are scored, must be each of the 3 legal ones once/,
  );
  assert.throws(broken((l) => ({ ...l, fen: "8/8/8/8/8/8/8/8 w - - 0 1" })), /line 5/);
  assert.throws(broken((l) => ({ ...l, score: { "a1b1": 0.5 } })), /line 5/);
  assert.throws(broken((l) => ({ ...l, rating: -3 })), /line 5/);
  Deno.writeTextFileSync(file, "plain text");
  assert.throws(() => readLabels(file), SyntaxError);
  assert.throws(() => readLabels(file + ".none"), Deno.errors.NotFound);
});

Deno.test("a model's distributions are aligned by move, not by order", () => {
  const file = join(Deno.makeTempDirSync(), "labels.jsonl.gz");
  writeLabels(file, card, labels());
  const read = readLabels(file);
  const moves = [...read.moves.subarray(0, 3)];
  const backwards = read.positions.map(() => ({
    moves: moves.toReversed(),
    p: Float64Array.of(0.1, 0.2, 0.7),
  }));
  assert.deepEqual(alignPolicy(read, backwards).subarray(3, 6), Float64Array.of(0.7, 0.2, 0.1));
  assert.throws(() => alignPolicy(read, backwards.slice(1)), /5 distributions with 6 positions/);
  const missing = backwards.with(2, { moves: moves.slice(1), p: Float64Array.of(0.5, 0.5) });
  assert.throws(() => alignPolicy(read, missing), /position 2: a1b1 is missing/);
});

Deno.test("moves that led to a position come back, and must lead there", () => {
  const file = join(Deno.makeTempDirSync(), "labels.jsonl.gz");
  const e4 = "rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq - 0 1";
  const replies = legalMoves(parseFen(e4)).map(makeUci);
  const score = Object.fromEntries(replies.map((uci) => [uci, 0]));
  const label = { fen: e4, game: 0, rating: 1000, moves: "e2e4", played: "e7e5", score };
  writeLabels(file, card, [label]);
  assert.deepEqual([...readLabels(file).histories[0]].map(makeUci), ["e2e4"]);
  writeLabels(file, card, [{ ...label, moves: "d2d4" }]);
  assert.throws(() => readLabels(file), /line 2: the moves lead to/);
});
