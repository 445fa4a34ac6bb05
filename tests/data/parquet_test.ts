import assert from "node:assert/strict";
import { join } from "node:path";
import { openParquet } from "@lib/data/parquet.ts";
import { buildDataset } from "@lib/data/dataset.ts";
import { parseSelection } from "@lib/data/select.ts";
import { makePgn } from "@lib/chess/pgn.ts";
import { connect } from "@lib/query/sql.ts";
import { writeTable } from "@lib/query/mod.ts";
import { random } from "@lib/random.ts";
import { madeGames } from "./made_games.ts";

const made = madeGames(random(3, "parquet"), 300, 30);

/** A game as a row of Hugging Face's table: its tags, and its moves as a text. */
function rowOf({ headers, moves, result }: (typeof made)[number]) {
  const pgn = makePgn({ headers: {}, moves, result: result as "1-0" });
  return {
    ...headers,
    Result: result,
    movetext: pgn.split("\n\n")[1].replaceAll("\n", " ").trim(),
  };
}

const PGN = made.map(({ headers, moves, result }) =>
  makePgn({ headers: { ...headers, Result: result }, moves, result: result as "1-0" })
).join("\n");

Deno.test("a dataset from Parquet has the shards and the counts of one from the same games in PGN", async () => {
  const folder = Deno.makeTempDirSync();
  Deno.writeTextFileSync(join(folder, "games.pgn"), PGN);
  const rows = made.map((game) => {
    const row = rowOf(game),
      number = (elo: string | undefined) => Number.parseInt(elo ?? "") || null;
    const { UTCDate, WhiteElo, BlackElo } = game.headers;
    return {
      ...row,
      WhiteElo: number(WhiteElo),
      BlackElo: number(BlackElo),
      UTCDate: UTCDate ? new Date(UTCDate.replaceAll(".", "-")) : null,
    };
  });
  await writeTable(rows, join(folder, "rows.parquet"));
  { // as Hugging Face has it: dates as DATE, ratings as small whole numbers
    await using opened = await connect(
      { rows: join(folder, "rows.parquet") },
      {},
      join(folder, "games.parquet"),
    );
    await opened.connection.run(
      `COPY (SELECT * REPLACE (UTCDate::DATE AS UTCDate, WhiteElo::USMALLINT AS WhiteElo,
        BlackElo::USMALLINT AS BlackElo) FROM rows) TO '${join(folder, "games.parquet")}'
        (FORMAT parquet, USE_TMP_FILE false)`,
    );
  }
  const build = (source: string, selection: object) =>
    buildDataset({
      source: join(folder, source),
      directory: join(folder, "built"),
      replace: true,
      selection,
      split: { validation: 0.2, test: 0.2 },
    });
  for (const selection of [{}, { cap: 1600 }, { band: [1200, 1700] as const }]) {
    const [pgn, parquet] = [
      await build("games.pgn", selection),
      await build("games.parquet", selection),
    ];
    assert.deepEqual(parquet.shards, pgn.shards);
    assert.equal(parquet.read, pgn.read);
    assert.deepEqual(parquet.rejected, pgn.rejected);
  }
});

/** A Parquet file with small groups of rows, so that some can be left out. */
async function grouped(path: string): Promise<void> {
  const rows = Array.from({ length: 20_000 }, (_, i) => ({
    WhiteElo: i < 10_000 ? 1000 : 2000,
    BlackElo: i < 10_000 ? 1010 : 2010,
    movetext: `1. e4 e5 { ${i} } 1-0`,
  }));
  await using opened = await connect({ rows }, { threads: 1 }, path);
  await opened.connection.run(
    `COPY (SELECT * FROM rows) TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE 10000, USE_TMP_FILE false)`,
  );
}

async function read(path: string, cap?: number) {
  let games = 0, skipped = 0;
  const selection = parseSelection(cap === undefined ? {} : { cap });
  const options = { selection, onSkipped: (_: string, n: number) => skipped += n };
  for await (const bytes of openParquet(path, options)) {
    games += new TextDecoder().decode(bytes).match(/^\[WhiteElo/gm)?.length ?? 0;
  }
  return { games, skipped };
}

Deno.test("groups of rows that the selection leaves out are not read: damage there goes unseen", async () => {
  const path = join(Deno.makeTempDirSync(), "grouped.parquet");
  await grouped(path);
  assert.deepEqual(await read(path), { games: 20_000, skipped: 0 });
  const bytes = Deno.readFileSync(path);
  // The last column of the second group lies before the footer, whose length stands at the end.
  const footer = new DataView(bytes.buffer).getUint32(bytes.length - 8, true);
  bytes.fill(0xff, bytes.length - 8 - footer - 20_000, bytes.length - 8 - footer - 10_000);
  Deno.writeFileSync(path, bytes);
  await assert.rejects(read(path), /Cannot read .*grouped\.parquet: /);
  assert.deepEqual(await read(path, 1500), { games: 10_000, skipped: 10_000 });
});

Deno.test("a Parquet bomb takes bounded memory, and other files are refused by name", async () => {
  const folder = Deno.makeTempDirSync(), bomb = join(folder, "bomb.parquet");
  {
    await using opened = await connect({}, {}, bomb);
    await opened.connection.run(
      `COPY (SELECT repeat('x', 20000000) AS movetext FROM range(40)) TO '${bomb}'
        (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)`,
    );
  }
  assert.ok(Deno.statSync(bomb).size < 1e6, "800 MB in less than one");
  const before = Deno.memoryUsage().rss;
  let most = before;
  const errors: string[] = [];
  const onError = ({ message }: Error) => errors.push(message);
  for await (const bytes of openParquet(bomb, { onError })) {
    most = Math.max(most, Deno.memoryUsage().rss);
    assert.equal(bytes.length, 0);
  }
  assert.equal(errors.length, 40);
  assert.match(errors[0], /Cannot read game 1 of .*: its moves must be there, and no more than/);
  const grown = (most - before) / 2 ** 20;
  assert.ok(grown < 400, `grown by ${grown.toFixed(0)} MiB`);
  await writeTable([{ moves: "e4" }], join(folder, "other.parquet"));
  await assert.rejects(
    read(join(folder, "other.parquet")),
    /no column of text "movetext", but moves/,
  );
  Deno.writeTextFileSync(join(folder, "text.parquet"), "1. e4 e5");
  await assert.rejects(read(join(folder, "text.parquet")), /Cannot read .*text\.parquet: /);
});
