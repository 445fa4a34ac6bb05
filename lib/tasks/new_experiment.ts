/**
 * `deno task new-experiment NAME`: a notebook that runs, to be changed into one's own.
 *
 * @module
 */

import { basename, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { listNotebooks, readNotebook, textOf, writeNotebook } from "@lib/notebook/ipynb.ts";
import { runNotebook } from "@lib/notebook/runner.ts";
import { NOTEBOOKS, ROOT } from "@lib/paths.ts";
import { runCommand } from "@lib/tasks/command.ts";

const HELP = `Make a notebook from the template, under the next free number.

  deno task new-experiment three_votes

Its parts are a question, a prediction, parameters, a figure with its interval, a claim, and something
to try. It is run at once, a few seconds, so that deno task check passes from the start.

Options
  --no-run  only write it
  --help    this text
`;

/** The notebook that new ones are made of. */
export const TEMPLATE: string = fileURLToPath(new URL("experiment.ipynb", import.meta.url));

const NAME = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;

/**
 * Writes a new notebook, not yet run, as `NN_name.ipynb` with the number after the highest there is.
 *
 * @param name small letters, digits and single underscores, without a number in front
 * @param directory the notebooks' folder
 * @returns the path of the notebook
 * @throws {RangeError} for a bad name, or one that another notebook has; nothing is written.
 *
 * ```ts
 * import { newExperiment } from "@lib/tasks/new_experiment.ts";
 * import assert from "node:assert/strict";
 *
 * const directory = Deno.makeTempDirSync();
 * assert.equal(newExperiment("three_votes", directory), `${directory}/00_three_votes.ipynb`);
 * assert.throws(() => newExperiment("three_votes", directory), /00_three_votes has it/);
 * ```
 */
export function newExperiment(name: string, directory: string = NOTEBOOKS): string {
  if (!NAME.test(name)) {
    throw new RangeError(
      `Cannot name an experiment "${name}": must be of small letters, digits and single ` +
        "underscores, begin with a letter and have no number in front, such as three_votes",
    );
  }
  const present = listNotebooks([], directory).map((path) => basename(path, ".ipynb"));
  const taken = present.find((notebook) => notebook.replace(/^\d+_/, "") === name);
  if (taken !== undefined) {
    throw new RangeError(`Cannot name an experiment "${name}": ${taken} has it`);
  }
  const numbers = present.map((notebook) => parseInt(notebook, 10)).filter(Number.isFinite);
  const number = String(Math.max(-1, ...numbers) + 1).padStart(2, "0");
  const dashed = name.replaceAll("_", "-"), words = name.replaceAll("_", " ");
  const written: Record<string, string> = {
    EXPERIMENT_TITLE: words[0].toUpperCase() + words.slice(1),
    EXPERIMENT_FIGURE: `${number}-${dashed}`,
    EXPERIMENT_CLAIM: dashed,
    EXPERIMENT_NOTEBOOK: `${number}_${name}`,
  };
  const notebook = readNotebook(TEMPLATE);
  for (const cell of notebook.cells) {
    const source = textOf(cell.source).replace(/EXPERIMENT_[A-Z]+/g, (mark) => written[mark]);
    cell.source = source.split(/(?<=\n)/);
  }
  const path = join(directory, `${number}_${name}.ipynb`);
  writeNotebook(path, notebook);
  return path;
}

async function main(args: readonly string[], signal: AbortSignal): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      "no-run": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (positionals.length !== 1) {
    throw new TypeError(`Cannot make ${positionals.length} experiments: give one name\n\n${HELP}`);
  }
  const path = newExperiment(positionals[0]);
  const name = basename(path, ".ipynb");
  console.log(`Written: ${relative(ROOT, path)}`);
  if (!values["no-run"]) {
    const { status, cell, message } = await runNotebook(path, { signal });
    if (status !== "ok") {
      console.error(`It did not run: cell ${cell}: ${message}`);
      return 1;
    }
    console.log("It has run: its figure and its claim are in results/");
  }
  console.log(
    `Change it, then\n  deno task notebooks ${name}\n  deno task check ${name}`,
  );
  return 0;
}

if (import.meta.main) await runCommand(main);
