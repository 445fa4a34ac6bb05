/**
 * Positions that many players reached, with how often each move was chosen there, by the cap of the
 * game and the rating of the player who moved: people as a policy that is counted, not learned.
 *
 * On disk a gzipped JSONL file: a card, then one line a position. Whose games they were is not in it.
 *
 * @module
 */

import { gunzipSync, gzipSync } from "node:zlib";
import { z } from "zod";
import { makeFen, parseFen } from "@lib/chess/fen.ts";
import { legalMoves, type Position } from "@lib/chess/position.ts";
import { makeUci, parseUci } from "@lib/chess/san.ts";
import { writeFileAtomic } from "@lib/files.ts";
import { uciOrder } from "@lib/analysis/labels.ts";
import type { Policy } from "@lib/analysis/states.ts";

const cellSchema = z.strictObject({
  /** Games in which the higher of the two ratings is in (low, high]. */
  game: z.tuple([z.int(), z.int()]),
  /** Moves of players whose rating is in (low, high]. */
  mover: z.tuple([z.int(), z.int()]),
});

const visitsSchema = z.strictObject({
  cap: z.int().positive(),
  ply: z.int().nonnegative(),
  n: z.int().positive(),
  states: z.int().positive(),
  most: z.int().positive(),
  normalised: z.number(),
});

const cardSchema = z.strictObject({
  /** Which games were counted, and which positions were kept. */
  source: z.string(),
  licence: z.string(),
  /** Games by cap: how many have both players rated at most this. */
  games: z.array(z.strictObject({ cap: z.int().positive(), n: z.int().positive() })),
  /** What each number of a count stands for. */
  cells: z.array(cellSchema),
  /** State visitation by ply, of equally many games of each cap. */
  visits: z.array(visitsSchema),
});

const lineSchema = z.strictObject({
  fen: z.string(),
  /** For each move that was chosen (UCI), one number a cell, trailing zeros left out. */
  count: z.record(z.string(), z.array(z.int().nonnegative())),
});

/** One kind of choice: by which players, in which games. */
export type Cell = Readonly<z.infer<typeof cellSchema>>;

/** What was counted. */
export type FrequentCard = Readonly<z.infer<typeof cardSchema>>;

/** Frequent positions; the flat layout is that of `States`. */
export interface FrequentPositions {
  /** What was counted, and how. */
  readonly card: FrequentCard;
  /** Number of positions. */
  readonly length: number;
  /** The positions; of one that different orders of moves lead to, one with its move counters. */
  readonly positions: readonly Position[];
  /** The legal moves of position x are the entries offsets[x] … offsets[x + 1] − 1, in `uciOrder`. */
  readonly offsets: Uint32Array;
  /** The legal moves of all positions, one after the other. */
  readonly moves: Uint16Array;
  /** For each cell of the card, how often each legal move was chosen. */
  readonly counts: readonly Float64Array[];
}

/** Writes frequent positions, atomically. */
export function writeFrequent(file: string, frequent: FrequentPositions): void {
  const { card, positions, offsets, moves, counts } = frequent;
  const lines = positions.map((position, x) => {
    const count: Record<string, number[]> = {};
    for (let i = offsets[x]; i < offsets[x + 1]; i++) {
      const own = counts.map((cell) => cell[i]);
      const used = own.findLastIndex((n) => n > 0) + 1;
      if (used > 0) count[makeUci(moves[i])] = own.slice(0, used);
    }
    return JSON.stringify({ fen: makeFen(position), count });
  });
  const text = [JSON.stringify(card), ...lines].join("\n") + "\n";
  writeFileAtomic(file, gzipSync(text, { level: 9 }));
}

