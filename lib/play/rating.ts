/**
 * Ratings from results by maximum likelihood, with draws and intervals. They do not depend on the
 * order of the games, unlike the chained ratings of the paper (`glicko.ts`).
 *
 * The model, Davidson's, is in `davidson.ts`. Its difference is the odds of a win against a loss; where
 * there are draws, Elo's, the odds of the score, is smaller (`ratePool` in `pool.ts` rates on that).
 *
 * @module
 */

import { ELO } from "@lib/analysis/elo.ts";
import { maximise, oneSidedBound, type Pair } from "@lib/play/davidson.ts";

/** 97.5 % of the standard normal distribution. */
const Z = 1.959963984540054;

/** The results of two players against each other, from the view of `a`. */
export interface Results {
  /** Name of the first player. */
  readonly a: string;
  /** Name of the second. */
  readonly b: string;
  /** Games that the first won. */
  readonly wins: number;
  /** Games drawn. */
  readonly draws: number;
  /** Games that the second won. */
  readonly losses: number;
}

/** An estimate in Elo points with its 95 % interval. */
export interface Estimate {
  /** The estimate. */
  readonly value: number;
  /** The lower end of its 95 % interval. */
  readonly low: number;
  /** The upper end. */
  readonly high: number;
}

/** A player's rating. */
export interface Rating {
  /** Its name. */
  readonly player: string;
  /**
   * In Elo points: ±∞ for a player who won or lost everything against those of finite rating, NaN
   * for one whom no game ties to them.
   */
  readonly rating: number;
  /**
   * 95 % interval: ± 1.96 standard errors; for an infinite rating one-sided, up to where such a
   * record had a probability of 5 % (the others' ratings taken as they are).
   */
  readonly low: number;
  /** The upper end. */
  readonly high: number;
  /** Standard error in Elo points; 0 for an anchor, NaN for a rating that is not finite. */
  readonly se: number;
  /** How many it played. */
  readonly games: number;
  /** Points a game, a draw as half. */
  readonly score: number;
  /** What is special about the rating; absent for most. */
  readonly note?: string;
}

/** The fit of a set of results. */
export interface Ratings {
  /** In falling order. */
  readonly ratings: readonly Rating[];
  /** ν: equal players draw with probability ν / (2 + ν). */
  readonly drawParameter: number;
  /**
   * The difference a − b in Elo points. Its interval is narrower than the two ratings' together,
   * because they are estimated from the same games.
   *
   * @throws {RangeError} for a player without games.
   */
  difference(a: string, b: string): Estimate;
}

/** What fixes the scale. */
export interface RatingOptions {
  /** Known ratings by player, held fixed. */
  readonly anchors?: Readonly<Record<string, number>>;
  /** Without anchors: the mean of the finite ratings; 1500 by default. */
  readonly mean?: number;
}

/**
 * The ratings under which the results are most probable.
 *
 * @param results any number of pairings, in any order; the same pair may come several times.
 * @param options the anchors, or the mean, that fix the scale.
 * @throws {RangeError} for no games, counts that are no numbers of games, a player against itself,
 * or an anchor that is not finite.
 *
 * ```ts
 * import { fitRatings } from "@lib/play/rating.ts";
 * import assert from "node:assert/strict";
 *
 * // 3 of 4 points against one known player: 400·log₁₀ 3 above it.
 * const results = [{ a: "model", b: "engine", wins: 30, draws: 0, losses: 10 }];
 * const { ratings: [model] } = fitRatings(results, { anchors: { engine: 1000 } });
 * assert.equal(Math.round(model.rating), 1191);
 * assert.ok(model.low < 1100 && model.high > 1280);
 * ```
 */
