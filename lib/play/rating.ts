/**
 * Ratings from results by maximum likelihood, with draws and intervals. They do not depend on the
 * order of the games, unlike the chained ratings of the paper (`glicko.ts`).
 *
 * The model is Davidson's (1970, JASA 65: 317–328): with d the difference of two ratings in natural
 * units (Elo · ln 10 / 400), win : draw : loss = e^(d/2) : ν : e^(−d/2). The logarithm of its
 * likelihood is concave in the ratings and ln ν, so Newton's method finds its one maximum.
 *
 * @module
 */

/** Elo points of one natural unit. */
const ELO = 400 / Math.LN10;

/** 97.5 % of the standard normal distribution. */
const Z = 1.959963984540054;

/** How improbable a record without a point may be at the end of a one-sided interval. */
const ONE_SIDED = 0.05;

/** The results of two players against each other, from the view of `a`. */
export interface Results {
  readonly a: string;
  readonly b: string;
  readonly wins: number;
  readonly draws: number;
  readonly losses: number;
}

/** An estimate in Elo points with its 95 % interval. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** A player's rating. */
export interface Rating {
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
  readonly high: number;
  /** Standard error in Elo points; 0 for an anchor, NaN for a rating that is not finite. */
  readonly se: number;
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

interface Pair {
  readonly a: number;
  readonly b: number;
  readonly wins: number;
  readonly draws: number;
  readonly losses: number;
  readonly games: number;
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

/**
 * Newton's method with step halving on the free ratings (changed in place, natural units) and, if it
 * is free, ln ν. Returns ν and the inverse of the information at the maximum.
 */
function maximise(
  pairs: readonly Pair[],
  theta: Float64Array,
  nu: number,
  free: readonly number[],
  freeNu: boolean,
  anchored: boolean,
): { nu: number; covariance: Float64Array } {
  const m = free.length;
  const n = m + (freeNu ? 1 : 0);
  const place = new Int32Array(theta.length).fill(-1);
  free.forEach((i, k) => place[i] = k);

  const likelihood = () => {
    let sum = 0;
    for (const { a, b, wins, draws, losses, games } of pairs) {
      const d = theta[a] - theta[b];
      // ln(e^(d/2) + e^(−d/2) + ν), safe for large differences
      const h = Math.abs(d) / 2;
      const logZ = h + Math.log1p(Math.exp(-2 * h) + nu * Math.exp(-h));
      sum += (wins - losses) * d / 2 + (draws > 0 ? draws * Math.log(nu) : 0) - games * logZ;
    }
    return sum;
  };

  const gradient = new Float64Array(n);
  const information = new Float64Array(n * n);
  const differentiate = () => {
    gradient.fill(0);
    information.fill(0);
    for (const { a, b, wins, draws, losses, games } of pairs) {
      const { win, draw, loss } = chances(theta[a] - theta[b], nu);
      const expected = (win - loss) / 2;
      const slope = (wins - losses) / 2 - games * expected;
      const curvature = games * ((win + loss) / 4 - expected * expected);
      const i = place[a], j = place[b];
      if (i >= 0) {
        gradient[i] += slope;
        information[i * n + i] += curvature;
      }
      if (j >= 0) {
        gradient[j] -= slope;
        information[j * n + j] += curvature;
      }
      if (i >= 0 && j >= 0) {
        information[i * n + j] -= curvature;
        information[j * n + i] -= curvature;
      }
      if (freeNu) {
        const cross = -games * expected * draw;
        gradient[m] += draws - games * draw;
        information[m * n + m] += games * draw * (1 - draw);
        for (const [k, sign] of [[i, 1], [j, -1]]) {
          if (k < 0) continue;
          information[k * n + m] += sign * cross;
          information[m * n + k] += sign * cross;
        }
      }
    }
    // Without anchors a shift of all ratings changes nothing; this pins it, and the covariance
    // gives its part back below.
    if (!anchored) {
      for (let i = 0; i < m; i++) for (let j = 0; j < m; j++) information[i * n + j] += 1;
    }
  };

  if (n === 0) return { nu, covariance: new Float64Array(0) };
  for (let step = 0;; step++) {
    differentiate();
    const covariance = invertPositive(information, n);
    const move = new Float64Array(n);
    let decrement = 0;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) move[i] += covariance[i * n + j] * gradient[j];
      decrement += move[i] * gradient[i];
    }
    if (decrement < 1e-20 || step === 100) {
      if (!anchored) {
        for (let i = 0; i < m; i++) {
          for (let j = 0; j < m; j++) covariance[i * n + j] -= 1 / (m * m);
        }
      }
      return { nu, covariance };
    }
    const before = likelihood();
    const origin = free.map((i) => theta[i]);
    const originNu = nu;
    for (let scale = 1; scale > 1e-8; scale /= 2) {
      free.forEach((i, k) => theta[i] = origin[k] + scale * move[k]);
      if (freeNu) nu = originNu * Math.exp(scale * move[m]);
      if (likelihood() >= before - 1e-12 * Math.abs(before)) break;
    }
  }
}

/** Probabilities at a difference `d` in natural units. */
function chances(d: number, nu: number): { win: number; draw: number; loss: number } {
  const h = Math.abs(d) / 2;
  const z = 1 + Math.exp(-2 * h) + nu * Math.exp(-h);
  const better = 1 / z, worse = Math.exp(-2 * h) / z, draw = nu * Math.exp(-h) / z;
  return d >= 0 ? { win: better, draw, loss: worse } : { win: worse, draw, loss: better };
}

/** The rating at which winning (sign 1) or losing (−1) all these games has probability 5 %. */
function oneSidedBound(
  faced: readonly { readonly theta: number; readonly games: number }[],
  nu: number,
  sign: number,
): number {
  if (faced.length === 0) return -sign * Infinity;
  const logProbability = (theta: number) =>
    faced.reduce(
      (sum, other) => sum + other.games * Math.log(chances(sign * (theta - other.theta), nu).win),
      0,
    );
  // Rises with sign·theta; a hundred natural units are 17,000 Elo points.
  let out = faced[0].theta - sign * 100, inn = faced[0].theta + sign * 100;
  for (let i = 0; i < 100; i++) {
    const middle = (out + inn) / 2;
    if (logProbability(middle) < Math.log(ONE_SIDED)) out = middle;
    else inn = middle;
  }
  return (out + inn) / 2;
}

/** The inverse of a positive definite matrix, by Gauss–Jordan without pivoting. */
function invertPositive(matrix: Float64Array, n: number): Float64Array {
  const inverse = Float64Array.from(matrix);
  for (let k = 0; k < n; k++) {
    const pivot = inverse[k * n + k];
    inverse[k * n + k] = 1;
    for (let j = 0; j < n; j++) inverse[k * n + j] /= pivot;
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const factor = inverse[i * n + k];
      inverse[i * n + k] = 0;
      if (factor === 0) continue;
      for (let j = 0; j < n; j++) inverse[i * n + j] -= factor * inverse[k * n + j];
    }
  }
  return inverse;
}
