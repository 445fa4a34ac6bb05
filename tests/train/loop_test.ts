import assert from "node:assert/strict";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "@lib/compute/backend.ts";
import { fileHash } from "@lib/data/file_hash.ts";
import { loadModel, type ModelConfig } from "@lib/model/model.ts";
import { decodeTensors, encodeTensors } from "@lib/model/safetensors.ts";
import { random, randomInteger } from "@lib/random.ts";
import type { TrainConfigInput } from "@lib/train/config.ts";
import { train } from "@lib/train/loop.ts";
import { lockRun, readCheckpoint, readManifest } from "@lib/train/run.ts";
import { taskArguments } from "../tasks/run_task.ts";
import { outcome, TINY_MODELS, tinyConfig, tinyDataset } from "./tiny.ts";

const folder = () => Deno.makeTempDirSync();

/** The task in a process of its own, and its output, line by line. */
function startTask(...args: string[]) {
  const child = new Deno.Command(Deno.execPath(), {
    args: taskArguments("train", args, args.at(-1)),
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
  const lines = async function* () {
    let rest = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + text).split("\n");
      rest = parts.pop()!;
      yield* parts;
    }
  };
  return { child, lines: lines(), errors: () => new Response(child.stderr).text() };
}

const tinyBoardNet = TINY_MODELS["boardnet"] as Extract<ModelConfig, { model: "boardnet" }>;
const cases: [string, Partial<TrainConfigInput>][] = [
  ...Object.entries(TINY_MODELS).map((
    [family, model],
  ): typeof cases[number] => [family, { model }]),
  ["boardnet with attacks and muon", {
    model: { ...tinyBoardNet, attacks: true },
    optimizer: "muon",
  }],
];
for (const [what, change] of cases) {
  Deno.test(`a ${what} stopped after every 7 steps ends as one never stopped`, async () => {
    const config = tinyConfig(await tinyDataset(), change);
    const [whole, parts] = [folder(), folder()];
    await useBackend();
    const before = tf.memory().numTensors;
    assert.equal((await train(config, { results: whole })).status, "complete");
    for (let sessions = 0;; sessions++) {
      // The signal is asked before each step: the seventh question says stop.
      let asked = 0;
      const signal = {
        get aborted() {
          return ++asked > 7;
        },
      } as AbortSignal; // deno-fmt-ignore
      const { status, step } = await train(config, { results: parts, signal });
      if (status === "complete") break;
      assert.equal(step, Math.min(45, 7 * (sessions + 1)));
    }
    assert.deepEqual(outcome(join(parts, "tiny")), outcome(join(whole, "tiny")));
    assert.equal(tf.memory().numTensors, before, "tensors are left over");
  });
}

Deno.test("a run killed at random moments ends as one never killed", async () => {
  const dataset = await tinyDataset(), next = random(3, "kills");
  const [whole, killed] = [folder(), folder()];
  const config = tinyConfig(dataset);
  const file = join(killed, "config.json");
  Deno.writeTextFileSync(file, JSON.stringify(config));
  await train(config, { results: whole });
  for (let kills = 0; readManifest(join(killed, "tiny"))?.status !== "complete";) {
    const { child, lines, errors } = startTask("--config", file, "--results", killed);
    const stderr = errors();
    // Three kills, each a few milliseconds after a line of progress; then it may end.
    let left = kills < 3 ? 2 + randomInteger(next, 2) : Infinity;
    for await (const _ of lines) {
      if (--left > 0) continue;
      left = Infinity;
      await new Promise((resolve) => setTimeout(resolve, randomInteger(next, 30)));
      child.kill("SIGKILL");
      kills++;
    }
    const { code, signal } = await child.status;
    assert.ok(signal === "SIGKILL" || code === 0, await stderr);
  }
  assert.deepEqual(outcome(join(killed, "tiny")), outcome(join(whole, "tiny")));
  const left = [...Deno.readDirSync(join(killed, "tiny"))].map(({ name }) => name).sort();
  assert.deepEqual(left, ["card.md", "metrics.jsonl", "model.safetensors", "run.json"]);
});

