/**
 * The reference of the library as pages: `deno doc --html` of every file that one imports, fit to be
 * opened anywhere: no path of the machine that made it, no link that needs a server.
 *
 * @module
 */

import { join } from "node:path";
import { ROOT } from "@lib/paths.ts";

/** Left out: programs, and guides that only export again what other files document. */
const LEFT_OUT = /^lib\/(tasks\/|notebook\/mod\.ts|query\/mod\.ts)/;

const NARROW = "\n@media (max-width: 48rem) { #content { flex-direction: column; } " +
  "#content > main { max-width: calc(100vw - 3rem); } }\n";

/**
 * Writes the reference into a folder, which must not be there yet.
 *
 * @throws {Error} with what Deno said, when it cannot be made.
 */
export async function writeReference(output: string): Promise<void> {
  const files = sources("lib").filter((path) => !LEFT_OUT.test(path));
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--html", "--quiet", "--name=Transcendence Lab", `--output=${output}`, ...files],
    cwd: ROOT,
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) {
    throw new Error(`Cannot write the reference: ${new TextDecoder().decode(stderr).trim()}`);
  }
  for (const page of pages(output)) {
    Deno.writeTextFileSync(page, portable(Deno.readTextFileSync(page)));
  }
  // On a phone Deno's pages stay as wide as their longest line of code.
  const style = join(output, "page.css");
  Deno.writeTextFileSync(style, NARROW, { append: true });
  // Of many files Deno's first page is empty: it leads on to the guide.
  const guide = "mod.ts/index.html";
  Deno.writeTextFileSync(
    join(output, "index.html"),
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>Reference</title>` +
      `<meta http-equiv="refresh" content="0; url=${guide}"><a href="${guide}">The guide</a></html>\n`,
  );
}

/**
 * A page of `deno doc --html` without the buttons that lead to a file of this machine, and with links
 * to a folder leading to its first page.
 *
 * ```ts
 * import { portable } from "@lib/tasks/site_reference.ts";
 * import assert from "node:assert/strict";
 *
 * const button = '<a class="sourceButton" href="file:&#x2F;&#x2F;&#x2F;home&#x2F;x.ts"><svg></svg></a>';
 * assert.equal(portable(`<b>x</b>${button}`), "<b>x</b>");
 * assert.equal(portable('<a href="..&#x2F;">up</a>'), '<a href="..&#x2F;index.html">up</a>');
 * ```
 */
export function portable(page: string): string {
  return page
    .replaceAll(/<a\s+class="sourceButton"\s+href="file:[^"]*">[^]*?<\/a>/g, "")
    .replaceAll(/href="((?:\.{1,2}(?:\/|&#x2F;))+)"/g, 'href="$1index.html"');
}

function sources(folder: string): string[] {
  return [...Deno.readDirSync(join(ROOT, folder))].flatMap(({ name, isDirectory }) =>
    isDirectory ? sources(`${folder}/${name}`) : name.endsWith(".ts") ? [`${folder}/${name}`] : []
  ).sort();
}

function pages(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? pages(join(folder, name)) : name.endsWith(".html") ? [join(folder, name)] : []
  );
}
