/**
 * The one import at the top of a notebook:
 *
 * ```ts
 * import { figure, Plot, progress, show, table } from "@lib/notebook/mod.ts";
 * ```
 *
 * In the first cell, since it also mends the kernel: outputs appear under their own cell, errors are
 * shown, Stop keeps the variables (see `kernel.ts`).
 *
 * Figures, tables and boards are values; `show` puts them into the output, and so does standing at
 * the end of a cell.
 *
 * @module
 */

import { mendKernel } from "./kernel.ts";

export * as Plot from "@observablehq/plot";
export { html, type Live, live, markdown, show } from "./display.ts";
export { figure, type FigureOptions, PALETTE } from "./figure.ts";
export { Interrupted, stopPoint, stopSignal } from "./kernel.ts";
export { band, curve, type IntervalOptions, reference, whiskers } from "./marks.ts";
export { type Arrow, board, type BoardOptions, policyArrows } from "./board.ts";
export { attach, type AttachOptions, lossFigure, type Metrics, readMetrics } from "./attach.ts";
export { type Job, launch, watch } from "./job.ts";
export { trainRuns, type TrainRunsOptions } from "./training.ts";
export { clock, progress, progressLine, type ProgressOptions } from "./progress.ts";
export type { Picture } from "./svg.ts";
export { formatNumber, table, type TableOptions } from "./table.ts";

mendKernel();
