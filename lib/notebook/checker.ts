/**
 * Type-checks notebooks, which no Deno command does: the cells of a notebook become one module, and
 * what the compiler says about it is said about the cell and its line.
 *
 * @module
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "@lib/files.ts";
import { ROOT } from "@lib/paths.ts";
import { type Notebook, readNotebook, textOf } from "@lib/notebook/ipynb.ts";
import { hasTag } from "@lib/notebook/runner.ts";

/** Something wrong in a notebook. */
export interface Fault {
  /** The notebook's file. */
  readonly file: string;
  /** The cell, counted from 1 over all cells; 0 for the notebook as a whole. */
  readonly cell: number;
  /** The line in the cell, from 1. */
  readonly line?: number;
  /** The column in the line, from 1. */
  readonly column?: number;
  /** What is wrong. */
  readonly message: string;
}

/** Writes a fault as `notebooks/x.ipynb cell 10, line 1:7: message`. */
export function faultText({ file, cell, line, column, message }: Fault): string {
  const name = file.startsWith(`${ROOT}/`) ? file.slice(ROOT.length + 1) : file;
  const place = line === undefined ? "" : `, line ${line}:${column}`;
  return `${name}${cell === 0 ? "" : ` cell ${cell}`}${place}: ${message}`;
}

/** The module made of a notebook's cells, and which of its lines belongs to which cell. */
export interface CellModule {
  /** Its lines joined. */
  readonly source: string;
  /** For each line of the module the cell and the line in it, both from 1. */
  readonly origins: readonly Origin[];
}

interface Origin {
  readonly cell: number;
  readonly line: number;
}

const IMPORT = /^import\s(?:[^;"']*?\sfrom\s*)?["'][^"']+["'](?:\s*with\s*\{[^}]*\})?;?/gm;
const DECLARATION =
  /^(?:export\s+)?(?:async\s+)?(?:const|let|var|function\*?|class|type|interface|enum)\s+([\w$]+|\{[^}=]*\}|\[[^\]=]*\])/gm;

/**
 * Joins the code cells into one module, imports first.
 *
 * A kernel lets a later cell declare a name anew; a module does not. So such a cell opens a block,
 * which it shares with the cells after it.
 */
export function cellsToModule(notebook: Notebook): CellModule {
  const head: string[] = [];
  const headOrigins: Origin[] = [];
  const body: string[] = [];
  const bodyOrigins: Origin[] = [];
  let declared = new Set<string>();
  let blocks = 0;
  notebook.cells.forEach((cell, i) => {
    if (cell.cell_type !== "code" || hasTag(cell, "injected-parameters")) return;
    const source = textOf(cell.source);
    const imported = new Set<number>(); // lines of the cell that hold imports
    for (const match of source.matchAll(IMPORT)) {
      const first = source.slice(0, match.index).split("\n").length;
      match[0].split("\n").forEach((_, j) => imported.add(first + j));
    }
    const names = declaredNames(source);
    if (names.some((name) => declared.has(name))) {
      body.push("{");
      bodyOrigins.push({ cell: i + 1, line: 1 });
      blocks++;
      declared = new Set();
    }
    for (const name of names) declared.add(name);
    source.split("\n").forEach((text, j) => {
      const [lines, origins] = imported.has(j + 1) ? [head, headOrigins] : [body, bodyOrigins];
      lines.push(text);
      origins.push({ cell: i + 1, line: j + 1 });
    });
    body.push(";"); // a cell that ends without one must not run into the next
    bodyOrigins.push({ cell: i + 1, line: 1 });
  });
  const source = [...head, ...body, "}".repeat(blocks), "export {};", ""].join("\n");
  return { source, origins: [...headOrigins, ...bodyOrigins] };
}

/** Names that a cell declares at its outermost level, as far as they stand at the start of a line. */
function declaredNames(source: string): string[] {
  return [...source.matchAll(DECLARATION)].flatMap(([, names]) =>
    names.replace(/[\w$]+\s*:/g, "").match(/[\w$]+/g) ?? []
  );
}

/**
 * Checks the types of notebooks' cells and lints them.
 *
 * @param files paths of notebooks
 */
