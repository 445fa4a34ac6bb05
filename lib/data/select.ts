/**
 * Which games a dataset keeps: by rating, speed, length, date and the like.
 *
 * @module
 */

import { z } from "zod";
import { startPosition } from "@lib/chess/position.ts";
import { parseSan } from "@lib/chess/san.ts";
import type { GameRow } from "@lib/data/games.ts";
import { gameDate, NO_EVAL } from "@lib/data/games.ts";
import { speedOf, SPEEDS } from "@lib/data/speed.ts";
import { hash32 } from "@lib/random.ts";

const rating = z.int().min(0).max(5000);
const date = z.string().regex(
  /^\d{4}(-\d{2}(-\d{2})?)?$/,
  'must be a year, month or day such as "2013", "2013-01" or "2013-01-31"',
);

/** The moves of a line such as "e4 e5 Nf3", from the usual start. */
function lineMoves(line: string): number[] {
  const position = startPosition();
  return line.trim().split(/\s+/).map((san) => {
    const move = parseSan(position, san);
    position.play(move);
    return move;
  });
}

const line = z.string().superRefine((text, context) => {
  try {
    lineMoves(text);
  } catch (error) {
    context.addIssue({ code: "custom", message: (error as Error).message });
  }
});

/** The schema of a {@linkcode Selection}; unknown keys are refused. */
export const selectionSchema = z.strictObject({
  /** Both players are rated at most this: the paper's cap on max(White, Black). */
  cap: rating.positive().optional(),
  /** Both players are rated in (low, high], so that bands that touch share no game. */
  band: z.tuple([rating, rating])
    .refine(([low, high]) => low < high, "the low end must be below the high end").optional(),
  /** Speeds by Lichess's rule, see `speedOf`. */
  speeds: z.array(z.enum(SPEEDS)).min(1).optional(),
  /** Only rated (true) or only casual (false) games, by the Event header. */
  rated: z.boolean().optional(),
  /** Least number of plies. */
  minPlies: z.int().min(1).default(1),
  /** Largest number of plies. */
  maxPlies: z.int().min(1).optional(),
  /** Termination headers, such as "Normal"; "Normal" also means "Normal/mate" and the like. */
  terminations: z.array(z.string().min(1)).min(1).optional(),
  /** First date, inclusive: "2018", "2018-06" or "2018-06-01". */
  from: date.optional(),
  /** Last date, inclusive: "2018" ends with its December. */
  to: date.optional(),
  /** Only games with (true) or without (false) evaluations. */
  evals: z.boolean().optional(),
  /** Keep games from a set-up position too; the text tokenizers cannot write them. */
  setUp: z.boolean().default(false),
  /** Only games that begin with one of these lines, such as "e4 e5 Nf3"; no transpositions. */
  openings: z.array(line).min(1).optional(),
  /** Only games of this player, by the name in the headers. */
  player: z.string().min(1).optional(),
  /**
   * Whose moves such a game is kept for: the player's, the opponents', or either's, drawn for each
   * game. The other rating is written as unknown, so that training with a band passes those moves by.
   */
  movesOf: z.enum(["player", "opponents", "either"]).optional(),
  /** Keep a uniform sample of this many games, for datasets of equal size. */
  maxGames: z.int().positive().optional(),
  /** Seed of that sample; a larger sample with the same seed contains the smaller one. */
  seed: z.int().min(0).default(0),
}).refine((s) => s.maxPlies === undefined || s.minPlies <= s.maxPlies, {
  path: ["maxPlies"],
  message: "must be at least minPlies",
}).refine((s) => !s.from || !s.to || s.from <= s.to || s.from.startsWith(s.to), {
  path: ["to"],
  message: 'must not be before "from"',
}).refine((s) => s.movesOf === undefined || s.player !== undefined, {
  path: ["movesOf"],
  message: "needs a player",
});

/** Which games to keep, as its user writes it. */
export type SelectionInput = z.input<typeof selectionSchema>;

/** Which games to keep, with the defaults filled in. */
export type Selection = z.output<typeof selectionSchema>;

/** Why a game was not kept; on the card each rule has its count. */
export type Rule =
  | "variant"
  | "set-up position"
  | "rating unknown"
  | "cap"
  | "band"
  | "speed"
  | "rated"
  | "termination"
  | "date"
  | "result unknown"
  | "length"
  | "evals"
  | "opening"
  | "player"
  | "maxGames";

/**
 * Checks a selection and fills in its defaults.
 *
 * @throws {TypeError} naming each key that is unknown or has a value out of its range.
 *
 * ```ts
 * import { parseSelection } from "@lib/data/select.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(parseSelection({ cap: 1500 }).minPlies, 1);
 * assert.throws(() => parseSelection({ cup: 1500 }), /cup/);
 * ```
 */
export function parseSelection(value: unknown): Selection {
  const parsed = selectionSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) =>
    path.length ? `${path.join(".")}: ${message}` : message
  );
  throw new TypeError(`Cannot select games by ${JSON.stringify(value)}: ${faults.join("; ")}`);
}

