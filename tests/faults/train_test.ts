import assert from "node:assert/strict";
import { join } from "node:path";
import { fileHash } from "@lib/data/file_hash.ts";
import { readTextIfPresent, writeJson } from "@lib/files.ts";
import { ROOT } from "@lib/paths.ts";
import { random } from "@lib/random.ts";
import type { TrainConfigInput } from "@lib/train/config.ts";
import { type Metrics, runFiles } from "@lib/train/run.ts";
import { LONG, record } from "./counts.ts";
import { killHard, until } from "./processes.ts";

const KILLS = LONG ? 24 : 1;

const config: TrainConfigInput = {
  name: "killed",
  model: { model: "endgameformer", layers: 1, heads: 1, width: 8 },
  data: { kind: "endgame", ending: "KRvK", k: 2, errorRate: 0.4, seed: 1 },
  steps: LONG ? 1200 : 60,
  batch: 64,
  evaluateEvery: 40,
  evaluationBatches: 1,
  checkpointEvery: 20,
  seed: 1,
};

/** `deno task train` of the configuration, as a user starts it. */
function startTraining(results: string): Deno.ChildProcess {
  const file = join(results, "config.json");
  writeJson(file, config);
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", join(ROOT, "lib/tasks/train.ts"), "--config", file, "--results", results],
    ],
    env: { LAB_THREADS: "1" },
    stdout: "null",
    stderr: "piped",
  }).spawn();
}

/** The curve: all that does not tell how fast it went. */
function curve(results: string): Omit<Metrics, "seconds" | "rate">[] {
  return readTextIfPresent(runFiles(join(results, config.name)).metrics)!.trim().split("\n")
    .map((line) => {
      const { seconds: _, rate: _rate, ...rest } = JSON.parse(line) as Metrics;
      return rest;
    });
}

async function finish(child: Deno.ChildProcess): Promise<void> {
  const { success, stderr } = await child.output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

Deno.test("kill -9 of training at random moments: the resumed curve and weights are bit-identical", async () => {
  const whole = Deno.makeTempDirSync(), killed = Deno.makeTempDirSync();
  await finish(startTraining(whole));
  const r = random(1, "moments");
  const moments = Array.from({ length: KILLS }, () => r() * config.steps).sort((a, b) => a - b);
  const steps = () => {
    const text = readTextIfPresent(runFiles(join(killed, config.name)).metrics) ?? "";
    return Number(/"step":(\d+)[^\n]*\n$/.exec(text)?.[1] ?? 0);
  };
  let kills = 0;
  for (const moment of moments) {
    const child = startTraining(killed);
    let ended = false;
    child.status.then(() => ended = true);
    await until(() => ended || steps() >= moment - 10, 120);
    await new Promise((resolve) => setTimeout(resolve, 60 * r()));
    if (!ended) kills++;
    await killHard(child);
    await child.stderr.cancel();
  }
  await finish(startTraining(killed));
  const weights = (results: string) => fileHash(runFiles(join(results, config.name)).model);
  assert.deepEqual(curve(killed), curve(whole));
  assert.equal(await weights(killed), await weights(whole));
  assert.ok(kills >= KILLS - 3, `${kills} of ${KILLS} kills met a training`);
  record("train_kills", { n: kills, identical: kills });
});
