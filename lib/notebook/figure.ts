/**
 * Figures: Observable Plot with defaults that need no styling, as one self-contained picture.
 *
 * @module
 */

import * as Plot from "@observablehq/plot";
import { plotDocument } from "@lib/notebook/dom.ts";
import { escapeMarkup } from "@lib/notebook/display.ts";
import { FONT, textWidth, wrapText } from "@lib/notebook/fonts.ts";
import { drawLegend } from "@lib/notebook/legend.ts";
import { type Picture, picture } from "@lib/notebook/svg.ts";

/**
 * Eight colours that people with any colour vision tell apart (Okabe and Ito, "Color Universal
 * Design", 2008), with a grey for their black and Tol's indigo for their yellow, which white drowns.
 */
export const PALETTE: readonly string[] = [
  "#0072b2", // blue
  "#d55e00", // vermilion
  "#009e73", // green
  "#cc79a7", // pink
  "#e69f00", // orange
  "#56b4e9", // sky
  "#5d5d5d", // grey
  "#332288", // indigo
];

/** What a figure says and shows: Plot's own options and the words around it. */
export interface FigureOptions extends Omit<Plot.PlotOptions, "title" | "subtitle" | "caption"> {
  /** The finding, in a sentence. */
  readonly title?: string;
  /** What is shown: the quantity, the data, n. */
  readonly subtitle?: string;
  /** What the reader must know to judge it: what the bands are, where the data come from. */
  readonly caption?: string;
  /** When given, the figure is saved as `results/figures/NAME.png`. */
  readonly name?: string;
  /** Whether colours are explained above the plot (default: when there is more than one). */
  readonly legend?: boolean;
}

const FONT_SIZE = 12;
const PADDING = 16;

/**
 * Draws a figure: Plot's marks, with title, legend and caption, in one picture that is shown as PNG.
 *
 * Margins grow with the labels, grid lines are faint, categories get colours that everybody tells
 * apart, quantities the scale "viridis".
 *
 * ```ts
 * import { curve, figure } from "@lib/notebook/mod.ts";
 * import assert from "node:assert/strict";
 *
 * const points = [1, 0.5, 0.1].map((tau) => ({ tau, value: 1 - tau, low: 0.9 - tau, high: 1.1 - tau }));
 * const drawn = figure({
 *   title: "Reward rises as the temperature falls",
 *   caption: "Band: 95 % interval over 3 seeds.",
 *   x: { label: "temperature τ", reverse: true },
 *   y: { label: "expected reward" },
 *   marks: curve(points, { x: "tau" }),
 * });
 * assert.match(drawn.svg, /Reward rises/);
 * assert.equal(drawn.width, 680);
 * ```
 */
export function figure(options: FigureOptions): Picture {
  const { title = "", subtitle = "", caption = "", name, legend, ...plotOptions } = options;
  const plot = drawPlot(plotOptions);
  const width = Number(plot.getAttribute("width"));
  const plotHeight = Number(plot.getAttribute("height"));
  const inner = width - 2 * PADDING;

  const parts: string[] = [];
  let y = PADDING;
  const write = (text: string, size: number, style: string, weight: "regular" | "bold") => {
    for (const line of wrapText(text, size, inner, weight)) {
      y += size;
      parts.push(
        `<text x="${PADDING}" y="${y}" font-size="${size}" ${style}>${escapeMarkup(line)}</text>`,
      );
      y += 0.35 * size;
    }
  };
  if (title) write(title, 16, 'font-weight="bold"', "bold");
  if (title && subtitle) y += 2;
  if (subtitle) write(subtitle, 12.5, 'fill="#444"', "regular");
  if (title || subtitle) y += 8;

  const scale = plot.scale("color");
  const wanted = legend ?? (scale !== undefined && [...scale.domain ?? []].length > 1);
  if (wanted && scale) {
    const label = String(options.color?.label ?? scale.label ?? "");
    const box = { x: PADDING, y, width: inner, fontSize: FONT_SIZE, label };
    const drawn = drawLegend(scale, box);
    parts.push(drawn.svg);
    y += drawn.height + 6;
  }
  parts.push(`<g transform="translate(0,${y})" text-anchor="middle">${content(plot)}</g>`);
  y += plotHeight;
  if (caption) {
    y += 8;
    write(caption, 11.5, 'fill="#444"', "regular");
  }
  const height = Math.ceil(y + (caption ? PADDING - 4 : 4));
  const words = [title, subtitle, caption].filter(Boolean).join("\n") || "figure";
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"` +
    ` ${FONT} font-size="${FONT_SIZE}" fill="#1b1b1b" color="#1b1b1b" role="img">` +
    `<title>${
      escapeMarkup(title || words)
    }</title><rect width="100%" height="100%" fill="white"/>` +
    parts.join("") + "</svg>";
  return picture(svg, { width, height }, words, name);
}

