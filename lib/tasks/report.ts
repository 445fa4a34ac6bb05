/**
 * Renders claims, notebooks and figures into one page: `deno task report` writes
 * `results/report.html` and the table of claims in the README; `--output FILE` only that file.
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { readClaims, withClaimsTable } from "@lib/claims.ts";
import { writeFileAtomic } from "@lib/files.ts";
import { listNotebooks, readNotebook } from "@lib/notebook/ipynb.ts";
import { reportPage } from "@lib/notebook/report.ts";
import { RESULTS, ROOT, userPath } from "@lib/paths.ts";
import { runCommand } from "@lib/tasks/command.ts";

const HELP = `Render claims, notebooks and figures into one page, and the claims into the README.

  deno task report

Options
  --output <file>  only this page, the README stays as it is (results/report.html)
  --help           this text
`;

/** Writes the report of everything there is and returns its path. */
export function writeReport(output: string = join(RESULTS, "report.html")): string {
  const page = reportPage({
    title: "Can a model outplay those it learned from?",
    introduction:
      "Models trained on the games of players below a rating cap, sampled at falling temperature and " +
      "set against those players. Every number has its n and its 95 % interval; every claim names the " +
      "notebook that measures it. Made by `deno task report` from the notebooks as they last ran.",
    claims: readClaims(),
    notebooks: listNotebooks().map((path) => ({ path, notebook: readNotebook(path) })),
  });
  writeFileAtomic(output, page);
  return output;
}

/** Brings the README's table of claims up to date with the ledger. */
export function writeReadme(file: string = join(ROOT, "README.md")): void {
  writeFileAtomic(file, withClaimsTable(Deno.readTextFileSync(file), readClaims()));
}

function main(args: readonly string[]): void {
  const { values } = parseArgs({
    args: [...args],
    options: { output: { type: "string" }, help: { type: "boolean", default: false } },
  });
  if (values.help) return console.log(HELP);
  const output = writeReport(values.output && userPath(values.output));
  if (values.output === undefined) writeReadme();
  console.log(`${output} (${Math.round(Deno.statSync(output).size / 1000)} kB)`);
}

if (import.meta.main) await runCommand(main);
