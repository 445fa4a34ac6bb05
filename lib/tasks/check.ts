/**
 * Checks the notebooks: types and lint of their cells, and that each is valid, executed from top to
 * bottom without errors, with a title and a question.
 *
 * `deno task check` checks all; words after it choose notebooks by name; `--no-outputs` leaves out
 * whether they were executed, for a notebook that is being written.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { checkNotebooks, faultText, verifyNotebook } from "@lib/notebook/checker.ts";
import { listNotebooks } from "@lib/notebook/ipynb.ts";

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    args: Deno.args,
    allowPositionals: true,
    options: { "no-outputs": { type: "boolean", default: false } },
  });
  const files = listNotebooks(positionals);
  const faults = await checkNotebooks(files);
  if (!values["no-outputs"]) faults.push(...files.flatMap(verifyNotebook));
  for (const fault of faults) console.error(faultText(fault));
  console.log(`${files.length} notebooks checked, ${faults.length} faults`);
  Deno.exit(faults.length === 0 ? 0 : 1);
}
