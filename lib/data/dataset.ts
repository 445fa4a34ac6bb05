/**
 * Datasets: a folder with a card and the games of three parts (train, validation, test), built from
 * files of games or from games made on the spot, in bounded memory.
 *
 * @module
 */

import { basename, join, resolve } from "node:path";
import {
  type Card,
  cardNotes,
  makeCardText,
  readCard,
  type Split,
  SPLITS,
} from "@lib/data/card.ts";
import { DatasetWriter } from "@lib/data/dataset_writer.ts";
import type { GameRow, Games } from "@lib/data/games.ts";
import { collectGames, concatGames, gameAt, RESULTS } from "@lib/data/games.ts";
import { parallelPortions } from "@lib/data/portion_files.ts";
import { portionsOfFiles, portionsOfStream, type Tally } from "@lib/data/portions.ts";
import type { Rule, SelectionInput } from "@lib/data/select.ts";
import { hasEvals, lowestKeys, parseSelection } from "@lib/data/select.ts";
import { readShard } from "@lib/data/shard.ts";
import { SPEEDS } from "@lib/data/speed.ts";
import { type GameStream, hashFiles } from "@lib/data/sources.ts";
import { splitOf, type SplitShares } from "@lib/data/split.ts";
import { writeFileAtomic, writeJson } from "@lib/files.ts";

/** Errors that the card quotes. */
const ERRORS_SHOWN = 5;

/** How far the building is. */
export interface BuildProgress {
  /** "hash" while the source is hashed, then "games". */
  readonly phase: "hash" | "games";
  /** Of the phase, 0 … 1; NaN when the length of the source is not known. */
  readonly fraction: number;
  /** Games read. */
  readonly read: number;
  /** Games that passed all rules so far. */
  readonly kept: number;
}

/** What to build. */
export interface DatasetOptions {
  /** A file of games, a folder of them, or games made on the spot. */
  readonly source: string | GameStream;
  /** The folder to make; it appears when it is complete. */
  readonly directory: string;
  /** Which games are kept (all that can be read). */
  readonly selection?: SelectionInput;
  /** Default 5 % validation, 5 % test. */
  readonly split?: SplitShares;
  /** Seed of the split; default 0. */
  readonly seed?: number;
  /** Of the games, for the card. */
  readonly licence?: string;
  /** Plies a shard, and so the memory of the building; default 2²⁴: 35 to 70 MB. */
  readonly shardPlies?: number;
  /** Files of a folder that are read at once, by Workers (default 1); the dataset is the same. */
  readonly workers?: number;
  /** Replace the dataset that stands in the folder. */
  readonly replace?: boolean;
  /** Told now and then how far it is. */
  readonly onProgress?: (progress: BuildProgress) => void;
  /** Stops the building; nothing is left of it. */
  readonly signal?: AbortSignal;
}

/** An opened dataset; a part is read, and its hashes are checked, when it is first asked for. */
export interface Dataset {
  /** What it is made of. */
  readonly card: Card;
  /** To train on. */
  readonly train: Games;
  /** To validate with. */
  readonly validation: Games;
  /** To test on, once. */
  readonly test: Games;
}

function checkSplit({ validation, test }: SplitShares): void {
  if (validation >= 0 && test >= 0 && validation + test < 1) return;
  throw new RangeError(
    `Cannot set aside ${validation} for validation and ${test} for test: must be shares of 0 or ` +
      "more that leave something for train",
  );
}

