/**
 * Builds the page to play on: `deno task site` makes `site/`, a folder of static files that any host
 * can serve. Everything comes from this workspace and its pinned packages; the page asks no other
 * host for anything.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { RESULTS, ROOT, userPath } from "@lib/paths.ts";
import { runCommand } from "@lib/tasks/command.ts";
import { readManifest } from "@lib/train/run.ts";

const HELP = `Build the page to play on: a folder of static files.

  deno task site

Options
  --output <folder>  where to (site)
  --help             this text
`;

const PAGE = join(ROOT, "play");

/** Files of packages that the page loads: where they go, and what they are in the package. */
const FILES: Readonly<Record<string, readonly [specifier: string, ...names: string[]]>> = {
  board: [
    "cm-chessboard/assets/",
    "chessboard.css",
    "pieces/standard.svg",
    "extensions/markers/markers.css",
    "extensions/markers/markers.svg",
    "extensions/promotion-dialog/promotion-dialog.css",
  ],
  wasm: [
    "@tensorflow/tfjs-backend-wasm/dist/",
    "tfjs-backend-wasm.wasm",
    "tfjs-backend-wasm-simd.wasm",
  ],
  stockfish: ["stockfish/bin/", "stockfish-19-lite-single.js", "stockfish-19-lite-single.wasm"],
};

/** A file of a site and its size in bytes. */
export interface SiteFile {
  readonly path: string;
  readonly bytes: number;
}

/**
 * Builds the site.
 *
 * @param output the folder; what it held before is replaced.
 * @returns its files.
 * @throws {Error} when there is no trained BoardNet to offer, or the bundle cannot be made.
 */
export async function buildSite(output: string = join(ROOT, "site")): Promise<SiteFile[]> {
  const models = boardNets();
  if (models.length === 0) {
    throw new Error(`Cannot build the site: ${RESULTS} has no trained boardnet of a rating cap`);
  }
  emptySite(output);
  for (const name of ["index.html", "style.css", "icon.svg"]) {
    Deno.copyFileSync(join(PAGE, name), join(output, name));
  }
  for (const [folder, [specifier, ...names]] of Object.entries(FILES)) {
    for (const name of names) copy(packageFile(specifier + name), join(output, folder, name));
  }
  copy(packageFile("stockfish/Copying.txt"), join(output, "stockfish", "Copying.txt"));
  copy(packageFile("cm-chessboard/LICENSE"), join(output, "board", "LICENSE.txt"));
  for (const { id } of models) {
    copy(join(RESULTS, id, "model.safetensors"), join(output, "models", `${id}.safetensors`));
  }
  Deno.writeTextFileSync(join(output, "models.json"), JSON.stringify(models, null, 2) + "\n");
  await bundle(output);
  return listFiles(output);
}

/** The trained BoardNets of rating caps, weakest players first, as the page's `Offer`. */
function boardNets() {
  const found = [];
  for (const { name: id } of Deno.readDirSync(RESULTS)) {
    const cap = Number(/^boardnet-cap(\d+)$/.exec(id)?.[1]);
    if (!cap) continue;
    const run = readManifest(join(RESULTS, id));
    if (run?.status !== "complete") continue;
    const positions = run.step * run.unitsPerBatch;
    found.push({ id, cap, parameters: run.parameters, positions });
  }
  return found.sort((a, b) => a.cap - b.cap);
}

async function bundle(output: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "bundle",
      "--quiet",
      "--platform=browser",
      "--minify",
      "--code-splitting",
      `--outdir=${output}`,
      join(PAGE, "main.ts"),
    ],
    cwd: ROOT,
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) {
    throw new Error(`Cannot build the site: ${new TextDecoder().decode(stderr).trim()}`);
  }
}

/** Empties a folder that a site was built in; any other is left alone. */
function emptySite(output: string): void {
  Deno.mkdirSync(output, { recursive: true });
  const names = [...Deno.readDirSync(output)].map(({ name }) => name);
  if (names.length > 0 && !names.includes("models.json")) {
    throw new Error(`Cannot build the site in ${output}: it holds other things, must be empty`);
  }
  for (const name of names) Deno.removeSync(join(output, name), { recursive: true });
}

function packageFile(specifier: string): string {
  return fileURLToPath(import.meta.resolve(specifier));
}

function copy(from: string, to: string): void {
  Deno.mkdirSync(dirname(to), { recursive: true });
  Deno.copyFileSync(from, to);
}

function listFiles(folder: string, within = ""): SiteFile[] {
  return [...Deno.readDirSync(join(folder, within))].flatMap(({ name, isDirectory }) => {
    const path = within ? `${within}/${name}` : name;
    if (isDirectory) return listFiles(folder, path);
    return [{ path, bytes: Deno.statSync(join(folder, path)).size }];
  });
}

async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { output: { type: "string" }, help: { type: "boolean", default: false } },
  });
  if (values.help) return console.log(HELP);
  const output = values.output ? userPath(values.output) : join(ROOT, "site");
  const files = await buildSite(output);
  const size = files.reduce((sum, { bytes }) => sum + bytes, 0);
  console.log(`${output}: ${files.length} files, ${(size / 1e6).toFixed(1)} MB`);
}

if (import.meta.main) await runCommand(main);
