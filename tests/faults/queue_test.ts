import assert from "node:assert/strict";
import { join } from "node:path";
import { runGrid } from "@lib/jobs/grid.ts";
import { type Job, jobKey } from "@lib/jobs/job.ts";
import { queueEngine, queueText } from "@lib/jobs/queue.ts";
import { random } from "@lib/random.ts";
import { LONG, record } from "./counts.ts";
import { freePort, killHard, redisProgram, startRedis, startWorker, until } from "./processes.ts";

const JOBS = LONG ? 300 : 12, KILLS = LONG ? 6 : 1;

const match = (seed: number): Job => ({
  kind: "match",
  spec: { a: "greedy", b: "random", games: LONG ? 20 : 10, seed },
});

Deno.test({
  name: "workers and Redis killed under a grid: no job is lost, none is twice in the results",
  ignore: redisProgram() === undefined,
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const folder = Deno.makeTempDirSync(), data = Deno.makeTempDirSync();
    const port = freePort(), url = `redis://127.0.0.1:${port}/0`;
    let redis = startRedis(data, port);
    let workers = [startWorker(url, folder), startWorker(url, folder)];
    const jobs = Array.from({ length: JOBS }, (_, i) => match(i));
    let done = 0;
    const engine = await queueEngine(url);
    try {
      const grid = runGrid(jobs, { folder, engine, onProgress: (state) => done = state.done });
      const r = random(1, "kills");
      let workerKills = 0, redisKills = 0;
      for (let kill = 1; kill <= KILLS; kill++) {
        await until(() => done >= Math.floor(kill * JOBS / (KILLS + 2)), 240);
        const i = Math.floor(2 * r());
        await killHard(workers[i]);
        workers[i] = startWorker(url, folder);
        workerKills++;
        if (kill % 2 === 1) {
          await killHard(redis);
          redis = startRedis(data, port);
          redisKills++;
        }
      }
      const results = await grid;
      const files = [...Deno.readDirSync(join(folder, "match"))].map(({ name }) => name)
        .filter((name) => !name.endsWith(".tmp"));
      const expected = new Set(jobs.map((job) => `${jobKey(job)}.json`));
      const lost = [...expected].filter((file) => !files.includes(file)).length;
      const duplicated = files.length - new Set(files).size +
        files.filter((file) => !expected.has(file)).length;
      assert.equal(results.length, JOBS);
      assert.deepEqual({ lost, duplicated }, { lost: 0, duplicated: 0 });
      // A result is seen before its worker has told the queue.
      let said = "";
      for (let i = 0; i < 60 && !/0 jobs run, 0 wait, 0 failed/.test(said); i++) {
        said = await queueText(url);
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
      assert.match(said, /0 jobs run, 0 wait, 0 failed/);
      record("jobs", {
        n: JOBS,
        lost,
        duplicated,
        worker_kills: workerKills,
        redis_kills: redisKills,
      });
    } finally {
      await engine[Symbol.asyncDispose]();
      await Promise.all([...workers, redis].map(killHard));
      workers = [];
    }
  },
});
