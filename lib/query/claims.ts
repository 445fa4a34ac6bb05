/**
 * The ledger as rows with an interval, as `whiskers` and Plot take them.
 *
 * @module
 */

import { type Claim, readClaims } from "@lib/claims.ts";

/** A claim with its interval's ends as fields of their own. */
export interface ClaimRow extends Claim {
  /** The part of the id before the first dot, such as `endgame`. */
  readonly subject: string;
  /** Lower end of the 95 % interval. */
  readonly low: number;
  /** Upper end of the 95 % interval. */
  readonly high: number;
}

/**
 * The claims of the ledger whose ids begin with a word, or all.
 *
 * @param file the ledger (default: that of the workspace)
 *
 * ```ts
 * import { queryClaims } from "@lib/query/mod.ts";
 * import { figure, whiskers } from "@lib/notebook/mod.ts";
 * import assert from "node:assert/strict";
 *
 * const rows = queryClaims("endgame.diversity").filter(({ unit }) => unit.startsWith("expected"));
 * const drawn = figure({ marks: whiskers(rows, { x: "id", color: "verdict" }) });
 * assert.match(drawn.svg, /endgame\.diversity/);
 * ```
 */
export function queryClaims(start = "", file?: string): ClaimRow[] {
  return readClaims(file)
    .filter(({ id }) => id.startsWith(start))
    .map((claim) => ({
      ...claim,
      subject: claim.id.split(".")[0],
      low: claim.ci95[0],
      high: claim.ci95[1],
    }));
}
