/**
 * `deno task check`: types and lint of the notebooks' cells, and that each is valid, executed from
 * top to bottom without errors, with a title and a question.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { checkNotebooks, faultText, verifyNotebook } from "@lib/notebook/checker.ts";
import { listNotebooks } from "@lib/notebook/ipynb.ts";
import { runCommand } from "@lib/tasks/command.ts";

const HELP = `Check lib, tests and the cells of the notebooks.

  deno task check                        all notebooks
  deno task check quickstart 03          those whose names hold one of the words

Options
  --no-outputs  leave out whether they were executed, for a notebook that is being written
  --help        this text
`;

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      "no-outputs": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const files = listNotebooks(positionals);
  const faults = await checkNotebooks(files);
  if (!values["no-outputs"]) faults.push(...files.flatMap(verifyNotebook));
  for (const fault of faults) console.error(faultText(fault));
  console.log(`${files.length} notebooks checked, ${faults.length} faults`);
  return faults.length === 0 ? 0 : 1;
}

if (import.meta.main) await runCommand(main);