type DrawnPlot = (SVGSVGElement | HTMLElement) & Plot.Plot;

/** Draws twice: the first drawing shows which colours and how much room for labels are needed. */
function drawPlot(options: Plot.PlotOptions): DrawnPlot {
  const defaults: Plot.PlotOptions = {
    width: 680,
    insetTop: 2,
    ...options,
    x: { labelAnchor: "center", labelArrow: "none", ...plainTicks(options.x), ...axis(options.x) },
    y: {
      grid: options.grid ?? true,
      tickSpacing: 48,
      labelAnchor: "top",
      labelArrow: "none",
      ...plainTicks(options.y),
      ...axis(options.y),
    },
    color: { ...options.color, legend: false },
    document: plotDocument(),
    style: { fontSize: `${FONT_SIZE}px`, ...(options.style as object) },
  };
  const trial = render(defaults);
  const has = (label: string) => trial.querySelector(`[aria-label="${label}"]`) !== null;
  const marginLeft = options.marginLeft ?? options.margin ??
    Math.max(10, labelWidth(trial, "y")) + 9 + PADDING;
  const panels = labelWidth(trial, "fy"), title = has("fy-axis label") ? 18 : 0;
  const marginRight = options.marginRight ?? options.margin ??
    (panels > 0 ? panels + 9 + title + PADDING : 24);
  return render({
    marginTop: (has("y-axis label") ? 34 : 14) + (has("fx-axis tick label") ? 22 : 0),
    marginBottom: has("x-axis label") ? 46 : 30,
    ...defaults,
    color: { ...defaults.color, ...colorDefaults(trial.scale("color"), options.color) },
    y: { labelOffset: marginLeft - PADDING, ...defaults.y },
    marginLeft,
    marginRight,
  });
}

function render(options: Plot.PlotOptions): DrawnPlot {
  return Plot.plot(options) as DrawnPlot;
}

function axis(options: Plot.PlotOptions["x"]): Plot.ScaleOptions {
  return options ?? {};
}

function colorDefaults(
  scale: Plot.Scale | undefined,
  given: Plot.ScaleOptions | undefined,
): Plot.ScaleOptions {
  if (!scale || given?.range || given?.scheme) return {};
  if (scale.type === "ordinal" || scale.type === "categorical") return { range: PALETTE };
  return scale.type?.startsWith("diverging") ? { scheme: "RdBu" } : { scheme: "viridis" };
}

/** Numbers on a logarithmic axis as they are written, not as 200m for 0.2. */
function plainTicks(options: Plot.PlotOptions["x"]): Plot.ScaleOptions {
  return axis(options).type === "log" ? { tickFormat: ",.3~r" } : {};
}

/** The longest label of an axis at the side, in pixels. */
function labelWidth(plot: DrawnPlot, axis: "y" | "fy"): number {
  const labels = plot.querySelectorAll(`[aria-label="${axis}-axis tick label"] text`);
  const widths = [...labels].flatMap((label) =>
    (label.textContent ?? "").split("\n").map((line) => textWidth(line, FONT_SIZE))
  );
  return Math.ceil(Math.max(0, ...widths));
}

/** The drawn marks, without what only a browser understands (style sheet, variables). */
function content(plot: DrawnPlot): string {
  for (const style of plot.querySelectorAll("style")) style.remove();
  return plot.innerHTML.replaceAll("var(--plot-background)", "white");
}
