/**
 * What SQL may ask about: games, rows and files, as columns that DuckDB reads where they lie.
 *
 * @module
 */

import { globSync } from "node:fs";
import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  type DuckDBConnection,
  DuckDBTableFunction,
  type DuckDBType,
  type DuckDBValue,
  ENUM,
  INTEGER,
  LIST,
  listValue,
  quotedIdentifier,
  quotedString,
  TIMESTAMP,
  timestampValueFromDate,
  USMALLINT,
  VARCHAR,
} from "@duckdb/node-api";
import { makeUci } from "@lib/chess/san.ts";
import { type Games, NO_RESULT } from "@lib/data/games.ts";
import { SPEEDS } from "@lib/data/speed.ts";
import { userPath } from "@lib/paths.ts";

/**
 * What a table is made of: games, an array of plain objects, or files, by path (`*` and `**` stand for
 * anything), whose names end in `.parquet`, `.csv`, `.tsv`, `.json`, `.jsonl` or `.ndjson`; all but
 * the first also with `.gz` or `.zst`.
 */
export type TableSource = Games | Iterable<object> | string;

/** Tables by the names that SQL has for them. */
export type Tables = Readonly<Record<string, TableSource>>;

interface Column {
  readonly name: string;
  readonly type: DuckDBType;
  /** Its value in a row. */
  at(row: number): DuckDBValue;
}

const READERS: readonly [RegExp, string][] = [
  [/\.parquet$/i, "read_parquet([FILES], union_by_name = true"],
  [/\.[ct]sv(\.gz|\.zst)?$/i, "read_csv([FILES], union_by_name = true"],
  [/\.json(\.gz|\.zst)?$/i, "read_json([FILES], union_by_name = true"],
  [
    /\.(jsonl|ndjson)(\.gz|\.zst)?$/i,
    "read_json([FILES], format = 'newline_delimited', union_by_name = true",
  ],
];

/**
 * The files that the sources name.
 *
 * @throws {Deno.errors.NotFound} when there is none of that name.
 */
