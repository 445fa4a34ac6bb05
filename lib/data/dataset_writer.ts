/**
 * Writes a dataset's shards and keeps the counts for its card.
 *
 * @module
 */

import { join } from "node:path";
import { diversityOf } from "@lib/analysis/diversity.ts";
import type { Card, Split } from "@lib/data/card.ts";
import { OPENING_PLIES, SPLITS } from "@lib/data/card.ts";
import type { GameRow, GamesBuilder } from "@lib/data/games.ts";
import { gamesBuilder } from "@lib/data/games.ts";
import { hasEvals } from "@lib/data/select.ts";
import { writeShard } from "@lib/data/shard.ts";
import { SPEEDS } from "@lib/data/speed.ts";

/** Writes the games of the parts to shards and keeps the counts for the card. */
export class DatasetWriter implements Disposable {
  /** Files written, for the card. */
  readonly shards: Card["shards"] = [];
  /** Games by split. */
  readonly games = { train: 0, validation: 0, test: 0 };
  /** Plies by split. */
  readonly plies = { train: 0, validation: 0, test: 0 };
  /** Players by rating, up to full hundreds. */
  readonly ratings: Record<string, number> = {};
  /** Games by speed. */
  readonly speeds: Record<string, number> = {};
  /** Games by year. */
  readonly years: Record<string, number> = {};
  /** Games by result. */
  readonly results: Record<string, number> = {};
  /** Games with evaluations. */
  withEvals = 0;
  /** Ratings of exactly 1500, that of new accounts. */
  ratedExactly1500 = 0;
  #players = new Map<string, number>(); // bits: 1 in train, 2 in another part
  #trained = { players: new Map<string, number>(), openings: new Map<string, number>() };
  #ratings = { n: 0, mean: 0, squares: 0 }; // Welford's sums over train
  #open: Record<Split, GamesBuilder>;
  #isDone = false;

  /**
   * @param directory where the shards are written until {@linkcode moveTo}
   * @param shardPlies plies after which a shard is written out
   */
  /** Writes into a folder, files of so many plies. */
  constructor(readonly directory: string, readonly shardPlies: number) {
    this.#open = { train: gamesBuilder(), validation: gamesBuilder(), test: gamesBuilder() };
    removeFolder(directory); // left by a run that was killed
    Deno.mkdirSync(directory, { recursive: true });
  }

  /** Adds a game; `players` are the names that are known. */
  add(row: GameRow, split: Split, players: readonly string[]): void {
    const tally = (counts: Record<string, number>, key: string | number) => {
      counts[key] = (counts[key] ?? 0) + 1;
    };
    this.games[split]++;
    this.plies[split] += row.moves.length;
    for (const rating of [row.white, row.black]) {
      tally(this.ratings, Math.ceil(rating / 100) * 100);
      if (rating === 1500) this.ratedExactly1500++;
    }
    tally(this.speeds, SPEEDS[row.speed]);
    tally(this.years, row.year);
    tally(this.results, { 1: "1-0", 0: "1/2-1/2", [-1]: "0-1" }[row.result] ?? "*");
    if (hasEvals(row)) this.withEvals++;
    for (const player of players) {
      const side = split === "train" ? 1 : 2;
      this.#players.set(player, (this.#players.get(player) ?? 0) | side);
    }
    if (split === "train") this.#describe(row, players);
    this.#open[split].add(row);
    if (this.#open[split].plies >= this.shardPlies) this.#flush(split);
  }

  #describe({ white, black, moves }: GameRow, players: readonly string[]): void {
    const { players: byPlayer, openings } = this.#trained;
    for (const player of players) byPlayer.set(player, (byPlayer.get(player) ?? 0) + 1);
    const opening = Array.from(moves).slice(0, OPENING_PLIES).join(" ");
    openings.set(opening, (openings.get(opening) ?? 0) + 1);
    for (const rating of [white, black].filter((each) => each > 0)) {
      const sums = this.#ratings, away = rating - sums.mean;
      sums.mean += away / ++sums.n;
      sums.squares += away * (rating - sums.mean);
    }
  }

  /** How diverse the games to train on are. */
  get diversity(): NonNullable<Card["diversity"]> {
    const { n, mean, squares } = this.#ratings, { players, openings } = this.#trained;
    const effective = (counts: ReadonlyMap<string, number>) =>
      counts.size > 0 ? diversityOf([...counts.values()]).effective : 0;
    return {
      players: effective(players),
      openings: effective(openings),
      rating: mean,
      ratingSpread: n > 0 ? Math.sqrt(squares / n) : 0,
    };
  }

  /** How many players are known, and in train as well as elsewhere. */
  get players(): Card["players"] {
    let onBothSides = 0;
    for (const sides of this.#players.values()) if (sides === 3) onBothSides++;
    return { known: this.#players.size, onBothSides };
  }

  #flush(split: Split): void {
    const games = this.#open[split].games();
    this.#open[split] = gamesBuilder();
    const number = this.shards.filter((shard) => shard.split === split).length;
    const file = `${split}-${String(number).padStart(4, "0")}.games`;
    const sha256 = writeShard(join(this.directory, file), games);
    this.shards.push({ file, split, games: games.length, plies: games.moves.length, sha256 });
  }

  /** Writes what is left. */
  finish(): void {
    for (const split of SPLITS) if (this.#open[split].length > 0) this.#flush(split);
    this.shards.sort((a, b) => a.file < b.file ? -1 : 1);
  }

  /** Moves the folder to its place; without this it is removed in the end. */
  moveTo(directory: string): void {
    const old = `${directory}.replaced`;
    removeFolder(old); // left by a run that was killed
    try {
      Deno.renameSync(directory, old);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    Deno.renameSync(this.directory, directory);
    this.#isDone = true;
    removeFolder(old);
  }

  /** Removes what has not been moved to its place. */
  [Symbol.dispose](): void {
    if (!this.#isDone) removeFolder(this.directory);
  }
}

function removeFolder(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
