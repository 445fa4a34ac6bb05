/**
 * `deno task compare RUN RUN [RUN…]`: what differs between runs, their losses, their speed.
 *
 * @module
 */

import { relative } from "node:path";
import { parseArgs } from "node:util";
import { figurePath } from "@lib/notebook/svg.ts";
import { describe } from "@lib/notebook/display.ts";
import { type Row, table } from "@lib/notebook/table.ts";
import { ROOT, userPath } from "@lib/paths.ts";
import { compareRuns, type Comparison, comparisonFigure } from "@lib/query/compare.ts";
import { runCommand } from "@lib/tasks/command.ts";

const HELP = `Compare runs: configurations, losses after equally many examples, speed.

  deno task compare boardnet-cap1000 boardnet-cap1300
  deno task compare "votes-4096-*" --figure votes

A run is named by its folder under results/; a * in quotes stands for anything.

Options
  --figure <name>     draw the losses into results/figures/<name>.png
  --results <folder>  the folder that keeps the runs (results)
  --help              this text
`;

/** A comparison as text: three tables and what must be known to judge them. */
export function comparisonText(comparison: Comparison): string {
  const { runs, differences, losses, speed, remarks } = comparison;
  const unit = runs[0].unit;
  const kinds = (["training", "validation"] as const).filter((kind) =>
    losses.some((row) => Object.values(row[kind]).some((loss) => loss !== null))
  );
  return [
    differences.length === 0 ? "Nothing differs but the name" : textOf(
      "What differs",
      differences.map(({ field, values }) => ({
        field,
        ...Object.fromEntries(
          Object.entries(values).map((
            [run, value],
          ) => [run, value === null ? null : String(value)]),
        ),
      })),
    ),
    ...kinds.map((kind) =>
      textOf(
        `${kind === "training" ? "Training" : "Validation"} loss (nats)`,
        losses.map((row) => ({ [unit]: row.units, ...row[kind] })),
      )
    ),
    textOf(
      "Speed",
      speed.map(({ run, overall, median, seconds }, i) => ({
        run,
        "examples/s": Math.round(overall),
        "median of the lines": median === null ? null : Math.round(median),
        examples: runs[i].units,
        unit: runs[i].unit,
        seconds: Math.round(seconds),
        status: runs[i].status,
      })),
    ),
    remarks.join("\n"),
  ].join("\n\n");
}

function textOf(caption: string, rows: readonly Row[]): string {
  return String(describe(table(rows, { caption, limit: Infinity })).data["text/plain"]);
}

function main(args: readonly string[]): void {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      figure: { type: "string" },
      results: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const { figure } = values;
  if (figure !== undefined) figurePath(figure); // a bad name is said before anything else
  const results = values.results === undefined ? {} : { results: userPath(values.results) };
  const comparison = compareRuns(positionals, results);
  console.log(comparisonText(comparison));
  if (figure === undefined) return;
  comparisonFigure(comparison, figure);
  console.log(`\nDrawn: ${relative(ROOT, figurePath(figure))}`);
}

if (import.meta.main) await runCommand(main);
