import assert from "node:assert/strict";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { checkpointHash } from "@lib/analysis/answers.ts";
import { expectedScore } from "@lib/analysis/elo.ts";
import { parseUci } from "@lib/chess/san.ts";
import { ROOT } from "@lib/paths.ts";
import { newGame, outcome, playMove } from "@lib/play/game.ts";
import { chainedGlicko } from "@lib/play/glicko.ts";
import {
  ANCHORS,
  chainOf,
  checkCheckpoints,
  modelOf,
  PAPER_MOVES,
  PAPER_OPPONENTS,
  type Pool,
  type PoolGame,
  ratePool,
  readPool,
  resultsOf,
  SCALE,
  writePool,
} from "@lib/play/pool.ts";
import { skillDepth } from "@lib/play/skill.ts";

const [one, three, five] = Object.keys(PAPER_OPPONENTS);
const card = {
  ...{ engine: "none", about: "made up", seed: 1, models: {}, licence: "CC0" },
  players: [one, "mine", three, five],
};
const game = (white: number, black: number, result: PoolGame["result"]): PoolGame => ({
  ...{ white, black, result, end: "checkmate", moves: "e2e4" },
});
const pool: Pool = {
  card,
  games: [
    game(1, 0, "1-0"),
    game(0, 1, "1-0"),
    game(1, 0, "1/2-1/2"),
    game(1, 2, "0-1"),
    game(3, 1, "1/2-1/2"),
    game(0, 2, "0-1"),
  ],
};

Deno.test("a pool is read as it was written, and damage is told by file and line", () => {
  const file = join(Deno.makeTempDirSync({ prefix: "pool-" }), "pool.jsonl.gz");
  writePool(file, pool);
  assert.deepEqual(readPool(file), pool);
  const lines = new TextDecoder().decode(gunzipSync(Deno.readFileSync(file))).split("\n");
  const broken = (i: number, text: string) => {
    Deno.writeFileSync(file, gzipSync(lines.map((line, j) => i === j ? text : line).join("\n")));
    return () => readPool(file);
  };
  assert.throws(broken(0, "{}"), /pool\.jsonl\.gz, line 1: /);
  assert.throws(broken(2, "{"), /line 3: /);
  assert.throws(broken(3, JSON.stringify(game(1, 4, "1-0"))), /line 4: [^]*a player over 3/);
  Deno.writeTextFileSync(file, "no gzip");
  assert.throws(() => readPool(file), SyntaxError);
});

Deno.test("results count each pair once, whoever has White", () => {
  assert.deepEqual(resultsOf(pool)[0], { a: one, b: "mine", wins: 1, draws: 1, losses: 1 });
  assert.deepEqual(resultsOf(pool)[1], { a: "mine", b: three, wins: 0, draws: 0, losses: 1 });
  const turned = { card, games: pool.games.toReversed() };
  const order = (all: ReturnType<typeof resultsOf>) => all.map((x) => JSON.stringify(x)).sort();
  assert.deepEqual(order(resultsOf(turned)), order(resultsOf(pool)));
});

Deno.test("ratings lie on the paper's scale, and there is none without its anchor", () => {
  const { ratings } = ratePool(pool);
  assert.equal(ratings.find(({ player }) => player === one)!.rating, SCALE[one]);
  const alone = { card: { ...card, players: ["a", "b"] }, games: [game(0, 1, "1-0")] };
  assert.throws(() => ratePool(alone), /Cannot set the scale/);
});

Deno.test("a draw is half a point, as for Elo; apart, the scale is longer", () => {
  const games = [
    ...Array.from({ length: 30 }, () => game(1, 0, "1-0")),
    ...Array.from({ length: 60 }, () => game(0, 1, "1/2-1/2")),
    ...Array.from({ length: 10 }, () => game(0, 1, "1-0")),
  ];
  const drawn = { card, games };
  const half = ratePool(drawn).difference("mine", one);
  assert.ok(Math.abs(expectedScore(half.value) - 0.6) < 1e-6);
  const apart = ratePool(drawn, { draws: "apart" }).difference("mine", one);
  assert.equal(Math.round(apart.value), Math.round(400 * Math.log10(3)));
  assert.ok(half.low < half.value && half.value < half.high);
});