export function filesOf(name: string, source: TableSource): string[] {
  if (typeof source !== "string") return [];
  const path = userPath(source);
  const files = /[*?[]/.test(path) ? globSync(path).sort() : isFile(path) ? [path] : [];
  if (files.length > 0) return files;
  throw new Deno.errors.NotFound(`Cannot open the table ${name}: there is no file ${path}`);
}

/**
 * Makes a table known to a connection. Games and rows are not copied: DuckDB asks for the columns that
 * a query needs, 2048 rows at a time.
 *
 * @throws {TypeError} for what is no table.
 */
export async function addTable(
  connection: DuckDBConnection,
  name: string,
  source: TableSource,
): Promise<void> {
  const create = `CREATE VIEW ${quotedIdentifier(name)} AS SELECT * FROM`;
  if (typeof source === "string") {
    const reader = READERS.find(([end]) => end.test(source))?.[1];
    if (!reader) {
      throw new TypeError(
        `Cannot open the table ${name}: ${source} must end in .parquet, .csv, .tsv, .json, .jsonl ` +
          "or .ndjson; games (.pgn) are opened by loadGames",
      );
    }
    const files = filesOf(name, source).map(quotedString);
    const several = /[*?[]/.test(source) ? ", filename = true" : "";
    await connection.run(`${create} ${reader.replace("FILES", files.join(", "))}${several})`);
    return;
  }
  const rows = isGames(source) ? source.length : Array.from(source ?? [null]);
  const columns = isGames(source) ? columnsOfGames(source) : columnsOf(name, rows as object[]);
  const scan = `scan ${name}`;
  connection.registerTableFunction(
    scanOf(scan, columns, typeof rows === "number" ? rows : rows.length),
  );
  await connection.run(`${create} ${quotedIdentifier(scan)}()`);
}

const CHUNK = 2048; // rows: DuckDB's vector

function scanOf(name: string, columns: readonly Column[], length: number): DuckDBTableFunction {
  return DuckDBTableFunction.create({
    name,
    supportsProjectionPushdown: true,
    bindFunction(info) {
      for (const { name, type } of columns) info.addResultColumn(name, type);
      info.setCardinality(length, true);
    },
    initFunction(info) {
      const wanted = info.getColumnIndexes().map((i) => columns[i]);
      info.setInitData({ wanted, next: 0 });
      info.setMaxThreads(1);
    },
    mainFunction(info, chunk) {
      const scan = info.initData as { wanted: readonly (Column | undefined)[]; next: number };
      const rows = Math.min(CHUNK, length - scan.next);
      chunk.rowCount = rows;
      if (rows === 0) return;
      for (const [i, column] of scan.wanted.entries()) {
        if (!column) continue; // none is asked for: only rows are counted
        const vector = chunk.getColumnVector(i);
        for (let row = 0; row < rows; row++) vector.setItem(row, column.at(scan.next + row));
        vector.flush();
      }
      scan.next += rows;
    },
  });
}

function isGames(source: Games | Iterable<object>): source is Games {
  return (source as Games)?.offsets instanceof Uint32Array;
}

function columnsOfGames({ white, black, result, speed, year, offsets, moves }: Games): Column[] {
  return [
    { name: "game", type: INTEGER, at: (i) => i },
    { name: "white", type: USMALLINT, at: (i) => white[i] || null },
    { name: "black", type: USMALLINT, at: (i) => black[i] || null },
    {
      name: "score",
      type: DOUBLE,
      at: (i) => result[i] === NO_RESULT ? null : (result[i] + 1) / 2,
    },
    { name: "speed", type: ENUM(SPEEDS), at: (i) => SPEEDS[speed[i]] },
    { name: "year", type: USMALLINT, at: (i) => year[i] || null },
    { name: "plies", type: INTEGER, at: (i) => offsets[i + 1] - offsets[i] },
    {
      name: "moves",
      type: LIST(VARCHAR),
      at: (i) => listValue(Array.from(moves.subarray(offsets[i], offsets[i + 1]), makeUci)),
    },
  ];
}

function columnsOf(table: string, rows: readonly object[]): Column[] {
  const wrong = rows.find((row) => typeof row !== "object" || row === null);
  if (wrong !== undefined) {
    throw new TypeError(`Cannot open the table ${table}: ${wrong} must be a row, a plain object`);
  }
  const fields = new Set<string>();
  for (const row of rows) for (const field in row) fields.add(field);
  const names = [...fields];
  if (names.length === 0) {
    throw new TypeError(`Cannot open the table ${table}: must have a row with a field`);
  }
  return names.map((name) => {
    const value = (i: number) => (rows[i] as Record<string, unknown>)[name] ?? null;
    const [type, write] = typeOf(rows.map((_, i) => value(i)));
    return { name, type, at: (i) => value(i) === null ? null : write(value(i)) };
  });
}

const same = (value: unknown) => value as DuckDBValue;

/** The narrowest type that holds the values, and how one is written; JSON where they are mixed. */
function typeOf(values: readonly unknown[]): [DuckDBType, (value: unknown) => DuckDBValue] {
  const known = values.filter((value) => value !== null);
  const kinds = new Set(known.map((value) => typeof value));
  const all = (kind: string) => kinds.size === 1 && kinds.has(kind as "string");
  if (known.length === 0 || all("string")) return [VARCHAR, same];
  if (all("number")) return [known.every(isInt32) ? INTEGER : DOUBLE, same];
  if (all("boolean")) return [BOOLEAN, same];
  if (all("bigint")) return [BIGINT, same];
  if (known.every((value) => value instanceof Date)) {
    return [TIMESTAMP, (value) => timestampValueFromDate(value as Date)];
  }
  if (known.every(Array.isArray)) {
    const items = known.flat().filter((value) => value !== null && value !== undefined);
    if (!items.some((item) => typeof item === "object")) {
      const [type, write] = typeOf(items);
      return [
        LIST(type),
        (value) => listValue((value as unknown[]).map((item) => item == null ? null : write(item))),
      ];
    }
  }
  return [VARCHAR, (value) => typeof value === "string" ? value : JSON.stringify(value)];
}

function isInt32(value: unknown): boolean {
  return value === ((value as number) | 0) && !Object.is(value, -0);
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