/** Refuses to build over anything but a dataset that may be replaced. */
function checkPlace(directory: string, replace: boolean): void {
  let entries;
  try {
    entries = [...Deno.readDirSync(directory)].map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  if (entries.length === 0) return;
  const isDataset = entries.includes("card.json");
  if (isDataset && replace) return;
  throw new Deno.errors.AlreadyExists(
    `Cannot build a dataset in ${directory}: it holds ${
      isDataset ? "one already (replace it, or choose another name)" : "other files"
    }`,
  );
}

/**
 * Builds a dataset: reads all games of the source once, keeps those of the selection, deals them to
 * train, validation and test by a hash of their moves, and writes shards, card.json and card.md.
 * The same source, selection and seed give the same shards, byte for byte.
 *
 * Memory: one shard a part and the names of the players; with `maxGames`, that many games, too.
 *
 * @returns the card
 * @throws {TypeError} for a selection with unknown or wrong keys
 * @throws {RangeError} when the selection keeps nothing (it says which rule removed how many), or a
 * part of the split gets no game
 * @throws {Error} when the source is missing, empty, cut short, or none of its games can be read
 *
 * ```ts
 * import { buildDataset, openDataset } from "@lib/data/dataset.ts";
 * import { packMove } from "@lib/chess/position.ts";
 * import assert from "node:assert/strict";
 *
 * const game = (elo: string, to: number) =>
 *   ({ headers: { WhiteElo: elo, BlackElo: elo }, moves: [packMove(12, to)], result: "1-0" });
 * const directory = `${Deno.makeTempDirSync()}/capped`;
 * const card = await buildDataset({
 *   source: { name: "two games", games: [game("1400", 28), game("1600", 20)] },
 *   selection: { cap: 1500 },
 *   split: { validation: 0, test: 0 },
 *   directory,
 * });
 * assert.equal(card.rejected.cap, 1);
 * assert.equal(openDataset(directory).train.white[0], 1400);
 * ```
 */
export async function buildDataset(options: DatasetOptions): Promise<Card> {
  const { source, signal, onProgress, replace = false, seed = 0, shardPlies = 1 << 24 } = options;
  const { split: shares = { validation: 0.05, test: 0.05 }, workers = 1 } = options;
  const directory = resolve(options.directory);
  const selection = parseSelection(options.selection ?? {});
  checkSplit(shares);
  checkPlace(directory, replace);
  signal?.throwIfAborted();

  let read = 0, kept = 0;
  const rejected: Partial<Record<Rule, number>> = {};
  const errors: Card["errors"] = { count: 0, first: [] };
  const files = typeof source === "string"
    ? await hashFiles(source, {
      signal,
      onProgress: (fraction) => onProgress?.({ phase: "hash", fraction, read: 0, kept: 0 }),
    })
    : [];
  const onPiece = (fraction: number, now: Readonly<Tally>) =>
    onProgress?.({ phase: "games", fraction, read: read + now.read, kept: kept + now.kept });
  const reading = { selection, signal, onPiece };
  const portions = typeof source === "string"
    ? workers > 1 && files.length > 1
      ? parallelPortions(workers, `${directory}.portions`)(files, reading)
      : portionsOfFiles(files, reading)
    : portionsOfStream(source, reading);
  using writer = new DatasetWriter(`${directory}.partial`, shardPlies);
  const write = (row: GameRow, players: readonly string[]) =>
    writer.add(row, splitOf(row, shares, seed), players);
  const { maxGames } = selection;
  const sample = maxGames === undefined
    ? null
    : lowestKeys<{ row: GameRow; players: readonly string[] }>(maxGames);
  for await (const { games, players, keys, tally } of portions) {
    signal?.throwIfAborted();
    for (let i = 0; i < games.length; i++) {
      const row = rowAt(games, i);
      if (sample) sample.offer(keys[i], { row: ownRow(row), players: players[i] });
      else write(row, players[i]);
    }
    read += tally.read;
    kept += tally.kept;
    for (const [rule, n] of Object.entries(tally.rejected) as [Rule, number][]) {
      rejected[rule] = (rejected[rule] ?? 0) + n;
    }
    errors.count += tally.errors.count;
    errors.first.push(...tally.errors.first.slice(0, ERRORS_SHOWN - errors.first.length));
  }
  if (sample) {
    const items = sample.items();
    for (const { row, players } of items) write(row, players);
    if (items.length < sample.offered) rejected.maxGames = sample.offered - items.length;
  }
  const sourceName = typeof source === "string" ? basename(source) : source.name;
  checkKept({ sourceName, read, errors, rejected, games: writer.games, shares });
  writer.finish();
  const facts: Omit<Card, "notes"> = {
    format: "games",
    version: 1,
    name: basename(directory),
    created: new Date().toISOString(),
    deno: Deno.version.deno,
    source: { name: sourceName, files: files.map(({ path: _, ...file }) => file) },
    licence: options.licence ?? "not stated",
    selection,
    split: { ...shares, seed },
    read,
    games: writer.games,
    plies: writer.plies,
    withEvals: writer.withEvals,
    rejected,
    errors,
    ratings: writer.ratings,
    ratedExactly1500: writer.ratedExactly1500,
    speeds: inOrder(writer.speeds, SPEEDS),
    results: inOrder(writer.results, Object.keys(RESULTS)),
    years: writer.years,
    players: writer.players,
    diversity: writer.diversity,
    shards: writer.shards,
  };
  const card: Card = { ...facts, notes: cardNotes(facts) };
  writeJson(join(writer.directory, "card.json"), card);
  writeFileAtomic(join(writer.directory, "card.md"), makeCardText(card));
  signal?.throwIfAborted();
  writer.moveTo(directory);
  return card;
}

/** The counts in the order of a list, for the eye. */
function inOrder(counts: Record<string, number>, keys: readonly string[]): Record<string, number> {
  return Object.fromEntries(keys.filter((key) => counts[key] > 0).map((key) => [key, counts[key]]));
}

/** A row with arrays of its own, so that one that stays does not hold its whole portion in memory. */
function ownRow(row: GameRow): GameRow {
  const { moves, evals } = row;
  return {
    ...row,
    moves: Uint16Array.from(moves),
    ...(evals && { evals: Int16Array.from(evals) }),
  };
}

/** A row of a portion, with evaluations only where the game has some. */
function rowAt(games: Games, i: number): GameRow {
  const { evals, ...row } = gameAt(games, i);
  return evals && hasEvals({ ...row, evals }) ? { ...row, evals } : row;
}

/** Refuses what cannot be used, and says why it came to that. */
function checkKept({ sourceName, read, errors, rejected, games, shares }: {
  sourceName: string;
  read: number;
  errors: Card["errors"];
  rejected: Partial<Record<Rule, number>>;
  games: Card["games"];
  shares: SplitShares;
}): void {
  const kept = games.train + games.validation + games.test;
  if (kept === 0) {
    const reasons = Object.entries(rejected).sort((a, b) => b[1] - a[1])
      .map(([rule, n]) => `${n} by "${rule}"`);
    if (errors.count > 0) reasons.push(`${errors.count} could not be read: ${errors.first[0]}`);
    const why = reasons.join(", ");
    throw new RangeError(
      read === 0
        ? `Cannot build a dataset from ${sourceName}: it holds no games${why && ` (${why})`}`
        : `Cannot build a dataset from ${sourceName}: of its ${read} games none is left (${why})`,
    );
  }
  const empty = SPLITS.find((split) =>
    games[split] === 0 && (split === "train" || shares[split] > 0)
  );
  if (!empty) return;
  throw new RangeError(
    `Cannot split ${kept} games with ${shares.validation} for validation and ${shares.test} for ` +
      `test: ${empty} got none; give more games or other shares`,
  );
}

/**
 * Opens a dataset: the card at once, a part when it is first used, each shard checked by its hash.
 *
 * @throws {Error} when the card is missing or corrupt; and when a part is first used whose shards
 * are missing, corrupt or of another build
 */
export function openDataset(directory: string): Dataset {
  const card = readCard(directory);
  const read = (split: Split) => {
    const shards = card.shards.filter((shard) => shard.split === split);
    if (shards.length === 0) return collectGames([]);
    return concatGames(shards.map(({ file, sha256 }) => readShard(join(directory, file), sha256)));
  };
  const parts: Partial<Record<Split, Games>> = {};
  const part = (split: Split) => parts[split] ??= read(split);
  return {
    card,
    get train() {
      return part("train");
    },
    get validation() {
      return part("validation");
    },
    get test() {
      return part("test");
    },
  };
}
