/**
 * The ledger: every number that the project states is a row of `results/claims.json`, with its n,
 * its 95 % interval, its seeds, and the notebook and runs that it came from.
 *
 * @module
 */

import { join } from "node:path";
import { z } from "zod";
import { readTextIfPresent, writeJson } from "@lib/files.ts";
import { RESULTS } from "@lib/paths.ts";
import type { Interval } from "@lib/analysis/stats.ts";

/** The default ledger. */
export const CLAIMS_FILE: string = join(RESULTS, "claims.json");

/** What was foreseen before the measurement: a bound that the whole interval must clear. */
export type Prediction = { readonly above: number } | { readonly below: number };

/** `holds`: the interval is clear of the bound as foreseen; `fails`: clear on the other side. */
export type Verdict = "holds" | "fails" | "undecided" | "measured";

const claimSchema = z.strictObject({
  /** Names the claim for ever, such as `endgame.transcends`. */
  id: z.string().regex(/^[a-z][a-z0-9-]*(\.[a-z0-9-][a-z0-9.-]*)+$/),
  /** One sentence that can be true or false. */
  claim: z.string().min(10),
  /** The paper's number for the same thing, in words; `null` where it has none. */
  paper: z.string().nullable(),
  value: z.number(),
  ci95: z.tuple([z.number(), z.number()]),
  /** How many independent units the interval rests on (0: the number is exact), and what they are. */
  n: z.int().nonnegative(),
  n_unit: z.string(),
  seeds: z.array(z.int()),
  unit: z.string(),
  /** The runs under `results/` behind the number; empty where no training was needed. */
  run: z.array(z.string()),
  /** The notebook that measures it, such as `00_quickstart`. */
  notebook: z.string(),
  /** The bound stated beforehand, such as `> 0`; `null` for a number that is only measured. */
  prediction: z.string().nullable(),
  verdict: z.enum(["holds", "fails", "undecided", "measured"]),
}).refine((row) => row.ci95[0] <= row.ci95[1], "the interval's ends are in the wrong order");

/** One row of the ledger. */
export type Claim = Readonly<z.infer<typeof claimSchema>>;

/**
 * Judges an interval against what was foreseen.
 *
 * ```ts
 * import { judge } from "@lib/claims.ts";
 * import assert from "node:assert/strict";
 *
 * const interval = { value: 2, low: 1, high: 3, n: 5 };
 * assert.equal(judge(interval, { above: 0 }), "holds");
 * assert.equal(judge(interval, { above: 2.5 }), "undecided");
 * assert.equal(judge(interval, { below: 0 }), "fails");
 * ```
 */
export function judge(interval: Interval, prediction?: Prediction): Verdict {
  if (prediction === undefined) return "measured";
  const [bound, sign] = "above" in prediction ? [prediction.above, 1] : [prediction.below, -1];
  if (sign * (interval.low - bound) > 0 && sign * (interval.high - bound) > 0) return "holds";
  if (sign * (interval.low - bound) < 0 && sign * (interval.high - bound) < 0) return "fails";
  return "undecided";
}

/**
 * Reads the ledger, in the order of its ids; empty where the file does not exist.
 *
 * @throws {SyntaxError} naming the file, the row and the rule that it breaks.
 */
export function readClaims(file: string = CLAIMS_FILE): Claim[] {
  const text = readTextIfPresent(file);
  if (text === undefined) return [];
  let rows: unknown;
  try {
    rows = JSON.parse(text);
  } catch (error) {
    throw new SyntaxError(`Cannot read the ledger ${file}: ${(error as Error).message}`);
  }
  if (!Array.isArray(rows)) throw new SyntaxError(`Cannot read the ledger ${file}: not a list`);
  return rows.map((row, i) => {
    const parsed = claimSchema.safeParse(row);
    if (parsed.success) return parsed.data;
    throw new SyntaxError(
      `Cannot read row ${i} (${row?.id}) of ${file}: ${z.prettifyError(parsed.error)}`,
    );
  });
}

/**
 * Writes one row into the ledger, in place of the row of the same id, and returns it. The verdict is
 * computed from the interval and the prediction; nobody states it by hand.
 *
 * ```ts
 * import { readClaims, recordClaim } from "@lib/claims.ts";
 * import assert from "node:assert/strict";
 *
 * const file = `${Deno.makeTempDirSync()}/claims.json`;
 * const row = recordClaim({
 *   id: "example.gap",
 *   claim: "The cooled model is above its best expert.",
 *   paper: null,
 *   measured: { value: 0.02, low: 0.01, high: 0.03, n: 5 },
 *   nUnit: "training seeds",
 *   prediction: { above: 0 },
 *   seeds: [1, 2, 3, 4, 5],
 *   unit: "expected reward",
 *   run: [],
 *   notebook: "00_quickstart",
 * }, file);
 * assert.equal(row.verdict, "holds");
 * assert.deepEqual(readClaims(file), [row]);
 * ```
 */
export function recordClaim(
  claim:
    & Pick<Claim, "id" | "claim" | "paper" | "seeds" | "unit" | "run" | "notebook">
    & { readonly measured: Interval; readonly nUnit: string; readonly prediction?: Prediction },
  file: string = CLAIMS_FILE,
): Claim {
  const { measured, nUnit, prediction, ...rest } = claim;
  const row: Claim = claimSchema.parse({
    ...rest,
    value: round(measured.value),
    ci95: [round(measured.low), round(measured.high)],
    n: measured.n,
    n_unit: nUnit,
    prediction: prediction === undefined
      ? null
      : "above" in prediction
      ? `> ${prediction.above}`
      : `< ${prediction.below}`,
    verdict: judge(measured, prediction),
  });
  const others = readClaims(file).filter((other) => other.id !== row.id);
  writeJson(file, [...others, row].sort((a, b) => (a.id < b.id ? -1 : 1)));
  return row;
}

/** Six significant digits: beyond what any interval here resolves, and stable to read in a diff. */
function round(x: number): number {
  return Number(x.toPrecision(6));
}
