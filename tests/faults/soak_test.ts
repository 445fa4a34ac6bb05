import assert from "node:assert/strict";
import { join } from "node:path";
import { readResult } from "@lib/jobs/job.ts";
import { openPool } from "@lib/jobs/pool.ts";
import { makeFen } from "@lib/chess/fen.ts";
import { legalMoves, startPosition } from "@lib/chess/position.ts";
import { playMatch } from "@lib/play/match.ts";
import { greedyPlayer, randomPlayer } from "@lib/play/player.ts";
import { random, randomInteger } from "@lib/random.ts";
import type { TrainConfigInput } from "@lib/train/config.ts";
import { parseTrainConfig } from "@lib/train/config.ts";
import { train } from "@lib/train/loop.ts";
import { LONG, record } from "./counts.ts";

const MINUTES = LONG ? Number(Deno.env.get("LAB_SOAK_MINUTES") ?? 30) : 0.2;
// Stated before the first run: MiB and handles by which the last third may lie above the second.
const GROWTH = 64, HANDLES = 4;

/** What a process holds: MiB of memory, and open files. */
function held(pid: number): { memory: number; handles: number } {
  const [, pages] = Deno.readTextFileSync(`/proc/${pid}/statm`).split(" ");
  return {
    memory: Number(pages) * 4096 / 2 ** 20,
    handles: [...Deno.readDirSync(`/proc/${pid}/fd`)].length,
  };
}

const config = (seed: number): TrainConfigInput => ({
  name: "soak",
  model: { model: "endgameformer", layers: 1, heads: 1, width: 8 },
  data: { kind: "endgame", ending: "KRvK", k: 2, errorRate: 0.4, seed: 1 },
  steps: 60,
  batch: 32,
  evaluateEvery: 30,
  evaluationBatches: 1,
  checkpointEvery: 20,
  seed,
});

/** Positions that no round before has had. */
function positions(seed: number): string[] {
  return Array.from({ length: 4 }, (_, i) => {
    const next = random(seed, "soak", i), position = startPosition();
    for (let ply = 0; ply < 12; ply++) {
      const moves = legalMoves(position);
      position.play(moves[randomInteger(next, moves.length)]);
    }
    return makeFen(position);
  });
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];

Deno.test({
  name: "training, playing and labelling on and on take no more memory and no more files",
  ignore: Deno.build.os !== "linux",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const folder = Deno.makeTempDirSync(), results = Deno.makeTempDirSync();
    const seen: { own: ReturnType<typeof held>; job: ReturnType<typeof held> }[] = [];
    const counts = { rounds: 0, trained: 0, games: 0, labelled: 0 };
    await using pool = openPool({ processes: 1 });
    const begun = performance.now();
    while (performance.now() - begun < 60_000 * MINUTES || counts.rounds < 6) {
      const seed = ++counts.rounds;
      const jobs = [
        { kind: "train", spec: { config: config(seed) as never } },
        { kind: "match", spec: { a: "greedy", b: "random", games: 20, seed } },
        { kind: "label", spec: { engine: "wasm", depth: 4, positions: positions(seed) } },
      ];
      const inPool = async () => {
        for (const job of jobs) {
          await pool.run(job, { folder });
          assert.ok(readResult(folder, job));
        }
      };
      const here = async () => {
        const run = await train(parseTrainConfig(config(seed)), { results });
        assert.equal(run.status, "complete");
        Deno.removeSync(join(results, run.id), { recursive: true });
        await playMatch({ a: greedyPlayer(), b: randomPlayer(), games: 20, seed });
      };
      await Promise.all([inPool(), here()]);
      Deno.removeSync(folder, { recursive: true });
      counts.trained += 2, counts.games += 40, counts.labelled += 4;
      seen.push({ own: held(Deno.pid), job: held(pool.pids[0]) });
    }
    const minutes = (performance.now() - begun) / 60_000;
    const third = Math.floor(seen.length / 3);
    const second = seen.slice(third, 2 * third), last = seen.slice(-third);
    const of = (part: typeof seen, who: "own" | "job", what: "memory" | "handles") =>
      median(part.map((each) => each[who][what]));
    const compared = (["own", "job"] as const).map((who) => ({
      memory_mib: [second, last].map((part) => Math.round(of(part, who, "memory"))),
      handles: [second, last].map((part) => of(part, who, "handles")),
    }));
    for (const { memory_mib, handles } of compared) {
      // A short run is all warming up.
      const grown = memory_mib[1] - memory_mib[0];
      assert.ok(!LONG || grown <= GROWTH, `memory ${memory_mib.join(" → ")} MiB`);
      assert.ok(handles[1] - handles[0] <= HANDLES, `handles ${handles.join(" → ")}`);
    }
    record("soak", { ...counts, process: compared[0], worker: compared[1] });
    record("soak_minutes", Math.floor(10 * minutes) / 10);
  },
});
