import assert from "node:assert/strict";
import { join } from "node:path";
import { collectGames, gameRow } from "@lib/data/games.ts";
import { openTables, queryGames, sql, type Tables, writeTable } from "@lib/query/mod.ts";
import { random } from "@lib/random.ts";
import { madeGames } from "../data/made_games.ts";

const games = collectGames(madeGames(random(1, "games"), 3000).map(gameRow));

Deno.test("games are a table whose columns say what queryGames says, and the moves as UCI", async () => {
  const rows = await sql({ games })`SELECT * EXCLUDE (moves) FROM games ORDER BY game`;
  assert.deepEqual(rows, queryGames(games));
  const [{ moves, first }] = await sql({ games })<{ moves: string[]; first: string }>`
    SELECT moves, moves[1] AS first FROM games WHERE plies > 1 LIMIT 1`;
  assert.match(moves[0], /^[a-h]2[a-h][34]$|^[bg]1[acfh]3$/);
  assert.equal(first, moves[0]);
});

Deno.test("rows are a table of the narrowest types; what comes back is plain", async () => {
  const day = new Date("2016-02-03T04:05:06Z");
  const row = {
    whole: 3,
    part: 0.5,
    none: null,
    truth: true,
    text: "x",
    day,
    list: [1, 2.5],
    nested: { a: [1] },
  };
  const [types] = await sql({ t: [row, { whole: -1 }] })`
    SELECT typeof(whole) AS whole, typeof(part) AS part, typeof(list) AS list, typeof(day) AS day
    FROM t LIMIT 1`;
  assert.deepEqual(types, {
    whole: "INTEGER",
    part: "DOUBLE",
    list: "DOUBLE[]",
    day: "TIMESTAMP",
  });
  const back = await sql({ t: [row, { whole: -1 }] })`SELECT * FROM t`;
  assert.deepEqual(back[0], { ...row, nested: '{"a":[1]}' });
  assert.equal(back[1].text, null);
  const [{ n, big, struct }] = await sql({ t: [{ x: 1n }] })`
    SELECT count(*) AS n, sum(x) * 9007199254740991 AS big, {'a': [1::BIGINT]} AS struct FROM t`;
  assert.deepEqual([n, big, struct], [1, Number.MAX_SAFE_INTEGER, { a: [1] }]);
  await assert.rejects(
    sql({})`SELECT 9007199254740993 AS x`,
    /RangeError: Cannot write 9007199254740993 as a number: .* cast it/,
  );
});

Deno.test("values of the template are bound: no text of theirs becomes SQL", async () => {
  const rows = [{ name: "ada" }, { name: "x' OR '1'='1" }];
  await using database = await openTables({ rows });
  const found = await database.sql`SELECT name FROM rows WHERE name = ${"x' OR '1'='1"}`;
  assert.deepEqual(found, [{ name: "x' OR '1'='1" }]);
  assert.equal((await database.sql`SELECT * FROM rows WHERE name IN ${["ada", "bob"]}`).length, 1);
  assert.equal((await database.sql`SELECT * FROM rows LIMIT ${1}`).length, 1);
  const day = new Date("2016-02-03");
  assert.deepEqual(await database.sql`SELECT ${day} AS day, ${null} AS none, ${2n} AS two`, [
    { day, none: null, two: 2 },
  ]);
  await assert.rejects(
    database.sql`SELECT ${undefined as unknown as null}`,
    /TypeError: Cannot answer the question: a value of the template is undefined/,
  );
});

