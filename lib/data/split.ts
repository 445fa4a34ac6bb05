/**
 * Which part of a dataset a game falls to, and whether a sample draws it: matters of its moves and a
 * seed alone.
 *
 * @module
 */

import type { Split } from "@lib/data/card.ts";
import type { GameRow, GameSource } from "@lib/data/games.ts";
import { hash32, hashText } from "@lib/random.ts";

/** Shares of the games that are set aside. */
export interface SplitShares {
  /** 0 … 1 */
  readonly validation: number;
  /** 0 … 1 */
  readonly test: number;
}

/** Two hashes of the moves of a game and its start. */
export function contentHash(row: GameRow): [number, number] {
  let a = hashText(row.start ?? ""), b = ~a;
  for (let i = 0; i < row.moves.length; i++) {
    a = Math.imul(a ^ row.moves[i], 0x01000193);
    b = Math.imul(b ^ (b >>> 15) ^ row.moves[i], 0x85ebca6b);
  }
  return [hash32(a, row.moves.length), hash32(b, row.moves.length)];
}

/** The part a game falls to: a matter of its moves and the seed alone. */
export function splitOf(row: GameRow, shares: SplitShares, seed: number): Split {
  const u = hash32(...contentHash(row), seed, hashText("split")) / 2 ** 32;
  if (u < shares.validation) return "validation";
  return u < shares.validation + shares.test ? "test" : "train";
}

/** The key by which a game is drawn into an equal-n sample. */
export function sampleKey(row: GameRow, headers: GameSource["headers"], seed: number): number {
  const parts = [...contentHash(row), row.white, row.black, hashText(headers.Site ?? ""), seed];
  return hash32(...parts) * 2 ** 21 + (hash32(...parts, 1) >>> 11);
}