export function fitRatings(
  results: readonly Results[],
  { anchors = {}, mean = 1500 }: RatingOptions = {},
): Ratings {
  const { players, pairs } = collect(results, anchors);
  const isAnchor = players.map((player) => player in anchors);
  const reach = reachability(players.length, pairs, isAnchor);
  const core = coreOf(reach, isAnchor, pairs);
  const inside = pairs.filter(({ a, b }) => core[a] && core[b]);

  const theta = Float64Array.from(players, (player) => (anchors[player] ?? 0) / ELO);
  const free = players.flatMap((_, i) => core[i] && !isAnchor[i] ? [i] : []);
  const anchored = isAnchor.includes(true);
  if (anchored) {
    const known = players.flatMap((_, i) => isAnchor[i] ? [theta[i]] : []);
    for (const i of free) theta[i] = known.reduce((sum, x) => sum + x, 0) / known.length;
  }
  const draws = inside.reduce((sum, pair) => sum + pair.draws, 0);
  const decided = inside.reduce((sum, pair) => sum + pair.wins + pair.losses, 0);
  // Without draws ν is 0. With nothing but draws it would be infinite and say nothing of the
  // ratings, so it is held where half a game were decided.
  const freeNu = draws > 0 && decided > 0;
  const start = 2 * draws / (decided || 0.5);
  const { nu, covariance } = maximise(inside, theta, start, free, freeNu, anchored);
  if (!anchored && free.length > 0) {
    const shift = mean / ELO - free.reduce((sum, i) => sum + theta[i], 0) / free.length;
    for (const i of free) theta[i] += shift;
  }

  const at = new Map(players.map((player, i) => [player, i]));
  const freeAt = new Map(free.map((i, k) => [i, k]));
  const width = free.length + (freeNu ? 1 : 0);
  const cov = (i: number, j: number) => {
    const k = freeAt.get(i), l = freeAt.get(j);
    return k === undefined || l === undefined ? 0 : covariance[k * width + l];
  };

  const center = core.indexOf(true);
  const ratings = players.map((player, i): Rating => {
    const own = pairs.filter(({ a, b }) => a === i || b === i);
    const games = own.reduce((sum, pair) => sum + pair.games, 0);
    const points = own.reduce(
      (sum, { a, wins, draws, losses }) => sum + (a === i ? wins : losses) + draws / 2,
      0,
    );
    const record = { player, games, score: points / games };
    if (core[i]) {
      const rating = theta[i] * ELO;
      const se = Math.sqrt(cov(i, i)) * ELO;
      const note = isAnchor[i] ? "anchor" : decided === 0 ? "every game was drawn" : undefined;
      return {
        ...record,
        rating,
        low: rating - Z * se,
        high: rating + Z * se,
        se,
        ...(note && { note }),
      };
    }
    const above = reach[i][center], below = reach[center][i];
    if (above === below) {
      return {
        ...record,
        rating: NaN,
        low: -Infinity,
        high: Infinity,
        se: NaN,
        note: "no game ties it to the others",
      };
    }
    const sign = above ? 1 : -1;
    const faced = own.flatMap(({ a, b, games }) => {
      const other = a === i ? b : a;
      return core[other] ? [{ theta: theta[other], games }] : [];
    });
    const bound = oneSidedBound(faced, nu, sign) * ELO;
    return {
      ...record,
      rating: sign * Infinity,
      low: above ? bound : -Infinity,
      high: above ? Infinity : bound,
      se: NaN,
      note: faced.length === 0
        ? `${above ? "above" : "below"} all, but without a game against those of finite rating`
        : `${above ? "won" : "lost"} every game against those of finite rating`,
    };
  });

  const order = (x: Rating) => Number.isNaN(x.rating) ? -Infinity : x.rating;
  return {
    ratings: ratings.toSorted((x, y) =>
      order(y) === order(x) ? (x.player < y.player ? -1 : 1) : order(y) - order(x)
    ),
    drawParameter: nu,
    difference(a, b) {
      const i = at.get(a), j = at.get(b);
      if (i === undefined || j === undefined) {
        throw new RangeError(`Cannot compare "${a}" and "${b}": both must have games`);
      }
      const value = ratings[i].rating - ratings[j].rating;
      if (core[i] && core[j]) {
        const se = Math.sqrt(Math.max(0, cov(i, i) + cov(j, j) - 2 * cov(i, j))) * ELO;
        return { value, low: value - Z * se, high: value + Z * se };
      }
      const low = ratings[i].low - ratings[j].high;
      const high = ratings[i].high - ratings[j].low;
      return {
        value,
        low: Number.isNaN(low) ? -Infinity : low,
        high: Number.isNaN(high) ? Infinity : high,
      };
    },
  };
}

