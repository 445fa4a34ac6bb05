/**
 * What a model answers on labelled positions, kept beside its checkpoint: what it loses at each
 * temperature, and its first choice. Made once by `deno task strength`; analyses read it in a moment.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { z } from "zod";
import { type LabelledPositions, regretPerState } from "@lib/analysis/labels.ts";
import { temper } from "@lib/analysis/reward.ts";
import type { Policy } from "@lib/analysis/states.ts";
import { writeFileAtomic } from "@lib/files.ts";

/** The temperatures at which strength is measured, from imitation to the arg-max. */
export const STRENGTH_TAUS: readonly number[] = [1, 0.75, 0.5, 0.3, 0.1, 0.01, 0.001];

/** What a model answers on labelled positions. */
export interface Answers {
  /** {@linkcode LabelledPositions.hash} of the positions. */
  readonly labels: string;
  /** SHA-256 of the checkpoint's file, its first 16 digits. */
  readonly model: string;
  /** The temperatures. */
  readonly taus: readonly number[];
  /** For each temperature, the expected loss on each position, in win-% points, to 0.1. */
  readonly loss: readonly Float64Array[];
  /** For each position, the place of the most probable move among its moves. */
  readonly first: Uint16Array;
}

const fileSchema = z.strictObject({
  labels: z.string(),
  model: z.string(),
  taus: z.array(z.number().nonnegative()),
  /** Tenths of a win-% point. */
  loss: z.array(z.array(z.int().nonnegative())),
  first: z.array(z.int().nonnegative()),
});

/** A policy's answers. */
export function answersOf(
  labelled: LabelledPositions,
  policy: Policy,
  model: string,
  taus: readonly number[] = STRENGTH_TAUS,
): Answers {
  const { states, hash } = labelled;
  return {
    labels: hash,
    model,
    taus,
    loss: taus.map((tau) =>
      regretPerState(states, temper(states, policy, tau)).map((v) => Math.round(10 * v) / 10)
    ),
    first: Uint16Array.from({ length: states.length }, (_, x) => {
      const own = policy.subarray(states.offsets[x], states.offsets[x + 1]);
      return own.indexOf(own.reduce((a, b) => Math.max(a, b)));
    }),
  };
}

/** The answers of a run, in its folder. */
function answersFile(folder: string): string {
  return join(folder, "answers.json.gz");
}

function checkpointFile(folder: string): string {
  return join(folder, "model.safetensors");
}

/** What {@linkcode Answers.model} is for the checkpoint of a run, given its folder. */
export function checkpointHash(folder: string): string {
  const bytes = Deno.readFileSync(checkpointFile(folder));
  return createHash("sha256").update(bytes).digest("hex").slice(0, 16);
}

/** Writes answers into a run's folder, as gzipped JSON, atomically. */
export function writeAnswers(folder: string, { loss, first, ...rest }: Answers): void {
  const text = JSON.stringify({
    ...rest,
    loss: loss.map((values) => Array.from(values, (v) => Math.round(10 * v))),
    first: Array.from(first),
  });
  writeFileAtomic(answersFile(folder), gzipSync(text, { level: 9 }));
}

/**
 * Reads the answers that the checkpoint in a run's folder gave on these positions; a run may be kept by
 * its answers alone, without the checkpoint.
 *
 * @throws {SyntaxError} naming the file, for what are no answers.
 * @throws {RangeError} for answers on other positions, or of another checkpoint.
 *
 * ```ts
 * import { answersOf, checkpointHash, readAnswers, writeAnswers } from "@lib/analysis/answers.ts";
 * import { readLabels, writeLabels } from "@lib/analysis/labels.ts";
 * import { uniformPolicy } from "@lib/analysis/states.ts";
 * import assert from "node:assert/strict";
 *
 * const folder = Deno.makeTempDirSync();
 * const card = { engine: "by hand", depth: 1, source: "made up", licence: "CC0" };
 * writeLabels(`${folder}/labels.gz`, card, [{
 *   ...{ game: 0, white: 1200, black: 1250, start: "k7/8/8/7p/7P/8/8/K7 w - - 0 1" },
 *   ...{ moves: "a1b1", scores: { 0: [100, 0, 300] } },
 * }]);
 * const labelled = readLabels(`${folder}/labels.gz`);
 * Deno.writeTextFileSync(`${folder}/model.safetensors`, "a checkpoint");
 * const answers = answersOf(labelled, uniformPolicy(labelled.states), checkpointHash(folder), [1]);
 * writeAnswers(folder, answers);
 * assert.deepEqual(readAnswers(folder, labelled), answers);
 * ```
 */
export function readAnswers(folder: string, { hash, states }: LabelledPositions): Answers {
  const file = answersFile(folder), bytes = Deno.readFileSync(file);
  let read: z.infer<typeof fileSchema>;
  try {
    read = fileSchema.parse(JSON.parse(new TextDecoder().decode(gunzipSync(bytes))));
  } catch (error) {
    throw new SyntaxError(`Cannot read answers from ${file}: ${(error as Error).message}`);
  }
  const columns = [...read.loss, read.first];
  if (read.labels !== hash || columns.some(({ length }) => length !== states.length)) {
    throw new RangeError(
      `Cannot use the answers of ${file}: they are for ${read.first.length} positions named ` +
        `${read.labels}, must be for the ${states.length} of ${hash}`,
    );
  }
  const model = existsSync(checkpointFile(folder)) ? checkpointHash(folder) : read.model;
  if (read.model !== model) {
    throw new RangeError(
      `Cannot use the answers of ${file}: they are of the checkpoint ${read.model}, must be of ` +
        `${model}, the one beside them (deno task strength)`,
    );
  }
  return {
    ...read,
    loss: read.loss.map((values) => Float64Array.from(values, (v) => v / 10)),
    first: Uint16Array.from(read.first),
  };
}
