/**
 * What a move costs people of each rating: the curve by which strength is anchored to human players.
 *
 * It rests on a table of sums, small enough to be kept: by rating, phase and year, and within each by
 * groups of whole games, so that intervals come from resampling the groups.
 *
 * @module
 */

import { gunzipSync, gzipSync } from "node:zlib";
import { z } from "zod";
import { antitonic } from "@lib/analysis/isotonic.ts";
import { type Interval, type Resampling } from "@lib/analysis/stats.ts";
import { quantileOf } from "@lib/analysis/stats.ts";
import { writeFileAtomic } from "@lib/files.ts";
import { random, randomInteger } from "@lib/random.ts";

/** Rating points of a bin. */
export const BIN = 100;

/** Groups of games: bootstrap units in place of single games, which would not fit into a small file. */
export const GROUPS = 50;

const cellSchema = z.strictObject({
  /** The bin's lowest rating; it ends below `rating` + {@linkcode BIN}. */
  rating: z.int().nonnegative(),
  /** Such as `opening`. */
  phase: z.string(),
  year: z.int().nonnegative(),
  /** Games with such a move. */
  games: z.int().positive(),
  /** Moves in each group of games. */
  moves: z.array(z.int().nonnegative()).length(GROUPS),
  /** Their loss together, in win-% points, in each group of games. */
  loss: z.array(z.number().nonnegative()).length(GROUPS),
});

const tableSchema = z.strictObject({
  /** Which games and moves were counted, in words. */
  source: z.string(),
  /** Games counted. */
  games: z.int().nonnegative(),
  cells: z.array(cellSchema),
});

/** Sums over the moves of one bin of ratings, phase and year. */
export type LossCell = Readonly<z.infer<typeof cellSchema>>;

/** What moves cost, by rating, phase, year and group of games. */
export type LossTable = Readonly<z.infer<typeof tableSchema>>;

/** A move as it is counted. */
export interface CountedMove {
  /** Number of its game: it decides the group. */
  readonly game: number;
  /** Rating of the player who moved. */
  readonly rating: number;
  /** Such as `opening`. */
  readonly phase: string;
  /** Year of the game, 0 where unknown. */
  readonly year: number;
  /** Win probability that it gave away, in % points. */
  readonly loss: number;
}

/** The sums over moves; those of one game must follow each other. */
export function tallyLosses(moves: Iterable<CountedMove>): LossCell[] {
  const cells = new Map<
    string,
    { -readonly [K in keyof LossCell]: LossCell[K] } & { last: number }
  >();
  for (const { game, rating, phase, year, loss } of moves) {
    const bin = BIN * Math.floor(rating / BIN), name = `${year} ${phase} ${bin}`;
    let cell = cells.get(name);
    if (!cell) {
      const zeros = () => new Array<number>(GROUPS).fill(0);
      cell = { rating: bin, phase, year, games: 0, moves: zeros(), loss: zeros(), last: -1 };
      cells.set(name, cell);
    }
    if (cell.last !== game) cell.games++;
    cell.last = game;
    cell.moves[game % GROUPS]++;
    cell.loss[game % GROUPS] += loss;
  }
  return [...cells.values()]
    .sort((a, b) => a.year - b.year || a.rating - b.rating || (a.phase < b.phase ? -1 : 1))
    .map(({ last: _, loss, ...cell }) => ({
      ...cell,
      loss: loss.map((sum) => Number(sum.toFixed(2))),
    }));
}

/** Writes a table as gzipped JSON, atomically. */
export function writeLossTable(file: string, table: LossTable): void {
  writeFileAtomic(file, gzipSync(JSON.stringify(table), { level: 9 }));
}

/**
 * Reads a table.
 *
 * @throws {SyntaxError} naming the file, for what is no such table.
 */
export function readLossTable(file: string): LossTable {
  const bytes = Deno.readFileSync(file);
  try {
    return tableSchema.parse(JSON.parse(new TextDecoder().decode(gunzipSync(bytes))));
  } catch (error) {
    throw new SyntaxError(`Cannot read losses from ${file}: ${(error as Error).message}`);
  }
}

/** A point of the curve: the fitted loss a move in win-% points, and where it comes from. */
export interface CurvePoint extends Interval {
  /** The middle of the bin. */
  readonly rating: number;
  /** The bin's own mean, before the fit. */
  readonly observed: number;
  /** Moves in the bin. */
  readonly moves: number;
}

/** Which part of the table, and how the interval is made. */
export interface CurveOptions extends Resampling {
  /** The cells that count, such as those of a phase. */
  readonly keep?: (cell: LossCell) => boolean;
  /** The groups of games that count, for validation on the others. */
  readonly groups?: (group: number) => boolean;
  /** Bins of fewer games are left out (50). */
  readonly minGames?: number;
}

