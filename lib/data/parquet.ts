/**
 * Parquet files of games, read as the PGN that they are made of.
 *
 * @module
 */

import {
  type DuckDBConnection,
  DuckDBInstance,
  quotedIdentifier,
  quotedString,
} from "@duckdb/node-api";
import { join } from "node:path";
import type { Rule, Selection } from "@lib/data/select.ts";
import { CACHE } from "@lib/paths.ts";

/** The tags that datasets are made of; a file need not have them all. */
const TAGS = [
  "Event",
  "Site",
  "White",
  "Black",
  "Result",
  "UTCDate",
  "Date",
  "WhiteElo",
  "BlackElo",
  "TimeControl",
  "Termination",
  "Variant",
  "FEN",
];

/** Bytes of a game's moves at most: ten times the longest games of people with all their comments. */
const LONGEST = 1 << 18;
// DuckDB hands on 2048 games at once: texts that are longer never leave it.
const MOVES = `CASE WHEN strlen(movetext) <= ${LONGEST} THEN movetext END`;

const PIECE = 1 << 20; // characters handed on at once

/** How a file is read. */
export interface ParquetOptions {
  /** What DuckDB may leave out by ratings and dates, before the moves are read. */
  readonly selection?: Selection;
  /** Told how many games were left out so, and by which rule. */
  readonly onSkipped?: (rule: Rule, games: number) => void;
  /** Told of a game that is not there or too long. */
  readonly onError?: (error: Error) => void;
  /** Told how much of the games that are wanted has been read, 0 … 1. */
  readonly onProgress?: (fraction: number) => void;
  /** Megabytes that DuckDB may take (default 512). */
  readonly memory?: number;
}

/**
 * The games of a Parquet file as PGN, in the file's order. Its columns are called as PGN's tags
 * (`WhiteElo`, `UTCDate`, …) and the moves `movetext`, as in Hugging Face's
 * `Lichess/standard-chess-games`. DuckDB reads the columns that are needed, and of `movetext` only the
 * row groups that hold games with ratings and dates of the selection.
 *
 * @throws {Error} (from the loop) when the file is missing, corrupt, has no `movetext`, or would need
 * more memory than it may take.
 *
 * ```ts
 * import { openParquet } from "@lib/data/parquet.ts";
 * import { writeTable } from "@lib/query/mod.ts";
 * import assert from "node:assert/strict";
 *
 * const path = `${Deno.makeTempDirSync()}/games.parquet`;
 * await writeTable([{ WhiteElo: 1480, BlackElo: 1502, movetext: "1. e4 1-0" }], path);
 * let pgn = "";
 * for await (const bytes of openParquet(path)) pgn += new TextDecoder().decode(bytes);
 * assert.match(pgn, /\[WhiteElo "1480"\]\n\[BlackElo "1502"\]\n\n1\. e4 1-0/);
 * ```
 */
