import assert from "node:assert/strict";
import { join } from "node:path";
import { trainRuns } from "@lib/notebook/mod.ts";
import type { TrainConfigInput } from "@lib/train/config.ts";
import { train } from "@lib/train/loop.ts";

function tiny(name: string, change: Partial<TrainConfigInput> = {}): TrainConfigInput {
  return {
    name,
    model: { model: "endgameformer", layers: 1, heads: 1, width: 8 },
    data: { kind: "endgame", ending: "KRvK", k: 2, errorRate: 0.4, seed: 1 },
    steps: 3,
    batch: 8,
    evaluationBatches: 1,
    seed: 1,
    ...change,
  };
}

Deno.test("runs are trained side by side and anew; a wrong configuration starts none", async () => {
  const names = ["one", "two", "three"];
  const results = Deno.makeTempDirSync();
  try {
    await assert.rejects(
      trainRuns([tiny(names[0]), tiny(names[1], { steps: 0 })], { results }),
      /steps/,
    );
    assert.throws(() => Deno.statSync(join(results, names[0])), Deno.errors.NotFound);
    const runs = await trainRuns(names.map((name) => tiny(name)), { results });
    assert.deepEqual(runs.map(({ id, status, step }) => [id, status, step]), [
      [names[0], "complete", 3],
      [names[1], "complete", 3],
      [names[2], "complete", 3],
    ]);
    const [again] = await trainRuns([tiny(names[0])], { results });
    assert.notEqual(again.started, runs[0].started);
    assert.equal(again.validationLoss, runs[0].validationLoss);
  } finally {
    Deno.removeSync(results, { recursive: true });
  }
});

Deno.test("an interrupted run goes on; one of another configuration does not stand in the way", async () => {
  const results = Deno.makeTempDirSync();
  try {
    const stopped = await train(tiny("run"), { results, budget: 0 });
    assert.equal(stopped.status, "stopped");
    const [resumed] = await trainRuns([tiny("run")], { results });
    assert.deepEqual([resumed.status, resumed.started], ["complete", stopped.started]);
    await train(tiny("other"), { results, budget: 0 });
    const [changed] = await trainRuns([tiny("other", { steps: 4 })], { results });
    assert.deepEqual([changed.status, changed.step], ["complete", 4]);
  } finally {
    Deno.removeSync(results, { recursive: true });
  }
});
