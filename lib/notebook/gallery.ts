/**
 * Several pictures as one: boards at several temperatures side by side, in one file.
 *
 * @module
 */

import { escapeMarkup } from "@lib/notebook/display.ts";
import { FONT, wrapText } from "@lib/notebook/fonts.ts";
import { type Picture, picture } from "@lib/notebook/svg.ts";

/** What is written around the pictures; all optional. */
export interface GalleryOptions {
  /** The finding, in a sentence. */
  readonly title?: string;
  /** What the reader must know to judge it. */
  readonly caption?: string;
  /** Colours and what they stand for, in a line above the pictures. */
  readonly legend?: readonly { readonly color: string; readonly label: string }[];
  /** When given, the picture is saved as `results/figures/NAME.png`. */
  readonly name?: string;
}

const PADDING = 16;

/**
 * Puts pictures into rows, each as wide and high as its largest.
 *
 * @throws {RangeError} for no pictures.
 *
 * ```ts
 * import { board, gallery } from "@lib/notebook/mod.ts";
 * import assert from "node:assert/strict";
 *
 * const fen = "8/8/8/3k4/8/8/8/R3K3 w - - 0 1";
 * const drawn = board(fen, { size: 160 });
 * const both = gallery([[drawn, drawn]], { title: "The same twice" });
 * assert.equal(both.width, 2 * drawn.width);
 * assert.ok(both.height > drawn.height);
 * ```
 */
export function gallery(
  rows: readonly (readonly Picture[])[],
  { title = "", caption = "", legend = [], name }: GalleryOptions = {},
): Picture {
  if (rows.flat().length === 0) throw new RangeError("Cannot show 0 pictures: must be 1 or more");
  const cell = Math.max(...rows.flat().map(({ width }) => width));
  const width = cell * Math.max(...rows.map((row) => row.length));
  const parts: string[] = [];
  let y = PADDING;
  const write = (text: string, size: number, style: string, weight: "regular" | "bold") => {
    for (const line of wrapText(text, size, width - 2 * PADDING, weight)) {
      y += size;
      parts.push(
        `<text x="${PADDING}" y="${y}" font-size="${size}" ${style}>${escapeMarkup(line)}</text>`,
      );
      y += 0.35 * size;
    }
  };
  if (title) write(title, 16, 'font-weight="bold"', "bold");
  if (legend.length > 0) {
    y += 8;
    const step = (width - 2 * PADDING) / legend.length;
    legend.forEach(({ color, label }, i) => {
      const x = PADDING + i * step;
      parts.push(
        `<rect x="${x}" y="${y}" width="12" height="12" fill="${escapeMarkup(color)}"/>` +
          `<text x="${x + 18}" y="${y + 10.5}" font-size="12">${escapeMarkup(label)}</text>`,
      );
    });
    y += 20;
  }
  for (const row of rows) {
    row.forEach(({ svg }, i) =>
      parts.push(svg.replace("<svg ", `<svg x="${i * cell}" y="${y.toFixed(1)}" `))
    );
    y += Math.max(...row.map(({ height }) => height));
  }
  if (caption) {
    y += 6;
    write(caption, 11.5, 'fill="#444"', "regular");
  }
  const height = Math.ceil(y + PADDING - 4);
  const words = [title, ...rows.flat().map(({ text }) => text), caption].filter(Boolean).join("\n");
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"` +
    ` ${FONT} font-size="12" fill="#1b1b1b" role="img"><title>${
      escapeMarkup(title || words)
    }</title>` +
    `<rect width="100%" height="100%" fill="white"/>${parts.join("")}</svg>`;
  return picture(svg, { width, height }, words, name);
}