Deno.test("files are tables: Parquet, CSV, JSON lines, several at once", async () => {
  const folder = Deno.makeTempDirSync();
  const rows = [{ run: "a", step: 1, loss: 2.5 }, { run: "b", step: 2, loss: null }];
  for (const end of ["parquet", "csv", "jsonl"]) {
    const file = join(folder, `t's.${end}`);
    assert.equal(await writeTable(rows, file), 2);
    assert.deepEqual(await sql({ t: file })`SELECT * FROM t ORDER BY step`, rows, end);
  }
  for (const step of [3, 4]) {
    Deno.mkdirSync(join(folder, `run${step}`));
    Deno.writeTextFileSync(join(folder, `run${step}`, "metrics.jsonl"), `{"step": ${step}}\n`);
  }
  const lines = await sql({ lines: join(folder, "*", "metrics.jsonl") })`
    SELECT step, filename FROM lines ORDER BY step`;
  assert.deepEqual(lines.map(({ step }) => step), [3, 4]);
  assert.match(String(lines[0].filename), /run3/);
  assert.deepEqual([...Deno.readDirSync(folder)].filter(({ name }) => /tmp/.test(name)), []);
});

Deno.test("what is no table is refused: no file, another kind, no rows", async () => {
  const one = (table: unknown) => sql({ t: table } as Tables)`SELECT 1`;
  await assert.rejects(one("/no/such.csv"), /NotFound: .*table t: there is no file .*such\.csv/);
  await assert.rejects(one("/no/*.csv"), /there is no file/);
  await assert.rejects(one("x.pgn"), /NotFound|must end in/);
  const pgn = join(Deno.makeTempDirSync(), "x.pgn");
  Deno.writeTextFileSync(pgn, "");
  await assert.rejects(one(pgn), /TypeError: .*x\.pgn must end in .*loadGames/);
  await assert.rejects(one([]), /TypeError: .*table t: must have a row/);
  await assert.rejects(one([1]), /TypeError: .*1 must be a row/);
  await assert.rejects(writeTable([{ x: 1 }], "x.xls"), /must end in .csv, .parquet or .jsonl/);
});

Deno.test("nothing is changed and no other file is reached", async () => {
  const folder = Deno.makeTempDirSync();
  const file = join(folder, "mine.csv"), other = join(folder, "other.csv");
  Deno.writeTextFileSync(file, "x\n1\n");
  Deno.writeTextFileSync(other, "secret\n1\n");
  await using database = await openTables({ mine: file });
  const run = (text: string) => database.sql([text] as unknown as TemplateStringsArray);
  assert.deepEqual(await run("SELECT x FROM mine"), [{ x: 1 }]);
  for (
    const text of [
      "DROP VIEW mine",
      "CREATE TABLE t AS SELECT 1",
      `COPY mine TO '${file}'`,
      "SET enable_external_access = true",
      "CHECKPOINT",
      "SELECT 1; DROP VIEW mine",
      "",
    ]
  ) await assert.rejects(run(text), /SyntaxError: Cannot answer the question: must be one SELECT/);
  for (
    const text of [
      `SELECT * FROM '${other}'`,
      `SELECT * FROM read_text('${other}')`,
      `SELECT * FROM glob('${folder}/*')`,
      `COPY mine TO '${folder}/out.csv'`,
    ]
  ) await assert.rejects(run(text), /Permission Error/);
  await assert.rejects(run("SELECT y FROM mine"), /column "y" not found.*Candidate.*"x"/s);
  await assert.rejects(run("SELECT * FROM yours"), /There are the tables mine/);
  assert.deepEqual([...Deno.readDirSync(folder)].length, 2);
});

Deno.test("memory and answers are bounded, and nothing is left behind", async () => {
  const spills = () =>
    [...Deno.readDirSync(Deno.env.get("TMPDIR") ?? "/tmp")].filter(({ name }) =>
      name.startsWith("sql-")
    ).length;
  const before = spills();
  const [{ x }] = await sql({}, { memory: 16 })`
    SELECT x FROM range(600000) t(x) ORDER BY hash(x) LIMIT 1 OFFSET 500000`;
  assert.ok(Number(x) >= 0);
  await assert.rejects(
    sql({}, { rows: 100 })`SELECT * FROM range(1000000)`,
    /RangeError: Cannot answer with more than 100 rows/,
  );
  assert.ok(spills() <= before);
});
