/**
 * Writing files so that a crash, a full disk or Ctrl-C leaves either the old file or the new one.
 *
 * @module
 */

import { dirname } from "node:path";
import { CACHE } from "./paths.ts";

/**
 * Writes a file atomically: to a temporary file beside it, flushed to disk, then renamed over it.
 * On an error the temporary file is removed and what stood at `path` is untouched.
 *
 * @throws {Error} naming the path and the cause, when the disk is full or the folder not writable.
 *
 * ```ts
 * import { writeFileAtomic } from "@lib/files.ts";
 * import assert from "node:assert/strict";
 *
 * const path = `${Deno.makeTempDirSync()}/claims.json`;
 * writeFileAtomic(path, "[]");
 * assert.equal(Deno.readTextFileSync(path), "[]");
 * ```
 */
export function writeFileAtomic(path: string, content: string | Uint8Array): void {
  const temporary = `${path}.${Deno.pid}.tmp`;
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  try {
    Deno.mkdirSync(dirname(path), { recursive: true });
    {
      using file = Deno.openSync(temporary, { write: true, create: true, truncate: true });
      writeAll(file, bytes);
      file.syncSync();
    }
    Deno.renameSync(temporary, path);
  } catch (cause) {
    discard(temporary);
    throw unwritten(path, cause);
  }
}

/**
 * Writes lines as they come, atomically as {@linkcode writeFileAtomic}: the file appears when the last
 * one is written. On an error, also of their source, what stood at `path` is untouched.
 *
 * @throws {Error} naming the path and the cause, when the disk is full or the folder not writable;
 * whatever the source of the lines throws.
 *
 * ```ts
 * import { writeLinesAtomic } from "@lib/files.ts";
 * import assert from "node:assert/strict";
 *
 * const path = `${Deno.makeTempDirSync()}/two.txt`;
 * await writeLinesAtomic(path, ["one", "two"]);
 * assert.equal(Deno.readTextFileSync(path), "one\ntwo\n");
 * ```
 */
export async function writeLinesAtomic(
  path: string,
  lines: Iterable<string> | AsyncIterable<string>,
): Promise<void> {
  const temporary = `${path}.${Deno.pid}.tmp`, encoder = new TextEncoder();
  const attempt = <T>(work: () => T): T => {
    try {
      return work();
    } catch (cause) {
      throw unwritten(path, cause);
    }
  };
  try {
    attempt(() => Deno.mkdirSync(dirname(path), { recursive: true }));
    {
      const open = { write: true, create: true, truncate: true };
      using file = attempt(() => Deno.openSync(temporary, open));
      for await (const line of lines) attempt(() => writeAll(file, encoder.encode(`${line}\n`)));
      attempt(() => file.syncSync());
    }
    attempt(() => Deno.renameSync(temporary, path));
  } catch (error) {
    discard(temporary);
    throw error;
  }
}

function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) {
    written += file.writeSync(bytes.subarray(written));
  }
}

function discard(temporary: string): void {
  try {
    Deno.removeSync(temporary);
  } catch { /* it was never made */ }
}

function unwritten(path: string, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Error(`Cannot write ${path}: ${reason}; what stood there before is kept`, { cause });
}

/** Writes a value as indented JSON, atomically, with a final newline. */
export function writeJson(path: string, value: unknown): void {
  writeFileAtomic(path, JSON.stringify(value, null, 2) + "\n");
}

/** A file's text; undefined where there is no such file. */
export function readTextIfPresent(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Makes an empty folder for what is needed for a moment, in the cache, where every task may write. */
export function temporaryFolder(prefix: string): string {
  Deno.mkdirSync(CACHE, { recursive: true });
  return Deno.makeTempDirSync({ dir: CACHE, prefix });
}

/**
 * The text of a file of Linux's `/proc`. Deno lets only those read it who may do all; who may start
 * programs reads it by `cat`.
 *
 * @throws {Error} where there is no such file, or neither is allowed.
 */
export function readProcFile(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
  }
  const { success, stdout } = new Deno.Command("cat", { args: [path], stderr: "null" })
    .outputSync();
  if (!success) throw new Deno.errors.NotFound(`Cannot read ${path}`);
  return new TextDecoder().decode(stdout);
}
