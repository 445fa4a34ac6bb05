/**
 * The kinds of jobs there are, each with the schema of its spec. Specs arrive over the network, so
 * nothing in them names a program to run or a path to read or write outside the folder of results.
 *
 * @module
 */

import { join } from "node:path";
import { z } from "zod";
import { parseFen } from "@lib/chess/fen.ts";
import { makeUci } from "@lib/chess/san.ts";
import { fileHash } from "@lib/data/file_hash.ts";
import { type Job, jobKey, type Json } from "@lib/jobs/job.ts";
import { RESULTS } from "@lib/paths.ts";
import type { Stockfish } from "@lib/play/stockfish.ts";

/** What a job may use beside its spec. */
export interface JobContext {
  /** The folder of results; what is too large for a line of JSON lies there in files of its own. */
  readonly folder: string;
  /** Asks the job to end, with a checkpoint where it has one. */
  readonly signal: AbortSignal;
  /** Tells how far the job is, 0 … 1. */
  onProgress(fraction: number): void;
  /** An engine that stays open for the jobs that follow. */
  stockfish(engine: string): Promise<Stockfish>;
}

interface Kind<S extends z.ZodType> {
  readonly schema: S;
  run(spec: z.output<S>, context: JobContext, key: string): Promise<Json>;
}

/** The name of a folder or run: no path leads out of where it belongs. */
const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, "must be a name, not a path");
const hash = z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in hex");
/** A player as `openPlayer` reads it, but for paths and programs: neither is of a spec's choosing. */
const player = z.string().regex(/^[^/\\]*$/, "must name no path").refine(
  (text) => text.split(":").every((part) => /^(?!engine=)|^engine=(wasm|native)$/.test(part)),
  "must have the engine wasm or native",
);

const label = kind({
  schema: z.strictObject({
    /** `wasm`, `native`, or a path, which only the pool of this machine is given. */
    engine: z.string(),
    depth: z.int().positive(),
    positions: z.array(z.string()).min(1),
  }),
  async run({ engine, depth, positions }, { stockfish, signal, onProgress }) {
    const engines = await stockfish(engine);
    const scores: Record<string, number>[] = [];
    for (const fen of positions) {
      const found = await engines.evaluateMoves(parseFen(fen), { depth, signal });
      scores.push(
        Object.fromEntries(
          Array.from(found.moves, (move, i) => [makeUci(move), found.scores[i]]),
        ),
      );
      onProgress(scores.length / positions.length);
    }
    return { engine: engines.name, scores };
  },
});

const match = kind({
  schema: z.strictObject({
    a: player,
    b: player,
    /** Games of this block. */
    games: z.int().positive(),
    /** Index of its first game in the whole match: blocks of one match share a seed. */
    first: z.int().nonnegative().default(0),
    seed: z.int(),
    openings: z.enum(["standard", "none"]).default("standard"),
    maxMoves: z.int().positive().default(200),
    /** SHA-256 of the weights of the models that play, by run: with others there is no match. */
    weights: z.record(name, hash).default({}),
  }),
  async run({ a, b, openings, weights, ...options }, { signal, onProgress }) {
    for (const [run, expected] of Object.entries(weights)) {
      await checkHash(join(RESULTS, run, "model.safetensors"), expected);
    }
    const { openPlayer } = await import("@lib/play/named_player.ts");
    const { playMatch } = await import("@lib/play/match.ts");
    const { standardOpenings } = await import("@lib/play/openings.ts");
    await using players = new AsyncDisposableStack();
    const open = async (text: string) => {
      const opened = await openPlayer(text);
      players.defer(async () => await opened[Symbol.asyncDispose]?.());
      return opened;
    };
    const result = await playMatch({
      ...options,
      a: await open(a),
      b: await open(b),
      ...(openings === "standard" && { openings: standardOpenings() }),
      signal,
      onGame: (_, done, total) => onProgress(done / total),
    });
    return {
      a: result.a,
      b: result.b,
      games: result.games.map(({ moves, ...game }) => ({ ...game, moves: moves.map(makeUci) })),
    };
  },
});

const train = kind({
  schema: z.strictObject({
    /** As `parseTrainConfig` reads it. */
    config: z.record(z.string(), z.unknown()),
    /** Hash of the data, as a run's manifest names it; a run on other data is refused. */
    data: z.string().optional(),
  }),
  async run({ config: input, data }, { folder, signal, onProgress }, key) {
    // Only a training needs the tensors, which take a while to load.
    const { parseTrainConfig } = await import("@lib/train/config.ts");
    const config = parseTrainConfig(input);
    if (config.data.kind === "games") name.parse(config.data.dataset);
    const { train } = await import("@lib/train/loop.ts");
    const { runFiles } = await import("@lib/train/run.ts");
    const runs = join(folder, "runs", key);
    const run = await train(config, {
      results: runs,
      signal,
      onMetrics: ({ step }) => onProgress(step / config.steps),
    });
    if (data !== undefined && run.dataHash !== data) {
      throw new Error(`Cannot train ${run.id} on data ${run.dataHash}: must be ${data}`);
    }
    if (run.status !== "complete") throw signal.reason ?? new Error(`It is ${run.status}`);
    return {
      run: join("runs", key, run.id),
      steps: run.step,
      validationLoss: run.validationLoss,
      weights: await fileHash(runFiles(join(runs, run.id)).model),
    };
  },
});

