/**
 * Games on disk: a 64-byte header, then the columns of `Games` one after the other, so that reading
 * is one read and the arrays are views of it. Little-endian, as every machine Deno runs on.
 *
 * | bytes | content |
 * |---|---|
 * | 0–7 | `GAMES` and three zeros |
 * | 8–11 | version of the format, 1 |
 * | 12–15 | games G |
 * | 16–19 | plies M |
 * | 20–23 | 1 when there are evaluations |
 * | 24–27 | bytes of the start positions, a JSON list, 0 when there are none |
 * | 28–31 | zeros |
 * | 32–63 | SHA-256 of all that follows |
 * | 64– | offsets u32[G + 1], moves u16[M], white, black, year u16[G], evals i16[M], result i8[G], speed u8[G], starts |
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { Games } from "@lib/data/games.ts";
import { SPEEDS } from "@lib/data/speed.ts";
import { writeFileAtomic } from "@lib/files.ts";

const MAGIC = "GAMES\0\0\0";
const VERSION = 1;
const HEADER = 64;

/** Bytes of a shard with these counts. */
function shardSize(games: number, plies: number, evals: boolean, starts: number): number {
  return HEADER + 4 * (games + 1) + 2 * plies + 6 * games + (evals ? 2 * plies : 0) + 2 * games +
    starts;
}

/** The SHA-256 of all bytes after the header, in hex. */
function payloadHash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes.subarray(HEADER)).digest("hex");
}

/** The bytes of a shard. */
export function makeShard(games: Games): Uint8Array<ArrayBuffer> {
  const starts = new TextEncoder().encode(games.starts ? JSON.stringify(games.starts) : "");
  const bytes = new Uint8Array(
    shardSize(games.length, games.moves.length, games.evals !== undefined, starts.length),
  );
  const header = new DataView(bytes.buffer);
  new TextEncoder().encodeInto(MAGIC, bytes);
  const numbers = [VERSION, games.length, games.moves.length, games.evals ? 1 : 0, starts.length];
  numbers.forEach((number, i) => header.setUint32(8 + 4 * i, number, true));
  let at = HEADER;
  const { offsets, moves, white, black, year, evals, result, speed } = games;
  for (const column of [offsets, moves, white, black, year, evals, result, speed, starts]) {
    if (!column) continue;
    bytes.set(new Uint8Array(column.buffer, column.byteOffset, column.byteLength), at);
    at += column.byteLength;
  }
  bytes.set(createHash("sha256").update(bytes.subarray(HEADER)).digest(), 32);
  return bytes;
}

/**
 * The games of a shard's bytes; the columns are views of these bytes.
 *
 * @param name what to call the shard in an error
 * @throws {SyntaxError} when the bytes are no shard, of another version, cut short or corrupt.
 */
export function parseShard(bytes: Uint8Array, name = "shard"): Games {
  const refuse = (why: string) => new SyntaxError(`Cannot read the games of ${name}: ${why}`);
  if (bytes.byteOffset % 4 !== 0) bytes = bytes.slice();
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = new TextDecoder().decode(bytes.subarray(0, MAGIC.length));
  if (magic !== MAGIC) throw refuse("it is no shard of games (the first bytes differ)");
  if (bytes.length < HEADER) {
    throw refuse(`it is cut short: ${bytes.length} bytes, a header has 64`);
  }
  const [version, length, plies, evalFlag, startBytes] = [8, 12, 16, 20, 24].map((at) =>
    header.getUint32(at, true)
  );
  if (version !== VERSION) {
    throw refuse(`it has version ${version}, this program reads version ${VERSION}: build it anew`);
  }
  const size = shardSize(length, plies, evalFlag === 1, startBytes);
  if (bytes.length !== size) {
    const kind = bytes.length < size ? "cut short" : "too long";
    throw refuse(`it is ${kind}: ${bytes.length} bytes, must be ${size} for ${length} games`);
  }
  if (payloadHash(bytes) !== shardHash(bytes)) {
    throw refuse("it is corrupt: its content does not have the SHA-256 its header names");
  }
  let at = bytes.byteOffset + HEADER;
  const take = <T extends { byteLength: number }>(
    type: new (buffer: ArrayBufferLike, at: number, length: number) => T,
    count: number,
  ): T => {
    const column = new type(bytes.buffer, at, count);
    at += column.byteLength;
    return column;
  };
  const offsets = take(Uint32Array, length + 1);
  const moves = take(Uint16Array, plies);
  const white = take(Uint16Array, length);
  const black = take(Uint16Array, length);
  const year = take(Uint16Array, length);
  const evals = evalFlag === 1 ? take(Int16Array, plies) : undefined;
  const result = take(Int8Array, length);
  const speed = take(Uint8Array, length);
  const starts = startBytes > 0
    ? JSON.parse(new TextDecoder().decode(take(Uint8Array, startBytes)))
    : undefined;
  for (let i = 0; i < length; i++) {
    if (offsets[i] > offsets[i + 1]) throw refuse(`the offsets of game ${i} run backwards`);
    if (speed[i] >= SPEEDS.length) throw refuse(`game ${i} has the unknown speed ${speed[i]}`);
  }
  if (offsets[0] !== 0 || offsets[length] !== plies) throw refuse("the offsets miss some plies");
  return {
    length,
    offsets,
    moves,
    white,
    black,
    result,
    speed,
    year,
    ...(evals && { evals }),
    ...(starts && { starts }),
  };
}

/** The SHA-256 that a shard's header names, in hex. */
export function shardHash(shard: Uint8Array): string {
  return shard.subarray(32, 64).toHex();
}

/**
 * Writes games to a shard, atomically.
 *
 * @returns the SHA-256 of the shard's content, in hex
 * @throws {Error} when the file cannot be written; what stood there before is kept.
 *
 * ```ts
 * import { collectGames, eachGame, gameRow } from "@lib/data/games.ts";
 * import { readShard, writeShard } from "@lib/data/shard.ts";
 * import assert from "node:assert/strict";
 *
 * const games = collectGames([gameRow({ headers: { WhiteElo: "900" }, moves: [], result: "0-1" })]);
 * const path = `${Deno.makeTempDirSync()}/tiny.games`;
 * writeShard(path, games);
 * assert.deepEqual([...eachGame(readShard(path))], [...eachGame(games)]);
 * ```
 */
export function writeShard(path: string, games: Games): string {
  const bytes = makeShard(games);
  writeFileAtomic(path, bytes);
  return shardHash(bytes);
}

/**
 * Reads a shard.
 *
 * @param hash the SHA-256 of the content that is expected, in hex; any when not told
 * @throws {Deno.errors.NotFound} when there is no such file
 * @throws {SyntaxError} when it is no shard, of another version, cut short, corrupt or another one
 */
export function readShard(path: string, hash?: string): Games {
  let bytes;
  try {
    bytes = Deno.readFileSync(path);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new Deno.errors.NotFound(`Cannot read the games of ${path}: there is no such file`, {
      cause,
    });
  }
  const games = parseShard(bytes, path);
  if (hash !== undefined && hash !== shardHash(bytes)) {
    throw new SyntaxError(
      `Cannot read the games of ${path}: its SHA-256 is ${shardHash(bytes)}, must be ${hash}`,
    );
  }
  return games;
}
