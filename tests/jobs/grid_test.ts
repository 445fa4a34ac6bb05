import assert from "node:assert/strict";
import { type GridState, localEngine, runGrid } from "@lib/jobs/grid.ts";
import { type Job, readResult, resultFile } from "@lib/jobs/job.ts";
import { checkJob } from "@lib/jobs/kinds.ts";

const quiet = { onProgress() {} };

/** A short match; different seeds, different jobs. */
const match = (seed: number, games = 4): Job => ({
  kind: "match",
  spec: { a: "greedy", b: "random", games, seed },
});

Deno.test("a grid resumes: what has a result is not done again, damaged results are", async () => {
  const folder = Deno.makeTempDirSync();
  const jobs = [match(1), match(2), match(3), match(1)];
  await using engine = localEngine({ processes: 2 });
  const first = await runGrid(jobs, { folder, engine, ...quiet });
  assert.deepEqual(first[0], first[3]);
  Deno.truncateSync(resultFile(folder, jobs[1]), 100);
  const states: GridState[] = [];
  const again = await runGrid([...jobs, match(4)], {
    folder,
    engine,
    onProgress: (state) => states.push(state),
  });
  assert.equal(states[0].found, 2);
  assert.equal(states.at(-1)!.done, 4);
  assert.deepEqual(again.slice(0, 4), first);
});

Deno.test("a job that fails leaves the others their results and says why", async () => {
  const folder = Deno.makeTempDirSync();
  const wrong = { kind: "match", spec: { a: "kasparov", b: "random", games: 2, seed: 1 } };
  await using engine = localEngine({ processes: 1 });
  await assert.rejects(
    runGrid([match(1), wrong, { kind: "cook", spec: {} }, match(2)], { folder, engine, ...quiet }),
    /2 of 4 jobs failed, the first match [0-9a-f]{32}: Cannot play "kasparov"/,
  );
  assert.ok(readResult(folder, match(1)) && readResult(folder, match(2)));
});

Deno.test("killed processes and a stop lose nothing: the grid goes on to the same results", async () => {
  const folder = Deno.makeTempDirSync(), calm = Deno.makeTempDirSync();
  const jobs = Array.from({ length: 12 }, (_, i) => match(i, 150));
  await using engine = localEngine({ processes: 2 });
  const expected = await runGrid(jobs, { folder: calm, engine, ...quiet });

  const stop = new AbortController();
  const stopped = runGrid(jobs, {
    folder,
    engine,
    signal: stop.signal,
    onProgress: ({ done }) => done > 0 && stop.abort(new Error("enough")),
  });
  await assert.rejects(stopped, /enough/);
  assert.ok(jobs.some((job) => readResult(folder, job)));
  assert.deepEqual(await runGrid(jobs, { folder, engine, ...quiet }), expected);
});

Deno.test("a process that grows over its memory is ended, and the job fails with the number", async () => {
  const folder = Deno.makeTempDirSync();
  await using engine = localEngine({ processes: 1, memory: 60 });
  await assert.rejects(
    runGrid([match(1, 20_000)], { folder, engine, ...quiet }),
    /it took \d+ MiB, may take 60/,
  );
});

Deno.test("a match names neither a path nor a program to run", () => {
  const check = (a: string) =>
    checkJob({ kind: "match", spec: { a, b: "random", games: 1, seed: 1 } }, "here");
  for (const a of ["greedy", "model:engine5:tau=0.1", "stockfish:skill=0:engine=wasm"]) check(a);
  for (const a of ["stockfish:engine=sh", "stockfish:engine=native2", "stockfish:engine="]) {
    assert.throws(() => check(a), /must have the engine wasm or native/, a);
  }
  for (const a of ["stockfish:engine=/bin/sh", "model:../x"]) {
    assert.throws(() => check(a), /must name no path/, a);
  }
});
