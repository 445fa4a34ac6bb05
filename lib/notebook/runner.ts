/**
 * Runs notebooks without Jupyter and Python: every cell in order in a fresh kernel, outputs written
 * into the file. The outputs in the repository come from here.
 *
 * @module
 */

import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { temporaryFolder } from "@lib/files.ts";
import { ROOT } from "@lib/paths.ts";
import { type Execution, type Kernel, startKernel } from "@lib/notebook/client.ts";
import {
  type Cell,
  type Output,
  readNotebook,
  textOf,
  writeNotebook,
} from "@lib/notebook/ipynb.ts";

/** A value that a notebook takes: what JSON can write. */
export type Parameter = string | number | boolean | null | readonly Parameter[];

/** How a notebook is run; all optional. */
export interface RunOptions {
  /** Where the executed notebook is written (default: over the notebook itself). */
  readonly output?: string;
  /** Values that replace those of the cell tagged `parameters`. */
  readonly parameters?: Readonly<Record<string, Parameter>>;
  /** Seconds a cell may take (default 1800). */
  readonly timeout?: number;
  /** Stops the run between or within cells; what is done until then is written. */
  readonly signal?: AbortSignal;
  /** Working directory of the kernel (default: the workspace). */
  readonly cwd?: string;
  /** Called when a code cell begins (`outputs` undefined) and whenever its outputs grow. */
  readonly onProgress?: (cell: number, cells: number, outputs?: readonly Output[]) => void;
}

/** What became of a run. */
export interface RunReport {
  /** `ok`, or how the run ended: by a cell's `error`, `timeout`, the kernel's death, or Ctrl-C. */
  readonly status: Execution["status"];
  /** The cell it ended at, counted from 1 over all cells of the notebook. */
  readonly cell?: number;
  /** What went wrong, in one line. */
  readonly message?: string;
  /** The written file. */
  readonly output: string;
}

/**
 * Runs all cells of a notebook in a fresh kernel and writes it with its outputs, also when a cell
 * fails: then up to that cell, with the reason as its output.
 *
 * The file is the same for the same outputs: execution counts are 1 … n, no times, no terminal codes.
 *
 * @throws {SyntaxError} when the file is no notebook.
 * @throws {RangeError} when parameters are given that the notebook does not have.
 */
export async function runNotebook(path: string, options: RunOptions = {}): Promise<RunReport> {
  const notebook = readNotebook(path);
  const output = options.output ?? path;
  const { signal, timeout = 1800 } = options;
  notebook.cells = withParameters(notebook.cells, options.parameters ?? {}, path);
  const code = notebook.cells.filter((cell) => cell.cell_type === "code");
  for (const cell of code) {
    cell.outputs = [];
    cell.execution_count = null;
    delete cell.metadata.execution; // times of the front end that last ran it
  }
  notebook.metadata = {
    kernelspec: { display_name: "Deno", language: "typescript", name: "deno" },
    language_info: { name: "typescript", file_extension: ".ts", mimetype: "text/x.typescript" },
  };

  const { cwd } = options;
  await using kernel = await startKernel(cwd === undefined ? {} : { cwd });
  let report: RunReport = { status: "ok", output };
  for (const [i, cell] of code.entries()) {
    const source = textOf(cell.source);
    cell.execution_count = i + 1;
    options.onProgress?.(i + 1, code.length);
    const { status, outputs } = source.trim() === "" ? NOTHING : await kernel.execute(source, {
      timeout: timeout * 1000,
      signal,
      onOutput: (shown) => options.onProgress?.(i + 1, code.length, shown),
    });
    const failed = outputs.some((each) => each.output_type === "error");
    if (status === "error" && !failed) outputs.push(await explainRefusal(source));
    if (status === "dead") outputs.push(await explainDeath(kernel));
    if (status === "timeout") outputs.push(failure("Timeout", `longer than ${timeout} s`));
    cell.outputs = outputs.map((each) => settled(each, i + 1));
    if (status === "ok" && !failed) continue;
    const error = outputs.findLast((each) => each.output_type === "error");
    const message = error ? `${error.ename}: ${withoutRoot(error.evalue)}` : "Stopped";
    const place = notebook.cells.indexOf(cell) + 1;
    report = { status: status === "ok" ? "error" : status, cell: place, message, output };
    break;
  }
  writeNotebook(output, notebook);
  return report;
}

const NOTHING: Execution = { status: "ok", outputs: [] };

