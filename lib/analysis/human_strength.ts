/**
 * Strength measured against people: by how much somebody out-plays the players of each band on the
 * very positions that they faced, whether that is transcendence, and which rating it equals.
 *
 * @module
 */

import { antitonic } from "@lib/analysis/isotonic.ts";
import {
  bootstrap,
  clusteredMean,
  type Interval,
  type Level,
  type Resampling,
} from "@lib/analysis/stats.ts";
import { judgeGap, type TranscendenceVerdict } from "@lib/analysis/transcendence.ts";

/** Ratings of (low, high]. */
export type Band = readonly [low: number, high: number];

/** Who moved in each position, and in which game. */
export interface Movers {
  /** For each position, the rating of the player to move. */
  readonly rating: ArrayLike<number>;
  /** For each position, its game. */
  readonly cluster: ArrayLike<number>;
}

/**
 * The bands of 200 from a cap downwards: the top one is (cap − 200, cap], and the lowest takes all that
 * are weaker.
 *
 * @param lowest the lowest band ends at this rating or above it.
 *
 * ```ts
 * import { bandsUnder } from "@lib/analysis/human_strength.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(bandsUnder(1300, 900), [[0, 900], [900, 1100], [1100, 1300]]);
 * ```
 */
export function bandsUnder(cap: number, lowest: number): Band[] {
  const bands: Band[] = [];
  let high = cap;
  for (; high - 200 >= lowest; high -= 200) bands.unshift([high - 200, high]);
  return [[0, high], ...bands];
}

/** A mean over the positions of a band's players, with its interval by game. */
export interface BandMean extends Interval {
  /** Whose positions. */
  readonly band: Band;
  /** Positions that a player of the band faced. */
  readonly positions: number;
}

/**
 * The mean of one value a position (a loss, a difference) over the positions of each band's players.
 *
 * @param keep which positions count, such as those of one pool.
 * @throws {RangeError} for a band with fewer than two games.
 */
export function meanByBand(
  values: ArrayLike<number>,
  { rating, cluster }: Movers,
  bands: readonly Band[],
  { keep = () => true, ...level }: { readonly keep?: (position: number) => boolean } & Level = {},
): BandMean[] {
  return bands.map((band) => {
    const weight = Float64Array.from(
      rating,
      (r, x) => Number(r > band[0] && r <= band[1] && keep(x)),
    );
    const positions = weight.reduce((a, b) => a + b, 0);
    return { band, positions, ...clusteredMean(values, { cluster, weight, ...level }) };
  });
}

/**
 * The verdict over all bands of a cap, as it was stated before any run: the model transcends when each
 * band's interval of Δ is above zero, does not when one is below it, and else is undecided.
 *
 * No correction for the number of bands: all must be clear, which only makes it harder.
 *
 * ```ts
 * import { judgeBands } from "@lib/analysis/human_strength.ts";
 * import assert from "node:assert/strict";
 *
 * const clear = { value: 1, low: 0.5, high: 1.5, n: 100 };
 * assert.equal(judgeBands([clear, clear]), "transcends");
 * assert.equal(judgeBands([clear, { ...clear, low: -0.1 }]), "undecided");
 * ```
 */
export function judgeBands(gains: readonly Interval[]): TranscendenceVerdict {
  const verdicts = gains.map(judgeGap);
  if (verdicts.every((verdict) => verdict === "transcends")) return "transcends";
  return verdicts.includes("does not transcend") ? "does not transcend" : "undecided";
}

/** A rating with its interval; ends that lie at an end of what was measured are bounds only. */
export interface EquivalentRating extends Interval {
  /** `above`: the model out-plays even the best band, `below`: it loses to the weakest. */
  readonly beyond?: "above" | "below";
}

