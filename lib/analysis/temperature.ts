/**
 * Sharpening a distribution: f̂_τ(y|x) = f̂(y|x)^{1/τ} / Z.
 *
 * There are two temperatures in the paper (§ 1, "a trap"). Its code divides the logits by τ, which
 * is the power form used everywhere here. Its theory writes e^{f̂(y|x)/τ} / Z, the softmax of the
 * probability vector itself ({@linkcode softmaxOfProbabilities}). As τ → 0 both tend to the uniform
 * distribution over the arg-max, so the theorems hold for both; only the power form gives f̂ back at
 * τ = 1.
 *
 * @module
 */

/**
 * Two probabilities tie for the arg-max when they differ by less than this share of the larger one:
 * far above the rounding of a mean over experts (1e-16), far below a difference that a model means.
 */
export const TIE_TOLERANCE = 1e-9;

/**
 * Refuses a temperature that is negative or not a number.
 *
 * @throws {RangeError} naming the temperature.
 *
 * ```ts
 * import { checkTemperature } from "@lib/analysis/temperature.ts";
 * import assert from "node:assert/strict";
 *
 * assert.throws(() => checkTemperature(-1), /temperature -1/);
 * ```
 */
export function checkTemperature(tau: number): void {
  if (!(tau >= 0)) throw new RangeError(`Cannot sample at temperature ${tau}: must be 0 or more`);
}

/** One of the two temperatures: {@linkcode sharpen} or {@linkcode softmaxOfProbabilities}. */
export type Sharpening = typeof sharpen;

/**
 * p^{1/τ} / Z over one row of probabilities, safe for any τ: τ = 0 is uniform over the arg-max, ties
 * within {@linkcode TIE_TOLERANCE} kept; τ = ∞ is uniform over the support.
 *
 * @param p Probabilities, or weights of any positive sum.
 * @param tau Temperature, 0 or more.
 * @param out Where the result is written, at the same places; may be `p` itself.
 * @param start First entry of the row.
 * @param end One past its last entry.
 * @throws {RangeError} for τ < 0 or NaN, an entry that is negative or not finite, an empty row, a
 * row of zeros.
 *
 * ```ts
 * import { sharpen } from "@lib/analysis/temperature.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(sharpen(Float64Array.of(0.5, 0.25, 0.25), 0), Float64Array.of(1, 0, 0));
 * assert.deepEqual(sharpen(Float64Array.of(0.5, 0.25, 0.25), 1), Float64Array.of(0.5, 0.25, 0.25));
 * ```
 */
export function sharpen(
  p: Float64Array,
  tau: number,
  out: Float64Array = new Float64Array(p.length),
  start = 0,
  end: number = p.length,
): Float64Array {
  checkTemperature(tau);
  const top = largest(p, start, end);
  let z = 0;
  for (let i = start; i < end; i++) {
    const q = p[i] / top;
    // The division by the largest comes first: the best move has weight 1 however small τ is.
    const weight = q === 0
      ? 0
      : tau === 0
      ? (q >= 1 - TIE_TOLERANCE ? 1 : 0)
      : tau === 1
      ? q
      : Math.exp(Math.log(q) / tau);
    out[i] = weight;
    z += weight;
  }
  for (let i = start; i < end; i++) out[i] /= z;
  return out;
}

/**
 * e^{p/τ} / Z, the form in which the paper's theory writes the temperature (§ 1); for comparison
 * only. At τ = 0 it is the same as {@linkcode sharpen}.
 *
 * @throws {RangeError} as {@linkcode sharpen}.
 *
 * ```ts
 * import { softmaxOfProbabilities } from "@lib/analysis/temperature.ts";
 * import assert from "node:assert/strict";
 *
 * const [a, b] = softmaxOfProbabilities(Float64Array.of(0.9, 0.1), 1);
 * assert.ok(a < 0.7 && b > 0.3); // far from the 0.9 and 0.1 it was given
 * ```
 */
export function softmaxOfProbabilities(
  p: Float64Array,
  tau: number,
  out: Float64Array = new Float64Array(p.length),
  start = 0,
  end: number = p.length,
): Float64Array {
  checkTemperature(tau);
  if (tau === 0) return sharpen(p, 0, out, start, end);
  const top = largest(p, start, end);
  let z = 0;
  for (let i = start; i < end; i++) z += out[i] = Math.exp((p[i] - top) / tau);
  for (let i = start; i < end; i++) out[i] /= z;
  return out;
}

function largest(p: Float64Array, start: number, end: number): number {
  if (end <= start) throw new RangeError("Cannot sharpen an empty row: there must be a move");
  let top = 0;
  for (let i = start; i < end; i++) {
    const q = p[i];
    if (!(q >= 0 && q < Infinity)) {
      throw new RangeError(`Cannot sharpen probability ${q} (entry ${i}): must be 0 or more`);
    }
    if (q > top) top = q;
  }
  if (top === 0) throw new RangeError("Cannot sharpen a row of zeros: no move has a probability");
  return top;
}
