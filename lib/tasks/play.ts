/**
 * Serves the page to play on to this machine alone: `deno task play`.
 *
 * @module
 */

import { extname, join, normalize } from "node:path";

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".safetensors": "application/octet-stream",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
};

/**
 * Answers a request with a file of a folder.
 *
 * ```ts
 * import { staticFile } from "@lib/tasks/play.ts";
 * import assert from "node:assert/strict";
 *
 * const folder = Deno.makeTempDirSync();
 * Deno.writeTextFileSync(`${folder}/index.html`, "hello");
 * const ask = (path: string) => staticFile(folder, new Request(`http://localhost${path}`));
 * assert.equal(await (await ask("/")).text(), "hello");
 * assert.equal((await ask("/%2e%2e/secret")).status, 404);
 * ```
 */
export async function staticFile(folder: string, request: Request): Promise<Response> {
  const missing = new Response("Not found", { status: 404 });
  if (!["GET", "HEAD"].includes(request.method)) {
    return new Response("Only GET and HEAD", { status: 405 });
  }
  let path: string;
  try {
    path = normalize(decodeURIComponent(new URL(request.url).pathname));
  } catch {
    return missing; // no valid percent-encoding
  }
  if (path.includes("\0") || path.split(/[/\\]/).includes("..")) return missing;
  const file = join(folder, path.endsWith("/") ? `${path}index.html` : path);
  const type = TYPES[extname(file)];
  if (!type) return missing;
  try {
    const headers = { "content-type": type, "x-content-type-options": "nosniff" };
    return new Response(await Deno.readFile(file), { headers });
  } catch {
    return missing;
  }
}

/** The folder that `deno task site` makes, as this task's permissions name it. */
const SITE = "site";

if (import.meta.main) {
  Deno.serve({
    hostname: "127.0.0.1",
    port: Number(Deno.env.get("PORT") ?? 8000),
    onListen: ({ port }) => console.log(`Play at http://127.0.0.1:${port}/play/ (Ctrl-C ends it)`),
  }, (request) => staticFile(SITE, request));
}
