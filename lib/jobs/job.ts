/**
 * Jobs: the pieces of an experiment. A job says in plain JSON what to compute; its key is the hash of
 * that, so that the same work has the same name everywhere and is done once. Its result is a file.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { readTextIfPresent, writeFileAtomic } from "@lib/files.ts";

/** What can be written as JSON and read back as it was. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };

/** A piece of work whose outcome depends on nothing but this. */
export interface Job {
  /** What is to be done: a name of `lib/jobs/kinds.ts`, such as `label`. */
  readonly kind: string;
  /** With what: all that the outcome depends on, seeds and hashes of inputs included. */
  readonly spec: Json;
}

/** A result as it lies on disk, with what it came from. */
interface ResultFile {
  readonly job: Job;
  readonly result: Json;
  /** SHA-256 of the job and the result, in hex. */
  readonly sha256: string;
}

/**
 * The key of a job: 32 hexadecimal digits of the SHA-256 of its kind and spec. The order of a spec's
 * fields does not matter.
 *
 * ```ts
 * import { jobKey } from "@lib/jobs/job.ts";
 * import assert from "node:assert/strict";
 *
 * const key = jobKey({ kind: "match", spec: { a: "greedy", b: "random" } });
 * assert.equal(key, jobKey({ kind: "match", spec: { b: "random", a: "greedy" } }));
 * assert.notEqual(key, jobKey({ kind: "match", spec: { a: "random", b: "greedy" } }));
 * ```
 */
export function jobKey({ kind, spec }: Job): string {
  return sha256(canonical({ kind, spec })).slice(0, 32);
}

/** Where the result of a job lies under the folder of results. */
export function resultFile(folder: string, job: Job): string {
  return join(folder, job.kind, `${jobKey(job)}.json`);
}

/** Writes the result of a job, atomically. */
export function writeResult(folder: string, job: Job, result: Json): void {
  const file: ResultFile = { job, result, sha256: sha256(canonical({ job, result })) };
  writeFileAtomic(resultFile(folder, job), JSON.stringify(file) + "\n");
}

/**
 * Reads the result of a job; undefined where it has none yet. A damaged file counts as none: the job
 * is done again and writes over it.
 *
 * @param onDamaged told of a damaged file, with its path and what is wrong with it.
 *
 * ```ts
 * import { readResult, resultFile, writeResult } from "@lib/jobs/job.ts";
 * import assert from "node:assert/strict";
 *
 * const folder = Deno.makeTempDirSync();
 * const job = { kind: "score", spec: { model: "cap1500" } };
 * writeResult(folder, job, { loss: 2.5 });
 * assert.deepEqual(readResult(folder, job), { loss: 2.5 });
 * Deno.truncateSync(resultFile(folder, job), 40); // as a power cut might leave it
 * assert.equal(readResult(folder, job), undefined);
 * ```
 */
export function readResult(
  folder: string,
  job: Job,
  onDamaged: (message: string) => void = () => {},
): Json | undefined {
  const path = resultFile(folder, job);
  const text = readTextIfPresent(path);
  if (text === undefined) return undefined;
  try {
    const { job: of, result, sha256: told } = JSON.parse(text) as ResultFile;
    if (sha256(canonical({ job: of, result })) !== told) throw new Error("its SHA-256 differs");
    if (jobKey(of) !== jobKey(job)) throw new Error("it is the result of another job");
    return result;
  } catch (error) {
    onDamaged(`The result ${path} is damaged (${(error as Error).message}): it is made again`);
    return undefined;
  }
}

/** JSON with the fields of objects in alphabetical order and undefined ones left out. */
function canonical(value: unknown): string {
  return JSON.stringify(
    value,
    (_, x) =>
      x !== null && typeof x === "object" && !Array.isArray(x)
        ? Object.fromEntries(Object.entries(x).sort(([a], [b]) => (a < b ? -1 : 1)))
        : x,
  );
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
