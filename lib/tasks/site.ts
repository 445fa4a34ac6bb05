/**
 * Builds the site: `deno task site` makes `site/`, a folder of static files that any host can serve:
 * the page to play on, the report, the documents and the reference. Everything comes from this
 * workspace and its pinned packages; no page asks another host for anything.
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT, userPath } from "@lib/paths.ts";
import { runCommand } from "@lib/tasks/command.ts";
import { writeReport } from "@lib/tasks/report.ts";
import { writeDocuments, writeHome } from "@lib/tasks/site_documents.ts";
import { offeredModels, writePlayPage } from "@lib/tasks/site_play.ts";
import { writeReference } from "@lib/tasks/site_reference.ts";

const HELP = `Build the site: the page to play on, the report, the documents and the reference.

  deno task site
  deno task site --models mine-1,mine-2

Options
  --output <folder>  where to (site)
  --models <runs>    the BoardNets to play against, by their folders under results/, * stands for
                     any letters (boardnet-cap… and boardnet-uncapped)
  --without-reference  leave out the reference of the library, which takes most of the time
  --help             this text
`;

/** A file of a site and its size in bytes. */
export interface SiteFile {
  /** Its path in the site, with slashes. */
  readonly path: string;
  /** Its size. */
  readonly bytes: number;
}

/** What a site is made of; all optional. */
export interface SiteOptions {
  /** The models to play against, see `offeredModels`. */
  readonly models?: readonly string[];
  /** Whether the reference is written (default: yes). */
  readonly reference?: boolean;
}

/**
 * Builds the site.
 *
 * @param output the folder; what it held before is replaced.
 * @returns its files.
 * @throws {Error} when the folder holds other things, there is no trained BoardNet to offer, or a
 *   part cannot be made.
 */
export async function buildSite(
  output: string = join(ROOT, "site"),
  { models, reference = true }: SiteOptions = {},
): Promise<SiteFile[]> {
  const offered = offeredModels(models);
  emptySite(output);
  await Promise.all([
    writePlayPage(join(output, "play"), offered),
    reference && writeReference(join(output, "reference")),
  ]);
  writeReport(join(output, "report.html"), "index.html");
  writeDocuments(output);
  writeHome(output);
  return listFiles(output);
}

/** Empties a folder that a site was built in; any other is left alone. */
function emptySite(output: string): void {
  Deno.mkdirSync(output, { recursive: true });
  const names = [...Deno.readDirSync(output)].map(({ name }) => name);
  if (names.length > 0 && !["play", "report.html", "index.html"].every((n) => names.includes(n))) {
    throw new Error(`Cannot build the site in ${output}: it holds other things, must be empty`);
  }
  for (const name of names) Deno.removeSync(join(output, name), { recursive: true });
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
    options: {
      output: { type: "string" },
      models: { type: "string" },
      "without-reference": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const output = values.output ? userPath(values.output) : join(ROOT, "site");
  const files = await buildSite(output, {
    ...(values.models ? { models: values.models.split(",").map((id) => id.trim()) } : {}),
    reference: !values["without-reference"],
  });
  const size = (begin: string) =>
    files.filter(({ path }) => path.startsWith(begin))
      .reduce((sum, { bytes }) => sum + bytes / 1e6, 0).toFixed(1);
  console.log(
    `${output}: ${files.length} files, ${size("")} MB, of them play/ ${size("play/")}, report ` +
      `${size("report.html")}, docs/ ${size("docs/")}, reference/ ${size("reference/")}`,
  );
}

if (import.meta.main) await runCommand(main);