/** The date as "2013.01.31" without the parts that are not known. */
function knownDate(headers: Readonly<Record<string, string>>): string {
  return gameDate(headers).replace(/\.?\?.*$/, "");
}

/** The test on the ratings of a game (0 where unknown): the rule that refuses it, or null. */
export function ratingTest(selection: Selection): (white: number, black: number) => Rule | null {
  const { cap = Infinity, band: [low, high] = [-Infinity, Infinity] } = selection;
  const needsRatings = selection.cap !== undefined || selection.band !== undefined;
  return (white, black) => {
    if (needsRatings && (white === 0 || black === 0)) return "rating unknown";
    if (Math.max(white, black) > cap) return "cap";
    return Math.min(white, black) > low && Math.max(white, black) <= high ? null : "band";
  };
}

/** A test on the headers of a game: the rule that refuses it, or null. */
export type HeaderTest = (headers: Readonly<Record<string, string>>) => Rule | null;

/** The other tests that can be made before the moves are read. */
export function headerTest(selection: Selection): HeaderTest {
  const { speeds, rated, terminations, setUp, player } = selection;
  const [from, to] = [selection.from, selection.to].map((date) => date?.replaceAll("-", "."));
  return (headers) => {
    const variant = headers.Variant?.toLowerCase() ?? "standard";
    if (variant !== "standard" && variant !== "from position") return "variant";
    if (!setUp && headers.FEN !== undefined) return "set-up position";
    if (speeds && !speeds.includes(speedOf(headers.TimeControl, headers.Event))) return "speed";
    if (rated !== undefined && !(rated ? /\brated\b/i : /\bcasual\b/i).test(headers.Event ?? "")) {
      return "rated";
    }
    if (player !== undefined && headers.White !== player && headers.Black !== player) {
      return "player";
    }
    if (terminations) {
      const termination = headers.Termination ?? "";
      const matches = (name: string) => termination === name || termination.startsWith(`${name}/`);
      if (!terminations.some(matches)) return "termination";
    }
    if (from || to) {
      const date = knownDate(headers);
      if (from && !(date.length >= from.length && date >= from)) return "date";
      if (to && !(date.length >= to.length && date.slice(0, to.length) <= to)) return "date";
    }
    return null;
  };
}

/** The test that needs the moves: the rule that refuses the game, or null. */
export function rowTest(selection: Selection): (row: GameRow) => Rule | null {
  const { minPlies, maxPlies = Infinity, evals, setUp } = selection;
  const lines = selection.openings?.map(lineMoves);
  return (row) => {
    if (!(Math.abs(row.result) <= 1)) return "result unknown"; // dropped by the paper, too
    if (!setUp && row.start !== undefined) return "set-up position";
    if (row.moves.length < minPlies || row.moves.length > maxPlies) return "length";
    if (evals !== undefined && evals !== hasEvals(row)) return "evals";
    const begins = (line: readonly number[]) => line.every((move, i) => move === row.moves[i]);
    if (lines && (row.start !== undefined || !lines.some(begins))) return "opening";
    return null;
  };
}

/** Who made the moves for which a game is kept, from its headers: White, Black or both. */
export function moversOf(
  { player, movesOf, seed }: Pick<Selection, "player" | "movesOf" | "seed">,
  { White, Black }: Readonly<Record<string, string>>,
  key: number,
): { readonly white: boolean; readonly black: boolean } {
  if (movesOf === undefined || White === Black) return { white: true, black: true };
  const isOwn = movesOf === "either" ? hash32(key, seed) % 2 === 0 : movesOf === "player";
  const white = (White === player) === isOwn;
  return { white, black: !white };
}

/** Whether any ply of the game has an evaluation. */
export function hasEvals(row: GameRow): boolean {
  const { evals } = row;
  if (!evals) return false;
  for (let i = 0; i < evals.length; i++) if (evals[i] !== NO_EVAL) return true;
  return false;
}

/** A uniform sample of a stream whose length is not known. */
export interface Sample<T> {
  /** Offers an item with its key, a hash; of equal keys the first comes first. */
  offer(key: number, item: T): void;
  /** Items offered. */
  readonly offered: number;
  /** The sample, in the order of the stream. */
  items(): T[];
}

/**
 * The `size` items with the lowest keys. With hashes of the items as keys it is a uniform sample
 * that depends neither on the order of the stream nor on the number of files it comes from, and
 * samples of two sizes are nested: what separates two datasets is then their size alone.
 * Memory: 1.25 × size items.
 */
export function lowestKeys<T>(size: number): Sample<T> {
  let kept: { key: number; order: number; item: T }[] = [];
  let offered = 0;
  let threshold = Infinity;
  const prune = () => {
    kept.sort((a, b) => a.key - b.key || a.order - b.order);
    kept = kept.slice(0, size);
    if (kept.length === size) threshold = kept[size - 1].key;
  };
  return {
    get offered() {
      return offered;
    },
    offer(key, item) {
      const order = offered++;
      if (key >= threshold) return;
      kept.push({ key, order, item });
      if (kept.length >= size + Math.max(64, size >> 2)) prune();
    },
    items() {
      prune();
      return kept.toSorted((a, b) => a.order - b.order).map(({ item }) => item);
    },
  };
}