/**
 * Reads frequent positions.
 *
 * @throws {SyntaxError} naming the file and the line that cannot be read.
 *
 * ```ts
 * import { choices, readFrequent, writeFrequent } from "@lib/analysis/frequent.ts";
 * import { uciOrder } from "@lib/analysis/labels.ts";
 * import { legalMoves, startPosition } from "@lib/chess/position.ts";
 * import assert from "node:assert/strict";
 *
 * const file = `${Deno.makeTempDirSync()}/one.jsonl.gz`;
 * const moves = uciOrder(Uint16Array.from(legalMoves(startPosition())));
 * writeFrequent(file, {
 *   card: {
 *     source: "made up",
 *     licence: "CC0",
 *     games: [],
 *     cells: [{ game: [0, 1000], mover: [0, 1000] }],
 *     visits: [],
 *   },
 *   length: 1,
 *   positions: [startPosition()],
 *   offsets: Uint32Array.of(0, 20),
 *   moves,
 *   counts: [Float64Array.from(moves, (_, i) => (i === 3 ? 2 : i === 7 ? 6 : 0))],
 * });
 * const read = readFrequent(file);
 * const chosen = choices(read, () => true);
 * assert.deepEqual([chosen.length, chosen[3], chosen[7]], [20, 2, 6]);
 * ```
 */
export function readFrequent(file: string): FrequentPositions {
  let lines: string[];
  try {
    lines = new TextDecoder().decode(gunzipSync(Deno.readFileSync(file))).trimEnd().split("\n");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw error;
    throw new SyntaxError(`Cannot read positions from ${file}: ${(error as Error).message}`);
  }
  const parse = <T>(i: number, read: (value: unknown) => T): T => {
    try {
      return read(JSON.parse(lines[i]));
    } catch (error) {
      throw new SyntaxError(
        `Cannot read positions from ${file}, line ${i + 1}: ${(error as Error).message}`,
      );
    }
  };
  const card = parse(0, (value) => cardSchema.parse(value));
  const length = lines.length - 1, offsets = new Uint32Array(length + 1);
  const positions: Position[] = [], moves: number[] = [];
  const counts: number[][] = card.cells.map(() => []);
  for (let x = 0; x < length; x++) {
    parse(x + 1, (value) => {
      const { fen, count } = lineSchema.parse(value);
      const position = parseFen(fen), legal = uciOrder(legalMoves(position));
      const places = new Map(legal.map((move, i) => [move, offsets[x] + i]));
      offsets[x + 1] = offsets[x] + legal.length;
      moves.push(...legal);
      for (const cell of counts) for (let i = 0; i < legal.length; i++) cell.push(0);
      for (const [uci, own] of Object.entries(count)) {
        const place = places.get(parseUci(position, uci))!; // parseUci refuses what is not legal
        if (own.length > counts.length) {
          throw new RangeError(`${own.length} counts of ${uci}, must be ${counts.length} at most`);
        }
        own.forEach((n, cell) => counts[cell][place] = n);
      }
      positions.push(position);
    });
  }
  return {
    card,
    length,
    positions,
    offsets,
    moves: Uint16Array.from(moves),
    counts: counts.map((cell) => Float64Array.from(cell)),
  };
}

/**
 * How often each legal move was chosen, over some of the cells; aligned with `moves`.
 *
 * @param keep Which cells, such as those of games under a cap.
 */
export function choices(
  { card, counts, moves }: FrequentPositions,
  keep: (cell: Cell) => boolean,
): Float64Array {
  const total = new Float64Array(moves.length);
  card.cells.forEach((cell, c) => {
    if (keep(cell)) counts[c].forEach((n, i) => total[i] += n);
  });
  return total;
}

/** How many choices were counted at each position. */
export function visitors(
  { length, offsets }: Pick<FrequentPositions, "length" | "offsets">,
  counts: Float64Array,
): Float64Array {
  return Float64Array.from({ length }, (_, x) => {
    let total = 0;
    for (let i = offsets[x]; i < offsets[x + 1]; i++) total += counts[i];
    return total;
  });
}

/**
 * Counts as a policy: what a player drawn at random of those who stood there does. Zero everywhere at
 * a position that none of them reached.
 */
export function countedPolicy(
  frequent: Pick<FrequentPositions, "length" | "offsets">,
  counts: Float64Array,
): Policy {
  const { length, offsets } = frequent, total = visitors(frequent, counts);
  const policy = new Float64Array(counts.length);
  for (let x = 0; x < length; x++) {
    if (total[x] === 0) continue;
    for (let i = offsets[x]; i < offsets[x + 1]; i++) policy[i] = counts[i] / total[x];
  }
  return policy;
}
