/**
 * Tables into files that other programs read.
 *
 * @module
 */

import { quotedString } from "@duckdb/node-api";
import { renameSync } from "node:fs";
import { connect } from "@lib/query/sql.ts";
import type { TableSource } from "@lib/query/tables.ts";

const FORMATS: Readonly<Record<string, string>> = {
  csv: "FORMAT csv, HEADER",
  parquet: "FORMAT parquet, COMPRESSION zstd",
  jsonl: "FORMAT json",
};

/**
 * Writes games, rows or files as one table: CSV, Parquet or JSON, an object a line, as the name ends
 * in `.csv`, `.parquet` or `.jsonl`. The file appears when it is complete.
 *
 * @param source games, rows or files, as `sql` takes them
 * @returns how many rows were written
 * @throws {TypeError} for another ending, or what is no table.
 *
 * ```ts
 * import { queryClaims, sql, writeTable } from "@lib/query/mod.ts";
 * import assert from "node:assert/strict";
 *
 * const file = `${Deno.makeTempDirSync()}/claims.parquet`;
 * const claims = queryClaims();
 * assert.equal(await writeTable(claims, file), claims.length);
 * const [{ n }] = await sql({ claims: file })`SELECT count(*) AS n FROM claims`;
 * assert.equal(n, claims.length);
 * ```
 */
export async function writeTable(source: TableSource, file: string): Promise<number> {
  const format = FORMATS[/\.(\w+)$/.exec(file)?.[1] ?? ""];
  if (!format) {
    throw new TypeError(`Cannot write the table ${file}: must end in .csv, .parquet or .jsonl`);
  }
  const partial = `${file}.tmp`;
  await using opened = await connect({ table: source }, {}, partial);
  const result = await opened.connection.run(
    `COPY (SELECT * FROM "table") TO ${quotedString(partial)} (${format}, USE_TMP_FILE false)`,
  );
  renameSync(partial, file);
  return Number(result.rowsChanged);
}