/** Sums up each pair, players and pairs in alphabetical order, so that no result depends on theirs. */
function collect(results: readonly Results[], anchors: Readonly<Record<string, number>>) {
  for (const [player, rating] of Object.entries(anchors)) {
    if (!Number.isFinite(rating)) {
      throw new RangeError(`Cannot anchor "${player}" at ${rating}: must be a finite rating`);
    }
  }
  const played = results.filter(({ a, b, wins, draws, losses }) => {
    if (![wins, draws, losses].every((count) => count >= 0 && count < Infinity)) {
      throw new RangeError(
        `Cannot rate "${a}" against "${b}" with +${wins} =${draws} −${losses}: must be 0 or more each`,
      );
    }
    if (a === b) throw new RangeError(`Cannot rate "${a}" against itself: must be two players`);
    return wins + draws + losses > 0;
  });
  if (played.length === 0) {
    throw new RangeError("Cannot rate players without games: must be 1 or more");
  }
  const players = [...new Set(played.flatMap(({ a, b }) => [a, b]))].sort();
  const at = new Map(players.map((player, i) => [player, i]));
  const sums = new Map<
    number,
    { a: number; b: number; wins: number; draws: number; losses: number }
  >();
  for (const result of played) {
    const i = at.get(result.a)!, j = at.get(result.b)!;
    const [a, b] = i < j ? [i, j] : [j, i];
    const key = a * players.length + b;
    const sum = sums.get(key) ?? { a, b, wins: 0, draws: 0, losses: 0 };
    sum.wins += i < j ? result.wins : result.losses;
    sum.losses += i < j ? result.losses : result.wins;
    sum.draws += result.draws;
    sums.set(key, sum);
  }
  const pairs = [...sums].sort(([x], [y]) => x - y).map(([, sum]): Pair => ({
    ...sum,
    games: sum.wins + sum.draws + sum.losses,
  }));
  return { players, pairs };
}

/** reach[i][j]: a chain of points scored leads from i to j; anchors count as one player. */
function reachability(
  n: number,
  pairs: readonly Pair[],
  isAnchor: readonly boolean[],
): boolean[][] {
  const beats: number[][] = Array.from({ length: n }, () => []);
  for (const { a, b, wins, draws, losses } of pairs) {
    if (wins + draws > 0) beats[a].push(b);
    if (losses + draws > 0) beats[b].push(a);
  }
  const anchors = isAnchor.flatMap((anchor, i) => anchor ? [i] : []);
  return beats.map((_, from) => {
    const reached: boolean[] = new Array(n).fill(false);
    const open = [from];
    while (open.length > 0) {
      const i = open.pop()!;
      if (reached[i]) continue;
      reached[i] = true;
      open.push(...beats[i], ...(isAnchor[i] ? anchors : []));
    }
    return reached;
  });
}

/**
 * The players whose ratings are finite against each other (Ford 1957): all who both scored against
 * and conceded to the others through chains of games; the group with the anchors, else the largest.
 */
function coreOf(
  reach: readonly boolean[][],
  isAnchor: readonly boolean[],
  pairs: readonly Pair[],
): boolean[] {
  const groupOf = (i: number) => reach.map((row, j) => reach[i][j] && row[i]);
  const anchor = isAnchor.indexOf(true);
  if (anchor >= 0) return groupOf(anchor);
  const weigh = (group: readonly boolean[]) => {
    const size = group.filter(Boolean).length;
    const games = pairs.reduce(
      (sum, { a, b, games }) => sum + (group[a] || group[b] ? games : 0),
      0,
    );
    return [size, games];
  };
  return reach.map((_, i) => groupOf(i)).reduce((best, group) => {
    const [size, games] = weigh(group);
    const [bestSize, bestGames] = weigh(best);
    return size > bestSize || (size === bestSize && games > bestGames) ? group : best;
  });
}
