/**
 * Questions to what is on disk, each answered by an array of rows for `table`, d3-array and Plot.
 *
 * ```ts
 * import { queryClaims, queryRuns } from "@lib/query/mod.ts";
 * import assert from "node:assert/strict";
 *
 * const failed = queryClaims().filter(({ verdict }) => verdict === "fails");
 * const small = queryRuns().filter(({ parameters }) => parameters < 100_000);
 * assert.ok(Array.isArray(failed) && small.every(({ units }) => units > 0));
 * ```
 *
 * @module
 */

export { type ClaimRow, queryClaims } from "@lib/query/claims.ts";
export {
  compareRuns,
  type Comparison,
  comparisonFigure,
  type LossesAt,
} from "@lib/query/compare.ts";
export {
  type LossRow,
  queryLosses,
  queryRuns,
  type RunRow,
  type RunsOptions,
} from "@lib/query/runs.ts";
export {
  eachMove,
  type GameInfo,
  loadGames,
  type LoadOptions,
  type MatchRow,
  type MoveRow,
  type Phase,
  queryGames,
  queryLabels,
  queryMatch,
  queryMoves,
} from "@lib/query/games.ts";
export { type MeanBy, meanBy } from "@lib/query/group.ts";
export {
  type Ask,
  type Database,
  openTables,
  sql,
  type SqlOptions,
  type SqlParameter,
  type SqlRow,
  type SqlValue,
} from "@lib/query/sql.ts";
export type { Tables, TableSource } from "@lib/query/tables.ts";
export { writeTable } from "@lib/query/write_table.ts";
