/**
 * Portions on disk, so that many files can be read at once in bounded memory and be joined in order.
 *
 * @module
 */

import { join } from "node:path";
import {
  emptyTally,
  type Portion,
  type PortionOptions,
  portionsOfFile,
  type Tally,
} from "@lib/data/portions.ts";
import { readShard, writeShard } from "@lib/data/shard.ts";
import type { GameFile } from "@lib/data/sources.ts";
import { writeFileAtomic } from "@lib/files.ts";

/** What stands beside the games of a portion. */
interface About {
  readonly sha256: string;
  readonly players: Portion["players"];
  readonly keys: Portion["keys"];
  readonly tally: Tally;
}

const GAMES = 20_000; // of a portion: some megabytes

const path = (folder: string, number: number, ending: string) =>
  join(folder, `${String(number).padStart(4, "0")}.${ending}`);

/**
 * Reads a file into portions in a folder.
 *
 * @returns how many there are
 * @throws {Error} when the file is missing, empty, cut short or corrupt
 */
export async function writePortions(
  file: GameFile,
  folder: string,
  options: PortionOptions,
): Promise<number> {
  let number = 0;
  for await (const { games, ...about } of portionsOfFile(file, { ...options, games: GAMES })) {
    const sha256 = writeShard(path(folder, number, "games"), games);
    writeFileAtomic(path(folder, number, "json"), JSON.stringify({ ...about, sha256 }));
    number++;
  }
  return number;
}

/** The portions of a folder, in order; their hashes are checked. */
export function* readPortions(folder: string, count: number): Generator<Portion> {
  for (let number = 0; number < count; number++) {
    const { sha256, ...about }: About = JSON.parse(
      Deno.readTextFileSync(path(folder, number, "json")),
    );
    yield { ...about, games: readShard(path(folder, number, "games"), sha256) };
  }
}

/** What a Worker is told: which file to read, by which rules, and where to. */
export interface PortionOrder {
  /** The file. */
  readonly file: GameFile;
  /** The folder for its portions. */
  readonly folder: string;
  /** Which games are kept. */
  readonly selection: PortionOptions["selection"];
}

/** What it answers: how far it is, then how many portions there are, or why there are none. */
export type PortionAnswer =
  | { readonly fraction: number }
  | { readonly portions: number }
  | { readonly failed: string };

/**
 * Reads several files at once by Workers, each a file at a time, into the same portions in the same
 * order as `portionsOfFiles`.
 *
 * @param workers how many
 * @param folder for what is read before its turn; removed in the end
 */
export function parallelPortions(
  workers: number,
  folder: string,
): (files: readonly GameFile[], options: PortionOptions) => AsyncGenerator<Portion> {
  return async function* (files, { selection, signal, onPiece }) {
    const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
    const folders = files.map((_, i) => join(folder, String(i)));
    const read = files.map(() => 0); // bytes
    const counts = files.map(() => Promise.withResolvers<number>());
    for (const { promise } of counts) promise.catch(() => {}); // thrown when its turn comes
    const stop = () => counts.forEach(({ reject }) => reject(signal!.reason));
    const tell = () => onPiece?.(read.reduce((a, b) => a + b, 0) / total, emptyTally());
    using ends = new DisposableStack();
    ends.defer(() => removeFolder(folder));
    ends.defer(() => signal?.removeEventListener("abort", stop));
    signal?.addEventListener("abort", stop);
    const waiting = files.entries();
    const lane = async (worker: Worker) => {
      for (const [i, file] of waiting) {
        const order = { file, folder: folders[i], selection };
        const count = ask(worker, order, (fraction) => (read[i] = fraction * file.bytes, tell()));
        counts[i].resolve(count);
        await count.catch(() => {});
      }
    };
    for (let i = 0; i < Math.min(workers, files.length); i++) {
      const url = new URL("./portion_worker.ts", import.meta.url);
      const worker = new Worker(url, { type: "module" });
      ends.defer(() => worker.terminate());
      lane(worker);
    }
    for (const [i, { promise }] of counts.entries()) {
      yield* readPortions(folders[i], await promise);
      removeFolder(folders[i]);
    }
  };
}

/** Has a Worker read a file; resolves with the number of portions. */
function ask(
  worker: Worker,
  order: PortionOrder,
  onFraction: (fraction: number) => void,
): Promise<number> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<PortionAnswer>) => {
      if ("fraction" in data) onFraction(data.fraction);
      else if ("failed" in data) reject(new Error(data.failed));
      else resolve(data.portions);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(`Cannot read ${order.file.path}: ${event.message}`));
    };
    worker.postMessage(order);
  });
}

function removeFolder(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
