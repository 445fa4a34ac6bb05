/**
 * `deno task strength`: puts trained models on labelled positions and keeps what they lose there.
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { answersOf, checkpointHash, STRENGTH_TAUS, writeAnswers } from "@lib/analysis/answers.ts";
import { alignPolicy, type LabelledPositions, readLabels } from "@lib/analysis/labels.ts";
import type { Policy } from "@lib/analysis/states.ts";
import { mean } from "@lib/analysis/stats.ts";
import { useBackend } from "@lib/compute/backend.ts";
import { gamePolicy } from "@lib/model/game_policy.ts";
import { loadModel } from "@lib/model/model.ts";
import { RESULTS } from "@lib/paths.ts";
import { parseNumber, runCommand } from "@lib/tasks/command.ts";

const HELP = `Put trained models on labelled positions: what each loses at each temperature.

  deno task strength <run> … [options]

Options
  --labels <name>      results/labels/<name>.jsonl.gz (human-test)
  --temperatures <list>  at which the loss is kept (${STRENGTH_TAUS.join(",")})
  --help               this text

Writes results/<run>/answers.json.gz, for the notebooks. It names the checkpoint and the labels that it
was made of; after either has changed, run it again.
`;

/**
 * A trained model's policy on labelled positions.
 *
 * @throws {TypeError} for a model that plays no full games.
 */
export async function labelledPolicy(run: string, labelled: LabelledPositions): Promise<Policy> {
  using model = loadModel(run);
  const games = labelled.histories.map((moves, x) => ({ moves, position: labelled.positions[x] }));
  return alignPolicy(labelled, await gamePolicy(model, games));
}

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals: runs } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      labels: { type: "string", default: "human-test" },
      temperatures: { type: "string", default: STRENGTH_TAUS.join(",") },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(HELP);
  if (runs.length === 0) throw new TypeError(`Cannot measure 0 runs\n\n${HELP}`);
  const taus = values.temperatures.split(",").map((text) => parseNumber("temperatures", text));
  if (!taus.every((tau) => tau >= 0)) {
    throw new RangeError(`Cannot cool to --temperatures ${values.temperatures}: must be 0 or more`);
  }
  await useBackend();
  const labelled = readLabels(join(RESULTS, "labels", `${values.labels}.jsonl.gz`));
  for (const run of runs) {
    const start = performance.now();
    const policy = await labelledPolicy(run, labelled);
    const folder = join(RESULTS, run);
    const answers = answersOf(labelled, policy, checkpointHash(folder), taus);
    writeAnswers(folder, answers);
    const rate = labelled.states.length / (performance.now() - start) * 1000;
    const losses = taus.map((tau, t) => `${mean(answers.loss[t]).toFixed(2)} at ${tau}`);
    console.log(`${run}: loses ${losses.join(", ")} (${Math.round(rate)} positions/s)`);
  }
}

if (import.meta.main) await runCommand(main);
