/**
 * Renders claims, notebooks and figures into one page: `deno task report` writes
 * `results/report.html`, the page `docs/claims.md` and the README's table of headlines;
 * `--output FILE` only that file.
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { readClaims } from "@lib/claims.ts";
import { claimsPage, withClaimsTable } from "@lib/claims_table.ts";
import { writeFileAtomic } from "@lib/files.ts";
import { listNotebooks, readNotebook } from "@lib/notebook/ipynb.ts";
import { reportPage } from "@lib/notebook/report.ts";
import { RESULTS, ROOT, userPath } from "@lib/paths.ts";
import { runCommand } from "@lib/tasks/command.ts";

const HELP =
  `Render claims, notebooks and figures into one page, and the claims into docs/claims.md and the README.

  deno task report

Options
  --output <file>  only this page, the documents stay as they are (results/report.html)
  --help           this text
`;

/**
 * Writes the report of everything there is and returns its path.
 *
 * @param home where a link at its top leads, if it is part of a site.
 */
export function writeReport(output: string = join(RESULTS, "report.html"), home?: string): string {
  const page = reportPage({
    title: "Can a model outplay those it learned from?",
    introduction:
      "Models trained on the games of players below a rating cap, sampled at falling temperature and " +
      "set against those players. Every number has its n and its 95 % interval; every claim names the " +
      "notebook that measures it. Made by `deno task report` from the notebooks as they last ran.",
    claims: readClaims(),
    ...(home === undefined ? {} : { home }),
    notebooks: listNotebooks().map((path) => ({ path, notebook: readNotebook(path) })),
  });
  writeFileAtomic(output, page);
  return output;
}

/** Brings the page of all claims and the README's table of headlines up to date with the ledger. */
export function writeDocuments(): void {
  const claims = readClaims(), readme = join(ROOT, "README.md");
  writeFileAtomic(readme, withClaimsTable(Deno.readTextFileSync(readme), claims));
  writeFileAtomic(join(ROOT, "docs", "claims.md"), claimsPage(claims));
}

function main(args: readonly string[]): void {
  const { values } = parseArgs({
    args: [...args],
    options: { output: { type: "string" }, help: { type: "boolean", default: false } },
  });
  if (values.help) return console.log(HELP);
  const output = writeReport(values.output && userPath(values.output));
  if (values.output === undefined) writeDocuments();
  console.log(`${output} (${Math.round(Deno.statSync(output).size / 1000)} kB)`);
}

if (import.meta.main) await runCommand(main);