/** Inserts a cell that sets the parameters, after the one tagged `parameters` (papermill's scheme). */
function withParameters(
  cells: readonly Cell[],
  parameters: Readonly<Record<string, Parameter>>,
  path: string,
): Cell[] {
  const kept = cells.filter((cell) => !hasTag(cell, "injected-parameters"));
  const names = Object.keys(parameters);
  if (names.length === 0) return kept;
  const place = kept.findIndex((cell) => hasTag(cell, "parameters"));
  const declared = declaredParameters(kept);
  for (const name of names) {
    if (declared.includes(name)) {
      checkKind(name, parameters[name], textOf(kept[place].source), path);
      continue;
    }
    const known = declared.length > 0 ? declared.join(", ") : "none";
    throw new RangeError(
      `Cannot set the parameter ${name} of ${basename(path)}: ` +
        `a cell tagged "parameters" must declare it by let, and it declares ${known}`,
    );
  }
  const injected: Cell = {
    cell_type: "code",
    id: "injected-parameters",
    metadata: { tags: ["injected-parameters"] },
    source: names.map((name) => `${name} = ${JSON.stringify(parameters[name])};`).join("\n"),
    execution_count: null,
    outputs: [],
  };
  return kept.toSpliced(place + 1, 0, injected);
}

/** What a declaration's value begins with tells what a parameter must be. */
const KINDS: readonly [RegExp, string, (value: Parameter) => boolean][] = [
  [/^\[/, "a list, such as [1, 2]", Array.isArray],
  [/^(true|false)\b/, "true or false", (value) => typeof value === "boolean"],
  [/^["'`]/, "a text", (value) => typeof value === "string"],
  [/^[-.\d]/, "a number", (value) => typeof value === "number"],
];

function checkKind(name: string, value: Parameter, source: string, path: string): void {
  const [, given = ""] =
    new RegExp(`\\blet\\s+${RegExp.escape(name)}\\b[^=]*=\\s*(.*)`).exec(source) ??
      [];
  const [, kind, fits] = KINDS.find(([begin]) => begin.test(given)) ?? [];
  if (fits === undefined || fits(value)) return;
  throw new RangeError(
    `Cannot set the parameter ${name} of ${basename(path)} to ${
      JSON.stringify(value)
    }: must be ${kind}`,
  );
}

/** The parameters of a notebook: what its cell tagged `parameters` declares by `let`. */
export function declaredParameters(cells: readonly Cell[]): string[] {
  const cell = cells.find((each) => hasTag(each, "parameters"));
  return cell ? [...textOf(cell.source).matchAll(/\blet\s+([\w$]+)/g)].map((m) => m[1]) : [];
}

/** The last line of text among outputs, for a status line. */
export function latestText(outputs: readonly Output[] = []): string {
  const last = outputs.at(-1);
  if (!last || last.output_type === "error") return "";
  const text = last.output_type === "stream" ? last.text : last.data["text/plain"];
  return String(text ?? "").trimEnd().split("\n").at(-1) ?? "";
}

/** Whether a cell has a tag. */
export function hasTag(cell: Cell, tag: string): boolean {
  return Array.isArray(cell.metadata.tags) && cell.metadata.tags.includes(tag);
}

/** The kernel is silent about code that does not parse or import: the compiler says why. */
async function explainRefusal(source: string): Promise<Output> {
  const directory = temporaryFolder("cell-");
  try {
    const file = join(directory, "cell.ts");
    Deno.writeTextFileSync(file, source);
    const { stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["cache", "--quiet", "--config", join(ROOT, "deno.json"), file],
      env: { NO_COLOR: "1" },
    }).output();
    return failure("SyntaxError", refusal(new TextDecoder().decode(stderr), file));
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** Brings the compiler's words into one line: the reason, then the place in the cell. */
function refusal(said: string, file: string): string {
  const reason = said.split("\n").find((line) => /\S/.test(line)) ?? "the kernel refused the cell";
  const place = said.match(/cell\.ts:(\d+:\d+)/)?.[1];
  const plain = reason.replace(/^(error: |SyntaxError: )+/, "")
    .replaceAll(String(pathToFileURL(file)), "the cell");
  return place ? `${plain} (line ${place})` : plain;
}

async function explainDeath(kernel: Kernel): Promise<Output> {
  const said = await kernel.ended;
  return failure("KernelDied", "the kernel ended while it ran this cell", said ? [said] : []);
}

function failure(ename: string, evalue: string, details: readonly string[] = []) {
  return {
    output_type: "error" as const,
    ename,
    evalue,
    traceback: [`${ename}: ${evalue}`, ...details],
  };
}

/** An output as the file holds it: texts in lines, counts of this run, no path of this machine. */
function settled(output: Output, count: number): Output {
  switch (output.output_type) {
    case "stream":
      return { ...output, text: inLines(textOf(output.text)) };
    case "error":
      return {
        ...output,
        evalue: withoutRoot(output.evalue),
        traceback: output.traceback.map(withoutRoot),
      };
    default: {
      const texts = Object.entries(output.data).map(([type, value]) =>
        typeof value === "string" && /^text\/|\+xml$/.test(type)
          ? [type, inLines(value)]
          : [type, value]
      );
      const result = output.output_type === "execute_result" ? { execution_count: count } : {};
      return { ...output, data: Object.fromEntries(texts), ...result };
    }
  }
}

function withoutRoot(text: string): string {
  return text.replaceAll(`${pathToFileURL(ROOT)}/`, "").replaceAll(`${ROOT}/`, "");
}

/** Splits a text into lines that keep their ends, as nbformat writes it: small diffs. */
function inLines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}