export async function checkNotebooks(files: readonly string[]): Promise<Fault[]> {
  if (files.length === 0) return [];
  const directory = temporaryFolder("cells-");
  try {
    const modules = files.map((file, i) => {
      const module = cellsToModule(readNotebook(file));
      const path = join(directory, `${i}.ts`);
      Deno.writeTextFileSync(path, module.source);
      return { ...module, file, path };
    });
    const faults = await checkTypes(modules);
    return [...faults, ...await lint(modules)];
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

type CheckedModule = CellModule & { readonly file: string; readonly path: string };

async function checkTypes(modules: readonly CheckedModule[]): Promise<Fault[]> {
  const { success, said } = await runDeno("check", modules);
  if (success) return [];
  const faults = [...said.matchAll(
    /^(?:TS\d+ \[ERROR\]|error): ([^]*?)\n\s+at (file:\/\/\S+?):(\d+):(\d+)/gm,
  )].map(([, message, url, line, column]) =>
    faultAt(modules, fileURLToPath(url), Number(line), Number(column), withoutFrame(message))
  );
  const parsed = said.includes("[ERROR]");
  if (parsed && faults.length > 0) return faults;
  // a module that cannot be parsed or resolved keeps all others from being checked
  if (modules.length > 1) return (await Promise.all(modules.map((m) => checkTypes([m])))).flat();
  return faults.length > 0 ? faults : [{ file: modules[0].file, cell: 0, message: said.trim() }];
}

/** Rules that are wrong for cells: parameters are set from outside, the blocks are made here. */
const RULES = "--rules-exclude=no-unused-vars,prefer-const,no-inner-declarations";

interface LintReport {
  readonly diagnostics: readonly {
    readonly filename: string;
    readonly code: string;
    readonly message: string;
    readonly range: { readonly start: { readonly line: number; readonly col: number } };
  }[];
}

async function lint(modules: readonly CheckedModule[]): Promise<Fault[]> {
  const { said } = await runDeno("lint", modules, ["--json", RULES]);
  const report: LintReport = JSON.parse(said.slice(said.indexOf("{")));
  return report.diagnostics.map(({ filename, range, message, code }) => {
    const path = filename.startsWith("file:") ? fileURLToPath(filename) : filename;
    return faultAt(modules, path, range.start.line, range.start.col + 1, `${message} (${code})`);
  });
}

async function runDeno(
  command: string,
  modules: readonly CheckedModule[],
  options: readonly string[] = [],
): Promise<{ success: boolean; said: string }> {
  const paths = modules.map((module) => module.path);
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [command, "--quiet", "--config", join(ROOT, "deno.json"), ...options, ...paths],
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { success, said: decoder.decode(stdout) + decoder.decode(stderr) };
}

function faultAt(
  modules: readonly CheckedModule[],
  path: string,
  line: number,
  column: number,
  message: string,
): Fault {
  const module = modules.find((candidate) => candidate.path === path);
  const origin = module?.origins[line - 1];
  if (!module || !origin) return { file: module?.file ?? path, cell: 0, message };
  return { file: module.file, cell: origin.cell, line: origin.line, column, message };
}

/** A message without the compiler's picture of the line, which is the module's and not the cell's. */
function withoutFrame(message: string): string {
  const lines = message.split("\n");
  const marker = lines.findIndex((line) => /^\s*[|\d\s]*~+\s*$/.test(line));
  const kept = marker > 0 ? lines.slice(0, marker - 1) : lines;
  return kept.filter((line) => line.trim() && !/^\s*\|/.test(line)).join("\n");
}

/**
 * Verifies that a notebook can be shown as it is: valid, with a title and a question, executed from
 * top to bottom without errors, its pictures in a format that every viewer shows.
 */
export function verifyNotebook(file: string): Fault[] {
  let notebook: Notebook;
  try {
    notebook = readNotebook(file);
  } catch (error) {
    return [{ file, cell: 0, message: (error as Error).message }];
  }
  const faults: Fault[] = [];
  const [first] = notebook.cells;
  if (first?.cell_type !== "markdown" || !/^# \S/.test(textOf(first.source))) {
    faults.push({
      file,
      cell: 1,
      message: "must open with a title: a text cell that begins with #",
    });
  }
  const opening = notebook.cells.slice(0, 3).filter((cell) => cell.cell_type === "markdown");
  if (!opening.some((cell) => textOf(cell.source).includes("?"))) {
    faults.push({
      file,
      cell: 1,
      message: "must ask its question in one of the first three cells",
    });
  }
  let count = 0;
  notebook.cells.forEach((cell, i) => {
    if (cell.cell_type !== "code") return;
    count++;
    const fault = (message: string) => faults.push({ file, cell: i + 1, message });
    if (cell.execution_count !== count) {
      fault(`must have run as number ${count}, has ${cell.execution_count ?? "not run"}`);
    }
    for (const output of cell.outputs ?? []) {
      if (output.output_type === "error") fault(`ended with ${output.ename}: ${output.evalue}`);
      if ("data" in output && "image/svg+xml" in output.data) {
        fault("shows SVG, which several viewers leave out: show a figure or end the live place");
      }
    }
    if (JSON.stringify(cell.outputs).includes(ROOT)) fault("shows a path of this machine");
  });
  return faults;
}
