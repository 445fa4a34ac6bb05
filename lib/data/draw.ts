/**
 * Which items a batch holds, as a function of (seed, step): within an epoch each item is drawn once, in
 * an order given by a permutation that needs no memory; the next epoch has another order.
 *
 * @module
 */

import { permutation } from "@lib/data/permutation.ts";

/** The seed of the batches that measure a model, the same in every run. */
export const VALIDATION_SEED = 0x7a11d;

/** Which batch: the same three numbers give the same batch. */
export interface BatchPlace {
  /** of the data stream */
  readonly seed: number;
  /** from 0 */
  readonly step: number;
  /** B, items a batch */
  readonly size: number;
}

/** @throws {RangeError} for a place that is none */
/**
 * Checks that a place is one.
 *
 * @throws {RangeError} for a number out of range.
 */
export function checkPlace({ seed, step, size }: BatchPlace): void {
  const isInteger = Number.isSafeInteger;
  if (!(isInteger(seed) && isInteger(step) && step >= 0 && isInteger(size) && size >= 1)) {
    throw new RangeError(
      `Cannot draw a batch of ${size} at step ${step} with seed ${seed}: must be integers, ` +
        `the size 1 or more, the step 0 or more`,
    );
  }
}

/** The items (of n) of a batch: each drawn once an epoch, in an order of the epoch's own. */
export function* drawItems(
  n: number,
  stream: number,
  place: BatchPlace,
): Generator<[number, number]> {
  const { seed, step, size } = place;
  let epoch = -1, at = permutation(n);
  for (let row = 0; row < size; row++) {
    const item = step * size + row;
    if (Math.floor(item / n) !== epoch) {
      epoch = Math.floor(item / n);
      at = permutation(n, seed, stream, epoch);
    }
    yield [at(item - epoch * n), epoch];
  }
}

/** @throws {RangeError} when there is not one step of validation */
/**
 * Checks a number of steps.
 *
 * @throws {RangeError} when it is none.
 */
export function checkSteps(steps: number, size: number, what: string): void {
  if (steps >= 1) return;
  throw new RangeError(
    `Cannot draw one validation batch of ${size} from ${what}: must have at least as many items`,
  );
}
