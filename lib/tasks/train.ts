/**
 * `deno task train`: trains a model, or goes on with a run that was interrupted.
 *
 * @module
 */

import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { parametersOf } from "@lib/model/model.ts";
import { countParameters } from "@lib/model/params.ts";
import { boardNetShape } from "@lib/model/boardnet.ts";
import { chessFormerShape } from "@lib/model/chessformer.ts";
import { endgameFormerShape } from "@lib/model/endgameformer.ts";
import { tokenizerByName } from "@lib/data/tokenizer.ts";
import { datasetFolder, RESULTS, userPath } from "@lib/paths.ts";
import { parseCount, parseNumber, runCommand } from "@lib/tasks/command.ts";
import {
  configHash,
  parseTrainConfig,
  type TrainConfig,
  type TrainConfigInput,
} from "@lib/train/config.ts";
import { train } from "@lib/train/loop.ts";
import { readManifest } from "@lib/train/run.ts";

const HELP = `Train a model, or go on with a run that was interrupted.

  deno task train --model boardnet --cap 1500 --steps 2000 [options]
  deno task train --config <file.json>    all that follows from a file
  deno task train --name <run>            goes on with a run under results/

What to train (with --model)
  --model <family>     boardnet, chessformer or endgameformer
  --name <run>         its id: the folder under results/ (the family and the data)
  --data <dataset>     a dataset's name, or a folder if it has a slash; none for the endgameformer
  --cap <rating>       the dataset cap<rating>
  --size <n>           the one dial from which depth and width follow (4; endgameformer 2)
  --tokenizer <name>   of the chessformer: uci or pgn (uci)
  --block <n>          context of the chessformer, in tokens (128)
  --steps <n>          optimizer steps (2000; endgameformer 800)
  --attacks            the boardnet is also told which squares each side attacks
  --optimizer <name>   adamw, or muon for the matrices inside the blocks (adamw)
  --batch <n>          positions a step (256), or blocks of tokens (32)
  --learning-rate <x>  at its peak (0.004; chessformer 0.001, endgameformer 0.01)
  --seed <n>           of weights and batches (1)
  --experts <k>        of the endgameformer's data (10)
  --error-rate <x>     of these experts (0.4)

How
  --minutes <x>        stop after so long, with a checkpoint; the same command goes on. The schedule
                       follows --steps alone, so the result does not depend on when it was stopped.
  --fresh              start over, whatever is there
  --results <folder>   where runs are kept (results/)
  --help               this text

Ctrl-C stops after the step in progress, with a checkpoint.
`;

/** What is not told: for each family what trains well in minutes on two cores. */
const DEFAULTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  boardnet: { size: "4", steps: "2000", batch: "256", "learning-rate": "0.004" },
  chessformer: { size: "4", steps: "2000", batch: "32", "learning-rate": "0.001" },
  endgameformer: { size: "2", steps: "800", batch: "256", "learning-rate": "0.01" },
};
const OTHER_DEFAULTS = {
  tokenizer: "uci",
  block: "128",
  seed: "1",
  experts: "10",
  "error-rate": "0.4",
};

/**
 * The configuration that the command line asks for.
 *
 * @param told options by name, without their dashes; what is missing takes the family's default.
 * @throws {RangeError} for an unknown family or what is no number.
 * @throws {TypeError} for a family that learns from games, without a dataset.
 */
