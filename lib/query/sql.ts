/**
 * Questions in SQL, answered by DuckDB over games, rows and files, where arrays would be too long or
 * the question too winding.
 *
 * @module
 */

import {
  type DuckDBConnection,
  DuckDBInstance,
  type DuckDBPreparedStatement,
  type DuckDBValue,
  listValue,
  quotedString,
  StatementType,
  timestampValueFromDate,
} from "@duckdb/node-api";
import { temporaryFolder } from "@lib/files.ts";
import { addTable, filesOf, type Tables } from "@lib/query/tables.ts";

/** A value in a row of an answer. */
export type SqlValue =
  | number
  | string
  | boolean
  | null
  | Date
  | Uint8Array
  | readonly SqlValue[]
  | { readonly [field: string]: SqlValue };

/** A row of an answer, by the names of its columns. */
export type SqlRow = Record<string, SqlValue>;

/** A value that stands in a question. */
export type SqlParameter =
  | number
  | bigint
  | string
  | boolean
  | null
  | Date
  | readonly SqlParameter[];

/** Asks a question: a template of SQL, whose values are bound, not pasted into the text. */
export interface Ask {
  /** The answer's rows. */
  <Row extends object = SqlRow>(
    text: TemplateStringsArray,
    ...values: readonly SqlParameter[]
  ): Promise<Row[]>;
}

/** How far DuckDB may go; all optional. */
export interface SqlOptions {
  /** Megabytes of memory; what needs more goes to a temporary folder (default 1024). */
  readonly memory?: number;
  /** Threads (default 2). */
  readonly threads?: number;
  /** Rows of an answer at most; more is an error (default a million). */
  readonly rows?: number;
}

/** Tables that are open for several questions. */
export interface Database extends AsyncDisposable {
  /** Asks a question about them. */
  readonly sql: Ask;
}

/**
 * Asks one question about tables in SQL, as DuckDB speaks it.
 *
 * A table is games (columns `game`, `white`, `black`, `score`, `speed`, `year`, `plies`, and `moves`,
 * a list of UCI), an array of plain objects, or files: Parquet, CSV or JSON, one object a line or an
 * array. Games and rows are read where they lie. Values in the template are parameters; an array is a
 * list: `x IN ${[1, 2]}`.
 *
 * Rows are plain objects for Plot, d3-array and `table`: whole numbers of any width become numbers,
 * dates `Date`, lists arrays.
 *
 * Only a single `SELECT` is answered, and it reaches no file but those named as tables.
 *
 * @throws {SyntaxError} for SQL that is wrong, or not one question; names what there is.
 * @throws {RangeError} when the answer is longer than `rows`, or holds a whole number beyond 2⁵³.
 * @throws {Deno.errors.NotFound} when a file is not there.
 *
 * ```ts
 * import { queryLabels, sql } from "@lib/query/mod.ts";
 * import { figure, Plot } from "@lib/notebook/mod.ts";
 * import assert from "node:assert/strict";
 *
 * const moves = queryLabels("human-test");
 * const rows = await sql({ moves })`
 *   SELECT rating // 300 * 300 AS rating, phase, avg((loss > ${20})::INT) AS blunders, count(*) AS n
 *   FROM moves GROUP BY ALL ORDER BY ALL`;
 * const drawn = figure({ marks: [Plot.lineY(rows, { x: "rating", y: "blunders", stroke: "phase" })] });
 * assert.match(drawn.svg, /endgame/);
 * assert.equal(rows.reduce((sum, { n }) => sum + Number(n), 0), moves.length);
 * ```
 */
export function sql(tables: Tables, options: SqlOptions = {}): Ask {
  return async (text, ...values) => {
    await using database = await openTables(tables, options);
    return await database.sql(text, ...values);
  };
}

/**
 * Opens tables for several questions; `await using` closes them.
 *
 * @throws {Deno.errors.NotFound} when a file is not there.
 * @throws {TypeError} for what is no table.
 *
 * ```ts
 * import { openTables } from "@lib/query/mod.ts";
 * import assert from "node:assert/strict";
 *
 * await using database = await openTables({ players: [{ name: "a", elo: 1480 }] });
 * const [{ elo }] = await database.sql`SELECT elo FROM players WHERE name = ${"a"}`;
 * assert.equal(elo, 1480);
 * await assert.rejects(database.sql`DROP VIEW players`, /must be one SELECT/);
 * ```
 */
