/**
 * Where the games of a dataset come from: files and folders of PGN, or games made on the spot.
 *
 * @module
 */

import { basename, join, relative, resolve } from "node:path";
import { readPgn } from "@lib/chess/pgn.ts";
import { type GameSpan, tagNumber, tagText } from "@lib/chess/pgn_scanner.ts";
import { openBytes } from "@lib/data/bytes.ts";
import type { Card } from "@lib/data/card.ts";
import { fileHash } from "@lib/data/file_hash.ts";
import { type GameSource, parseRating } from "@lib/data/games.ts";

/** Games that do not come from a file. */
export interface GameStream {
  /** For the card, such as "24 simulated players, seed 1". */
  readonly name: string;
  /** The games, read once. */
  readonly games: Iterable<GameSource> | AsyncIterable<GameSource>;
  /** How many games there will be, for the progress. */
  readonly total?: number;
}

/** The endings of files with games. */
const GAME_FILE = /\.pgn(\.zst|\.gz)?$/i;

/**
 * The files of games of a source: itself, or all in the folder and its folders, by name.
 *
 * @throws {Error} when there is no such file or folder, or no file of games in it
 */
export function gameFiles(source: string): string[] {
  let info;
  try {
    info = Deno.statSync(source);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new Deno.errors.NotFound(`Cannot read games from ${source}: there is no such file`, {
      cause,
    });
  }
  if (!info.isDirectory) return [source];
  const files: string[] = [];
  const walk = (folder: string) => {
    for (const entry of Deno.readDirSync(folder)) {
      const path = join(folder, entry.name);
      if (entry.isDirectory) walk(path);
      else if (GAME_FILE.test(entry.name)) files.push(path);
    }
  };
  walk(source);
  if (files.length === 0) {
    throw new Error(
      `Cannot read games from ${source}: the folder has no .pgn, .pgn.zst or .pgn.gz file`,
    );
  }
  return files.sort();
}

/** The games of a source with the files they come from. */
export interface Reading {
  /** What is read, with sizes and hashes. */
  readonly files: Card["source"]["files"];
  /** The games, as they are read. */
  readonly games: AsyncIterable<GameSource>;
}

/** How games are read. */
export interface ReadOptions {
  /** A test on the ratings, 0 where unknown, made first for it is the cheapest. */
  readonly acceptRatings: (white: number, black: number) => boolean;
  /** A test on the headers; the moves of a game that fails are not read. */
  readonly accept: (headers: GameSource["headers"]) => boolean;
  /** Told of a game that could not be read. */
  readonly onError: (error: Error) => void;
  /** Told how far the reading is, 0 … 1. */
  readonly onPhase: (phase: "hash" | "games", fraction: number) => void;
  /** Ends the reading. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The games of a file or folder, and the hash of each file.
 *
 * @throws {Error} when a file is missing, empty, cut short or corrupt
 */
export async function readFiles(source: string, options: ReadOptions): Promise<Reading> {
  const { acceptRatings, accept, onError, onPhase, signal } = options;
  const paths = gameFiles(source);
  const sizes = paths.map((path) => Deno.statSync(path).size);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const nameOf = (path: string) => relative(resolve(source), resolve(path)) || basename(path);
  const files: Card["source"]["files"] = [];
  let done = 0;
  for (let i = 0; i < paths.length; i++) {
    const bytes = sizes[i];
    const sha256 = await fileHash(
      paths[i],
      signal,
      (read) => onPhase("hash", (done + read) / total),
    );
    done += bytes;
    files.push({ name: nameOf(paths[i]), bytes, sha256 });
  }
  async function* games() {
    let before = 0;
    for (let i = 0; i < paths.length; i++) {
      const onProgress = (read: number) => onPhase("games", (before + read) / total);
      const bytes = stoppable(openBytes(paths[i], { onProgress }), signal);
      let tested: GameSource["headers"] | undefined;
      const pgn = readPgn(bytes, {
        name: nameOf(paths[i]),
        filter: (span) => acceptRatings(ratingOf(span, "WhiteElo"), ratingOf(span, "BlackElo")),
        accept: (headers) => accept(tested = headers),
        onError,
      });
      for await (const game of pgn) {
        // Moves that follow a game's result without headers of their own have not been tested.
        if (game.headers === tested || (acceptRatings(0, 0) && accept(game.headers))) yield game;
      }
      before += sizes[i];
    }
  }
  return { files, games: games() };
}

/** A rating as `parseRating` reads it, without making a string in the usual case. */
function ratingOf(span: Readonly<GameSpan>, tag: string): number {
  const rating = tagNumber(span, tag);
  return rating > 0 && rating < 65536 ? rating : parseRating(tagText(span, tag));
}

async function* stoppable<T>(items: AsyncIterable<T>, signal?: AbortSignal): AsyncGenerator<T> {
  for await (const item of items) {
    signal?.throwIfAborted();
    yield item;
  }
}

/** The accepted games of a stream. */
export async function* readStream(
  stream: GameStream,
  options: ReadOptions,
): AsyncGenerator<GameSource> {
  const { acceptRatings, accept, onPhase, signal } = options;
  let read = 0;
  for await (const game of stream.games) {
    if (read++ % 100 === 0) {
      await new Promise((resolve) => setTimeout(resolve)); // lets Ctrl-C and timers in
      signal?.throwIfAborted();
      onPhase("games", read / (stream.total ?? NaN));
    }
    const { WhiteElo, BlackElo } = game.headers;
    if (!acceptRatings(parseRating(WhiteElo), parseRating(BlackElo))) continue;
    if (accept(game.headers)) yield game;
  }
}
