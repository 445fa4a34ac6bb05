import assert from "node:assert/strict";
import { join } from "node:path";
import { collectGames, type Games, replay } from "@lib/data/games.ts";
import { legalMoves, startPosition } from "@lib/chess/position.ts";
import { makeUci, parseUci } from "@lib/chess/san.ts";
import { readLabels, writeLabels } from "@lib/analysis/labels.ts";
import { winProbability } from "@lib/chess/win_probability.ts";
import { drawPositions, labelledGames } from "@lib/tasks/label.ts";

/** Games of 40 plies in which the players are of different bands. */
function games(length: number): Games {
  return {
    length,
    offsets: Uint32Array.from({ length: length + 1 }, (_, i) => 40 * i),
    moves: new Uint16Array(40 * length),
    white: new Uint16Array(length).fill(900),
    black: new Uint16Array(length).fill(1200),
    result: new Int8Array(length),
    speed: new Uint8Array(length),
    year: new Uint16Array(length),
  };
}

Deno.test("at most two positions are drawn of a game, also over several bands", () => {
  const taken = new Map<number, number>();
  const draw = (band: [number, number], count: number) =>
    drawPositions(games(20), { band, count, plies: [16, 30], perGame: 2, seed: 1, taken });
  const drawn = [...draw([0, 1200], 15), ...draw([1000, 1300], 25)];
  const perGame = Map.groupBy(drawn, ({ game }) => game);
  assert.equal(perGame.size, 20);
  for (const positions of perGame.values()) assert.equal(positions.length, 2);
  for (const { ply, rating } of drawn) {
    assert.ok(ply >= 16 && ply < 30);
    assert.equal(rating, ply % 2 === 0 ? 900 : 1200);
  }
  assert.throws(() => draw([0, 1200], 1), /there are 0, at most 2 a game/);
});

Deno.test("a game belongs to a band only if neither player is rated above it", () => {
  const draw = (band: [number, number]) =>
    drawPositions(games(20), { band, count: 20, plies: [16, 30], perGame: 3, seed: 1 });
  assert.ok(draw([1000, 1200]).every(({ rating }) => rating === 1200));
  assert.throws(() => draw([0, 1000]), /there are 0/);
});

Deno.test("what is labelled in any order reads back as its positions, players and scores", () => {
  const start = startPosition(), moves: number[] = [];
  for (const uci of ["e2e4", "e7e5", "g1f3"]) {
    moves.push(parseUci(start, uci));
    start.play(moves.at(-1)!);
  }
  const row = { moves, white: 900, black: 1200, result: 1, speed: 0, year: 2016 };
  const made = collectGames([row, row]);
  const faced = [[1, 2, 900], [0, 1, 1200], [1, 1, 1200]].map(([game, ply, rating]) => ({
    game,
    ply,
    rating,
  }));
  const perPosition = faced.map(({ game, ply }) => legalMoves(replay(made, game, ply)));
  const offsets = Uint32Array.of(0, 29, 49, 69);
  const flat = Uint16Array.from(perPosition.flat());
  const scores = Int16Array.from(flat, (move) => move % 997); // tells the moves apart
  const file = join(Deno.makeTempDirSync(), "labels.jsonl.gz");
  const card = { engine: "by hand", depth: 1, source: "made up", licence: "CC0" };
  const labels = { ...card, length: 3, offsets, moves: flat, scores, reward: new Float64Array(69) };
  writeLabels(file, card, labelledGames(made, faced, labels));
  const read = readLabels(file);
  assert.deepEqual([...read.states.cluster], [0, 1, 1]);
  assert.deepEqual([...read.rating], [1200, 1200, 900]);
  assert.deepEqual([...read.year], [2016, 2016, 2016]);
  assert.deepEqual(Array.from(read.played, (i) => makeUci(read.moves[i])), [
    "e7e5",
    "e7e5",
    "g1f3",
  ]);
  read.moves.forEach((move, i) =>
    assert.equal(read.states.reward[i], 100 * winProbability(move % 997))
  );
});
