/**
 * The folders of the workspace, found from this file and never from the working directory, so that
 * a notebook opened from anywhere reads and writes the same places.
 *
 * @module
 */

import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The workspace: the folder that holds `deno.json`. */
export const ROOT: string = dirname(dirname(fileURLToPath(import.meta.url)));

/** Downloads and built datasets; not in git, safe to delete. */
export const CACHE: string = join(ROOT, "data", "cache");

/** Small files that tests and the notebooks' defaults read; in git. */
export const FIXTURES: string = join(ROOT, "data", "fixtures");

/**
 * One folder a run, the figures and the ledger `claims.json`: `results`, or the folder named by the
 * environment variable `LAB_RESULTS`, for trials that leave the results here alone.
 */
export const RESULTS: string = resultsFolder();

/** The notebooks. */
export const NOTEBOOKS: string = join(ROOT, "notebooks");

/**
 * Real games to build and test against: the folder named by the environment variable `GAMES_DIR`,
 * else `shared/data` beside the workspace. The workspace works without it.
 */
export function gamesFolder(): string {
  return Deno.env.get("GAMES_DIR") ?? join(dirname(ROOT), "shared", "data");
}

/**
 * Results of jobs: the folder named by the environment variable `LAB_JOBS`, else one in the cache.
 * Workers of one queue share it.
 */
export function jobsFolder(): string {
  const told = Deno.env.get("LAB_JOBS");
  return told ? userPath(told) : join(CACHE, "jobs");
}

/** A path as its user means it: `deno task` runs elsewhere than it was called. */
export function userPath(path: string): string {
  return resolve(Deno.env.get("INIT_CWD") ?? ".", path);
}

/**
 * The folder of a dataset: a name stands for one of those in the cache, and what has a slash is a
 * path.
 *
 * ```ts
 * import { CACHE, datasetFolder } from "@lib/paths.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(datasetFolder("cap1500"), `${CACHE}/datasets/cap1500`);
 * assert.equal(datasetFolder("/mine/cap1500"), "/mine/cap1500");
 * ```
 */
export function datasetFolder(name: string): string {
  return /[/\\]/.test(name) ? userPath(name) : join(CACHE, "datasets", name);
}

/** A model as its user names it: a run's id stays as it is, and what has a slash is a path. */
export function modelName(text: string): string {
  return /[/\\]/.test(text) ? userPath(text) : text;
}

function resultsFolder(): string {
  const told = Deno.env.get("LAB_RESULTS");
  return told ? userPath(told) : join(ROOT, "results");
}
