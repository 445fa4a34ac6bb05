import assert from "node:assert/strict";
import { join } from "node:path";
import { winProbability } from "@lib/chess/win_probability.ts";
import { loadGames } from "@lib/query/mod.ts";
import { countedMoves } from "@lib/tasks/human_curve.ts";

const PGN = `[WhiteElo "1500"]
[BlackElo "900"]
[UTCDate "2020.02.03"]

1. e4 { [%eval 0.2] } e5 { [%eval 0.5] } 2. Qh5 { [%eval -0.5] } Ke7 { [%eval #1] } 3. Qxe5# 1-0

[WhiteElo "1500"]
[BlackElo "?"]

1. e4 { [%eval 0.2] } f6 { [%eval 9.0] } 2. d4 { [%eval 8.0] } a6 { [%eval 8.0] } *
`;

Deno.test("moves count by their number, the chance before them and a known rating", async () => {
  const file = join(Deno.makeTempDirSync(), "two.pgn");
  Deno.writeTextFileSync(file, PGN);
  const games = await loadGames(file);
  const count = (moves: [number, number], chance: [number, number]) =>
    countedMoves(games, { moves, chance }).toArray();
  const all = count([1, 99], [0, 100]);
  assert.deepEqual(all.map(({ game, rating }) => [game, rating]), [
    ...[[0, 900], [0, 1500], [0, 900]],
    [1, 1500],
  ]);
  assert.deepEqual(all.map(({ year }) => year), [2020, 2020, 2020, 0]);
  assert.equal(all[1].loss, 100 * (winProbability(50) - winProbability(-50)));
  assert.equal(count([2, 99], [0, 100]).length, 3);
  // White stands won before 2. d4 of the second game.
  assert.equal(count([1, 99], [10, 90]).length, 3);
});
