import assert from "node:assert/strict";
import { legalMoves, type Move, moveFrom } from "@lib/chess/position.ts";
import { parseSan, parseUci } from "@lib/chess/san.ts";
import type { GameState } from "@lib/play/game.ts";
import {
  type MatchResult,
  materialAdjudication,
  pgnOf,
  type PlayedGame,
  playMatch,
  scoreInterval,
} from "@lib/play/match.ts";
import { parseOpening, standardOpenings } from "@lib/play/openings.ts";
import { fitRatings } from "@lib/play/rating.ts";
import { greedyPlayer, type Player, randomPlayer } from "@lib/play/player.ts";
import { random } from "@lib/random.ts";

/** A player that decides from the game alone. */
function scripted(name: string, decide: (state: GameState) => Move | string): Player {
  return {
    name,
    choose: (states) =>
      Promise.resolve(states.map((state) => {
        const decision = decide(state);
        return typeof decision === "string" ? { forfeit: decision } : { move: decision };
      })),
  };
}

const firstMove = scripted("first", ({ position }) => legalMoves(position)[0]);

const FOOLS_MATE = parseOpening("f3 e5 g4");
const openings = standardOpenings();
const small = { games: 12, seed: 3, openings, maxMoves: 60 };

Deno.test("each opening is played with both colours, and the score is player a's", async () => {
  const mate = scripted("mater", ({ position }) => parseSan(position, "Qh4"));
  const { games, wins, draws, losses, score } = await playMatch({
    a: mate,
    b: { ...mate, name: "other" },
    games: 4,
    seed: 1,
    openings: [FOOLS_MATE],
  });
  // Black mates at once, whoever has it.
  assert.deepEqual(games.map((game) => [game.white, game.result, game.score, game.reason]), [
    ["mater", "0-1", 0, "checkmate"],
    ["other", "0-1", 1, "checkmate"],
    ["mater", "0-1", 0, "checkmate"],
    ["other", "0-1", 1, "checkmate"],
  ]);
  assert.deepEqual([wins, draws, losses, score.value, score.n], [2, 0, 2, 0.5, 2]);
});

Deno.test("games depend on the seed alone, whatever the concurrency", async () => {
  const play = (concurrency: number, seed = 3) =>
    playMatch({ ...small, a: greedyPlayer(), b: randomPlayer(), concurrency, seed });
  const together = await play(64);
  assert.deepEqual(await play(1), together);
  assert.deepEqual(await play(5), together);
  assert.notDeepEqual((await play(64, 4)).games, together.games);
  assert.deepEqual(together.games.map((game) => game.index), [...Array(12).keys()]);
});

Deno.test("no opening comes again before all have been played", async () => {
  const three = openings.slice(0, 3);
  const { games } = await playMatch({
    ...small,
    a: firstMove,
    b: firstMove,
    games: 18,
    openings: three,
    maxMoves: 5,
  });
  const names = games.filter((game) => game.index % 2 === 0).map((game) => game.opening);
  for (let round = 0; round < 3; round++) {
    assert.equal(new Set(names.slice(3 * round, 3 * round + 3)).size, 3);
  }
  for (const game of games) {
    const { moves } = three.find((opening) => opening.name === game.opening)!;
    assert.deepEqual(game.moves.slice(0, moves.length), [...moves]);
  }
});

Deno.test("players are asked for all their games at once, never for more than the concurrency", async () => {
  const sizes: number[] = [];
  const counting: Player = {
    name: "counting",
    choose(states, randoms) {
      sizes.push(states.length);
      assert.equal(randoms.length, states.length);
      return firstMove.choose(states, randoms);
    },
  };
  await playMatch({ ...small, a: counting, b: firstMove, concurrency: 6, maxMoves: 20 });
  assert.equal(Math.max(...sizes), 3);
});

Deno.test("a player may play itself", async () => {
  const player = randomPlayer();
  const { games, score } = await playMatch({ ...small, a: player, b: player });
  assert.equal(games.length, 12);
  assert.ok(score.low < 0.5 && 0.5 < score.high);
});

Deno.test("a forfeit loses for who gives up, with the reason kept and counted", async () => {
  const quitter = scripted(
    "quitter",
    ({ moves, position }) =>
      moves.length < 6 ? legalMoves(position)[0] : "no legal move in 5 tries",
  );
  const result = await playMatch({ a: quitter, b: firstMove, games: 4, seed: 1 });
  assert.deepEqual(result.forfeits, { a: 4, b: 0 });
  assert.equal(result.losses, 4);
  assert.equal(result.games[0].result, "0-1");
  assert.equal(result.games[1].result, "1-0");
  assert.equal(result.games[0].reason, "forfeit: no legal move in 5 tries");
  assert.match(pgnOf(result.games[0]), /\[Termination "forfeit: no legal move in 5 tries"\]/);
});

Deno.test("stalemate is a draw; the move limit draws", async () => {
  const stalemating = scripted("stalemating", ({ position }) => parseSan(position, "Qf7"));
  const stale = await playMatch({
    a: stalemating,
    b: stalemating,
    games: 2,
    seed: 1,
    openings: [{ name: "stale", start: "7k/8/5KQ1/8/8/8/8/8 w - - 0 1", moves: [] }],
  });
  assert.deepEqual(stale.games.map((game) => [game.score, game.reason]), [
    [0.5, "stalemate"],
    [0.5, "stalemate"],
  ]);
  const pawns = scripted(
    "pawns",
    ({ position, moves }) =>
      parseUci(
        position,
        ["a2a3", "a7a6", "b2b3", "b7b6", "c2c3", "c7c6", "d2d3", "d7d6"][moves.length],
      ),
  );
  const limited = await playMatch({ a: pawns, b: pawns, games: 2, seed: 1, maxMoves: 3 });
  assert.deepEqual(limited.games.map((game) => [game.moves.length, game.reason]), [
    [6, "move limit"],
    [6, "move limit"],
  ]);
});

