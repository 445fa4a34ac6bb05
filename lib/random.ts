/**
 * Seeded randomness as an argument: every random choice of the workspace draws from a named stream,
 * so that two parts never share numbers by accident and any of them can be replayed alone.
 *
 * The generator is sfc32 (Chris Doty-Humphrey's Small Fast Counter, 128-bit state, passes PractRand).
 *
 * @module
 */

/** A stream of random numbers: a function that returns the next number of [0, 1). */
export type Random = () => number;

/** Mixes an integer into a well-spread unsigned 32-bit hash (the finaliser of MurmurHash3). */
export function mix32(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** Hashes any number of integers, in order, to an unsigned 32-bit integer. */
export function hash32(...values: readonly number[]): number {
  let h = 0x9e3779b9;
  for (const value of values) h = mix32(h ^ mix32(value | 0) ^ Math.imul(h, 0x27d4eb2f));
  return h;
}

/**
 * Hashes a text to an unsigned 32-bit integer (FNV-1a over UTF-16 units, then mixed).
 *
 * ```ts
 * import { hashText } from "@lib/random.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(hashText("dropout"), hashText("dropout"));
 * assert.notEqual(hashText("dropout"), hashText("data"));
 * ```
 */
export function hashText(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return mix32(h);
}

/**
 * The stream of a seed and a name; further integers (a step, an expert) select substreams, so that
 * the numbers of step 1000 are had without drawing those of the 999 before.
 *
 * ```ts
 * import { random } from "@lib/random.ts";
 * import assert from "node:assert/strict";
 *
 * const a = random(7, "batches", 12);
 * const b = random(7, "batches", 12);
 * assert.equal(a(), b());
 * assert.notEqual(a(), random(7, "batches", 13)());
 * ```
 */
export function random(seed: number, stream: string, ...substream: readonly number[]): Random {
  if (!Number.isSafeInteger(seed)) {
    throw new RangeError(`Cannot seed the stream "${stream}" with ${seed}: must be an integer`);
  }
  const high = Math.floor(seed / 0x1_0000_0000);
  let a = hash32(seed, high, hashText(stream), ...substream);
  let b = hash32(a, 1);
  let c = hash32(a, b, 2);
  let counter = 1;
  const next = () => {
    const t = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    return (t >>> 0) / 0x1_0000_0000;
  };
  for (let i = 0; i < 12; i++) next();
  return next;
}

/**
 * An integer of 0 … n − 1, each equally likely (n ≤ 2³²).
 *
 * ```ts
 * import { random, randomInteger } from "@lib/random.ts";
 * import assert from "node:assert/strict";
 *
 * const next = random(1, "dice");
 * const thrown = Array.from({ length: 100 }, () => 1 + randomInteger(next, 6));
 * assert.ok(Math.min(...thrown) === 1 && Math.max(...thrown) === 6);
 * ```
 */
export function randomInteger(next: Random, n: number): number {
  return Math.floor(next() * n);
}

/**
 * A standard normal number (Box–Muller, the cosine half).
 *
 * ```ts
 * import { random, randomNormal } from "@lib/random.ts";
 * import assert from "node:assert/strict";
 *
 * const next = random(1, "noise");
 * const drawn = Array.from({ length: 1000 }, () => randomNormal(next));
 * assert.ok(Math.abs(drawn.reduce((a, b) => a + b) / 1000) < 0.1);
 * ```
 */
export function randomNormal(next: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - next()));
  return radius * Math.cos(2 * Math.PI * next());
}

/**
 * Shuffles an array in place (Fisher–Yates) and returns it.
 *
 * ```ts
 * import { random, shuffle } from "@lib/random.ts";
 * import assert from "node:assert/strict";
 *
 * const cards = shuffle(random(1, "cards"), [1, 2, 3, 4]);
 * assert.deepEqual(cards.toSorted(), [1, 2, 3, 4]);
 * ```
 */
export function shuffle<T extends { length: number; [i: number]: unknown }>(
  next: Random,
  array: T,
): T {
  for (let i = array.length - 1; i > 0; i--) {
    const j = randomInteger(next, i + 1);
    const kept = array[i];
    array[i] = array[j];
    array[j] = kept;
  }
  return array;
}
