/**
 * `deno task train`: trains a model, or goes on with a run that was interrupted.
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { parametersOf } from "@lib/model/model.ts";
import { countParameters } from "@lib/model/params.ts";
import { boardNetShape } from "@lib/model/boardnet.ts";
import { chessFormerShape } from "@lib/model/chessformer.ts";
import { endgameFormerShape } from "@lib/model/endgameformer.ts";
import { tokenizerByName } from "@lib/data/tokenizer.ts";
import { RESULTS } from "@lib/paths.ts";
import { configHash, parseTrainConfig, type TrainConfigInput } from "@lib/train/config.ts";
import { train } from "@lib/train/loop.ts";
import { readManifest } from "@lib/train/run.ts";

const HELP = `Train a model, or go on with a run that was interrupted.

  deno task train --config <file.json> [options]
  deno task train --name <run> --model boardnet --data <dataset> --steps 2000 [options]
  deno task train --name <run>            goes on with a run under results/

What to train (without --config)
  --name <run>         its id: the folder under results/
  --model <family>     boardnet, chessformer or endgameformer
  --data <dataset>     a dataset's name or folder; none for the endgameformer
  --size <n>           the one dial from which depth and width follow (4; endgameformer 2)
  --tokenizer <name>   of the chessformer: uci or pgn (uci)
  --block <n>          context of the chessformer, in tokens (128)
  --steps <n>          optimizer steps (2000; endgameformer 800)
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
  const number = (key: string) => {
    const value = Number(text(key));
    if (Number.isFinite(value)) return value;
    throw new RangeError(`Cannot read --${key} ${text(key)}: must be a number`);
  };
  const tokenizer = text("tokenizer"), seed = number("seed");
  const models: Record<string, () => TrainConfigInput["model"]> = {
    boardnet: () => ({ model: "boardnet", ...boardNetShape(number("size")) }),
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
    name: String(told["name"]),
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
    seed,
  };
}

async function main(args: readonly string[], signal: AbortSignal): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      config: { type: "string" },
      name: { type: "string" },
      model: { type: "string" },
      data: { type: "string" },
      size: { type: "string" },
      tokenizer: { type: "string" },
      block: { type: "string" },
      steps: { type: "string" },
      batch: { type: "string" },
      "learning-rate": { type: "string" },
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
  const config = values.config !== undefined
    ? readConfig(values.config)
    : values.model !== undefined
    ? configOf(values)
    : values.name !== undefined
    ? readManifest(join(values.results, values.name))?.config
    : undefined;
  if (config === undefined) {
    throw new TypeError(
      values.name === undefined
        ? `Cannot train without --config, --model or --name\n\n${HELP}`
        : `Cannot go on with ${values.name}: there is no such run in ${values.results}`,
    );
  }
  const minutes = values.minutes === undefined ? Infinity : Number(values.minutes);
  if (!(minutes > 0)) {
    throw new RangeError(`Cannot train for --minutes ${values.minutes}: must be more than 0`);
  }
  const parsed = parseTrainConfig(config), list = parametersOf(parsed.model);
  const known = readManifest(join(values.results, parsed.name));
  if (known?.status === "complete" && known.configHash === configHash(parsed) && !values.fresh) {
    console.log(`${known.id} is complete already; --fresh starts it over`);
    return 0;
  }
  console.log(
    `Training ${parsed.name}, ${countParameters(list).toLocaleString("en")} parameters: ` +
      JSON.stringify(parsed),
  );
  let unsaid = "";
  const run = await train(config, {
    results: values.results,
    fresh: values.fresh,
    budget: 60 * minutes,
    signal,
    onMetrics(metrics, { config: { steps } }) {
      if (metrics.validation_loss !== undefined) {
        unsaid = `, validation ${metrics.validation_loss.toFixed(4)}`;
      }
      if (metrics.loss === undefined) return;
      const left = Math.round(
        (steps - metrics.step) * metrics.seconds / Math.max(1, metrics.step),
      );
      console.log(
        `step ${metrics.step} of ${steps}, loss ${metrics.loss.toFixed(4)}${unsaid}, ` +
          `${metrics.rate} a second, ${left} s left`,
      );
      unsaid = "";
    },
  });
  console.log(
    `${run.id}: ${run.status} at step ${run.step} of ${run.config.steps}, validation loss ` +
      `${run.validationLoss?.toFixed(4)} nats, ${run.backend}`,
  );
  if (run.status === "stopped") console.log(`Go on with: deno task train --name ${run.id}`);
  return run.status === "stopped" && signal.aborted ? 130 : 0;
}

function readConfig(file: string): TrainConfigInput {
  try {
    return JSON.parse(Deno.readTextFileSync(file));
  } catch (error) {
    throw new Error(`Cannot read the configuration ${file}: ${(error as Error).message}`);
  }
}

if (import.meta.main) {
  const stop = new AbortController();
  Deno.addSignalListener("SIGINT", () => {
    if (stop.signal.aborted) Deno.exit(130);
    console.error("Stopping after this step; once more to stop at once");
    stop.abort();
  });
  try {
    Deno.exit(await main(Deno.args, stop.signal));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
