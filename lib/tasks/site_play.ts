/**
 * The page to play on, as a folder of files: its script in one bundle, the board, tfjs's WebAssembly,
 * Stockfish, and the models that there are.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readTextIfPresent } from "@lib/files.ts";
import { RESULTS, ROOT } from "@lib/paths.ts";
import { queryRuns, type RunRow } from "@lib/query/runs.ts";

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

/** A model as the page lists it in `models.json`. */
export interface OfferedModel {
  /** The run, and the file's name under `models/`. */
  readonly id: string;
  /** The people it learned from, such as `players rated up to 1000`. */
  readonly crowd: string;
  /** How many numbers it is made of. */
  readonly parameters: number;
  /** Training positions, repeats counted. */
  readonly positions: number;
}

/**
 * The models that a page can offer: complete runs of BoardNets, those with a rating cap first, the
 * weakest of them at the front.
 *
 * @param ids runs by id, where `*` stands for any letters; none: those of people's games that
 *   are named `boardnet-cap…` or `boardnet-uncapped`.
 * @throws {Error} when there is none.
 */
export function offeredModels(ids?: readonly string[], results: string = RESULTS): OfferedModel[] {
  const runs = queryRuns(ids, { results }).filter(({ run: id, model, manifest }) =>
    model === "boardnet" && manifest.status === "complete" &&
    (ids || /^boardnet-(cap\d+|uncapped)$/.test(id))
  );
  if (runs.length === 0) {
    throw new Error(
      `Cannot build the page to play on: ${results} has no trained boardnet` +
        (ids ? ` among ${ids.join(", ")}` : " of a rating cap; name one by --models"),
    );
  }
  return runs.map((run) => ({ run, ...crowdOf(run, results) }))
    .sort((a, b) => a.cap - b.cap)
    .map(({ run: { run: id, units, manifest }, crowd }) => ({
      id,
      crowd,
      parameters: manifest.parameters,
      positions: units,
    }));
}

/** Whom a run learned from, by the dataset's card and its own configuration. */
function crowdOf({ run: id, manifest }: RunRow, results: string): { crowd: string; cap: number } {
  const card = readTextIfPresent(join(results, id, "dataset.json"));
  const { data } = manifest.config;
  if (card === undefined || data.kind !== "games") {
    return { crowd: `the players of ${id}`, cap: Infinity };
  }
  const { cap, band = data.band } = JSON.parse(card).selection;
  if (band) return { crowd: `players rated ${band[0]} to ${band[1]}`, cap: band[1] };
  if (cap) return { crowd: `players rated up to ${cap}`, cap };
  return { crowd: "players of all ratings", cap: Infinity };
}

/**
 * Writes the page into a folder.
 *
 * @throws {Error} when its script cannot be bundled.
 */
export async function writePlayPage(
  output: string,
  models: readonly OfferedModel[],
  results: string = RESULTS,
): Promise<void> {
  for (const name of ["index.html", "style.css", "icon.svg", "opened.js"]) {
    copy(join(PAGE, name), join(output, name));
  }
  for (const [folder, [specifier, ...names]] of Object.entries(FILES)) {
    for (const name of names) copy(packageFile(specifier + name), join(output, folder, name));
  }
  copy(packageFile("stockfish/Copying.txt"), join(output, "stockfish", "Copying.txt"));
  copy(packageFile("cm-chessboard/LICENSE"), join(output, "board", "LICENSE.txt"));
  for (const { id } of models) {
    copy(join(results, id, "model.safetensors"), join(output, "models", `${id}.safetensors`));
  }
  Deno.writeTextFileSync(join(output, "models.json"), JSON.stringify(models, null, 2) + "\n");
  await bundle(output);
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
    const why = new TextDecoder().decode(stderr).trim();
    throw new Error(`Cannot build the page to play on: ${why}`);
  }
}

function packageFile(specifier: string): string {
  return fileURLToPath(import.meta.resolve(specifier));
}

function copy(from: string, to: string): void {
  Deno.mkdirSync(dirname(to), { recursive: true });
  Deno.copyFileSync(from, to);
}
