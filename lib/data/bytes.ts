/**
 * Files as streams of bytes, decompressed on the way: plain, Zstandard (any number of frames) and
 * gzip (any number of members), told apart by their first bytes.
 *
 * Zstandard goes frame by frame through node:zlib, because Deno's decoder stops after the first
 * frame and takes a cut-off one for complete, both without an error: the frames are walked here
 * (RFC 8878, § 3.1) and each gets a decoder of its own.
 *
 * @module
 */

import { pipeline, Readable, type Transform } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";

const CHUNK = 1 << 20;

/** What `openBytes` may be asked to do beside reading. */
export interface BytesOptions {
  /** Told after each piece of the file: its bytes read so far (compressed ones) and its size. */
  readonly onProgress?: (read: number, size: number) => void;
}

/**
 * The content of a file, decompressed, in pieces of up to a megabyte. The file is opened when the
 * loop starts and closed when it ends, also by `break` or an error; no more than a few pieces are in
 * memory at once. Each loop over the result reads the file anew.
 *
 * @throws {Error} (from the loop) naming the file and what is wrong with it: missing, a folder, empty,
 * cut off, corrupt, another kind of archive, or not what its name says.
 *
 * ```ts
 * import { openBytes } from "@lib/data/bytes.ts";
 * import { gzipSync } from "node:zlib";
 * import assert from "node:assert/strict";
 *
 * const path = `${Deno.makeTempDirSync()}/games.pgn.gz`;
 * Deno.writeFileSync(path, gzipSync("1. e4 e5 1-0\n"));
 * let text = "";
 * for await (const bytes of openBytes(path)) text += new TextDecoder().decode(bytes);
 * assert.equal(text, "1. e4 e5 1-0\n");
 * ```
 */
export function openBytes(path: string, options: BytesOptions = {}): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => decompress(readFile(path, options), path) };
}

/**
 * Decompresses a stream by its first bytes; one that is not compressed passes through.
 *
 * @param name for the error messages; an ending of `.zst` or `.gz` must be true
 * @throws {Error} (from the loop) as `openBytes`
 */
export async function* decompress(
  bytes: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<Uint8Array> {
  await using input = new Input(bytes, name);
  const head = await input.peek(6);
  const kind = kindOf(head);
  if (head.length === 0) throw new Error(`Cannot read ${name}: it is empty`);
  for (const [ending, expected] of [[".zst", "zstd"], [".gz", "gzip"]]) {
    if (name.endsWith(ending) && kind !== expected) {
      throw new Error(
        `Cannot read ${name}: it does not begin like a ${ending} file, with ${head.length} bytes ` +
          `(${Array.from(head, (byte) => byte.toString(16).padStart(2, "0")).join(" ")} …)`,
      );
    }
  }
  if (kind === "zstd") yield* unzstd(input, name);
  else if (kind === "gzip") yield* through(createGunzip({ chunkSize: CHUNK }), input.rest(), name);
  else if (kind !== "plain") {
    throw new Error(`Cannot read ${name}: it is a ${kind} archive; unpack it first`);
  } else yield* input.rest();
}

function kindOf(head: Uint8Array): string {
  const begins = (...bytes: readonly number[]) => bytes.every((byte, i) => head[i] === byte);
  if (begins(0x28, 0xb5, 0x2f, 0xfd)) return "zstd";
  if ((head[0] & 0xf0) === 0x50 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18) {
    return "zstd"; // a skippable frame
  }
  if (begins(0x1f, 0x8b)) return "gzip";
  if (begins(0x50, 0x4b, 3, 4)) return "zip";
  if (begins(0x42, 0x5a, 0x68)) return "bzip2";
  if (begins(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0)) return "xz";
  if (begins(0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c)) return "7z";
  return "plain";
}

async function* readFile(path: string, options: BytesOptions): AsyncGenerator<Uint8Array> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path);
  } catch (cause) {
    const reason = cause instanceof Deno.errors.NotFound
      ? "there is no such file"
      : cause instanceof Error
      ? cause.message
      : String(cause);
    throw new Error(`Cannot read ${path}: ${reason}`, { cause });
  }
  using opened = file;
  const { size, isDirectory } = await opened.stat();
  if (isDirectory) throw new Error(`Cannot read ${path}: it is a folder, not a file`);
  for (let read = 0;;) {
    const piece = new Uint8Array(CHUNK);
    const n = await opened.read(piece);
    if (n === null) return;
    read += n;
    options.onProgress?.(read, size);
    yield piece.subarray(0, n);
  }
}

