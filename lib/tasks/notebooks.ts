/**
 * Runs notebooks headless, in order, and keeps their outputs.
 *
 * `deno task notebooks` runs all; `deno task notebooks quickstart games` those whose names hold one
 * of the words; `--parameter games=200 --output /somewhere` runs with other values into another
 * folder; `--timeout 600` limits each cell, in seconds.
 *
 * Exit code: 0, or 1 when a cell failed (the notebook is written up to it), or 130 after Ctrl-C.
 *
 * @module
 */

import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { listNotebooks, readNotebook } from "@lib/notebook/ipynb.ts";
import { clock } from "@lib/notebook/progress.ts";
import {
  declaredParameters,
  latestText,
  type Parameter,
  runNotebook,
  type RunReport,
} from "@lib/notebook/runner.ts";

/** How notebooks are run; all optional. */
export interface NotebooksOptions {
  /** Words of which a notebook's name holds one; none: all notebooks. */
  readonly names?: readonly string[];
  /** Values for the cells tagged `parameters`; a notebook gets those that it declares. */
  readonly parameters?: Readonly<Record<string, Parameter>>;
  /** Folder for the executed notebooks (default: each over itself). */
  readonly output?: string;
  /** Seconds that a cell may take. */
  readonly timeout?: number;
  /** Ends the run cleanly. */
  readonly signal?: AbortSignal;
}

/**
 * Runs notebooks one after the other with progress on the terminal; stops at the first failure.
 *
 * @throws {RangeError} when no notebook has such a name or such a parameter.
 */
export async function runNotebooks(options: NotebooksOptions = {}): Promise<RunReport[]> {
  const paths = listNotebooks(options.names ?? []);
  const { timeout, signal, parameters = {} } = options;
  const declared = paths.map((path) => declaredParameters(readNotebook(path).cells));
  for (const name of Object.keys(parameters)) {
    if (declared.flat().includes(name)) continue;
    const known = [...new Set(declared.flat())].join(", ") || "none";
    throw new RangeError(`Cannot set the parameter ${name}: the notebooks have ${known}`);
  }
  const reports: RunReport[] = [];
  for (const [i, path] of paths.entries()) {
    const name = basename(path, ".ipynb");
    const begun = performance.now();
    const elapsed = () => clock((performance.now() - begun) / 1000);
    const say = statusLine(`[${i + 1}/${paths.length}] ${name}`);
    const report = await runNotebook(path, {
      ...(options.output && { output: join(resolve(options.output), basename(path)) }),
      parameters: Object.fromEntries(
        Object.entries(parameters).filter(([name]) => declared[i].includes(name)),
      ),
      ...(timeout && { timeout }),
      ...(signal && { signal }),
      onProgress: (cell, cells, outputs) =>
        say(`cell ${cell} of ${cells} · ${elapsed()} · ${latestText(outputs)}`),
    });
    say(`${report.status} · ${elapsed()}`, true);
    reports.push(report);
    if (report.status !== "ok") {
      console.error(`  cell ${report.cell}: ${report.message}`);
      break;
    }
  }
  return reports;
}

/** A line that is rewritten on a terminal; elsewhere only what lasts is printed. */
function statusLine(prefix: string): (text: string, last?: boolean) => void {
  const terminal = Deno.stdout.isTerminal();
  return (text, last = false) => {
    const line = `${prefix}  ${text}`;
    if (!terminal) {
      if (last) console.log(line);
      return;
    }
    const { columns } = Deno.consoleSize();
    const shown = `\r\x1b[2K${line.slice(0, columns - 1)}${last ? "\n" : ""}`;
    Deno.stdout.writeSync(new TextEncoder().encode(shown));
  };
}

/** Reads `name=value`; a value that is JSON is taken as such, another as text. */
function parseParameter(text: string): [string, Parameter] {
  const [, name, value] = text.match(/^([\w$]+)=(.*)$/s) ?? [];
  if (name === undefined) {
    throw new SyntaxError(`Cannot read the parameter "${text}": write --parameter name=value`);
  }
  try {
    return [name, JSON.parse(value)];
  } catch {
    return [name, value];
  }
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    args: Deno.args,
    allowPositionals: true,
    options: {
      parameter: { type: "string", multiple: true, default: [] },
      output: { type: "string" },
      timeout: { type: "string" },
    },
  });
  if (values.parameter.length > 0 && !values.output) {
    console.error(
      "With --parameter say where with --output: the notebooks here keep their defaults",
    );
    Deno.exit(2);
  }
  const stop = new AbortController();
  Deno.addSignalListener("SIGINT", () => stop.abort());
  const reports = await runNotebooks({
    names: positionals,
    parameters: Object.fromEntries(values.parameter.map(parseParameter)),
    ...(values.output && { output: values.output }),
    ...(values.timeout && { timeout: Number(values.timeout) }),
    signal: stop.signal,
  });
  const { status } = reports.at(-1)!;
  Deno.exit(status === "ok" ? 0 : status === "interrupted" ? 130 : 1);
}
