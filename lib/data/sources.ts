/**
 * Where the games of a dataset come from: files and folders of PGN, or games made on the spot.
 *
 * @module
 */

import { basename, join, relative, resolve } from "node:path";
import { readPgn } from "@lib/chess/pgn.ts";
import { type GameSpan, tagNumber, tagText } from "@lib/chess/pgn_scanner.ts";
import { openBytes } from "@lib/data/bytes.ts";
import { fileHash } from "@lib/data/file_hash.ts";
import type { ParquetOptions } from "@lib/data/parquet.ts";
import { type GameSource, parseRating } from "@lib/data/games.ts";
import type { Rule, Selection } from "@lib/data/select.ts";

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
const GAME_FILE = /\.pgn(\.zst|\.gz)?$|\.parquet$/i;

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
      `Cannot read games from ${source}: the folder has no .pgn, .pgn.zst, .pgn.gz or .parquet file`,
    );
  }
  return files.sort();
}

/** How games are read. */
export interface ReadOptions {
  /** A test on the ratings, 0 where unknown, made first for it is the cheapest. */
  readonly acceptRatings: (white: number, black: number) => boolean;
  /** A test on the headers; the moves of a game that fails are not read. */
  readonly accept: (headers: GameSource["headers"]) => boolean;
  /** The same rules as they are stated, for what can leave games out by itself. */
  readonly selection: Selection;
  /** Told of games that were left out so. */
  readonly onSkipped: (rule: Rule, games: number) => void;
  /** Told of a game that could not be read. */
  readonly onError: (error: Error) => void;
  /** Told how far the reading is, 0 … 1. */
  readonly onPiece: (fraction: number) => void;
  /** Ends the reading. */
  readonly signal?: AbortSignal | undefined;
}

/** A file of games. */
export interface GameFile {
  /** Where it is. */
  readonly path: string;
  /** What it is called on the card and in errors. */
  readonly name: string;
  /** How long it is. */
  readonly bytes: number;
  /** Of its content, in hex. */
  readonly sha256: string;
}

/**
 * The files of games of a source, with their hashes.
 *
 * @throws {Error} when there is no such file or folder, or no file of games in it
 */
export async function hashFiles(
  source: string,
  { signal, onProgress }: {
    readonly signal?: AbortSignal | undefined;
    /** Told how far it is, 0 … 1. */
    readonly onProgress?: (fraction: number) => void;
  } = {},
): Promise<GameFile[]> {
  const paths = gameFiles(source);
  const sizes = paths.map((path) => Deno.statSync(path).size);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const files: GameFile[] = [];
  let done = 0;
  for (const [i, path] of paths.entries()) {
    const told = (read: number) => onProgress?.((done + read) / total);
    const sha256 = await fileHash(path, signal, told);
    done += sizes[i];
    const name = relative(resolve(source), resolve(path)) || basename(path);
    files.push({ path, name, bytes: sizes[i], sha256 });
  }
  return files;
}

/**
 * The games of a file that pass the tests.
 *
 * @throws {Error} (from the loop) when it is missing, empty, cut short or corrupt
 */
export async function* readGames(
  { path, name, bytes }: GameFile,
  options: ReadOptions,
): AsyncGenerator<GameSource> {
  const { acceptRatings, accept, selection, onSkipped, onError, onPiece, signal } = options;
  const content = isParquet(path)
    ? await parquet(path, { selection, onSkipped, onError, onProgress: onPiece })
    : openBytes(path, { onProgress: (read) => onPiece(read / bytes) });
  let tested: GameSource["headers"] | undefined;
  const pgn = readPgn(stoppable(content, signal), {
    name,
    filter: (span) => acceptRatings(ratingOf(span, "WhiteElo"), ratingOf(span, "BlackElo")),
    accept: (headers) => accept(tested = headers),
    onError,
  });
  for await (const game of pgn) {
    // Moves that follow a game's result without headers of their own have not been tested.
    if (game.headers === tested || (acceptRatings(0, 0) && accept(game.headers))) yield game;
  }
}

const isParquet = (path: string) => /\.parquet$/i.test(path);

/** DuckDB is loaded only for those who read such a file. */
async function parquet(path: string, options: ParquetOptions): Promise<AsyncIterable<Uint8Array>> {
  const { openParquet } = await import("@lib/data/parquet.ts");
  return openParquet(path, options);
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
  const { acceptRatings, accept, onPiece, signal } = options;
  let read = 0;
  for await (const game of stream.games) {
    if (read++ % 100 === 0) {
      await new Promise((resolve) => setTimeout(resolve)); // lets Ctrl-C and timers in
      signal?.throwIfAborted();
      onPiece(read / (stream.total ?? NaN));
    }
    const { WhiteElo, BlackElo } = game.headers;
    if (!acceptRatings(parseRating(WhiteElo), parseRating(BlackElo))) continue;
    if (accept(game.headers)) yield game;
  }
}