export function configOf(
  told: Readonly<Record<string, string | boolean | undefined>>,
): TrainConfigInput {
  const family = String(told["model"]);
  if (!(family in DEFAULTS)) {
    throw new RangeError(
      `Cannot train a "${family}": --model must be one of ${Object.keys(DEFAULTS).join(", ")}`,
    );
  }
  if (family !== "endgameformer" && told["data"] === undefined) {
    throw new TypeError(`Cannot train a ${family} without --data <dataset>; see deno task data`);
  }
  const defaults: Readonly<Record<string, string>> = { ...OTHER_DEFAULTS, ...DEFAULTS[family] };
  const text = (key: string) => String(told[key] ?? defaults[key]);
  const number = (key: string) => parseNumber(key, text(key));
  const tokenizer = text("tokenizer"), seed = number("seed");
  const models: Record<string, () => TrainConfigInput["model"]> = {
    boardnet: () => ({
      model: "boardnet",
      ...boardNetShape(number("size")),
      ...(told["attacks"] && { attacks: true }),
    }),
    endgameformer: () => ({ model: "endgameformer", ...endgameFormerShape(number("size")) }),
    chessformer: () => ({
      model: "chessformer",
      tokenizer: tokenizer as "uci" | "pgn",
      vocabulary: tokenizerByName(tokenizer).size,
      block: number("block"),
      ...chessFormerShape(number("size")),
    }),
  };
  return {
    name: String(told["name"] ?? nameOf(family, told["data"])),
    model: models[family](),
    data: family === "endgameformer"
      ? {
        kind: "endgame",
        ending: "KRvK",
        k: number("experts"),
        errorRate: number("error-rate"),
        seed,
      }
      : { kind: "games", dataset: String(told["data"]) },
    steps: number("steps"),
    batch: number("batch"),
    learningRate: number("learning-rate"),
    ...(told["optimizer"] !== undefined && { optimizer: told["optimizer"] as "adamw" | "muon" }),
    seed,
  };
}

/** A run's name where none is told: its family and what it learns from. */
function nameOf(family: string, data: string | boolean | undefined): string {
  const dataset = family === "endgameformer" ? "krvk" : basename(String(data));
  return `${family}-${dataset.toLowerCase().replace(/[^a-z0-9.]+/g, "-")}`;
}

/** The options that say what to train: what all families take, and what only some do. */
const WHAT = ["size", "steps", "batch", "learning-rate", "optimizer", "seed"];
const WHAT_OF: Readonly<Record<string, readonly string[]>> = {
  boardnet: ["data", "cap", "attacks"],
  chessformer: ["data", "cap", "tokenizer", "block"],
  endgameformer: ["experts", "error-rate"],
};

/** Refuses options that would be ignored. */
function checkOptions(values: Readonly<Record<string, string | boolean | undefined>>): void {
  const { config, model, name, cap, data } = values;
  const told = (flags: readonly string[]) => flags.filter((flag) => values[flag] !== undefined);
  const list = (flags: readonly string[]) => flags.map((flag) => `--${flag}`).join(", ");
  const all = [...WHAT, ...new Set(Object.values(WHAT_OF).flat())];
  if (config !== undefined && told(["name", "model", ...all]).length > 0) {
    throw new TypeError(
      `Cannot train with --config and ${list(told(["name", "model", ...all]))}: ` +
        `the file says it all; change ${config}`,
    );
  }
  if (config === undefined && model === undefined && told(all).length > 0) {
    throw new TypeError(
      `Cannot train with ${list(told(all))} but no --model: ` +
        (name === undefined
          ? "say what to train"
          : `${name} goes on as it began; a new run needs a --model`),
    );
  }
  const allowed = [...WHAT, ...WHAT_OF[String(model)] ?? all];
  const stray = told(all).filter((flag) => !allowed.includes(flag));
  if (stray.length > 0) throw new TypeError(`Cannot train a ${model} with ${list(stray)}`);
  if (cap !== undefined && data !== undefined) {
    throw new TypeError(`Cannot train with --cap ${cap} and --data ${data}: give one of them`);
  }
}

/**
 * The name of the dataset of a rating cap.
 *
 * @throws {Error} when it is not built, with the command that builds it.
 */
function datasetOfCap(text: string): string {
  const name = `cap${parseCount("cap", text)}`;
  try {
    Deno.statSync(join(datasetFolder(name), "card.json"));
    return name;
  } catch {
    throw new Error(
      `Cannot train on ${name}: there is no such dataset; build it with\n` +
        `  deno task data --source <games.pgn.zst or a month> --cap ${text} --out ${name}`,
    );
  }
}