/**
 * The expected loss of a move by the mover's rating: bin means made monotone (a higher rating never
 * loses more), with a percentile interval of the fit from resampling groups of games. `n` is the
 * number of games of the bin, the largest of its cells where there are several.
 *
 * @throws {RangeError} when no bin has enough games.
 *
 * ```ts
 * import { humanCurve, lossAt, tallyLosses } from "@lib/analysis/human_curve.ts";
 * import assert from "node:assert/strict";
 *
 * const moves = Array.from({ length: 4000 }, (_, game) => ({
 *   game,
 *   rating: 800 + 400 * (game % 3),
 *   phase: "opening",
 *   year: 2020,
 *   loss: [12, 8, 6][game % 3],
 * }));
 * const curve = humanCurve({ source: "made up", games: 4000, cells: tallyLosses(moves) }, { seed: 1 });
 * assert.deepEqual(curve.map(({ value }) => Math.round(value)), [12, 8, 6]);
 * assert.equal(lossAt(curve, 1050).toFixed(6), "10.000000");
 * ```
 */
export function humanCurve(
  { cells }: LossTable,
  { keep = () => true, groups = () => true, minGames = 50, seed, resamples = 1000, level = 0.95 }:
    CurveOptions,
): CurvePoint[] {
  const kept = Array.from({ length: GROUPS }, (_, g) => g).filter(groups);
  const bins = [...Map.groupBy(cells.filter(keep), ({ rating }) => rating)]
    .sort(([a], [b]) => a - b)
    .map(([rating, own]) => ({
      rating: rating + BIN / 2,
      // A game has moves in several phases but in one year.
      n: [...Map.groupBy(own, ({ year }) => year).values()]
        .reduce((sum, those) => sum + Math.max(...those.map(({ games }) => games)), 0),
      moves: kept.map((g) => own.reduce((sum, { moves }) => sum + moves[g], 0)),
      loss: kept.map((g) => own.reduce((sum, { loss }) => sum + loss[g], 0)),
    }))
    .filter(({ n, moves }) => n >= minGames && moves.some((count) => count > 0));
  if (bins.length === 0) {
    throw new RangeError(`Cannot draw a curve of 0 bins: one must have ${minGames} games or more`);
  }
  const fit = (picked: ArrayLike<number>) => {
    const count = new Float64Array(bins.length), mean = new Float64Array(bins.length);
    bins.forEach(({ moves, loss }, b) => {
      let total = 0;
      for (let k = 0; k < picked.length; k++) {
        count[b] += moves[picked[k]];
        total += loss[picked[k]];
      }
      mean[b] = count[b] > 0 ? total / count[b] : 0;
    });
    return { count, mean, fitted: antitonic(mean, count) };
  };
  const whole = fit(kept.keys().toArray());
  const next = random(seed, "human curve"), picked = new Uint32Array(kept.length);
  const draws = Array.from({ length: resamples }, () => {
    for (let i = 0; i < picked.length; i++) picked[i] = randomInteger(next, picked.length);
    return fit(picked).fitted;
  });
  return bins.map(({ rating, n }, b) => {
    const sorted = Float64Array.from(draws, (fitted) => fitted[b]).sort();
    return {
      rating,
      value: whole.fitted[b],
      low: quantileOf(sorted, (1 - level) / 2),
      high: quantileOf(sorted, (1 + level) / 2),
      n,
      observed: whole.mean[b],
      moves: whole.count[b],
    };
  });
}

/**
 * The curve between its points, linear; NaN beyond its ends.
 */
export function lossAt(curve: readonly CurvePoint[], rating: number): number {
  const i = curve.findIndex((point) => point.rating >= rating);
  if (i < 0 || (i === 0 && curve[0].rating !== rating)) return NaN;
  if (curve[i].rating === rating) return curve[i].value;
  const [a, b] = [curve[i - 1], curve[i]];
  return a.value + (b.value - a.value) * (rating - a.rating) / (b.rating - a.rating);
}

/**
 * The rating at which people lose that much: the curve read the other way, the lowest such rating
 * where it is flat; its ends beyond it.
 */
export function ratingAt(curve: readonly CurvePoint[], loss: number): number {
  const i = curve.findIndex((point) => point.value <= loss);
  if (i < 0) return curve.at(-1)!.rating;
  if (i === 0) return curve[0].rating;
  const [a, b] = [curve[i - 1], curve[i]];
  return a.rating + (b.rating - a.rating) * (a.value - loss) / (a.value - b.value);
}
