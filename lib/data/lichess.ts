/**
 * Lichess's monthly files of rated standard games: fetched with resume and checked. CC0.
 *
 * @module
 */

import { join } from "node:path";
import { fileHash } from "@lib/data/file_hash.ts";
import { CACHE } from "@lib/paths.ts";

/** The folder of the standard games on Lichess's open database. */
export const LICHESS_URL = "https://database.lichess.org/standard";

/** The licence of Lichess's games. */
export const LICHESS_LICENCE = "CC0-1.0 (Lichess open database, https://database.lichess.org)";

/** How to download. */
export interface DownloadOptions {
  /** The folder for the file; default `data/cache/lichess`. */
  readonly directory?: string;
  /** Where the files are; another place for a mirror. */
  readonly url?: string;
  /** Told after each piece: bytes on disk and in all (NaN when the server does not say). */
  readonly onProgress?: (received: number, total: number) => void;
  /** Stops the download; what has come is kept for the next time. */
  readonly signal?: AbortSignal;
  /** Attempts in a row that may fail without a byte received before it gives up; default 3. */
  readonly retries?: number;
  /** Milliseconds before the first retry, then twice as long each time; default 1000. */
  readonly retryDelay?: number;
}

/** Whether a text names a month, such as "2013-01". */
export function isMonth(text: string): boolean {
  return /^\d{4}-(0[1-9]|1[0-2])$/.test(text);
}

/**
 * The name of a month's file.
 *
 * @throws {RangeError} when it is no month, or one before Lichess's first
 */
export function monthFile(month: string): string {
  if (!isMonth(month) || month < "2013-01") {
    throw new RangeError(
      `Cannot download the month "${month}": must be a year and month from "2013-01" on`,
    );
  }
  return `lichess_db_standard_rated_${month}.pgn.zst`;
}

/** A break that a retry may mend: the connection, or a server that is busy. */
class Interruption extends Error {
  /** Something came before it, so it is worth as many retries as the first. */
  isAfterProgress = false;
}

/**
 * Downloads a month of rated standard games and checks it against Lichess's published SHA-256. A
 * download that was broken off goes on where it stopped (HTTP Range), a finished one is checked and
 * not fetched again.
 *
 * @returns the path of the file
 * @throws {RangeError} for a text that names no month
 * @throws {Error} offline, when Lichess has no such month, or when the content is not what it should be
 *
 * ```ts ignore
 * import { downloadMonth } from "@lib/data/lichess.ts";
 *
 * const path = await downloadMonth("2013-01", { onProgress: (n, all) => console.log(n / all) });
 * ```
 */
export async function downloadMonth(month: string, options: DownloadOptions = {}): Promise<string> {
  const { directory = join(CACHE, "lichess"), url = LICHESS_URL, signal } = options;
  const file = monthFile(month);
  const path = join(directory, file);
  const expected = await publishedHash(url, file, options);
  if (sizeOf(path) !== undefined) {
    if (await fileHash(path, signal) === expected) return path;
    Deno.removeSync(path); // not what is published: fetch it anew
  }
  Deno.mkdirSync(directory, { recursive: true });
  const part = `${path}.part`;
  await retrying(options, () => fetchRest(`${url}/${file}`, part, options));
  const hash = await fileHash(part, signal);
  if (hash !== expected) {
    Deno.removeSync(part);
    throw new Error(
      `Cannot use ${url}/${file}: its SHA-256 is ${hash}, must be ${expected}; it is removed, try again`,
    );
  }
  Deno.renameSync(part, path);
  return path;
}

/** The SHA-256 that is published for a file, in hex. */
async function publishedHash(url: string, file: string, options: DownloadOptions): Promise<string> {
  const address = `${url}/sha256sums.txt`;
  const list = await retrying(options, async () => {
    const response = await get(address, {}, options.signal);
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`Cannot check ${file}: ${address} answers ${response.status}`);
    }
    return await response.text();
  });
  for (const line of list.split("\n")) {
    const [hash, name] = line.trim().split(/\s+\*?/);
    if (name === file && /^[0-9a-f]{64}$/i.test(hash)) return hash.toLowerCase();
  }
  throw new Error(
    `Cannot download ${file}: ${address} does not list it (a month appears some days after its end)`,
  );
}