const score = kind({
  schema: z.strictObject({
    /** A run's id. */
    model: name,
    /** SHA-256 of its weights. */
    weights: hash,
    /** Labelled positions: the file `labels/<name>.jsonl.gz` of the results. */
    labels: name,
    /** Its SHA-256. */
    sha256: hash,
    temperature: z.number().nonnegative().default(1),
  }),
  async run({ model, weights, labels, sha256, temperature }) {
    const { loadModel } = await import("@lib/model/model.ts");
    const { gamePolicy } = await import("@lib/model/game_policy.ts");
    const { useBackend } = await import("@lib/compute/backend.ts");
    const { alignPolicy, readLabels, regretPerState } = await import("@lib/analysis/labels.ts");
    const { sharpen } = await import("@lib/analysis/temperature.ts");
    const { clusteredMean } = await import("@lib/analysis/stats.ts");
    const files: [string, string][] = [
      [join(RESULTS, model, "model.safetensors"), weights],
      [join(RESULTS, "labels", `${labels}.jsonl.gz`), sha256],
    ];
    for (const [file, expected] of files) await checkHash(file, expected);
    await useBackend();
    const labelled = readLabels(files[1][0]);
    using loaded = loadModel(model);
    const { positions, histories } = labelled;
    const games = positions.map((position, x) => ({ position, moves: histories[x] }));
    const policy = alignPolicy(labelled, await gamePolicy(loaded, games));
    const { offsets, length } = labelled.states;
    for (let x = 0; x < length; x++) {
      sharpen(policy, temperature, policy, offsets[x], offsets[x + 1]);
    }
    const regret = clusteredMean(regretPerState(labelled.states, policy), {
      cluster: labelled.states.cluster,
    });
    return { positions: positions.length, regret: { ...regret } };
  },
});

/** Refuses a file that is another one here than where the job was made. */
async function checkHash(file: string, expected: string): Promise<void> {
  const found = await fileHash(file);
  if (found === expected) return;
  throw new Error(`Cannot use ${file}: its SHA-256 is ${found}, must be ${expected}`);
}

const KINDS: Readonly<Record<string, Kind<z.ZodType>>> = { label, match, train, score };

/** Lets each kind's `run` know its own spec; the table needs only that there is one. */
function kind<S extends z.ZodType>(kind: Kind<S>): Kind<z.ZodType> {
  return kind as unknown as Kind<z.ZodType>;
}

/**
 * Checks a job.
 *
 * @param from `network` refuses what names a path or program of this machine.
 * @throws {TypeError} for an unknown kind or a wrong spec, saying what is wrong.
 *
 * ```ts
 * import { checkJob } from "@lib/jobs/kinds.ts";
 * import assert from "node:assert/strict";
 *
 * const spec = { engine: "/bin/sh", depth: 1, positions: ["8/8/8/8/8/8/8/8 w - - 0 1"] };
 * assert.throws(() => checkJob({ kind: "label", spec }, "network"), /engine \/bin\/sh/);
 * ```
 */
export function checkJob({ kind, spec }: Job, from: "here" | "network"): void {
  const known = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  if (known === undefined) {
    const kinds = Object.keys(KINDS).join(", ");
    throw new TypeError(`Cannot do a job of kind "${kind}": must be one of ${kinds}`);
  }
  const parsed = known.schema.safeParse(spec);
  if (!parsed.success) {
    throw new TypeError(`Cannot do a job of kind "${kind}":\n${z.prettifyError(parsed.error)}`);
  }
  if (from === "here") return;
  const { engine } = spec as { engine?: string };
  if (engine !== undefined && engine !== "wasm" && engine !== "native") {
    throw new TypeError(`Cannot run the engine ${engine} from a queue: must be wasm or native`);
  }
}

/**
 * Does a job.
 *
 * @throws {TypeError} for a job that is none; whatever the work throws.
 */
export async function doJob(job: Job, context: JobContext): Promise<Json> {
  checkJob(job, "here");
  const { schema, run } = KINDS[job.kind];
  return await run(schema.parse(job.spec), context, jobKey(job));
}
