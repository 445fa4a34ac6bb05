/**
 * The hash of a file of any size.
 *
 * @module
 */

import { createHash } from "node:crypto";

/**
 * The SHA-256 of a file, in hex, read piece by piece.
 *
 * @param onProgress told the bytes read so far after each piece
 */
export async function fileHash(
  path: string,
  signal?: AbortSignal,
  onProgress?: (read: number) => void,
): Promise<string> {
  const hash = createHash("sha256");
  let read = 0;
  const file = await Deno.open(path); // its stream closes it
  for await (const chunk of file.readable) {
    signal?.throwIfAborted();
    hash.update(chunk);
    onProgress?.(read += chunk.length);
  }
  return hash.digest("hex");
}