/**
 * The human-equivalent rating: the rating of the players with whom it would break even on the positions
 * that they faced. The paired differences are averaged by band, made monotone (against stronger
 * players it gains no more) and interpolated between the bands' mean ratings to where they cross zero;
 * the interval is a percentile bootstrap over games, which in simulations covers 93 times in 100.
 *
 * Unlike a loss read off a curve of losses it does not mistake easier positions for better play.
 *
 * @param difference the players' loss less the model's, one a position, in win-% points.
 * @param bands consecutive bands, each with positions; 100 wide, for in wider ones the bend of the
 * curve within a band shows as a rating that is some points too high.
 * @throws {RangeError} for a band without positions.
 *
 * ```ts
 * import { equivalentRating } from "@lib/analysis/human_strength.ts";
 * import { random, randomNormal } from "@lib/random.ts";
 * import assert from "node:assert/strict";
 *
 * // Players lose 20 − rating / 100 points a move; the model loses 7, as those of 1300 do.
 * const next = random(1, "example"), n = 4000;
 * const rating = Float64Array.from({ length: n }, () => 800 + 1000 * next());
 * const difference = rating.map((r) => 20 - r / 100 - 7 + 5 * randomNormal(next));
 * const bands = [[0, 1000], [1000, 1200], [1200, 1400], [1400, 1600], [1600, 1800]] as const;
 * const movers = { rating, cluster: rating.map((_, x) => x) };
 * const { value, low, high } = equivalentRating(difference, movers, bands, { seed: 1 });
 * assert.ok(low < 1300 && 1300 < high && high - low < 100, `${value}`);
 * ```
 */
export function equivalentRating(
  difference: ArrayLike<number>,
  { rating, cluster }: Movers,
  bands: readonly Band[],
  resampling: Resampling,
): EquivalentRating {
  // By game, then by band: how many positions, their ratings and their differences, summed.
  const games = new Map<number, Map<number, [n: number, rating: number, difference: number]>>();
  for (let x = 0; x < difference.length; x++) {
    const b = bands.findIndex(([low, high]) => rating[x] > low && rating[x] <= high);
    if (b < 0) continue;
    const game = games.get(cluster[x]) ?? new Map();
    const sums = game.get(b) ?? [0, 0, 0];
    games.set(cluster[x], game.set(b, sums));
    sums[0]++;
    sums[1] += rating[x];
    sums[2] += difference[x];
  }
  const entries = Array.from(games.values(), (game) => [...game]);
  const n = new Float64Array(bands.length), ratings = n.slice(), differences = n.slice();
  const rateOf = (picked: ArrayLike<number>) => {
    for (const sums of [n, ratings, differences]) sums.fill(0);
    for (let k = 0; k < picked.length; k++) {
      for (const [b, sums] of entries[picked[k]]) {
        n[b] += sums[0];
        ratings[b] += sums[1];
        differences[b] += sums[2];
      }
    }
    // A resample may miss a small band.
    const full = bands.map((_, b) => b).filter((b) => n[b] > 0);
    const gain = antitonic(full.map((b) => differences[b] / n[b]), full.map((b) => n[b]));
    return { gain, at: full.map((b) => ratings[b] / n[b]) };
  };
  const { gain } = rateOf(entries.map((_, game) => game));
  if (gain.length < bands.length) {
    const [low, high] = bands[n.indexOf(0)];
    throw new RangeError(
      `Cannot find a rating with 0 positions of players rated ${low} to ${high}: ` +
        "each band must have some",
    );
  }
  const found = bootstrap(entries.length, (picked) => {
    const { at, gain } = rateOf(picked);
    return crossing(at, gain);
  }, { resamples: 1000, ...resampling });
  const beyond = gain.at(-1)! > 0 ? "above" : gain[0] < 0 ? "below" : undefined;
  return { ...found, ...(beyond && { beyond }) };
}

/** Where values that never rise cross zero, linear between; the ends where they do not. */
function crossing(at: readonly number[], values: ArrayLike<number>): number {
  const last = at.length - 1;
  if (values[0] <= 0) return at[0];
  if (values[last] >= 0) return at[last];
  let i = 1;
  while (values[i] > 0) i++;
  return at[i - 1] + (at[i] - at[i - 1]) * values[i - 1] / (values[i - 1] - values[i]);
}
