import assert from "node:assert/strict";
import { makeFen, parseFen, START_FEN } from "@lib/chess/fen.ts";
import { parseUci } from "@lib/chess/san.ts";
import { legalMoves, startPosition } from "@lib/chess/position.ts";
import {
  collectGames,
  concatGames,
  eachGame,
  gameAt,
  gameOfPly,
  gameRow,
  NO_EVAL,
  positionAt,
  replay,
} from "@lib/data/games.ts";
import { SPEEDS } from "@lib/data/speed.ts";
import { random } from "@lib/random.ts";
import { madeGames, madeMoves } from "./made_games.ts";

const rows = madeGames(random(1, "games"), 300).map(gameRow);

Deno.test("games come back from the columns as they went in", () => {
  const games = collectGames(rows);
  assert.equal(games.length, 300);
  for (const [i, row] of rows.entries()) {
    assert.deepEqual(gameAt(games, i), { ...row, moves: Uint16Array.from(row.moves) });
  }
});

Deno.test("columns that grow many times keep their games", () => {
  const moves = madeMoves(random(2, "long"), 150);
  const many = Array.from({ length: 3000 }, (_, i) =>
    gameRow({
      headers: { WhiteElo: String(1 + i) },
      moves,
      result: "1-0",
      ...(i >= 1500 && { evals: moves.map((_, ply) => i + ply - 2000) }),
    }));
  const games = collectGames(many);
  assert.equal(games.white[2999], 3000);
  assert.equal(games.evals![0], NO_EVAL);
  assert.equal(games.evals![1499 * moves.length], NO_EVAL);
  assert.equal(games.evals![1500 * moves.length + 3], 1500 + 3 - 2000);
  assert.equal(games.evals!.at(-1), 2999 + moves.length - 1 - 2000);
});

Deno.test("a header becomes a rating, a speed and a year, or what stands for unknown", () => {
  const row = gameRow({
    headers: { WhiteElo: "1500?", BlackElo: "?", TimeControl: "180+2", UTCDate: "2018.06.01" },
    moves: [],
    result: "*",
  });
  const { white, black, result, year } = row;
  assert.deepEqual([white, black, result, year], [1500, 0, 2, 2018]);
  assert.equal(SPEEDS[row.speed], "blitz");
  assert.equal(gameRow({ headers: { Date: "????.??.??" }, moves: [], result: "1-0" }).year, 0);
});

Deno.test("evaluations are kept as centipawns; mates, absent and huge ones stay apart", () => {
  const evals = [18, -31.4, NaN, 9999, -9990, 15414, -20000, 8999.6];
  const moves = madeMoves(random(3, "evals"), evals.length);
  const row = gameRow({ headers: {}, moves, result: "1-0", evals });
  assert.deepEqual(
    Array.from(row.evals!),
    [18, -31, NO_EVAL, 9999, -9990, 8999, -8999, 8999],
  );
});

Deno.test("evaluations that do not match the moves are refused", () => {
  const row = gameRow({ headers: {}, moves: [1, 2], result: "1-0", evals: [3] });
  assert.throws(() => collectGames([row]), /1 evaluations.*2 moves/);
});

Deno.test("concatenated games are the games of the parts, with and without evaluations", () => {
  const evaluated = gameRow({ headers: {}, moves: [796], result: "0-1", evals: [20] });
  const setUp = gameRow({ headers: {}, moves: [], result: "1-0", start: START_FEN });
  const parts = [collectGames(rows.slice(0, 3)), collectGames([evaluated]), collectGames([setUp])];
  const games = concatGames(parts);
  assert.deepEqual(
    [...eachGame(games)].map((row) => [...Array.from(row.moves), row.white, row.result]),
    parts.flatMap((part) =>
      [...eachGame(part)].map((row) => [...Array.from(row.moves), row.white, row.result])
    ),
  );
  assert.equal(games.evals![games.offsets[3]], 20);
  assert.equal(games.evals![0], NO_EVAL);
  assert.deepEqual(games.starts, [null, null, null, null, START_FEN]);
});

Deno.test("a replay gives the position before each move, in which that move is legal", () => {
  const games = collectGames(rows.slice(0, 20));
  for (let ply = 0; ply < games.moves.length; ply++) {
    assert.ok(legalMoves(positionAt(games, ply)).includes(games.moves[ply]));
  }
  assert.equal(makeFen(replay(games, 3, 0)), START_FEN);
});

Deno.test("a game from a set-up position is replayed from there", () => {
  const start = "4k3/8/8/8/8/8/4P3/4K3 b - - 0 1";
  const move = parseUci(parseFen(start), "e8e7");
  const games = collectGames([gameRow({ headers: {}, moves: [move], result: "1-0", start })]);
  assert.equal(makeFen(replay(games, 0, 0)), start);
  assert.equal(replay(games, 0).turn, 0);
});

Deno.test("each ply is found in its game, past games without moves", () => {
  const moves = [parseUci(startPosition(), "e2e4")];
  const lengths = [0, 1, 0, 0, 1, 0];
  const games = collectGames(
    lengths.map((n) => gameRow({ headers: {}, moves: moves.slice(0, n), result: "1-0" })),
  );
  assert.deepEqual([gameOfPly(games, 0), gameOfPly(games, 1)], [1, 4]);
  assert.throws(() => gameOfPly(games, 2), /ply 2: must be 0 … 1/);
});

Deno.test("a game or ply that is not there is refused", () => {
  const games = collectGames(rows.slice(0, 2));
  assert.throws(() => gameAt(games, 2), /game 2: must be 0 … 1/);
  assert.throws(() => replay(games, 0, 1000), /1000 plies of game 0/);
});