/** A request; a failure to connect becomes an error that says what to do. */
async function get(
  address: string,
  headers: Record<string, string>,
  signal?: AbortSignal,
): Promise<Response> {
  let response;
  try {
    response = await fetch(address, { headers, ...(signal && { signal }) });
  } catch (cause) {
    signal?.throwIfAborted();
    throw new Interruption(
      `Cannot reach ${address}: are you online? A file that is already here can be given by its ` +
        `path (${cause instanceof Error ? cause.message : cause})`,
      { cause },
    );
  }
  if (response.status < 500 && response.status !== 429) return response;
  await response.body?.cancel();
  throw new Interruption(`Cannot read ${address}: it answers ${response.status}`);
}

/** Runs the action again after interruptions, with growing pauses. */
async function retrying<T>(options: DownloadOptions, action: () => Promise<T>): Promise<T> {
  const { retries = 3, retryDelay = 1000, signal } = options;
  for (let attempt = 0;; attempt++) {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof Interruption)) throw error;
      if (error.isAfterProgress) attempt = 0;
      if (attempt >= retries) throw error;
      await pause(retryDelay * 2 ** attempt, signal);
    }
  }
}

function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** Fetches what is not yet in the file. */
async function fetchRest(address: string, part: string, options: DownloadOptions): Promise<void> {
  const { signal, onProgress } = options;
  let received = sizeOf(part) ?? 0;
  const range: Record<string, string> = received > 0 ? { range: `bytes=${received}-` } : {};
  const response = await get(address, range, signal);
  const size = Number(response.headers.get("content-range")?.match(/\/(\d+)$/)?.[1] ?? NaN);
  if (response.status === 416) {
    await response.body?.cancel();
    if (received === size) return; // all of it has come already
    Deno.removeSync(part);
    throw new Interruption(`Cannot go on with ${part}: it is longer than ${address}`);
  }
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(
      response.status === 404
        ? `Cannot download ${address}: there is no such file (404)`
        : `Cannot download ${address}: it answers ${response.status}`,
    );
  }
  const goesOn = response.status === 206 &&
    response.headers.get("content-range")?.startsWith(`bytes ${received}-`);
  if (!goesOn) received = 0; // a server without ranges sends all of it again
  const length = Number(response.headers.get("content-length") ?? NaN);
  const total = Number.isNaN(size) ? received + length : size;
  using file = await Deno.open(part, { create: true, write: true, truncate: !goesOn });
  await file.seek(0, Deno.SeekMode.End);
  onProgress?.(received, total);
  const before = received;
  const interruption = (why: string, cause?: unknown) => {
    const error = new Interruption(
      `Cannot go on with ${address}: ${why} after ${received} bytes (of ${total}); they are kept, ` +
        "start it again",
      { cause },
    );
    error.isAfterProgress = received > before;
    return error;
  };
  try {
    for await (const chunk of response.body ?? []) {
      for (let written = 0; written < chunk.length;) {
        written += await file.write(chunk.subarray(written));
      }
      received += chunk.length;
      onProgress?.(received, total);
    }
  } catch (cause) {
    signal?.throwIfAborted();
    if (isFromDisk(cause)) throw cause;
    throw interruption("the connection broke", cause);
  }
  if (received < total) throw interruption("it ended");
}

/** An error of the file system, which no retry mends. */
function isFromDisk(error: unknown): boolean {
  const code = (error as { code?: string }).code ?? "";
  return ["ENOSPC", "EDQUOT", "EIO", "EFBIG", "EROFS", "EACCES"].includes(code);
}

function sizeOf(path: string): number | undefined {
  try {
    return Deno.statSync(path).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