Deno.test("a chain is one opponent after the other, and its order changes the paper's rating", () => {
  assert.deepEqual(chainOf(pool, "mine", PAPER_OPPONENTS), [
    { opponent: 1552, score: 1 },
    { opponent: 1552, score: 0 },
    { opponent: 1552, score: 0.5 },
    { opponent: 1842, score: 0 },
    { opponent: 2142, score: 0.5 },
  ]);
  // Paper.md's golden values: 300 straight losses in two orders.
  const losses = {
    card,
    games: [0, 2, 3].flatMap((other) => Array.from({ length: 100 }, () => game(1, other, "0-1"))),
  };
  const rate = (order: readonly string[]) => {
    const opponents = Object.fromEntries(order.map((name) => [name, PAPER_OPPONENTS[name]]));
    return chainedGlicko(chainOf(losses, "mine", opponents)).rating.toFixed(1);
  };
  assert.deepEqual([rate([one, three, five]), rate([three, five, one])], ["808.3", "786.0"]);
});

Deno.test("games of another checkpoint than the one beside them are refused", () => {
  const results = Deno.makeTempDirSync({ prefix: "pool-" });
  Deno.mkdirSync(join(results, "mine"));
  Deno.writeTextFileSync(join(results, "mine", "model.safetensors"), "weights");
  const models = { mine: checkpointHash(join(results, "mine")) };
  checkCheckpoints({ ...card, models }, results);
  Deno.writeTextFileSync(join(results, "mine", "model.safetensors"), "others");
  assert.throws(() => checkCheckpoints({ ...card, models }, results), /the games of mine/);
});

Deno.test("a model is told by its run, temperature and tries", () => {
  const tried = { run: "mine", tau: 0.001, tries: 5 };
  assert.deepEqual(modelOf("model:mine:tau=0.001:tries=5"), tried);
  assert.deepEqual(modelOf("model:mine"), { run: "mine", tau: 1 });
  assert.equal(modelOf(ANCHORS[3]), null);
});

Deno.test("a level of Stockfish searches as deep as where it picks its move", () => {
  const levels = ANCHORS.flatMap((name) => /skill=(\d):depth=(\d)/.exec(name) ?? []);
  assert.equal(levels.length, 9 * 3);
  for (const name of ANCHORS) {
    const [, level, depth] = /skill=(\d):depth=(\d)/.exec(name) ?? [];
    if (level !== undefined) assert.equal(Number(depth), skillDepth(Number(level)), name);
  }
  for (const name of [...Object.keys(SCALE), ...Object.keys(PAPER_OPPONENTS)]) {
    assert.ok(ANCHORS.includes(name), name);
  }
});

const ratings = join(ROOT, "results", "ratings");
for (const { name } of Deno.readDirSync(ratings)) {
  Deno.test(`games of results/ratings/${name} are legal and end as they say`, () => {
    const { games } = readPool(join(ratings, name));
    assert.ok(games.length >= 100);
    for (const { moves, result, end } of games.filter((_, i) => i % 20 === 0)) {
      const state = newGame();
      const list = moves.split(" ");
      list.forEach((uci, ply) => {
        if (ply > 6) assert.equal(outcome(state), null, `${moves}: it is over after ${ply} plies`);
        playMove(state, parseUci(state.position, uci));
      });
      const ended = outcome(state);
      if (end === "move limit") {
        assert.equal(list.length, 2 * PAPER_MOVES);
        assert.deepEqual([ended, result], [null, "1/2-1/2"]);
      } else if (end.startsWith("forfeit")) {
        assert.deepEqual([ended, result], [null, list.length % 2 === 0 ? "0-1" : "1-0"]);
      } else assert.deepEqual(ended, { result, reason: end });
    }
  });
}
