/**
 * Notebook files: nbformat 4.5 as types, read with a check and written so that diffs stay small.
 *
 * @module
 */

import { basename, join } from "node:path";
import { writeFileAtomic } from "@lib/files.ts";
import { NOTEBOOKS } from "@lib/paths.ts";

/** One output of a code cell. */
export type Output =
  | { output_type: "stream"; name: "stdout" | "stderr"; text: string | string[] }
  | {
    output_type: "display_data" | "execute_result";
    data: Record<string, unknown>;
    metadata: Record<string, unknown>;
    execution_count?: number | null;
  }
  | { output_type: "error"; ename: string; evalue: string; traceback: string[] };

/** Any cell. */
export interface Cell {
  /** What it is. */
  cell_type: "code" | "markdown" | "raw";
  /** Its name in the notebook. */
  id?: string;
  /** Tags and the like. */
  metadata: { tags?: string[] } & Record<string, unknown>;
  /** Its text, whole or by lines. */
  source: string | string[];
  /** In which order code cells ran. */
  execution_count?: number | null;
  /** What a code cell has shown. */
  outputs?: Output[];
}

/** A notebook. */
export interface Notebook {
  /** From top to bottom. */
  cells: Cell[];
  /** Kernel and language. */
  metadata: Record<string, unknown>;
  /** 4 */
  nbformat: number;
  /** 5: cells have ids. */
  nbformat_minor: number;
}

/** The text of a cell or an output, which the file may hold in lines. */
export function textOf(source: string | readonly string[]): string {
  return typeof source === "string" ? source : source.join("");
}

/** Reads a notebook. @throws {SyntaxError} naming the file and what is wrong with it. */
export function readNotebook(path: string): Notebook {
  let value: unknown;
  try {
    value = JSON.parse(Deno.readTextFileSync(path));
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) throw cause;
    throw new SyntaxError(`Cannot read ${path}: it is not JSON`, { cause });
  }
  const faults = notebookFaults(value);
  if (faults.length > 0) throw new SyntaxError(`Cannot read ${path}: ${faults.join("; ")}`);
  return value as Notebook;
}

/** Writes a notebook atomically, with one space of indentation as Jupyter does. */
export function writeNotebook(path: string, notebook: Notebook): void {
  writeFileAtomic(path, JSON.stringify(notebook, null, 1) + "\n");
}

/**
 * What keeps a value from being a notebook of nbformat 4.5; nothing when it is one.
 *
 * Source: https://nbformat.readthedocs.io/en/latest/format_description.html
 */
export function notebookFaults(value: unknown): string[] {
  if (!isRecord(value)) return ["it is not an object"];
  const faults: string[] = [];
  if (
    value.nbformat !== 4 || typeof value.nbformat_minor !== "number" || value.nbformat_minor < 5
  ) {
    faults.push(`nbformat is ${value.nbformat}.${value.nbformat_minor}, must be 4.5`);
  }
  if (!isRecord(value.metadata)) faults.push("metadata is not an object");
  if (!Array.isArray(value.cells)) return [...faults, "cells is not a list"];
  const ids = new Set<unknown>();
  value.cells.forEach((cell, i) => {
    const at = `cell ${i + 1}`;
    if (!isRecord(cell)) return faults.push(`${at} is not an object`);
    faults.push(...cellFaults(cell).map((fault) => `${at}: ${fault}`));
    if (ids.has(cell.id)) faults.push(`${at}: the id ${cell.id} is used twice`);
    ids.add(cell.id);
  });
  return faults;
}

function cellFaults(cell: Record<string, unknown>): string[] {
  const faults: string[] = [];
  if (typeof cell.id !== "string" || !/^[a-zA-Z0-9_-]{1,64}$/.test(cell.id)) {
    faults.push("it has no id of letters, digits, - and _");
  }
  if (!isRecord(cell.metadata)) faults.push("metadata is not an object");
  if (!isText(cell.source)) faults.push("source is not text");
  const code = cell.cell_type === "code";
  if (!code && cell.cell_type !== "markdown" && cell.cell_type !== "raw") {
    faults.push(`unknown cell type ${cell.cell_type}`);
  }
  if (!code) {
    if ("outputs" in cell || "execution_count" in cell) faults.push("only code cells have outputs");
    return faults;
  }
  if (cell.execution_count !== null && typeof cell.execution_count !== "number") {
    faults.push("execution_count is neither null nor a number");
  }
  if (!Array.isArray(cell.outputs)) return [...faults, "outputs is not a list"];
  for (const output of cell.outputs) faults.push(...outputFaults(output));
  return faults;
}

function outputFaults(output: unknown): string[] {
  if (!isRecord(output)) return ["an output is not an object"];
  const bundle = isRecord(output.data) && isRecord(output.metadata);
  const count = output.execution_count;
  switch (output.output_type) {
    case "stream": {
      const named = output.name === "stdout" || output.name === "stderr";
      return named && isText(output.text) ? [] : ["a stream output has no name or text"];
    }
    case "display_data":
      return bundle ? [] : ["a display_data output has no data or metadata"];
    case "execute_result":
      return bundle && (count === null || typeof count === "number")
        ? []
        : ["an execute_result output has no data, metadata or execution_count"];
    case "error":
      return typeof output.ename === "string" && typeof output.evalue === "string" &&
          Array.isArray(output.traceback)
        ? []
        : ["an error output has no ename, evalue or traceback"];
    default:
      return [`unknown output type ${output.output_type}`];
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): boolean {
  return typeof value === "string" ||
    (Array.isArray(value) && value.every((line) => typeof line === "string"));
}

/**
 * The notebooks of the workspace in the order of their names; with words, those whose names hold one.
 *
 * @throws {RangeError} when a word is in no name.
 */
export function listNotebooks(words: readonly string[] = [], directory = NOTEBOOKS): string[] {
  const files = [...Deno.readDirSync(directory)]
    .filter((entry) => entry.isFile && entry.name.endsWith(".ipynb"))
    .map((entry) => entry.name)
    .sort();
  const wanted = words.map((word) => basename(word, ".ipynb"));
  for (const word of wanted) {
    if (files.some((file) => file.includes(word))) continue;
    const known = files.map((file) => basename(file, ".ipynb")).join(", ");
    throw new RangeError(`Cannot find the notebook "${word}": there are ${known || "none"}`);
  }
  return files
    .filter((file) => wanted.length === 0 || wanted.some((word) => file.includes(word)))
    .map((file) => join(directory, file));
}
