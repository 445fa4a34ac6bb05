/** A dataset and configurations so small that a run takes a second. */

import { join } from "node:path";
import { legalMoves, startPosition } from "@lib/chess/position.ts";
import { buildDataset } from "@lib/data/dataset.ts";
import type { ModelConfig } from "@lib/model/model.ts";
import { random, randomInteger } from "@lib/random.ts";
import { parseTrainConfig, type TrainConfig, type TrainConfigInput } from "@lib/train/config.ts";

/** Builds a dataset of 40 random games in a new folder, and returns the folder. */
export async function tinyDataset(seed = 1): Promise<string> {
  const games = Array.from({ length: 40 }, (_, i) => {
    const next = random(seed, "tiny games", i), position = startPosition();
    const moves: number[] = [];
    while (moves.length < 12) {
      const legal = legalMoves(position), move = legal[randomInteger(next, legal.length)];
      moves.push(move);
      position.play(move);
    }
    return { headers: { WhiteElo: String(1000 + 10 * i) }, moves, result: "1/2-1/2" };
  });
  const directory = join(Deno.makeTempDirSync(), "tiny");
  const split = { validation: 0.3, test: 0 };
  await buildDataset({ source: { name: "random moves", games }, directory, split });
  return directory;
}

/** Tiny models of the two families that train on games. */
export const TINY_MODELS: Record<string, ModelConfig> = {
  boardnet: { model: "boardnet", filters: 4, blocks: 1, squeeze: 2, keys: 2 },
  chessformer: {
    model: "chessformer",
    tokenizer: "uci",
    vocabulary: 1969,
    block: 13,
    layers: 1,
    heads: 1,
    width: 4,
    expansion: 2,
    bias: false,
  },
};

/** A configuration of 45 steps. */
export function tinyConfig(
  dataset: string,
  change: Partial<TrainConfigInput> = {},
): TrainConfig {
  return parseTrainConfig({
    name: "tiny",
    model: TINY_MODELS["boardnet"],
    data: { kind: "games", dataset },
    steps: 45,
    batch: 3,
    warmup: 5,
    evaluateEvery: 10,
    evaluationBatches: 2,
    checkpointEvery: 4,
    seed: 1,
    ...change,
  });
}

/** What must be equal however a run was interrupted: the weights, and the metrics but their times. */
export function outcome(directory: string): { weights: Uint8Array; metrics: unknown[] } {
  const lines = Deno.readTextFileSync(join(directory, "metrics.jsonl")).trim().split("\n");
  return {
    weights: Deno.readFileSync(join(directory, "model.safetensors")),
    metrics: lines.map((line) => {
      const { seconds: _seconds, rate: _rate, ...measured } = JSON.parse(line);
      return measured;
    }),
  };
}
