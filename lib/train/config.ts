/**
 * What a training run is: one typed record from which everything else follows.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { z } from "zod";
import { ModelConfig } from "@lib/model/model.ts";

const share = z.number().min(0).max(1);

/** The examples of a solved ending: positions labelled by simulated experts. */
export const EndgameData = z.strictObject({
  kind: z.literal("endgame"),
  ending: z.enum(["KQvK", "KRvK", "KPvK", "KQvKR"]),
  /** Share of the ending's states that the world holds; see `solveEndgame`. All by default. */
  share: z.number().positive().max(1).exactOptional(),
  /** Experts. */
  k: z.int().min(1),
  /** Share of the states in which an expert errs, each in its own. */
  errorRate: share,
  /** Share of choices made uniformly at random. */
  noise: share.default(0),
  /** Share of the wrong moves from which errors are drawn, the worst first. */
  severity: z.number().positive().max(1).default(1),
  /** Whether experts that are right spread over equally good moves or agree on one. */
  ties: z.enum(["uniform", "shared"]).default("uniform"),
  /** Share of the errors that all experts make alike (see `ExpertDials`, as for those below). */
  shared: share.exactOptional(),
  /** What the shared errors follow. */
  sharing: z.enum(["rule", "hash"]).exactOptional(),
  /** Regions in which one expert each is flawless. */
  regions: z.int().min(0).exactOptional(),
  /** Whether experts speak only of positions of their own region. */
  atHome: z.boolean().exactOptional(),
  /** How far apart the experts' rates of error are. */
  skillSpread: share.exactOptional(),
  /** Temperature of choices made at random. */
  quantal: z.number().positive().exactOptional(),
  /**
   * Size of the training set: so many examples are drawn once, and batches from them. Absent, every
   * batch is new.
   */
  examples: z.int().min(1).exactOptional(),
  /** Seed of the experts' errors. */
  seed: z.int(),
});

/** The games of a dataset: a name under `data/cache/datasets`, or a folder. */
export const GamesData = z.strictObject({
  kind: z.literal("games"),
  dataset: z.string().min(1),
  /** BoardNet only. Plies played before a position, at least: 10 leaves out most of the book. */
  minPly: z.int().min(0).optional(),
  /** BoardNet only. Positions whose mover is rated in (low, high], whatever the other side is rated. */
  band: z.tuple([z.number().min(0), z.number()])
    .refine(([low, high]) => low < high, "must be [low, high] with low < high").optional(),
});

/** The configuration of a run. */
export const TrainConfig = z.strictObject({
  /** The run's id: its folder's name under `results`. */
  name: z.string().regex(
    /^[a-z0-9][a-z0-9.-]*$/,
    "must be of small letters, digits, dots and hyphens",
  ),
  model: ModelConfig,
  data: z.discriminatedUnion("kind", [EndgameData, GamesData]),
  /** Optimizer steps. */
  steps: z.int().min(1),
  /** Examples (positions, or blocks of tokens) a step. */
  batch: z.int().min(1),
  /** Peak learning rate. */
  learningRate: z.number().positive().default(1e-3),
  /** The learning rate at the last step, as a share of the peak. */
  finalShare: share.default(0.1),
  /** Steps in which the learning rate rises from 0 to its peak. */
  warmup: z.int().min(0).default(100),
  /** What moves the matrices inside the model's blocks; AdamW by default, and for all else. */
  optimizer: z.enum(["adamw", "muon"]).exactOptional(),
  /** AdamW's and Muon's decay of weights; gains, biases and embeddings of positions do not decay. */
  weightDecay: z.number().min(0).default(0.01),
  /** AdamW's decay of the mean of gradients. */
  beta1: share.default(0.9),
  /** AdamW's decay of the mean of squared gradients. */
  beta2: share.default(0.98),
  /** The largest norm of the whole gradient; longer ones are scaled down to it. */
  clip: z.number().positive().default(1),
  /** Steps between evaluations on the fixed validation set. */
  evaluateEvery: z.int().min(1).default(200),
  /** Batches of the validation set. */
  evaluationBatches: z.int().min(1).default(8),
  /** Steps between checkpoints. */
  checkpointEvery: z.int().min(1).default(200),
  /** How the final weights are stored. */
  precision: z.enum(["float32", "float16"]).default("float32"),
  /** Seed of the initial weights and of the order of the data. */
  seed: z.int(),
});

/** The configuration of a run, defaults filled in. */
export type TrainConfig = z.output<typeof TrainConfig>;

/** The configuration of a run as its user writes it. */
export type TrainConfigInput = z.input<typeof TrainConfig>;

/**
 * Checks a configuration and fills in its defaults.
 *
 * @throws {TypeError} naming each field that is unknown, missing or out of range.
 *
 * ```ts
 * import { parseTrainConfig } from "@lib/train/config.ts";
 * import assert from "node:assert/strict";
 *
 * assert.throws(() => parseTrainConfig({ name: "first", steps: 0 }), /steps/);
 * ```
 */
export function parseTrainConfig(value: unknown): TrainConfig {
  const parsed = TrainConfig.safeParse(value);
  if (parsed.success) return parsed.data;
  const name = (value as { name?: unknown } | null)?.name;
  throw new TypeError(`Cannot train ${JSON.stringify(name)}: ${z.prettifyError(parsed.error)}`);
}

/** Twelve hexadecimal digits that two configurations share only if they are equal. */
export function configHash(config: TrainConfig): string {
  return hashOf(config, 12);
}

/** The first hexadecimal digits of the SHA-256 of a value's JSON, whatever the order of its fields. */
export function hashOf(value: unknown, digits: number): string {
  return createHash("sha256").update(JSON.stringify(sorted(value))).digest("hex").slice(0, digits);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value) || typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => [k, sorted(v)]),
  );
}
