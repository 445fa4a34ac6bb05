/**
 * Tables for notebooks: HTML that needs no style sheet, and aligned plain text beside it.
 *
 * @module
 */

import { type Displayable, escapeMarkup, html } from "@lib/notebook/display.ts";

/** A row: values by column name. */
export type Row = Readonly<Record<string, unknown>>;

/** How a table looks; all optional. */
export interface TableOptions {
  /** Columns to show, in order; or the heading of each column by its key. Default: all keys. */
  readonly columns?: readonly string[] | Readonly<Record<string, string>>;
  /** Decimals of a column's numbers, or a function that writes its values, by column key. */
  readonly format?: Readonly<Record<string, number | ((value: unknown, row: Row) => string)>>;
  /** A sentence above the table. */
  readonly caption?: string;
  /** Rows shown at most (default 30); how many were left out is said. */
  readonly limit?: number;
}

/**
 * Makes a table of rows. Numbers stand right, with as many decimals as the column needs; a value with
 * an interval `{value, low, high}` reads `0.93 [0.91, 0.95]`; nothing reads `–`.
 *
 * @throws {RangeError} when a named column is in no row.
 *
 * ```ts
 * import { table } from "@lib/notebook/mod.ts";
 * import { describe } from "@lib/notebook/display.ts";
 * import assert from "node:assert/strict";
 *
 * const rows = [{ tau: 1, reward: { value: 0.9312, low: 0.9, high: 0.96 } }];
 * const text = String(describe(table(rows)).data["text/plain"]);
 * assert.match(text, /0.931 \[0.900, 0.960\]/);
 * ```
 */
export function table(rows: Iterable<Row>, options: TableOptions = {}): Displayable {
  const all = [...rows];
  const columns = columnsOf(all, options.columns);
  const limit = options.limit ?? 30;
  const shown = all.slice(0, limit);
  const cells = columns.map(([key]) => writeColumn(key, shown, options.format?.[key]));
  const right = columns.map(([key]) => shown.every((row) => isNumeric(row[key])));
  const headings = columns.map(([, heading]) => heading);
  const left = all.length - shown.length;
  const note = left > 0 ? `… and ${left.toLocaleString("en")} more rows` : "";
  const caption = options.caption ?? "";
  const written: WrittenTable = { headings, cells, right, n: shown.length, caption, note };
  return html(asMarkup(written), asText(written));
}

/**
 * Writes a number for people: integers with thousands separators, others with as many decimals as
 * make three or four significant digits of `scale` (default: the number itself).
 *
 * ```ts
 * import { formatNumber } from "@lib/notebook/mod.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([1234, 0.01234, 12.34].map((x) => formatNumber(x)), ["1,234", "0.0123", "12.34"]);
 * ```
 */
export function formatNumber(value: number, scale: number = Math.abs(value)): string {
  if (!Number.isFinite(value)) return String(value).replace("-", "−");
  const whole = Number.isInteger(value) && Number.isInteger(scale);
  const digits = whole ? 0 : decimalsFor(scale);
  return writeFixed(value, digits);
}

/** Writes a number with a fixed number of decimals and thousands separators. */
export function writeFixed(value: number, digits: number): string {
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return value.toLocaleString("en", options).replace("-", "−");
}

function decimalsFor(scale: number): number {
  if (scale === 0) return 0;
  const exponent = Math.floor(Math.log10(scale));
  return Math.min(8, Math.max(0, (exponent < 0 ? 2 : 3) - exponent));
}

/**
 * The decimals with which numbers that stand together are written: what the largest needs for three
 * or four significant digits, or fewer where that shows them all exactly.
 */
export function sharedDecimals(numbers: readonly number[]): number {
  const most = decimalsFor(numbers.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0));
  for (let digits = 0; digits < most; digits++) {
    if (numbers.every((x) => Number(x.toFixed(digits)) === x)) return digits;
  }
  return most;
}

