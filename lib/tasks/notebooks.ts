/**
 * `deno task notebooks`: runs notebooks headless, in order, and keeps their outputs.
 *
 * @module
 */

import { basename, join } from "node:path";
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
import { RESULTS, userPath } from "@lib/paths.ts";
import { parseCount, runCommand } from "@lib/tasks/command.ts";

const HELP = `Run notebooks from top to bottom and keep their outputs.

  deno task notebooks                     all of them
  deno task notebooks quickstart 03       those whose names hold one of the words
  deno task notebooks 00 --parameter errorRate=0.3 --output trial

Options
  --parameter <name=value>  another value for what the notebook declares in its cell of parameters;
                            may be repeated, and needs --output
  --output <folder>         where the executed notebooks go; what they write to results/ goes to
                            results/ in there, beside copies of the models, labels and benchmarks here
  --timeout <seconds>       the longest time of a cell (1800)
  --help                    this text

Exit code: 0, or 1 when a cell failed (the notebook is written up to it), or 130 after Ctrl-C.
`;

/** How notebooks are run; all optional. */
export interface NotebooksOptions {
  /** Words of which a notebook's name holds one; none: all notebooks. */
  readonly names?: readonly string[];
  /** Values for the cells tagged `parameters`; a notebook gets those that it declares. */
  readonly parameters?: Readonly<Record<string, Parameter>>;
  /** Folder for the executed notebooks and the results they make (default: those of the workspace). */
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
  if (options.output !== undefined) {
    const results = join(options.output, "results");
    copyInputs(RESULTS, results);
    Deno.env.set("LAB_RESULTS", results); // for the kernels to come and the jobs that they start
  }
  const terminal = Deno.stdout.isTerminal();
  const reports: RunReport[] = [];
  for (const [i, path] of paths.entries()) {
    const name = basename(path, ".ipynb");
    const begun = performance.now();
    const elapsed = () => clock((performance.now() - begun) / 1000);
    const say = statusLine(`[${i + 1}/${paths.length}] ${name}`);
    let [state, latest] = ["starting", ""];
    const tell = () => say(`${state} · ${elapsed()} · ${latest}`);
    const timer = setInterval(tell, terminal ? 1000 : 20_000); // a log is not silent for minutes
    const report = await runNotebook(path, {
      ...(options.output && { output: join(options.output, basename(path)) }),
      parameters: Object.fromEntries(
        Object.entries(parameters).filter(([name]) => declared[i].includes(name)),
      ),
      ...(timeout && { timeout }),
      ...(signal && { signal }),
      onProgress(cell, cells, outputs) {
        [state, latest] = [`cell ${cell} of ${cells}`, latestText(outputs)];
        if (terminal) tell();
      },
    }).finally(() => clearInterval(timer));
    say(`${report.status} · ${elapsed()}`, true);
    reports.push(report);
    if (report.status !== "ok") {
      console.error(`  cell ${report.cell}: ${report.message}`);
      break;
    }
  }
  return reports;
}

/** Results that are no runs, and that notebooks read: of tasks, not of other notebooks. */
const SHARED = ["labels", "positions", "bench", "ratings"];

/**
 * Copies what notebooks read of results that are there, the trained models (or their answers alone),
 * labels, positions and benchmarks, as far as it is not copied yet.
 */
export function copyInputs(results: string, directory: string): void {
  for (const { name: input } of exists(results) ? Deno.readDirSync(results) : []) {
    const folder = join(results, input), copy = join(directory, input);
    const isRun = ["model.safetensors", "answers.json.gz"].some((file) =>
      exists(join(folder, file))
    );
    if (!SHARED.includes(input) && !isRun) continue;
    if (exists(copy)) continue;
    Deno.mkdirSync(copy, { recursive: true });
    for (const { name, isFile } of Deno.readDirSync(folder)) {
      if (isFile && !name.endsWith(".tmp")) Deno.copyFileSync(join(folder, name), join(copy, name));
    }
  }
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** A line that is rewritten on a terminal; elsewhere a line each time. */
function statusLine(prefix: string): (text: string, last?: boolean) => void {
  const terminal = Deno.stdout.isTerminal();
  return (text, last = false) => {
    const line = `${prefix}  ${text}`;
    if (!terminal) return console.log(line);
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

async function main(args: readonly string[], signal: AbortSignal): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      parameter: { type: "string", multiple: true, default: [] },
      output: { type: "string" },
      timeout: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (values.parameter.length > 0 && values.output === undefined) {
    throw new TypeError(
      "Cannot set a --parameter without --output: the notebooks and results here keep their defaults",
    );
  }
  const timeout = values.timeout === undefined ? undefined : parseCount("timeout", values.timeout);
  const output = values.output === undefined ? undefined : userPath(values.output);
  const begun = performance.now();
  const reports = await runNotebooks({
    names: positionals,
    parameters: Object.fromEntries(values.parameter.map(parseParameter)),
    ...(output !== undefined && { output }),
    ...(timeout !== undefined && { timeout }),
    signal,
  });
  const count = reports.filter(({ status }) => status === "ok").length;
  const time = clock((performance.now() - begun) / 1000);
  console.log(`${count} ${count === 1 ? "notebook" : "notebooks"} ran in ${time}`);
  return reports.every(({ status }) => status === "ok") ? 0 : 1;
}

if (import.meta.main) await runCommand(main);
