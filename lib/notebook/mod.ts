/**
 * The one import at the top of a notebook.
 *
 * @module
 */

export * as Plot from "@observablehq/plot";
export { html, type Live, live, markdown, show } from "./display.ts";
export { figure, type FigureOptions, PALETTE } from "./figure.ts";
export { band, curve, type IntervalOptions, reference, whiskers } from "./marks.ts";
export type { Picture } from "./svg.ts";
export { formatNumber, table, type TableOptions } from "./table.ts";
