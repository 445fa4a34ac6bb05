/**
 * The shipped fonts (DejaVu) and the width of a text in them: what figures need to look the same on
 * a machine without fonts, and to place labels without a browser.
 *
 * @module
 */

import { fileURLToPath } from "node:url";

/** The font of figures, slim, with arrows, Greek and the chess pieces, as attributes of an SVG. */
export const FONT = 'font-family="DejaVu Sans, sans-serif" font-stretch="condensed"';

const FILES = {
  regular: "DejaVuSansCondensed.ttf",
  bold: "DejaVuSansCondensed-Bold.ttf",
  italic: "DejaVuSansCondensed-Oblique.ttf",
  mono: "DejaVuSansMono.ttf",
  pieces: "DejaVuSans.ttf",
} as const;

function fontFile(name: string): string {
  return fileURLToPath(import.meta.resolve(`dejavu-fonts-ttf/ttf/${name}`));
}

/** Paths of the font files that figures are drawn with. */
export function fontFiles(): string[] {
  return Object.values(FILES).map(fontFile);
}

interface Metrics {
  readonly unitsPerEm: number;
  readonly advance: (codePoint: number) => number;
}

const loaded = new Map<string, Metrics>();

/**
 * The width of a text in pixels at a font size in pixels.
 *
 * ```ts
 * import { textWidth } from "@lib/notebook/fonts.ts";
 * import assert from "node:assert/strict";
 *
 * assert.ok(textWidth("WWW", 12) > textWidth("iii", 12));
 * assert.ok(Math.abs(textWidth("ab", 24) - 2 * textWidth("ab", 12)) < 1e-9);
 * ```
 */
export function textWidth(
  text: string,
  size: number,
  weight: "regular" | "bold" = "regular",
): number {
  const { unitsPerEm, advance } = metrics(FILES[weight]);
  let units = 0;
  for (const character of text) units += advance(character.codePointAt(0)!);
  return units / unitsPerEm * size;
}

/** Breaks a text into lines no wider than `width` pixels; a longer word keeps a line of its own. */
export function wrapText(
  text: string,
  size: number,
  width: number,
  weight: "regular" | "bold" = "regular",
): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split("\n")) {
    let line = "";
    for (const word of paragraph.split(/\s+/).filter(Boolean)) {
      const longer = line ? `${line} ${word}` : word;
      if (line && textWidth(longer, size, weight) > width) {
        lines.push(line);
        line = word;
      } else line = longer;
    }
    lines.push(line);
  }
  return lines;
}

function metrics(file: string): Metrics {
  let found = loaded.get(file);
  if (!found) loaded.set(file, found = readMetrics(Deno.readFileSync(fontFile(file))));
  return found;
}

/** Reads the tables head, hhea, hmtx and cmap (format 4 or 12) of a TrueType file. */
function readMetrics(bytes: Uint8Array): Metrics {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tables = new Map<string, number>();
  for (let i = 0; i < view.getUint16(4); i++) {
    const record = 12 + 16 * i;
    const tag = String.fromCharCode(...bytes.subarray(record, record + 4));
    tables.set(tag, view.getUint32(record + 8));
  }
  const unitsPerEm = view.getUint16(tables.get("head")! + 18);
  const widths = view.getUint16(tables.get("hhea")! + 34);
  const hmtx = tables.get("hmtx")!;
  const glyphOf = readCharacterMap(view, tables.get("cmap")!);
  const advance = (codePoint: number) =>
    view.getUint16(hmtx + 4 * Math.min(glyphOf(codePoint), widths - 1));
  return { unitsPerEm, advance };
}

function readCharacterMap(view: DataView, cmap: number): (codePoint: number) => number {
  for (let i = 0; i < view.getUint16(cmap + 2); i++) {
    const subtable = cmap + view.getUint32(cmap + 4 + 8 * i + 4);
    if (view.getUint16(subtable) !== 4) continue;
    const segments = view.getUint16(subtable + 6) / 2;
    const ends = subtable + 14;
    const starts = ends + 2 * segments + 2;
    return (codePoint) => {
      for (let s = 0; s < segments; s++) {
        if (codePoint > view.getUint16(ends + 2 * s)) continue;
        const start = view.getUint16(starts + 2 * s);
        if (codePoint < start) return 0;
        const delta = view.getUint16(starts + 2 * segments + 2 * s);
        const rangeAt = starts + 4 * segments + 2 * s;
        const range = view.getUint16(rangeAt);
        if (range === 0) return (codePoint + delta) & 0xffff;
        const glyph = view.getUint16(rangeAt + range + 2 * (codePoint - start));
        return glyph === 0 ? 0 : (glyph + delta) & 0xffff;
      }
      return 0;
    };
  }
  throw new Error("Cannot measure text: the font file has no character map of format 4");
}
