import assert from "node:assert/strict";
import { join } from "node:path";
import { useBackend } from "@lib/compute/backend.ts";
import { readPgn } from "@lib/chess/pgn.ts";
import { buildDataset, openDataset } from "@lib/data/dataset.ts";
import { eachGame, type GameRow, gameRow } from "@lib/data/games.ts";
import { pgnOfGame } from "@lib/data/pgn_games.ts";
import { loadModel } from "@lib/model/model.ts";
import { queryClaims, queryGames, queryLabels, queryLosses, sql } from "@lib/query/mod.ts";
import { random } from "@lib/random.ts";
import { exportTask } from "@lib/tasks/export.ts";
import { madeGames, madeMoves } from "../data/made_games.ts";

const FOLDER = Deno.makeTempDirSync();
const run = (what: string, to: string, ...more: string[]) =>
  exportTask(
    [what, "--to", to, "--out", join(FOLDER, `${what.replaceAll("/", "-")}.${to}`), ...more],
    () => {},
  );

async function* bytesOf(text: string) {
  yield await Promise.resolve(new TextEncoder().encode(text));
}

/** A row as plain arrays. */
const plain = ({ moves, evals, ...rest }: GameRow) => ({
  ...rest,
  moves: [...Array.from(moves)],
  ...(evals && { evals: [...Array.from(evals)] }),
});

Deno.test("a game written as PGN and read again is the same row", async () => {
  const start = "4k3/8/8/8/8/8/4P3/4K3 w - - 0 1";
  const next = random(5, "games");
  const rows = [
    ...madeGames(next, 50).map(gameRow),
    gameRow({
      headers: {},
      moves: madeMoves(next, 3, start),
      result: "*",
      start,
      evals: [30, NaN, -9997],
    }),
  ];
  const read: GameRow[] = [];
  for await (const game of readPgn(bytesOf(rows.map(pgnOfGame).join("")), { name: "made" })) {
    read.push(gameRow(game));
  }
  assert.deepEqual(read.map(plain), rows.map(plain));
});

Deno.test("a dataset's games leave as PGN and Parquet", async () => {
  const directory = join(FOLDER, "made");
  const pgn = join(FOLDER, "made.pgn");
  const rows = madeGames(random(6, "games"), 60).map(gameRow);
  Deno.writeTextFileSync(pgn, rows.map(pgnOfGame).join(""));
  await buildDataset({ source: pgn, directory, split: { validation: 0.2, test: 0.5 } });
  const games = openDataset(directory).test;
  assert.ok(games.length > 5);
  const out = await run(`data/${directory}`, "pgn");
  const again: GameRow[] = [];
  for await (const game of readPgn(bytesOf(Deno.readTextFileSync(out!)), { name: "again" })) {
    again.push(gameRow(game));
  }
  assert.deepEqual(again.map(plain), [...eachGame(games)].map(plain));
  const table = await run(`data/${directory}`, "parquet");
  const back = await sql({ games: table! })`SELECT * EXCLUDE (moves) FROM games ORDER BY game`;
  assert.deepEqual(back, queryGames(games));
});

Deno.test("losses, claims and labels leave as tables with all their rows", async () => {
  const csv = await run("boardnet-cap1000", "csv");
  const losses = await sql({ t: csv! })`SELECT run, kind, step, units, seconds, loss FROM t`;
  assert.deepEqual(losses, queryLosses("boardnet-cap1000"));
  const claims = await run("claims", "parquet");
  const back = await sql({ t: claims! })`SELECT id, value, low, verdict FROM t`;
  assert.deepEqual(
    back,
    queryClaims().map(({ id, value, low, verdict }) => ({ id, value, low, verdict })),
  );
  const labels = await run("labels/human-test", "jsonl");
  const [{ n }] = await sql({ t: labels! })`SELECT count(*) AS n FROM t`;
  assert.equal(n, queryLabels("human-test").length);
});

Deno.test("a model leaves as safetensors, also of half the size, and as ONNX", async () => {
  const whole = await run("boardnet-cap1000", "safetensors");
  await useBackend("cpu");
  using original = loadModel("boardnet-cap1000");
  using copy = loadModel(whole!);
  assert.deepEqual(copy.config, original.config);
  assert.deepEqual(
    copy.params["query.weight"].dataSync(),
    original.params["query.weight"].dataSync(),
  );
  const half = await run("boardnet-cap1300", "safetensors", "--precision", "float16");
  assert.ok(Deno.statSync(half!).size < 0.6 * Deno.statSync(whole!).size);
  const onnx = await run("boardnet-cap1000", "onnx");
  assert.ok(Deno.statSync(onnx!).size > 0.9 * Deno.statSync(whole!).size);
});

Deno.test("what cannot leave is refused with what there is", async () => {
  const refused = (what: string, to: string, reason: RegExp, ...more: string[]) =>
    assert.rejects(run(what, to, ...more), reason);
  await refused("boardnet-cap1000", "csv", /it is there already; name another by --out/);
  await refused("boardnet-cap1000", "xls", /--to xls: must be onnx, safetensors, pgn, csv/);
  await refused("boardnet-cap9", "parquet", /there are .*boardnet-cap1000,/);
  await refused("boardnet-cap9", "onnx", /Cannot load the model "boardnet-cap9"/);
  await refused("claims", "onnx", /only a run has a model/);
  await refused("claims", "pgn", /must be games, data\/NAME/);
  await refused("data/none", "pgn", /NotFound|there is no dataset|Cannot open/);
  await refused("data/x", "pgn", /--part half: must be train, validation, test/, "--part", "half");
  await assert.rejects(exportTask([]), /name one thing, and a format/);
  Deno.removeSync(FOLDER, { recursive: true });
});
