/**
 * The learning rate by step.
 *
 * @module
 */

/** What the schedule needs of a run's configuration. */
export interface Schedule {
  /** All of them. */
  readonly steps: number;
  /** Those in which it rises. */
  readonly warmup: number;
  /** The peak. */
  readonly learningRate: number;
  /** The last rate, as a share of the peak. */
  readonly finalShare: number;
}

/**
 * Linear warm-up, then half a cosine from the peak to its final share (Loshchilov and Hutter, arXiv
 * 1608.03983, without restarts).
 *
 * @param step 0 … steps − 1
 *
 * ```ts
 * import { learningRateAt } from "@lib/train/schedule.ts";
 * import assert from "node:assert/strict";
 *
 * const schedule = { steps: 101, warmup: 1, learningRate: 1, finalShare: 0.1 };
 * assert.equal(learningRateAt(0, schedule), 1);
 * assert.ok(Math.abs(learningRateAt(100, schedule) - 0.1) < 1e-12);
 * ```
 */
export function learningRateAt(
  step: number,
  { steps, warmup, learningRate, finalShare }: Schedule,
): number {
  if (step < warmup) return learningRate * (step + 1) / warmup;
  const progress = (step - warmup) / Math.max(1, steps - 1 - warmup);
  const cosine = (1 + Math.cos(Math.PI * Math.min(1, progress))) / 2;
  return learningRate * (finalShare + (1 - finalShare) * cosine);
}
