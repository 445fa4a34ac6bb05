/**
 * Davidson's model of paired comparisons with draws, and its maximum likelihood.
 *
 * Source: R. R. Davidson, 1970, JASA 65: 317–328. With d the difference of two ratings in natural
 * units (Elo · ln 10 / 400), win : draw : loss = e^(d/2) : ν : e^(−d/2). The logarithm of its
 * likelihood is concave in the ratings and ln ν, so Newton's method finds its one maximum.
 *
 * @module
 */

/** How improbable a record without a point may be at the end of a one-sided interval. */
const ONE_SIDED = 0.05;

/** The games of two players, given by their numbers, from the view of `a`. */
export interface Pair {
  /** Number of the first player. */
  readonly a: number;
  /** Number of the second. */
  readonly b: number;
  /** Games that the first won. */
  readonly wins: number;
  /** Games drawn. */
  readonly draws: number;
  /** Games that the second won. */
  readonly losses: number;
  /** All of them. */
  readonly games: number;
}

/**
 * Newton's method with step halving on the free ratings (changed in place, natural units) and, if it
 * is free, ln ν. Returns ν and the inverse of the information at the maximum.
 */
export function maximise(
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
export function chances(d: number, nu: number): { win: number; draw: number; loss: number } {
  const h = Math.abs(d) / 2;
  const z = 1 + Math.exp(-2 * h) + nu * Math.exp(-h);
  const better = 1 / z, worse = Math.exp(-2 * h) / z, draw = nu * Math.exp(-h) / z;
  return d >= 0 ? { win: better, draw, loss: worse } : { win: worse, draw, loss: better };
}

/** The rating at which winning (sign 1) or losing (−1) all these games has probability 5 %. */
export function oneSidedBound(
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
