/**
 * Writing files so that a crash, a full disk or Ctrl-C leaves either the old file or the new one.
 *
 * @module
 */

import { dirname } from "node:path";

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
      for (let written = 0; written < bytes.length;) {
        written += file.writeSync(bytes.subarray(written));
      }
      file.syncSync();
    }
    Deno.renameSync(temporary, path);
  } catch (cause) {
    try {
      Deno.removeSync(temporary);
    } catch { /* it was never made */ }
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Cannot write ${path}: ${reason}; what stood there before is kept`, { cause });
  }
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
