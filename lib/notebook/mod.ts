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

import { mendKernel } from "@lib/notebook/kernel.ts";

/** Observable Plot, whole. */
export * as Plot from "@observablehq/plot";
export { html, type Live, live, markdown, show } from "@lib/notebook/display.ts";
export { figure, type FigureOptions, PALETTE } from "@lib/notebook/figure.ts";
export { Interrupted, stopPoint, stopSignal } from "@lib/notebook/kernel.ts";
export { band, curve, type IntervalOptions, reference, whiskers } from "@lib/notebook/marks.ts";
export { type Arrow, board, type BoardOptions, policyArrows } from "@lib/notebook/board.ts";
export { gallery, type GalleryOptions } from "@lib/notebook/gallery.ts";
export { attach, type AttachOptions, lossFigure, readMetrics } from "@lib/notebook/attach.ts";
export { type Job, launch, watch } from "@lib/notebook/job.ts";
export {
  type ScoreRow,
  type SweepRow,
  watchMatch,
  type WatchOptions,
  watchSweep,
} from "@lib/notebook/live_match.ts";
export { trainRuns, type TrainRunsOptions } from "@lib/notebook/training.ts";
export { clock, progress, progressLine, type ProgressOptions } from "@lib/notebook/progress.ts";
export type { Picture } from "@lib/notebook/svg.ts";
export { formatNumber, table, type TableOptions } from "@lib/notebook/table.ts";

mendKernel();