export async function* openParquet(
  path: string,
  { memory = 512, ...options }: ParquetOptions = {},
): AsyncGenerator<Uint8Array> {
  const refuse = (cause: unknown) => {
    const reason = (cause as Error).message.split("\n", 1)[0];
    return new Error(`Cannot read ${path}: ${reason}`, { cause });
  };
  const instance = await DuckDBInstance.create(":memory:", {
    memory_limit: `${memory}MB`,
    threads: "2",
    temp_directory: join(CACHE, "parquet"),
    max_temp_directory_size: "0MB",
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  });
  try {
    const connection = await instance.connect();
    await connection.run(`SET allowed_paths = [${quotedString(path)}]`);
    await connection.run("SET enable_external_access = false");
    await connection.run("SET lock_configuration = true");
    try {
      yield* pgnOf(connection, path, options);
    } catch (cause) {
      throw refuse(cause);
    } finally {
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
  }
}

async function* pgnOf(
  connection: DuckDBConnection,
  path: string,
  { selection, onSkipped, onError, onProgress }: ParquetOptions,
): AsyncGenerator<Uint8Array> {
  const from = `FROM read_parquet(${quotedString(path)})`;
  const described = await connection.runAndReadAll(`DESCRIBE SELECT * ${from}`);
  const columns = new Map(
    described.getRows().map(([name, type]) => [String(name), String(type)] as const),
  );
  if (columns.get("movetext") !== "VARCHAR") {
    throw new Error(`it has no column of text "movetext", but ${[...columns.keys()].join(", ")}`);
  }
  const rules = selection === undefined ? [] : rulesOf(selection, columns);
  const skipped = rules.map(([, fits], i) => {
    const before = rules.slice(0, i).map(([, fits]) => ` AND (${fits}) IS TRUE`).join("");
    return `, count(*) FILTER (WHERE (${fits}) IS NOT TRUE${before})`;
  });
  const counted = await connection.runAndReadAll(`SELECT count(*)${skipped.join("")} ${from}`);
  const [all, ...left] = counted.getRows()[0].map(Number);
  left.forEach((games, i) => games > 0 && onSkipped?.(rules[i][0], games));
  const wanted = all - left.reduce((a, b) => a + b, 0);

  const tags = TAGS.filter((tag) => columns.has(tag));
  const read = [...tags.map((tag) => text(tag, columns.get(tag)!)), MOVES].join(", ");
  const where = rules.length > 0 ? `WHERE ${rules.map(([, fits]) => fits).join(" AND ")}` : "";
  const result = await connection.stream(`SELECT ${read} ${from} ${where}`);
  const encoder = new TextEncoder();
  let done = 0, pgn = "";
  for (let rows; (rows = await result.fetchChunk()) !== null && rows.rowCount > 0;) {
    // One value after the other: a text that many rows share is short in the file, not in here.
    const vectors = Array.from({ length: rows.columnCount }, (_, i) => rows.getColumnVector(i));
    for (let row = 0; row < rows.rowCount; row++) {
      const values = vectors.map((vector) => vector.getItem(row) as string | null);
      const moves = values[tags.length];
      if (moves === null) {
        onError?.(
          new Error(
            `Cannot read game ${done + row + 1} of ${path}: its moves must be there, and no more ` +
              `than ${LONGEST >> 10} KiB`,
          ),
        );
        continue;
      }
      tags.forEach((tag, i) => {
        const value = values[i];
        if (value !== null && value !== "") pgn += `[${tag} "${quoted(value)}"]\n`;
      });
      const ends = /(1-0|0-1|1\/2-1\/2|\*)\s*$/.test(moves.slice(-10));
      pgn += `\n${moves}${ends ? "" : ` ${values[tags.indexOf("Result")] ?? "*"}`}\n\n`;
      if (pgn.length > PIECE) {
        onProgress?.((done + row + 1) / wanted);
        yield encoder.encode(pgn);
        pgn = "";
      }
    }
    done += rows.rowCount;
  }
  yield encoder.encode(pgn);
}

/** A column as the text of a tag. */
function text(tag: string, type: string): string {
  const column = quotedIdentifier(tag);
  return type === "DATE" ? `strftime(${column}, '%Y.%m.%d')` : `CAST(${column} AS VARCHAR)`;
}

/** A value as it stands between the quotes of a tag. */
function quoted(value: string): string {
  return value.replaceAll(/\s+/g, " ").replaceAll(/["\\]/g, "\\$&");
}

/** The selection's rules that DuckDB can judge, with the condition under which a game fits. */
function rulesOf(
  { cap, band, from, to }: Selection,
  columns: ReadonlyMap<string, string>,
): [Rule, string][] {
  const rules: [Rule, string][] = [];
  const rating = (tag: string) =>
    /INT/.test(columns.get(tag) ?? "") ? tag : `coalesce(TRY_CAST(${tag} AS INTEGER), 0)`;
  if ((cap !== undefined || band) && columns.has("WhiteElo") && columns.has("BlackElo")) {
    const [white, black] = [rating("WhiteElo"), rating("BlackElo")];
    const both = (test: string) => `${white} ${test} AND ${black} ${test}`;
    rules.push(["rating unknown", both("> 0")]);
    if (cap !== undefined) rules.push(["cap", both(`<= ${cap}`)]);
    if (band) rules.push(["band", `${both(`> ${band[0]}`)} AND ${both(`<= ${band[1]}`)}`]);
  }
  if (columns.get("UTCDate") === "DATE") {
    const pad = (date: string) => date + "-01".repeat(3 - date.split("-").length);
    const next = (date: string) => {
      const step = ["year", "month", "day"][date.split("-").length - 1];
      return `DATE '${pad(date)}' + INTERVAL 1 ${step}`;
    };
    const bounds = [
      ...(from ? [`UTCDate >= DATE '${pad(from)}'`] : []),
      ...(to ? [`UTCDate < ${next(to)}`] : []),
    ];
    if (bounds.length > 0) rules.push(["date", bounds.join(" AND ")]);
  }
  return rules;
}