/** What is trained, in words. */
function describe({ name, model, data, steps, batch, learningRate, seed }: TrainConfig): string {
  const shape = model.model === "boardnet"
    ? `${model.blocks} blocks of ${model.filters} filters`
    : `${model.layers} layers of width ${model.width} with ${model.heads} heads`;
  const context = model.model === "chessformer"
    ? `, context of ${model.block} ${model.tokenizer} tokens`
    : "";
  const from = data.kind === "games"
    ? `the games of ${data.dataset}`
    : `${data.ending} moves of ${data.k} experts with error rate ${data.errorRate}`;
  const parameters = countParameters(parametersOf(model)).toLocaleString("en");
  const unit = model.model === "chessformer" ? "blocks" : "positions";
  return [
    `Training ${name}: ${model.model} of ${parameters} parameters (${shape}${context})`,
    `on ${from}`,
    `in ${steps} steps of ${batch} ${unit}, learning rate ${learningRate}, seed ${seed}`,
  ].join("\n  ");
}

async function main(args: readonly string[], signal: AbortSignal): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      config: { type: "string" },
      name: { type: "string" },
      model: { type: "string" },
      data: { type: "string" },
      cap: { type: "string" },
      size: { type: "string" },
      tokenizer: { type: "string" },
      block: { type: "string" },
      steps: { type: "string" },
      batch: { type: "string" },
      "learning-rate": { type: "string" },
      attacks: { type: "boolean" },
      optimizer: { type: "string" },
      seed: { type: "string" },
      experts: { type: "string" },
      "error-rate": { type: "string" },
      minutes: { type: "string" },
      fresh: { type: "boolean", default: false },
      results: { type: "string", default: RESULTS },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  checkOptions(values);
  const results = userPath(values.results);
  const data = values.cap === undefined ? values.data : datasetOfCap(values.cap);
  const config = values.config !== undefined
    ? readConfig(userPath(values.config))
    : values.model !== undefined
    ? configOf({ ...values, data })
    : values.name !== undefined
    ? readManifest(join(results, values.name))?.config
    : undefined;
  if (config === undefined) {
    throw new TypeError(
      values.name === undefined
        ? `Cannot train without --config, --model or --name\n\n${HELP}`
        : `Cannot go on with ${values.name}: there is no such run in ${results}`,
    );
  }
  const minutes = values.minutes === undefined ? Infinity : parseNumber("minutes", values.minutes);
  if (!(minutes > 0)) {
    throw new RangeError(`Cannot train for --minutes ${values.minutes}: must be more than 0`);
  }
  const parsed = parseTrainConfig(config);
  const known = readManifest(join(results, parsed.name));
  if (known?.status === "complete" && known.configHash === configHash(parsed) && !values.fresh) {
    console.log(`${known.id} is complete already; --fresh starts it over`);
    return 0;
  }
  console.log(describe(parsed));
  let unsaid = "";
  const run = await train(config, {
    results,
    fresh: values.fresh,
    budget: 60 * minutes,
    signal,
    onMetrics(metrics, { config: { steps }, unit }) {
      if (metrics.validation_loss !== undefined) {
        unsaid = `, validation ${metrics.validation_loss.toFixed(4)}`;
      }
      if (metrics.loss === undefined) return;
      const left = Math.round(
        (steps - metrics.step) * metrics.seconds / Math.max(1, metrics.step),
      );
      console.log(
        `step ${metrics.step} of ${steps}, loss ${metrics.loss.toFixed(4)}${unsaid}, ` +
          `${metrics.rate} ${unit}/s, ${left} s left`,
      );
      unsaid = "";
    },
  });
  console.log(
    `${run.id}: ${run.status} at step ${run.step} of ${run.config.steps}, validation loss ` +
      `${run.validationLoss?.toFixed(4)} nats, ${run.backend}`,
  );
  if (run.status === "stopped") {
    const where = results === RESULTS ? "" : ` --results ${results}`;
    console.log(`Go on with: deno task train --name ${run.id}${where}`);
  }
  return run.status === "stopped" && signal.aborted ? 130 : 0;
}

function readConfig(file: string): TrainConfigInput {
  try {
    return JSON.parse(Deno.readTextFileSync(file));
  } catch (error) {
    throw new Error(`Cannot read the configuration ${file}: ${(error as Error).message}`);
  }
}

if (import.meta.main) await runCommand(main);
