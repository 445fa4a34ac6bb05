/**
 * Legends of a figure as plain SVG: swatches for categories, a ramp for quantities.
 *
 * @module
 */

import type * as Plot from "@observablehq/plot";
import { ticks } from "d3-array";
import { escapeMarkup } from "@lib/notebook/display.ts";
import { textWidth } from "@lib/notebook/fonts.ts";
import { formatNumber, writeFixed } from "@lib/notebook/table.ts";
import { hashText } from "@lib/random.ts";

/** Where a legend stands and how wide it may be, in pixels. */
export interface LegendBox {
  /** Left edge. */
  readonly x: number;
  /** Upper edge. */
  readonly y: number;
  /** Width at most; swatches wrap. */
  readonly width: number;
  /** Size of its text. */
  readonly fontSize: number;
  /** What the colours are; nothing when empty. */
  readonly label: string;
}

/** Draws the legend of a colour scale and says how high it became. */
export function drawLegend(scale: Plot.Scale, box: LegendBox): { svg: string; height: number } {
  const categories = scale.type === "ordinal" || scale.type === "categorical" ||
    scale.type === "threshold";
  return categories ? drawSwatches(scale, box) : drawRamp(scale, box);
}

function drawSwatches(scale: Plot.Scale, { x: left, y: top, width, fontSize, label }: LegendBox) {
  const line = fontSize + 8;
  const swatch = fontSize;
  const parts: string[] = [];
  let x = left;
  let y = top;
  if (label) {
    parts.push(text(label, x, y + fontSize, "start", 'fill="#444"'));
    x += textWidth(label, fontSize) + 14;
  }
  for (const [value, name] of swatchesOf(scale)) {
    const needed = swatch + 6 + textWidth(name, fontSize);
    if (x > left && x + needed > left + width) {
      x = left;
      y += line;
    }
    const color = escapeMarkup(String(scale.apply(value)));
    parts.push(
      `<rect x="${x}" y="${y + 1}" width="${swatch}" height="${swatch}" rx="2" fill="${color}"/>`,
      text(name, x + swatch + 6, y + fontSize - 0.5, "start"),
    );
    x += needed + 18;
  }
  return { svg: `<g aria-label="legend">${parts.join("")}</g>`, height: y - top + line };
}

function swatchesOf(scale: Plot.Scale): [unknown, string][] {
  const domain = [...scale.domain ?? []];
  if (scale.type !== "threshold") return domain.map((value) => [value, String(value)]);
  const limits = domain as number[];
  return [
    [limits[0] - 1, `< ${formatNumber(limits[0])}`],
    ...limits.map((limit): [unknown, string] => [limit, `≥ ${formatNumber(limit)}`]),
  ];
}

function drawRamp(scale: Plot.Scale, { x, y, width, fontSize, label }: LegendBox) {
  const domain = [...scale.domain as Iterable<number>].map(Number);
  const low = domain[0];
  const high = domain[domain.length - 1];
  const length = Math.min(260, width);
  const logarithmic = scale.type === "log" || scale.type === "diverging-log";
  const at = (share: number) =>
    logarithmic ? low * (high / low) ** share : low + (high - low) * share;
  const place = (value: number) =>
    logarithmic ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);

  const stops = Array.from({ length: 33 }, (_, i) => i / 32).map((share) =>
    `<stop offset="${share}" stop-color="${escapeMarkup(String(scale.apply(at(share))))}"/>`
  );
  const top = y + (label ? fontSize + 6 : 0);
  // Pictures may stand in one file, where equal names would mean equal colours.
  const ramp = `ramp-${hashText(stops.join(""))}`;
  const parts = [
    `<defs><linearGradient id="${ramp}">${stops.join("")}</linearGradient></defs>`,
    label ? text(label, x, y + fontSize, "start", 'fill="#444"') : "",
    `<rect x="${x}" y="${top}" width="${length}" height="10" fill="url(#${ramp})"/>`,
  ];
  const marks = logarithmic ? powersOfTen(low, high) : ticks(low, high, 4);
  const step = Math.abs((marks[1] ?? 1) - (marks[0] ?? 0));
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  for (const value of marks) {
    const tick = x + length * place(value);
    const name = logarithmic ? formatNumber(value) : writeFixed(value, digits);
    parts.push(
      `<path d="M${tick},${top + 10}v4" stroke="#1b1b1b"/>`,
      text(name, tick, top + 15 + fontSize, "middle"),
    );
  }
  return {
    svg: `<g aria-label="legend">${parts.join("")}</g>`,
    height: top - y + 15 + fontSize + 6,
  };
}

function powersOfTen(low: number, high: number): number[] {
  const from = Math.ceil(Math.log10(low) - 1e-9);
  const to = Math.floor(Math.log10(high) + 1e-9);
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => 10 ** (from + i));
}

function text(content: string, x: number, y: number, anchor: string, style = ""): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" ${style}>${escapeMarkup(content)}</text>`;
}
