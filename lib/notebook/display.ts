/**
 * Showing things in a notebook: the only file that knows the kernel's face, `Deno.jupyter`.
 *
 * Outside the kernel (in a test, in `deno run`) the same calls print text.
 *
 * @module
 */

/** What is shown: the same thing in several formats (MIME types), the front end picks one. */
export type MimeBundle = Readonly<Record<string, unknown>>;

/** The method by which a value says how it is shown; the kernel's own symbol. */
export const DISPLAY: unique symbol = Symbol.for("Jupyter.display") as never;

/** A value that knows how it is shown: a figure, a table, a board. */
export interface Displayable {
  /** The formats it is shown in. */
  [DISPLAY](): MimeBundle;
  /** How it is shown while it still changes, when that differs (SVG is fast, PNG lasts). */
  readonly live?: () => MimeBundle;
  /** Metadata by MIME type, such as the width at which a sharp PNG is shown. */
  readonly displayMetadata?: Readonly<Record<string, unknown>>;
}

interface KernelFace {
  broadcast(type: string, content: unknown, extra?: { metadata?: unknown }): unknown;
}

let face: KernelFace | null | undefined;

function kernelFace(): KernelFace | null {
  if (face === undefined) {
    try {
      face = (Deno as unknown as { jupyter?: KernelFace }).jupyter ?? null;
    } catch {
      face = null; // outside the kernel the property exists and throws
    }
  }
  return face;
}

/** Whether this code runs in a notebook's kernel. */
export function insideKernel(): boolean {
  return kernelFace() !== null;
}

let listener: (type: string) => void = () => {};

/** Has a function called before each message: the kernel's mending counts and orders them. */
export function beforeBroadcast(call: (type: string) => void): void {
  listener = call;
}

/** Sends one message of the Jupyter protocol to the front end; does nothing outside the kernel. */
export function broadcast(type: string, content: Record<string, unknown>): void {
  const kernel = kernelFace();
  if (!kernel) return;
  listener(type);
  kernel.broadcast(type, content);
}

/**
 * Shows any value: figures, tables and boards as pictures, all else as text, `null`, `NaN`, `-0` and
 * bigints included, which the kernel would swallow as the last expression of a cell.
 *
 * ```ts
 * import { show, table } from "@lib/notebook/mod.ts";
 *
 * show(Number.NaN);
 * show(table([{ player: "expert 1", reward: 0.91 }]));
 * ```
 */
export function show(...values: readonly unknown[]): void {
  for (const value of values) {
    const { data, metadata } = describe(value);
    if (insideKernel()) broadcast("display_data", { data, metadata, transient: {} });
    else console.log(String(data["text/plain"]));
  }
}

/** A place in the output that can be shown anew: for figures that grow and counters that run. */
export interface Live {
  /** Replaces what stands there, in the format for things that still change. */
  show(value: unknown): void;
  /** Replaces it a last time, in the format that lasts; later calls do nothing. */
  end(value?: unknown): void;
}

let places = 0;

/**
 * Opens a place in the cell's output that is updated instead of appended to.
 *
 * Outside the kernel only what is given to `end` is printed.
 *
 * ```ts
 * import { live } from "@lib/notebook/mod.ts";
 *
 * const place = live();
 * for (let step = 0; step < 3; step++) place.show(`step ${step}`);
 * place.end("done after 3 steps");
 * ```
 */
export function live(): Live {
  const id = `place-${++places}-${Date.now()}`;
  let last: unknown;
  let opened = false;
  let ended = false;
  const send = (value: unknown, moving: boolean) => {
    const type = opened ? "update_display_data" : "display_data";
    opened = true;
    broadcast(type, { ...describe(value, moving), transient: { display_id: id } });
  };
  return {
    show(value) {
      if (ended) return;
      last = value;
      if (insideKernel()) send(value, true);
    },
    end(value = last) {
      if (ended) return;
      ended = true;
      if (insideKernel()) send(value, false);
      else show(value);
    },
  };
}

/**
 * A value shown as HTML, with a plain text beside it for viewers that show none.
 *
 * ```ts
 * import { html } from "@lib/notebook/mod.ts";
 * import { describe } from "@lib/notebook/display.ts";
 * import assert from "node:assert/strict";
 *
 * const { data } = describe(html("<b>7</b> games", "7 games"));
 * assert.deepEqual(data, { "text/html": "<b>7</b> games", "text/plain": "7 games" });
 * ```
 */
export function html(markup: string, text: string): Displayable {
  return { [DISPLAY]: () => ({ "text/html": markup, "text/plain": text }) };
}

/**
 * A value shown as Markdown.
 *
 * ```ts
 * import { markdown } from "@lib/notebook/mod.ts";
 * import { describe } from "@lib/notebook/display.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(describe(markdown("*7* games")).data["text/markdown"], "*7* games");
 * ```
 */
export function markdown(text: string): Displayable {
  return { [DISPLAY]: () => ({ "text/markdown": text, "text/plain": text }) };
}

/** Escapes a text for HTML and SVG, in elements and in quoted attributes. */
export function escapeMarkup(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** The formats and metadata of a value: what `show` sends. */
export function describe(
  value: unknown,
  moving = false,
): { data: MimeBundle; metadata: Readonly<Record<string, unknown>> } {
  if (isDisplayable(value)) {
    const data = moving && value.live ? value.live() : value[DISPLAY]();
    return { data, metadata: moving ? {} : value.displayMetadata ?? {} };
  }
  return { data: { "text/plain": asText(value) }, metadata: {} };
}

/** Whether a value knows how it is shown. */
export function isDisplayable(value: unknown): value is Displayable {
  return typeof value === "object" && value !== null && DISPLAY in value;
}

function asText(value: unknown): string {
  if (typeof value === "string") return value;
  return Deno.inspect(value, { colors: false, depth: 4, iterableLimit: 50, breakLength: 100 });
}
