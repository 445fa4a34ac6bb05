/**
 * The folders of the workspace, found from this file and never from the working directory, so that
 * a notebook opened from anywhere reads and writes the same places.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The workspace: the folder that holds `deno.json`. */
export const ROOT: string = dirname(dirname(fileURLToPath(import.meta.url)));

/** Downloads and built datasets; not in git, safe to delete. */
export const CACHE: string = join(ROOT, "data", "cache");

/** Small files that tests and the notebooks' defaults read; in git. */
export const FIXTURES: string = join(ROOT, "data", "fixtures");

/** One folder a run, the figures and the ledger `claims.json`. */
export const RESULTS: string = join(ROOT, "results");

/** The notebooks. */
export const NOTEBOOKS: string = join(ROOT, "notebooks");

/**
 * Real games to build and test against: the folder named by the environment variable `GAMES_DIR`,
 * else `shared/data` beside the workspace. The workspace works without it.
 */
export function gamesFolder(): string {
  return Deno.env.get("GAMES_DIR") ?? join(dirname(ROOT), "shared", "data");
}
