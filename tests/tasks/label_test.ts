import assert from "node:assert/strict";
import type { Games } from "@lib/data/games.ts";
import { drawPositions } from "@lib/tasks/label.ts";

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
