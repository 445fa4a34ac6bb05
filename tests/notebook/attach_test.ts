import assert from "node:assert/strict";
import { join } from "node:path";
import { attach, launch, lossFigure, readMetrics } from "@lib/notebook/mod.ts";
import { start, watch } from "@lib/notebook/job.ts";

/** A program of its own, as a job. */
function job(source: string) {
  const file = Deno.makeTempFileSync({ suffix: ".ts" });
  Deno.writeTextFileSync(file, source);
  return start("trial", ["--allow-all", file]);
}

Deno.test("metrics are read without a half-written line; a resumed run's steps replace earlier ones", () => {
  const file = join(Deno.makeTempDirSync(), "metrics.jsonl");
  assert.deepEqual(readMetrics(file), []);
  Deno.writeTextFileSync(
    file,
    '{"step":1,"loss":2}\n{"step":2,"loss":1.5}\n{"step":2,"validation_loss":1.7}\n{"step":1,"loss":1.9}\n{"st',
  );
  const metrics = readMetrics(file);
  assert.deepEqual(metrics, [
    { step: 1, loss: 1.9 },
    { step: 2, loss: 1.5, validation_loss: 1.7 },
  ]);
  const { svg } = lossFigure(metrics, "first");
  assert.ok(svg.includes(">training<") && svg.includes(">validation<"));
});

Deno.test("attaching follows a job to its end", async () => {
  const run = Deno.makeTempDirSync();
  const file = JSON.stringify(join(run, "metrics.jsonl"));
  const training = job(`for (let step = 1; step <= 3; step++) {
    Deno.writeTextFileSync(${file}, JSON.stringify({ step, loss: 1 / step }) + "\\n", { append: true });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }`);
  const metrics = await attach(run, { job: training });
  assert.deepEqual(metrics.map(({ step }) => step), [1, 2, 3]);
});

Deno.test("attaching to a run that ended long ago reads it; to none is an error at once", async () => {
  const run = Deno.makeTempDirSync();
  const file = join(run, "metrics.jsonl");
  Deno.writeTextFileSync(file, '{"step":1,"loss":2}\n');
  Deno.writeTextFileSync(join(run, "run.json"), '{"status":"complete"}');
  assert.equal((await attach(run)).length, 1);
  await assert.rejects(attach("no-such-run"), Deno.errors.NotFound);
});

Deno.test("a job's lines are kept, its failure tells its last words", async () => {
  const good = job('console.log("one\\rtwo"); console.error("three");');
  await watch(good);
  assert.deepEqual([...good.lines].sort(), ["one", "three", "two"]);
  const bad = job('console.log("on the way"); Deno.exit(3);');
  await assert.rejects(watch(bad), /The task "trial" ended with exit code 3:\non the way/);
  assert.throws(() => launch("no-such"), /RangeError: Cannot start the task "no-such"/);
});
