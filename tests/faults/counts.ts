/** How many faults a test makes: few in the normal tests, many with `deno task test:faults`. */

import { join } from "node:path";
import { readTextIfPresent, writeJson } from "@lib/files.ts";
import { RESULTS } from "@lib/paths.ts";
import { provenance } from "@lib/train/run.ts";

/** Whether this is `deno task test:faults`. */
export const LONG = Deno.env.get("LAB_FAULTS") === "long";

/** Records what a long run counted in `results/reliability.json`; a short one leaves it alone. */
export function record(name: string, counts: unknown): void {
  console.log(`${name}: ${JSON.stringify(counts)}`);
  if (!LONG) return;
  const file = join(RESULTS, "reliability.json");
  const before = JSON.parse(readTextIfPresent(file) ?? "{}");
  const { git: { commit } } = provenance();
  writeJson(file, { ...before, [name]: counts, made_by: "deno task test:faults", commit });
}
