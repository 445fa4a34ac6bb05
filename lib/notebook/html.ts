/**
 * Notebooks as HTML: without scripts, everything inline, and whatever is data shown as text.
 *
 * @module
 */

import hljs from "highlight.js/lib/core";
import typescript from "highlight.js/lib/languages/typescript";
import { parseHTML } from "linkedom";
import { Marked } from "marked";
import { escapeMarkup } from "@lib/notebook/display.ts";
import { type Cell, type Notebook, type Output, textOf } from "@lib/notebook/ipynb.ts";
import { hasTag } from "@lib/notebook/runner.ts";

let highlighter: typeof hljs | undefined;

/** Colours code by `class`; the code itself is escaped. */
export function highlightCode(code: string): string {
  if (!highlighter) {
    highlighter = hljs.newInstance();
    highlighter.registerLanguage("typescript", typescript);
  }
  return highlighter.highlight(code, { language: "typescript" }).value;
}

/** How Markdown becomes part of a page; all optional. */
export interface MarkdownOptions {
  /** Added to heading levels, so that a notebook's title is below the page's (default 0). */
  readonly demote?: number;
  /** Gives the content of a picture that is named by a path as a data URL; none: its words. */
  readonly picture?: (path: string) => string | undefined;
  /** Where a link leads; none: its words without a link (default: as written). */
  readonly link?: (href: string) => string | undefined;
  /** Whether headings get ids, those that GitHub gives them (default: no). */
  readonly anchors?: boolean;
}

/**
 * Writes Markdown as HTML. HTML inside it is shown as text, its comments not at all; links lead to the web, the page or
 * beside it only.
 *
 * ```ts
 * import { markdownToHtml } from "@lib/notebook/html.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(markdownToHtml("**so** <script>x</script>"), "<p><strong>so</strong> &#60;script&#62;x&#60;/script&#62;</p>\n");
 * ```
 */
export function markdownToHtml(text: string, options: MarkdownOptions = {}): string {
  const { demote = 0, picture = () => undefined, link = String, anchors = false } = options;
  const marked = new Marked({
    gfm: true,
    async: false,
    renderer: {
      html: ({ text }) => /^<!--[^]*-->\s*$/.test(text) ? "" : escapeMarkup(text),
      code: ({ text }) => `<pre class="code"><code>${highlightCode(text)}</code></pre>\n`,
      heading({ tokens, depth, text }) {
        const level = Math.min(6, depth + demote);
        const id = anchors ? ` id="${escapeMarkup(headingId(text))}"` : "";
        return `<h${level}${id}>${this.parser.parseInline(tokens)}</h${level}>\n`;
      },
      link({ href, tokens }) {
        const inner = this.parser.parseInline(tokens);
        const to = isSafeLink(href) ? link(href) : undefined;
        return to === undefined ? inner : `<a href="${escapeMarkup(to)}">${inner}</a>`;
      },
      image({ href, text }) {
        const source = href.startsWith("data:image/") ? href : picture(href);
        if (!source) return `<em>${escapeMarkup(text)}</em>`;
        return `<img src="${escapeMarkup(source)}" alt="${escapeMarkup(text)}">`;
      },
    },
  });
  return marked.parse(text) as string;
}

/** The id that GitHub gives a heading: small letters, digits and hyphens for spaces. */
function headingId(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
}