Deno.test("Ctrl-C stops with a checkpoint, exit code 130 and the way to go on", async () => {
  const results = folder(), file = join(results, "config.json");
  const config = tinyConfig(await tinyDataset(), { steps: 100_000 });
  Deno.writeTextFileSync(file, JSON.stringify(config));
  const { child, lines, errors } = startTask("--config", file, "--results", results);
  const stderr = errors();
  let last = "", seen = 0;
  for await (const line of lines) {
    last = line;
    if (++seen === 3) child.kill("SIGINT");
  }
  assert.equal((await child.status).code, 130, await stderr);
  assert.match(last, /Go on with: deno task train --name tiny/);
  assert.match(await stderr, /Stopping; Ctrl-C again stops at once/);
  const manifest = readManifest(join(results, "tiny"))!;
  assert.equal(manifest.status, "stopped");
  assert.equal(readCheckpoint(join(results, "tiny"), config)!.step, manifest.step);
});

Deno.test("a full disk while a checkpoint is written leaves the one before", async () => {
  const results = folder(), directory = join(results, "tiny");
  const config = tinyConfig(await tinyDataset());
  let saved = -1;
  const full = train(config, {
    results,
    onMetrics({ step, loss }) {
      if (step !== 20 || loss === undefined) return;
      saved = readCheckpoint(directory, config)!.step;
      // The next checkpoint's temporary file is the device that is always full.
      Deno.symlinkSync("/dev/full", join(directory, `checkpoint.safetensors.${Deno.pid}.tmp`));
    },
  });
  await assert.rejects(full, /Cannot write .*checkpoint\.safetensors: .*space.*is kept/);
  assert.equal(saved, 16);
  assert.equal(readCheckpoint(directory, config)!.step, 16);
  assert.equal(readManifest(directory)!.status, "stopped");
  const whole = folder();
  await train(config, { results });
  await train(config, { results: whole });
  assert.deepEqual(outcome(directory), outcome(join(whole, "tiny")));
});

Deno.test("a full disk while metrics are written is told with the file's name", async () => {
  const results = folder(),
    directory = join(results, "tiny"),
    config = tinyConfig(await tinyDataset());
  const metrics = join(directory, "metrics.jsonl");
  const full = train(config, {
    results,
    onMetrics({ step }) {
      if (step !== 10) return;
      Deno.removeSync(metrics);
      Deno.symlinkSync("/dev/full", metrics); // the device that is always full
    },
  });
  await assert.rejects(full, /Cannot write .*metrics\.jsonl: .*space.*checkpoint is kept/);
  assert.equal(readCheckpoint(directory, config)!.step, 8);
  assert.equal(readManifest(directory)!.status, "stopped");
});

Deno.test("a damaged checkpoint is refused by name, with the way to start over", async () => {
  const results = folder(), config = tinyConfig(await tinyDataset());
  const file = join(results, "tiny", "checkpoint.safetensors");
  await train(config, { results, budget: 1e-9 });
  const whole = Deno.readFileSync(file);
  const { tensors, metadata } = decodeTensors(whole, file);
  const damaged = [
    ...[0, 100, whole.length - 1].map((length) => whole.subarray(0, length)),
    encodeTensors({ tensors, metadata: { ...metadata, progress: "{" } }),
  ];
  for (const bytes of damaged) {
    Deno.writeFileSync(file, bytes);
    await assert.rejects(
      train(config, { results }),
      /Cannot resume tiny, .*checkpoint\.safetensors is damaged \(--fresh starts over\)/,
      `${bytes.length} bytes`,
    );
  }
  assert.equal((await train(config, { results, fresh: true })).status, "complete");
});

