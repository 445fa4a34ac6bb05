/**
 * Text as a stream of lines.
 *
 * @module
 */

/**
 * The lines of a stream of bytes, as they come; the last one need not end with a line break.
 *
 * @param bytes UTF-8, such as `openBytes(path)` or `Deno.stdin.readable`.
 *
 * ```ts
 * import { readLines } from "@lib/data/lines.ts";
 * import assert from "node:assert/strict";
 *
 * const bytes = new Blob(["e4\r\nc5\n", "Nf3"]).stream();
 * assert.deepEqual(await Array.fromAsync(readLines(bytes)), ["e4", "c5", "Nf3"]);
 * ```
 */
export async function* readLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of bytes) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split(/\r?\n/);
    rest = lines.pop()!;
    yield* lines;
  }
  rest += decoder.decode();
  if (rest !== "") yield rest;
}