function isSafeLink(href: string): boolean {
  return /^(https?:|mailto:|#)/i.test(href) || !/^[a-z][a-z0-9+.-]*:/i.test(href);
}

/**
 * Writes a notebook's cells as HTML.
 *
 * ```ts
 * import { notebookToHtml } from "@lib/notebook/html.ts";
 * import assert from "node:assert/strict";
 *
 * const cell = { cell_type: "markdown" as const, id: "a", metadata: {}, source: "# Title" };
 * const page = notebookToHtml({ cells: [cell], metadata: {}, nbformat: 4, nbformat_minor: 5 });
 * assert.match(page, /<h1>Title<\/h1>/);
 * ```
 */
export function notebookToHtml(notebook: Notebook, options: MarkdownOptions = {}): string {
  return notebook.cells.map((cell) => cellToHtml(cell, options)).join("\n");
}

function cellToHtml(cell: Cell, options: MarkdownOptions): string {
  const source = textOf(cell.source);
  if (cell.cell_type === "markdown") return markdownToHtml(source, options);
  if (cell.cell_type === "raw" || source.trim() === "") return "";
  const outputs = (cell.outputs ?? []).map((output) => outputToHtml(output, options));
  const note = hasTag(cell, "parameters") ? '<p class="note">parameters</p>' : "";
  return `<div class="cell">${note}<pre class="code"><code>${highlightCode(source)}</code></pre>` +
    `${outputs.join("")}</div>`;
}

/** Writes one output as HTML, in the richest format that is safe. */
export function outputToHtml(output: Output, options: MarkdownOptions = {}): string {
  if (output.output_type === "stream") {
    return `<pre class="output ${output.name}">${escapeMarkup(textOf(output.text))}</pre>`;
  }
  if (output.output_type === "error") {
    const text = [`${output.ename}: ${output.evalue}`, ...output.traceback.slice(1)].join("\n");
    return `<pre class="output error">${escapeMarkup(text)}</pre>`;
  }
  const data = Object.fromEntries(
    Object.entries(output.data).map(([type, value]) => [type, textOf(value as string | string[])]),
  );
  const words = data["text/plain"] ?? "";
  for (const type of ["image/png", "image/jpeg"]) {
    if (type in data) {
      return image(`${type};base64,${data[type].trim()}`, words, output.metadata[type]);
    }
  }
  if ("image/svg+xml" in data) {
    const bytes = new TextEncoder().encode(data["image/svg+xml"]);
    return image(`image/svg+xml;base64,${bytes.toBase64()}`, words, undefined);
  }
  if ("text/html" in data) return `<div class="output">${safeMarkup(data["text/html"])}</div>`;
  if ("text/markdown" in data) {
    return `<div class="output">${markdownToHtml(data["text/markdown"], options)}</div>`;
  }
  return `<pre class="output">${escapeMarkup(words)}</pre>`;
}

/** A picture as `<img>`, in which not even SVG can run a script. */
function image(source: string, words: string, metadata: unknown): string {
  const { width, height } = (metadata ?? {}) as { width?: number; height?: number };
  const size = width && height ? ` width="${Number(width)}" height="${Number(height)}"` : "";
  return `<p class="output"><img src="data:${escapeMarkup(source)}"${size} alt="${
    escapeMarkup(words)
  }"></p>`;
}

const ELEMENTS = new Set(
  "a b br caption code dd div dl dt em h1 h2 h3 h4 h5 h6 hr i li ol p pre small span strong sub sup table tbody td tfoot th thead tr ul"
    .split(" "),
);
const ATTRIBUTES = new Set(["align", "colspan", "rowspan"]);

/** HTML that a cell has shown, reduced to elements that only arrange text. */
export function safeMarkup(markup: string): string {
  const { document } = parseHTML(`<!doctype html><html><body>${markup}</body></html>`);
  return [...document.body.childNodes].map((node) => safeNode(node)).join("");
}

interface MarkupNode {
  readonly nodeType: number;
  readonly textContent: string | null;
}

function safeNode(node: MarkupNode): string {
  if (node.nodeType === 3) return escapeMarkup(node.textContent ?? "");
  if (node.nodeType !== 1) return "";
  const element = node as unknown as Element;
  const name = element.localName;
  if (!ELEMENTS.has(name)) return escapeMarkup(element.textContent ?? "");
  const attributes = [...element.attributes]
    .filter((attribute) =>
      ATTRIBUTES.has(attribute.name) || (attribute.name === "href" && isSafeLink(attribute.value))
    )
    .map((attribute) => ` ${attribute.name}="${escapeMarkup(attribute.value)}"`).join("");
  if (name === "br" || name === "hr") return `<${name}>`;
  const inner = [...element.childNodes].map((child) => safeNode(child)).join("");
  return `<${name}${attributes}>${inner}</${name}>`;
}