export async function openTables(tables: Tables, options: SqlOptions = {}): Promise<Database> {
  const { rows = 1_000_000 } = options;
  const opened = await connect(tables, options);
  return {
    sql: <Row extends object>(text: TemplateStringsArray, ...values: readonly SqlParameter[]) =>
      ask(opened.connection, Object.keys(tables), text, values, rows) as Promise<Row[]>,
    [Symbol.asyncDispose]: opened[Symbol.asyncDispose],
  };
}

interface Opened extends AsyncDisposable {
  readonly connection: DuckDBConnection;
}

/**
 * A connection that knows the tables and reaches nothing else.
 *
 * @param writable a file that may be written as well
 */
export async function connect(
  tables: Tables,
  { memory = 1024, threads = 2 }: SqlOptions = {},
  writable?: string,
): Promise<Opened> {
  const files = Object.entries(tables).flatMap(([name, source]) => filesOf(name, source));
  const spill = temporaryFolder("sql-");
  const instance = await DuckDBInstance.create(":memory:", {
    memory_limit: `${memory}MB`,
    threads: String(threads),
    temp_directory: spill,
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  });
  const connection = await instance.connect();
  const close = () => {
    connection.closeSync();
    instance.closeSync();
    Deno.removeSync(spill, { recursive: true });
    return Promise.resolve();
  };
  try {
    for (const [name, source] of Object.entries(tables)) await addTable(connection, name, source);
    const reached = writable === undefined ? files : [...files, writable];
    await connection.run(`SET allowed_paths = [${reached.map(quotedString).join(", ")}]`);
    await connection.run("SET enable_external_access = false");
    await connection.run("SET lock_configuration = true");
  } catch (error) {
    await close();
    throw error;
  }
  return { connection, [Symbol.asyncDispose]: close };
}

async function ask(
  connection: DuckDBConnection,
  tables: readonly string[],
  text: TemplateStringsArray,
  values: readonly SqlParameter[],
  most: number,
): Promise<SqlRow[]> {
  const question = text.reduce((before, part, i) => `${before}$${i}${part}`);
  try {
    const statement = await prepare(connection, question);
    try {
      statement.bind(values.map(bound));
      const result = await statement.stream();
      const rows: SqlRow[] = [];
      for await (const chunk of result.yieldRowObjectJs()) {
        for (const row of chunk) rows.push(plain(row) as SqlRow);
        if (rows.length > most) {
          throw new RangeError(
            `Cannot answer with more than ${most} rows: group them, add a LIMIT, or allow { rows }`,
          );
        }
      }
      return rows;
    } finally {
      statement.destroySync();
    }
  } catch (error) {
    if (!(error instanceof Error) || error instanceof RangeError) throw error;
    const known = tables.join(", ") || "none";
    const hint = /does not exist/.test(error.message) ? `\nThere are the tables ${known}` : "";
    const Kind = error instanceof TypeError ? TypeError : SyntaxError;
    throw new Kind(`Cannot answer the question: ${error.message}${hint}`, { cause: error });
  }
}

async function prepare(
  connection: DuckDBConnection,
  question: string,
): Promise<DuckDBPreparedStatement> {
  if (question.trim() === "") throw new SyntaxError("must be one SELECT, not an empty text");
  const statements = await connection.extractStatements(question);
  if (statements.count !== 1) {
    throw new SyntaxError(`must be one SELECT, not ${statements.count} statements`);
  }
  const statement = await statements.prepare(0);
  const { statementType: type } = statement;
  if (type === StatementType.SELECT || type === StatementType.EXPLAIN) return statement;
  statement.destroySync();
  throw new SyntaxError(`must be one SELECT, not ${StatementType[type]}`);
}

function bound(value: SqlParameter): DuckDBValue {
  if (value === undefined) throw new TypeError("a value of the template is undefined");
  if (value instanceof Date) return timestampValueFromDate(value);
  return Array.isArray(value) ? listValue(value.map(bound)) : value as DuckDBValue;
}

/** A value as Plot and d3-array take it: bigints as numbers, also inside lists and structs. */
function plain(value: unknown): SqlValue {
  if (typeof value === "bigint") {
    if (Number.isSafeInteger(Number(value))) return Number(value);
    throw new RangeError(
      `Cannot write ${value} as a number: must be below 2^53; cast it, ::DOUBLE or ::VARCHAR`,
    );
  }
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value as SqlValue;
  if (value instanceof Date || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([field, each]) => [field, plain(each)]));
}
