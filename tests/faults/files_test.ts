import assert from "node:assert/strict";
import { join } from "node:path";
import { readLabels, writeLabels } from "@lib/analysis/labels.ts";
import { readCard } from "@lib/data/card.ts";
import { openDataset } from "@lib/data/dataset.ts";
import { collectGames } from "@lib/data/games.ts";
import { writeShard } from "@lib/data/shard.ts";
import { writeFileAtomic } from "@lib/files.ts";
import { readResult, resultFile, writeResult } from "@lib/jobs/job.ts";
import { loadModel } from "@lib/model/model.ts";
import { readNotebook, writeNotebook } from "@lib/notebook/ipynb.ts";
import { ROOT } from "@lib/paths.ts";
import { random, randomInteger } from "@lib/random.ts";
import { train } from "@lib/train/loop.ts";
import {
  appendMetrics,
  cutMetrics,
  readCheckpoint,
  readManifest,
  runFiles,
} from "@lib/train/run.ts";
import { tinyConfig, tinyDataset } from "../train/tiny.ts";
import { LONG, record } from "./counts.ts";

const JOB = { kind: "score", spec: { model: "cap1500" } };
const BIG = "x".repeat(70_000);
const ROW = { white: 1500, black: 1500, result: 1, speed: 0, year: 2018 };
const CUTS = LONG ? 60 : 6;

Deno.test("every kind of file, cut anywhere, is refused by name or restored from what is good of it", async () => {
  const folder = Deno.makeTempDirSync(), r = random(1, "cuts");
  const dataset = await tinyDataset();
  const config = tinyConfig(dataset), results = join(folder, "runs");
  const stopped = await train(config, { results, budget: 0 });
  assert.equal(stopped.status, "stopped");
  const run = join(results, config.name), files = runFiles(run);
  const finished = join(folder, "finished");
  await train(config, { results: finished });
  const model = runFiles(join(finished, config.name)).model;

  const labels = join(folder, "labels.jsonl.gz"), notebook = join(folder, "one.ipynb");
  const card = { engine: "by hand", depth: 1, source: "made up", licence: "CC0" };
  const start = "k7/8/8/7p/7P/8/8/K7 w - - 0 1";
  writeLabels(labels, card, [
    { game: 0, white: 1200, black: 1250, start, moves: "a1b1", scores: { 0: [100, 0, 300] } },
  ]);
  writeNotebook(notebook, readNotebook(join(ROOT, "notebooks", "00_quickstart.ipynb")));
  writeResult(folder, JOB, { loss: 2.5 });

  /** What reads each kind of file; it must throw, but for a result, which is made again. */
  const kinds: Record<string, [file: string, read: () => unknown]> = {
    shard: [join(dataset, "train-0000.games"), () => openDataset(dataset).train],
    "card of a dataset": [join(dataset, "card.json"), () => readCard(dataset)],
    checkpoint: [files.checkpoint, () => readCheckpoint(run, config)],
    manifest: [files.manifest, () => readManifest(run)],
    model: [model, () => loadModel(model)[Symbol.dispose]()],
    labels: [labels, () => readLabels(labels)],
    notebook: [notebook, () => readNotebook(notebook)],
    result: [resultFile(folder, JOB), () => {
      let said = "";
      assert.equal(readResult(folder, JOB, (text) => said = text), undefined);
      throw new SyntaxError(said);
    }],
  };
  const detected: Record<string, number> = {};
  for (const [kind, [file, read]] of Object.entries(kinds)) {
    const whole = Deno.readFileSync(file);
    // The last byte of JSON files is a newline: without it they are still whole.
    const last = whole.at(-1) === 10 ? whole.length - 1 : whole.length;
    for (let i = 0; i < CUTS; i++) {
      const length = i === 0 ? 0 : i === 1 ? last - 1 : randomInteger(r, last);
      Deno.writeFileSync(file, whole.subarray(0, length));
      assert.throws(read, (error: Error) => error.message.length > 0, `${kind} cut at ${length}`);
      detected[kind] = (detected[kind] ?? 0) + 1;
    }
    Deno.writeFileSync(file, whole);
  }
  // A line of metrics that was half written is dropped; those before it stay.
  const lines = Deno.readTextFileSync(files.metrics);
  Deno.writeTextFileSync(files.metrics, lines + '{"step": 1, "lo');
  cutMetrics(run, 1000);
  assert.equal(Deno.readTextFileSync(files.metrics), lines);
  const n = Object.values(detected).reduce((a, b) => a + b, 0);
  record("truncations", { n, detected: n, kinds: Object.keys(kinds).length + 1 });
});

/** A file system of 64 KiB, or why there is none. */
function mountSmall(folder: string): boolean {
  const mount = ["-t", "tmpfs", "-o", "size=64k", "none", folder];
  try {
    if (new Deno.Command("mount", { args: mount, stderr: "null" }).outputSync().success) {
      return true;
    }
  } catch { /* no such program */ }
  console.log("skipped: a small file system cannot be mounted here (it takes root)");
  return false;
}

Deno.test("a disk that is full at each write leaves the old file, no half one, and says so", () => {
  const folder = Deno.makeTempDirSync();
  if (!mountSmall(folder)) return;
  try {
    const old = "o".repeat(5000);
    const writers: Record<string, [file: string, write: () => void]> = {
      file: [join(folder, "run.json"), () => writeFileAtomic(join(folder, "run.json"), BIG)],
      labels: [join(folder, "labels.jsonl.gz"), () => {
        const games = Array.from({ length: 9000 }, (_, game) => ({
          game,
          white: 1200 + game % 700,
          black: 900 + (game * 7919) % 1100,
          moves: "e2e4",
          scores: { 0: Array.from({ length: 20 }, (_, i) => (game * (i + 3)) % 991) },
        }));
        const card = { engine: "by hand", depth: 1, source: "made up", licence: "CC0" };
        writeLabels(join(folder, "labels.jsonl.gz"), card, games);
      }],
      shard: [join(folder, "train-0000.games"), () => {
        const games = collectGames([{ ...ROW, moves: new Uint16Array(40_000) }]);
        writeShard(join(folder, "train-0000.games"), games);
      }],
      result: [resultFile(folder, JOB), () => writeResult(folder, JOB, { text: BIG })],
      metrics: [join(folder, "metrics.jsonl"), () => {
        for (let step = 0;; step++) appendMetrics(folder, { step, seconds: step });
      }],
    };
    let kept = 0;
    for (const [file, write] of Object.values(writers)) {
      writeFileAtomic(file, old);
      assert.throws(write, /Cannot write .*(space|kept)/);
      assert.ok(Deno.readTextFileSync(file).startsWith(old));
      const left = [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith(".tmp"));
      assert.deepEqual(left, []);
      Deno.removeSync(file);
      kept++;
    }
    record("disk_full", { n: kept, kept });
  } finally {
    new Deno.Command("umount", { args: [folder] }).outputSync();
  }
});
