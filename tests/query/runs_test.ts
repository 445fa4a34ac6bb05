import assert from "node:assert/strict";
import { join } from "node:path";
import { writeJson } from "@lib/files.ts";
import { comparisonText } from "@lib/tasks/compare.ts";
import { compareRuns, comparisonFigure, queryLosses, queryRuns } from "@lib/query/mod.ts";
import { parseTrainConfig } from "@lib/train/config.ts";
import { appendMetrics, type Metrics, runFiles, type RunManifest } from "@lib/train/run.ts";

/** A run on disk: 100 steps of `batch`, with losses that the test says. */
function makeRun(
  results: string,
  name: string,
  { batch = 10, rate = 1e-3, unit = "positions", data = "same", lines = [] as Metrics[] } = {},
): void {
  const config = parseTrainConfig({
    name,
    model: { model: "endgameformer", layers: 1, heads: 1, width: 8 },
    data: { kind: "endgame", ending: "KRvK", k: 5, errorRate: 0.4, seed: 1 },
    steps: 100,
    batch,
    learningRate: rate,
    seed: 1,
  });
  const manifest: RunManifest = {
    id: name,
    status: "complete",
    config,
    configHash: "0",
    dataHash: data,
    unit,
    unitsPerBatch: batch,
    git: { commit: "0123456789abcdef", dirty: false },
    versions: {},
    backend: "b",
    host: { os: "o", cpu: "c", cores: 1 },
    parameters: 1000,
    started: "",
    updated: "",
    step: 100,
    seconds: 10,
    validationLoss: 1,
  };
  const directory = join(results, name);
  writeJson(runFiles(directory).manifest, manifest);
  for (const line of lines) appendMetrics(directory, line);
}

/** Loss falls from `from` by 0.01 a step, a line every ten steps; two evaluations. */
const falling = (from: number): Metrics[] => [
  { step: 0, validation_loss: from, seconds: 0 },
  ...Array.from({ length: 10 }, (_, i) => ({
    step: 10 * (i + 1),
    loss: from - 0.1 * (i + 1),
    seconds: i + 1,
    ...(i % 5 === 4 && { validation_loss: from - 0.1 * (i + 1) }),
  })),
];

Deno.test("runs and losses become rows, by id or by a star", () => {
  const results = Deno.makeTempDirSync();
  makeRun(results, "a-1", { lines: falling(3) });
  makeRun(results, "a-2");
  makeRun(results, "b-1");
  Deno.mkdirSync(join(results, "figures"));
  const names = (ids?: string | string[]) => queryRuns(ids, { results }).map(({ run }) => run);
  assert.deepEqual(names(), ["a-1", "a-2", "b-1"]);
  assert.deepEqual(names("a-*"), ["a-1", "a-2"]);
  assert.deepEqual(names(["b-1", "*-1"]), ["b-1", "a-1"]);
  assert.throws(() => names("a-3"), /Cannot find the run "a-3" in .*: there are a-1, a-2, b-1$/);
  assert.throws(() => names("a."), RangeError); // a dot is a dot
  const [row] = queryRuns("a-1", { results });
  assert.deepEqual([row.units, row.rate, row.data], [1000, 100, "KRvK"]);
  const losses = queryLosses("a-*", { results });
  assert.equal(losses.length, 13);
  assert.deepEqual(losses[1], {
    run: "a-1",
    kind: "training",
    step: 10,
    units: 100,
    seconds: 1,
    loss: 2.9,
  });
  assert.deepEqual(queryRuns("*", { results: join(results, "nowhere") }), []);
  Deno.removeSync(results, { recursive: true });
});

Deno.test("losses are compared after equally many examples, not steps", () => {
  const results = Deno.makeTempDirSync();
  makeRun(results, "slow", { lines: falling(3) });
  makeRun(results, "fast", { batch: 20, rate: 2e-3, lines: falling(3) });
  const comparison = compareRuns(["slow", "fast"], { results });
  const fields = comparison.differences.map(({ field }) => field);
  assert.deepEqual(fields, ["batch", "learningRate"]);
  assert.deepEqual(comparison.losses.map(({ units }) => units), [100, 250, 500, 1000]);
  const last = comparison.losses[3];
  assert.equal(last.validation.slow, 2); // measured at step 100
  assert.equal(last.validation.fast, 2.5); // measured at step 50
  assert.ok(Math.abs(last.training.slow! - 2) < 1e-12); // the last tenth is the last line
  assert.ok(Math.abs(last.training.fast! - 2.5) < 1e-12);
  assert.equal(comparison.losses[1].validation.slow, null); // step 25: evaluations too far apart
  assert.equal(comparison.losses[2].validation.fast, null);
  assert.deepEqual(comparison.speed.map(({ overall, median }) => [overall, median]), [
    [100, 100],
    [200, 200],
  ]);
  const text = comparisonText(comparison);
  assert.match(text, /learningRate +0\.001 +0\.002/);
  assert.match(text, /1,000 +2\.0+ +2\.50*/);
  assert.match(text, /seeds alone make losses differ/);
  assert.match(
    comparisonFigure(comparison).text,
    /^slow has the lowest validation loss after 1,000 positions: 2\.000/,
  );
  Deno.removeSync(results, { recursive: true });
});

Deno.test("what cannot be compared is said", () => {
  const results = Deno.makeTempDirSync();
  makeRun(results, "a", { lines: falling(3) });
  makeRun(results, "tokens", { unit: "tokens", lines: falling(3) });
  makeRun(results, "other", { data: "other", lines: falling(2) });
  makeRun(results, "bare");
  assert.throws(() => compareRuns(["a"], { results }), /Cannot compare a: must be two runs/);
  assert.throws(() => compareRuns([], { results }), /Cannot compare none/);
  const mixed = compareRuns(["a", "tokens"], { results });
  assert.deepEqual(mixed.losses, []);
  assert.match(mixed.remarks.join(), /of different kinds/);
  assert.throws(() => comparisonFigure(mixed), /Cannot draw positions and tokens/);
  assert.match(comparisonText(mixed), /Speed/);
  const data = compareRuns(["a", "other"], { results });
  assert.match(data.remarks.join(), /Their data differ/);
  assert.match(comparisonFigure(data).text, /^Loss of a, other/); // no winner is named
  const bare = compareRuns(["a", "bare"], { results });
  assert.equal(bare.losses[3].training.bare, null);
  assert.match(comparisonText(bare), /–/);
  Deno.removeSync(results, { recursive: true });
});
