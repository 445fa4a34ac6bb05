/**
 * t-SNE: points of a plane whose neighbourhoods resemble those of a larger space (van der Maaten and
 * Hinton 2008, JMLR 9). Exact, without trees: a second or two for a thousand points.
 *
 * It keeps who is near whom, not how far apart the rest is: sizes of clusters and distances between
 * them follow from the perplexity and the start.
 *
 * @module
 */

import { random, randomNormal } from "@lib/random.ts";
import { type Points, squaredDistances } from "@lib/analysis/points.ts";

/** How a plane is made. */
export interface TsneOptions {
  /** How many neighbours count for a point, smoothly: 5 … 50 as a rule. */
  readonly perplexity: number;
  /** Seed of the start. */
  readonly seed: number;
  /** Steps, 500 unless given; in the first half the affinities are exaggerated. */
  readonly iterations?: number;
}

/** A plane, and how much of the neighbourhoods it fails to show. */
export interface Plane {
  /** [n, 2]. */
  readonly points: Points;
  /** KL(P ‖ Q) in nats: 0 were a perfect picture. */
  readonly divergence: number;
}

/** How much larger affinities are made at first, so that clusters find together. */
const EXAGGERATION = 12;

/**
 * The plane of some points.
 *
 * Steps with momentum and gains as in the authors' program; the learning rate is n / 48 but at least
 * 50 (Belkina et al. 2019, Nature Communications 10, with the gradient's factor 4).
 *
 * @throws {RangeError} for a perplexity that is below 1 or needs more points: it must be under n.
 *
 * ```ts
 * import { makePoints } from "@lib/analysis/points.ts";
 * import { tsne } from "@lib/analysis/tsne.ts";
 * import assert from "node:assert/strict";
 *
 * const near = [0, 1, 2, 3], far = [50, 51, 52, 53];
 * const { points } = tsne(makePoints([...near, ...far].map((x) => [x, -x, x])), {
 *   perplexity: 2, seed: 1, iterations: 200,
 * });
 * assert.deepEqual([points.length, points.dimension], [8, 2]);
 * ```
 */
export function tsne(
  points: Points,
  { perplexity, seed, iterations = 500 }: TsneOptions,
): Plane {
  const n = points.length, P = affinities(points, perplexity), half = Math.floor(iterations / 2);
  const next = random(seed, "tsne");
  const y = Float64Array.from({ length: 2 * n }, () => 1e-4 * randomNormal(next));
  const velocity = new Float64Array(2 * n), gain = new Float64Array(2 * n).fill(1);
  const rate = Math.max(n / (4 * EXAGGERATION), 50);
  for (let step = 0; step < iterations; step++) {
    const early = step < half, momentum = early ? 0.5 : 0.8;
    const slope = gradient(P, y, early ? EXAGGERATION : 1);
    for (let c = 0; c < y.length; c++) {
      const turned = Math.sign(slope[c]) === Math.sign(velocity[c]);
      gain[c] = Math.max(0.01, turned ? 0.8 * gain[c] : gain[c] + 0.2);
      velocity[c] = momentum * velocity[c] - rate * gain[c] * slope[c];
      y[c] += velocity[c];
    }
  }
  return {
    points: { length: n, dimension: 2, values: Float32Array.from(y) },
    divergence: divergence(P, y),
  };
}

/**
 * P, [n, n]: how much two points are neighbours. A Gaussian about each point, as wide as gives it the
 * perplexity asked for; then the mean of both directions. All entries together are 1.
 */
export function affinities(points: Points, perplexity: number): Float32Array {
  const n = points.length;
  if (!(perplexity >= 1 && perplexity < n)) {
    throw new RangeError(
      `Cannot give ${n} points the perplexity ${perplexity}: must be from 1 to below ${n}`,
    );
  }
  const squared = squaredDistances(points), P = new Float32Array(n * n);
  for (let i = 0; i < n; i++) {
    const row = conditional(squared.subarray(i * n, (i + 1) * n), i, perplexity);
    for (let j = 0; j < n; j++) {
      const share = row[j] / (2 * n);
      P[i * n + j] += share;
      P[j * n + i] += share;
    }
  }
  return P;
}

/**
 * p(j|i) for one point: exp(−β d²), normalised, with β found by halving so that its perplexity
 * (e to the entropy) is the one asked for.
 *
 * @param squared Squared distances from point i, [n].
 */
export function conditional(
  squared: ArrayLike<number>,
  i: number,
  perplexity: number,
): Float64Array {
  const p = new Float64Array(squared.length), wanted = Math.log(perplexity);
  let nearest = Infinity;
  for (let j = 0; j < p.length; j++) if (j !== i) nearest = Math.min(nearest, squared[j]);
  let beta = 1, low = 0, high = Infinity;
  for (let trial = 0; trial < 100; trial++) {
    let total = 0, moment = 0;
    for (let j = 0; j < p.length; j++) {
      const d = squared[j] - nearest; // the nearest has weight 1: no underflow of all
      p[j] = j === i ? 0 : Math.exp(-beta * d);
      total += p[j];
      moment += p[j] * d;
    }
    for (let j = 0; j < p.length; j++) p[j] /= total;
    const entropy = Math.log(total) + beta * moment / total;
    if (Math.abs(entropy - wanted) < 1e-6) break;
    if (entropy > wanted) low = beta;
    else high = beta;
    beta = high === Infinity ? 2 * beta : (low + high) / 2;
  }
  return p;
}

/**
 * The gradient of KL(P ‖ Q), [2 n], at some places of the plane:
 * 4 Σ_j (p_ij − q_ij)(y_i − y_j) / (1 + |y_i − y_j|²).
 *
 * @param P As {@link affinities} gives it.
 * @param y Places, [2 n].
 * @param exaggeration By which p is multiplied.
 */
export function gradient(P: Float32Array, y: Float64Array, exaggeration = 1): Float64Array {
  const n = y.length / 2, near = new Float64Array(2 * n), far = new Float64Array(2 * n);
  let z = 0;
  for (let i = 0; i < n; i++) {
    const x0 = y[2 * i], x1 = y[2 * i + 1];
    let near0 = 0, near1 = 0, far0 = 0, far1 = 0;
    for (let j = 0; j < i; j++) {
      const d0 = x0 - y[2 * j], d1 = x1 - y[2 * j + 1];
      const q = 1 / (1 + d0 * d0 + d1 * d1), pull = P[i * n + j] * q, push = q * q;
      z += 2 * q;
      near0 += pull * d0;
      near1 += pull * d1;
      far0 += push * d0;
      far1 += push * d1;
      near[2 * j] -= pull * d0;
      near[2 * j + 1] -= pull * d1;
      far[2 * j] -= push * d0;
      far[2 * j + 1] -= push * d1;
    }
    near[2 * i] += near0;
    near[2 * i + 1] += near1;
    far[2 * i] += far0;
    far[2 * i + 1] += far1;
  }
  return near.map((pull, c) => 4 * (exaggeration * pull - far[c] / z));
}

/** KL(P ‖ Q) in nats at some places of the plane, [2 n]. */
export function divergence(P: Float32Array, y: Float64Array): number {
  const n = y.length / 2;
  let z = 0, cost = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const apart = 1 + (y[2 * i] - y[2 * j]) ** 2 + (y[2 * i + 1] - y[2 * j + 1]) ** 2;
      const p = P[i * n + j];
      z += 2 / apart;
      if (p > 0) cost += 2 * p * Math.log(p * apart);
    }
  }
  return cost + Math.log(z); // Σ p is 1
}