Deno.test("a loss that is no number stops the run, and the checkpoint before is kept", async () => {
  const results = folder();
  const config = tinyConfig(await tinyDataset(), { learningRate: 1e20, checkpointEvery: 1 });
  await assert.rejects(
    train(config, { results }),
    /Cannot go on with tiny: at step \d+ the loss is \S+ and the gradient's norm (NaN|Infinity)/,
  );
  const checkpoint = readCheckpoint(join(results, "tiny"), config);
  assert.ok(checkpoint && checkpoint.step >= 1);
});

Deno.test("a complete run is returned as it is, and made anew when asked", async () => {
  const results = folder(), config = tinyConfig(await tinyDataset(), { steps: 5 });
  const first = await train(config, { results });
  assert.deepEqual(await train(config, { results }), first);
  const again = await train(config, { results, fresh: true });
  assert.notEqual(again.started, first.started);
});

Deno.test("another configuration or other data under the same name are refused", async () => {
  const results = folder(), dataset = await tinyDataset();
  await train(tinyConfig(dataset), { results, budget: 1e-9 });
  await assert.rejects(
    train(tinyConfig(dataset, { learningRate: 0.5 }), { results }),
    /has configuration [0-9a-f]{12}, this one is [0-9a-f]{12}/,
  );
  Deno.removeSync(dataset, { recursive: true });
  Deno.renameSync(await tinyDataset(2), dataset);
  await assert.rejects(
    train(tinyConfig(dataset), { results }),
    /was trained on data \S+, these are/,
  );
});

Deno.test("the card of a ChessFormer counts its tokens", async () => {
  const results = folder(), model = TINY_MODELS["chessformer"];
  const run = await train(tinyConfig(await tinyDataset(), { model, steps: 4 }), { results });
  assert.equal(run.unitsPerBatch, 3 * 13);
  assert.match(
    Deno.readTextFileSync(join(results, "tiny", "card.md")),
    /4 of 4 steps, 156 tokens,/,
  );
});

Deno.test("the manifest tells when a run went on with another backend", async () => {
  const results = folder(), config = tinyConfig(await tinyDataset(), { steps: 3 });
  const before = Deno.env.get("LAB_BACKEND");
  try {
    Deno.env.set("LAB_BACKEND", "wasm");
    let asked = 0;
    const signal = {
      get aborted() {
        return ++asked > 2;
      },
    } as AbortSignal; // deno-fmt-ignore
    await train(config, { results, signal });
    Deno.env.set("LAB_BACKEND", "cpu");
    const { backend } = await train(config, { results });
    assert.match(backend, /^tfjs \S+ on wasm .*, then tfjs \S+ on cpu/);
  } finally {
    if (before === undefined) Deno.env.delete("LAB_BACKEND");
    else Deno.env.set("LAB_BACKEND", before);
  }
});

Deno.test("one run is trained by one process at a time", async () => {
  const results = folder(), config = tinyConfig(await tinyDataset());
  using _lock = lockRun(join(results, "tiny"));
  await assert.rejects(train(config, { results }), /another process is training it/);
});

Deno.test("the manifest says where the weights come from, and they load by folder", async () => {
  const results = folder(), config = tinyConfig(await tinyDataset(), { steps: 3 });
  const run = await train(config, { results });
  assert.deepEqual(run.config, config);
  assert.match(run.git.commit, /^[0-9a-f]{40}$/);
  assert.equal(run.versions["deno"], Deno.version.deno);
  assert.ok(run.validationLoss! > 0 && run.parameters > 0);
  const card = Deno.readTextFileSync(join(results, "tiny", "card.md"));
  assert.match(card, /3 of 3 steps, 9 positions,/);
  assert.equal(run.weights, await fileHash(join(results, "tiny", "model.safetensors")));
  assert.ok(card.includes(`SHA-256 ${run.weights}`));
  using model = loadModel(join(results, "tiny"), "boardnet");
  assert.deepEqual(model.config, config.model);
});