function columnsOf(rows: readonly Row[], chosen: TableOptions["columns"]): [string, string][] {
  const present = new Set(rows.flatMap((row) => Object.keys(row)));
  if (!chosen) return [...present].map((key) => [key, key]);
  const columns: [string, string][] = Array.isArray(chosen)
    ? chosen.map((key) => [key, key])
    : Object.entries(chosen);
  for (const [key] of columns) {
    if (rows.length > 0 && !present.has(key)) {
      throw new RangeError(
        `Cannot show the column "${key}": the rows have ${[...present].join(", ")}`,
      );
    }
  }
  return columns;
}

interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

function isInterval(value: unknown): value is Interval {
  return typeof value === "object" && value !== null && "low" in value && "high" in value &&
    "value" in value && typeof value.value === "number";
}

function isNumeric(value: unknown): boolean {
  return value === null || value === undefined || typeof value === "number" ||
    typeof value === "bigint" || isInterval(value);
}

function writeColumn(
  key: string,
  rows: readonly Row[],
  format: number | ((value: unknown, row: Row) => string) | undefined,
): string[] {
  if (typeof format === "function") return rows.map((row) => format(row[key], row));
  const numbers = rows.flatMap((row) => {
    const value = row[key];
    if (isInterval(value)) return [value.value, value.low, value.high];
    return typeof value === "number" ? [value] : [];
  }).filter(Number.isFinite);
  const digits = format ?? sharedDecimals(numbers);
  const number = (x: number) => Number.isFinite(x) ? writeFixed(x, digits) : formatNumber(x);
  return rows.map((row) => {
    const value = row[key];
    if (value === null || value === undefined) return "–";
    if (typeof value === "number") return number(value);
    if (typeof value === "bigint") return value.toLocaleString("en");
    if (typeof value === "boolean") return value ? "yes" : "no";
    if (isInterval(value)) {
      return `${number(value.value)} [${number(value.low)}, ${number(value.high)}]`;
    }
    return typeof value === "string" ? value : Deno.inspect(value, { colors: false });
  });
}

/** A table whose every cell is text; `cells[column][row]`, `n` rows. */
interface WrittenTable {
  readonly headings: readonly string[];
  readonly cells: readonly string[][];
  /** For each column, whether it is aligned to the right. */
  readonly right: readonly boolean[];
  readonly n: number;
  readonly caption: string;
  readonly note: string;
}

function asMarkup({ headings, cells, right, n, caption, note }: WrittenTable): string {
  const cell = (tag: string, text: string, column: number) =>
    `<${tag} align="${right[column] ? "right" : "left"}">${escapeMarkup(text)}</${tag}>`;
  const lines = ["<table>"];
  if (caption) lines.push(`<caption align="top">${escapeMarkup(caption)}</caption>`);
  lines.push(`<thead><tr>${headings.map((h, c) => cell("th", h, c)).join("")}</tr></thead>`);
  lines.push("<tbody>");
  for (let i = 0; i < n; i++) {
    lines.push(`<tr>${headings.map((_, c) => cell("td", cells[c][i], c)).join("")}</tr>`);
  }
  lines.push("</tbody>", "</table>");
  if (note) lines.push(`<p>${escapeMarkup(note)}</p>`);
  return lines.join("\n");
}

function asText({ headings, cells, right, n, caption, note }: WrittenTable): string {
  const widths = headings.map((h, c) => Math.max(h.length, ...cells[c].map((x) => x.length)));
  const line = (texts: readonly string[]) =>
    texts.map((text, c) => right[c] ? text.padStart(widths[c]) : text.padEnd(widths[c]))
      .join("  ").trimEnd();
  const lines = caption ? [caption] : [];
  lines.push(line(headings), widths.map((width) => "─".repeat(width)).join("  "));
  for (let i = 0; i < n; i++) lines.push(line(cells.map((column) => column[i])));
  if (note) lines.push(note);
  return lines.join("\n");
}