Deno.test("a lead in material that lasts can end the game, for either side", async () => {
  const kings = scripted(
    "kings",
    ({ position }) =>
      legalMoves(position).find((move) => moveFrom(move) === position.kingSquare(position.turn))!,
  );
  for (
    const [fen, result] of [
      ["k7/8/8/8/7R/8/8/K7 w - - 0 1", "1-0"],
      ["k7/8/8/7r/8/8/8/K7 b - - 0 1", "0-1"],
    ]
  ) {
    const { games } = await playMatch({
      a: kings,
      b: kings,
      games: 2,
      seed: 1,
      openings: [{ name: "ahead", start: fen, moves: [] }],
      adjudicate: materialAdjudication(5, 3),
    });
    assert.deepEqual([games[0].result, games[0].moves.length], [result, 3]);
    assert.equal(games[0].reason, "adjudicated: 5 pawns ahead");
  }
});

Deno.test("a match can be stopped, also between players that never wait", async () => {
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error("enough")), 100);
  await assert.rejects(
    playMatch({ a: randomPlayer(), b: randomPlayer(), games: 1e6, seed: 1, signal: stop.signal }),
    /enough/,
  );
});

Deno.test("games are told of one by one; what a player throws ends the match", async () => {
  const told: [number, number][] = [];
  await playMatch({
    ...small,
    a: firstMove,
    b: randomPlayer(),
    onGame: (_: PlayedGame, done, total) => told.push([done, total]),
  });
  assert.deepEqual(told.at(-1), [12, 12]);
  assert.equal(told.length, 12);
  const broken = scripted("broken", () => {
    throw new Error("out of order");
  });
  await assert.rejects(playMatch({ ...small, a: firstMove, b: broken }), /out of order/);
  const cheat = scripted("cheat", () => 12 | (36 << 6));
  await assert.rejects(
    playMatch({ a: cheat, b: firstMove, games: 2, seed: 1 }),
    /Cannot play e2e5/,
  );
  const short: Player = { name: "short", choose: () => Promise.resolve([]) };
  await assert.rejects(playMatch({ a: short, b: firstMove, games: 2, seed: 1 }), /0 choices for 1/);
});

Deno.test("bad options are refused", async () => {
  const bad = (options: object) =>
    assert.rejects(playMatch({ ...small, a: firstMove, b: firstMove, ...options }), RangeError);
  await bad({ games: 3 });
  await bad({ games: 0 });
  await bad({ games: NaN });
  await bad({ concurrency: 0 });
  await bad({ maxMoves: -1 });
  await bad({ openings: [] });
  await bad({ seed: 1.5 });
});

Deno.test("a result goes into ratings as it is", async () => {
  const result: MatchResult = await playMatch({ ...small, a: greedyPlayer(), b: randomPlayer() });
  const { ratings } = fitRatings([result], { anchors: { random: 0 } });
  assert.deepEqual(ratings.map((rating) => rating.player).sort(), ["greedy", "random"]);
  assert.equal(ratings.find((rating) => rating.player === "greedy")!.score, result.score.value);
});

Deno.test("95 % intervals hold the true score in about 95 % of matches, pairs alike or not", () => {
  for (const alike of [0, 0.7]) {
    const next = random(8, "scores");
    const draw = () => {
      const u = next();
      return u < 0.5 ? 1 : u < 0.7 ? 0.5 : 0;
    };
    let covered = 0;
    for (let t = 0; t < 2000; t++) {
      const pairs = Array.from({ length: 30 }, () => {
        const first = draw();
        return (first + (next() < alike ? first : draw())) / 2;
      });
      const { low, high } = scoreInterval(pairs);
      if (low <= 0.6 && 0.6 <= high) covered++;
    }
    assert.ok(1870 < covered && covered < 1940, `covered ${covered} of 2000`);
  }
});

Deno.test("a clean sweep of few games leaves room for doubt", () => {
  const { value, low, high } = scoreInterval(new Array(10).fill(1));
  assert.deepEqual([value, high], [1, 1]);
  assert.ok(0.6 < low && low < 0.75);
  assert.ok(scoreInterval([0.5, 0.5]).low < 0.1);
  assert.throws(() => scoreInterval([]), RangeError);
});

Deno.test("the PGN of a game replays to the same moves", async () => {
  const { readPgn } = await import("@lib/chess/pgn.ts");
  const { games } = await playMatch({ ...small, a: greedyPlayer(), b: randomPlayer() });
  const text = games.map((game) => pgnOf(game, { Event: "Test" })).join("\n");
  async function* bytes() {
    yield new TextEncoder().encode(text);
  }
  let i = 0;
  for await (const { moves, result, headers } of readPgn(bytes())) {
    assert.deepEqual([...moves], [...games[i].moves]);
    assert.equal(result, games[i].result);
    assert.deepEqual([headers.Event, headers.White], ["Test", games[i].white]);
    i++;
  }
  assert.equal(i, games.length);
});