// Bytes of a stream in the portions asked for.
class Input {
  #bytes: AsyncIterator<Uint8Array>;
  #have: Uint8Array<ArrayBufferLike> = new Uint8Array();

  constructor(bytes: AsyncIterable<Uint8Array>, readonly name: string) {
    this.#bytes = bytes[Symbol.asyncIterator]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bytes.return?.();
  }

  /** The next `n` bytes without taking them; fewer at the end. */
  async peek(n: number): Promise<Uint8Array> {
    while (this.#have.length < n) {
      const { done, value } = await this.#bytes.next();
      if (done) break;
      if (this.#have.length === 0) this.#have = value;
      else {
        const joined = new Uint8Array(this.#have.length + value.length);
        joined.set(this.#have);
        joined.set(value, this.#have.length);
        this.#have = joined;
      }
    }
    return this.#have.subarray(0, n);
  }

  /** Takes exactly `n` bytes. */
  async take(n: number): Promise<Uint8Array> {
    const bytes = await this.peek(n);
    if (bytes.length < n) {
      throw new Error(`Cannot read ${this.name}: it is cut off in the middle of a Zstandard frame`);
    }
    this.#have = this.#have.subarray(n);
    return bytes;
  }

  /** All that is left. */
  async *rest(): AsyncGenerator<Uint8Array> {
    for (;;) {
      if (this.#have.length > 0) yield this.#have;
      const { done, value } = await this.#bytes.next();
      if (done) return;
      this.#have = value;
    }
  }
}

async function* unzstd(input: Input, name: string): AsyncGenerator<Uint8Array> {
  for (let head; (head = await input.peek(4)).length > 0;) {
    if (head.length < 4) await input.take(4);
    const kind = kindOf(head);
    if (kind !== "zstd") {
      throw new Error(`Cannot read ${name}: corrupt, no Zstandard frame where one should begin`);
    }
    if (head[0] !== 0x28) {
      const [, , , , ...size] = await input.take(8);
      let left = size[0] + size[1] * 0x100 + size[2] * 0x10000 + size[3] * 0x1000000;
      for (; left > 0; left -= Math.min(left, CHUNK)) await input.take(Math.min(left, CHUNK));
    } else yield* through(createZstdDecompress({ chunkSize: CHUNK }), frame(input, name), name);
  }
}

// The bytes of one frame: its header, its blocks, its checksum.
async function* frame(input: Input, name: string): AsyncGenerator<Uint8Array> {
  const [, , , , descriptor] = await input.peek(5);
  const single = (descriptor >> 5) & 1;
  const dictionary = [0, 1, 2, 4][descriptor & 3];
  const contentSize = [single, 2, 4, 8][descriptor >> 6];
  yield await input.take(5 + 1 - single + dictionary + contentSize);
  for (let last = 0; last === 0;) {
    const head = await input.peek(3);
    if (head.length < 3) await input.take(3);
    last = head[0] & 1;
    const type = (head[0] >> 1) & 3;
    if (type === 3) throw new Error(`Cannot read ${name}: corrupt Zstandard data`);
    const size = (head[0] >> 3) | (head[1] << 5) | (head[2] << 13);
    yield await input.take(3 + (type === 1 ? 1 : size));
  }
  if (descriptor & 4) yield await input.take(4);
}

// Runs bytes through a decoder. Leaving the loop destroys the decoder and with it the source.
async function* through(
  decoder: Transform,
  bytes: AsyncGenerator<Uint8Array>,
  name: string,
): AsyncGenerator<Uint8Array> {
  let failure: unknown;
  // An error of the source waits until what came before it has been decoded.
  const whole = async function* () {
    try {
      yield* bytes;
    } catch (error) {
      failure = error;
    }
  };
  const source = Readable.from(whole(), { objectMode: true, highWaterMark: 1 });
  pipeline(source, decoder, (error) => failure ??= error);
  try {
    yield* decoder;
    if (failure) throw failure;
  } catch (error) {
    failure ??= error;
    const message = failure instanceof Error ? failure.message : String(failure);
    if (message.startsWith("Cannot read")) throw failure;
    const cut = (failure as { code?: string }).code === "Z_BUF_ERROR";
    const what = cut ? "it is cut off" : `corrupt data (${message})`;
    throw new Error(`Cannot read ${name}: ${what}`, { cause: failure });
  } finally {
    decoder.destroy();
  }
}
