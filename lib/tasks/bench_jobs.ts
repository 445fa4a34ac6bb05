/**
 * `deno task bench:jobs`: what the jobs of a grid cost beside a bare loop, and how they scale.
 *
 * @module
 */

import { rmSync } from "node:fs";
import { join } from "node:path";
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { makeFen, parseFen } from "@lib/chess/fen.ts";
import { legalMoves, startPosition } from "@lib/chess/position.ts";
import { temporaryFolder, writeJson } from "@lib/files.ts";
import { type GridEngine, localEngine, openEngine, runGrid } from "@lib/jobs/grid.ts";
import { type Job, resultFile } from "@lib/jobs/job.ts";
import { jobsFolder, RESULTS, userPath } from "@lib/paths.ts";
import { openStockfish } from "@lib/play/stockfish.ts";
import { random, randomInteger } from "@lib/random.ts";
import { parseCount, runCommand } from "@lib/tasks/command.ts";
import { describeMachine, median } from "@lib/tasks/contest.ts";

const HELP = `Time the jobs of a grid beside a bare loop that labels the same positions.

  deno task bench:jobs [options]

Options
  --rounds <n>     rounds in which they take turns; medians count (7)
  --jobs <n>       jobs a round (16)
  --positions <n>  positions a job (6)
  --depth <n>      plies searched behind each move (6)
  --engine <name>  wasm (shipped) or native (on PATH) (wasm)
  --queue <url>    a Redis with one worker of one process and the same LAB_JOBS, timed as well
  --out <file>     (results/bench/jobs.json)
  --help           this text

Other work on the machine spoils it: the load before and after is written beside the numbers.
`;

/** Positions after a dozen random moves, other ones for each seed. */
function positionsOf(seed: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const next = random(seed, "bench jobs", i), position = startPosition();
    for (let ply = 0; ply < 12; ply++) {
      const moves = legalMoves(position);
      position.play(moves[randomInteger(next, moves.length)]);
    }
    return makeFen(position);
  });
}

/**
 * The speed-up of `workers` workers over one, simulated: each takes a job, does it in a time drawn from
 * those that were measured, and asks for the next; asking takes `turn` seconds of the one queue that
 * all share.
 *
 * @param times seconds that jobs took
 *
 * ```ts
 * import { simulatedSpeedUp } from "@lib/tasks/bench_jobs.ts";
 * import assert from "node:assert/strict";
 *
 * assert.ok(Math.abs(simulatedSpeedUp([1], 0, 8) - 8) < 0.01);
 * assert.ok(simulatedSpeedUp([1], 0.5, 8) < 3.1); // the queue serves two jobs a second
 * ```
 */
export function simulatedSpeedUp(
  times: readonly number[],
  turn: number,
  workers: number,
  seed = 1,
): number {
  const span = (workers: number) => {
    const next = random(seed, "simulated workers"), jobs = 200 * workers;
    const free = new Float64Array(workers);
    let queue = 0;
    for (let job = 0; job < jobs; job++) {
      const worker = free.indexOf(free.reduce((a, b) => Math.min(a, b)));
      queue = Math.max(queue, free[worker]) + turn;
      free[worker] = queue + times[randomInteger(next, times.length)];
    }
    return free.reduce((a, b) => Math.max(a, b)) / jobs;
  };
  return span(1) / span(workers);
}

const round = (x: number) => Number(x.toPrecision(4));

async function main(args: readonly string[], signal: AbortSignal): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: "string", default: "7" },
      jobs: { type: "string", default: "16" },
      positions: { type: "string", default: "6" },
      depth: { type: "string", default: "6" },
      engine: { type: "string", default: "wasm" },
      queue: { type: "string" },
      out: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const rounds = parseCount("rounds", values.rounds), jobs = parseCount("jobs", values.jobs);
  const each = parseCount("positions", values.positions), depth = parseCount("depth", values.depth);
  const { engine } = values, load = [loadavg()[0]];
  const folder = temporaryFolder("bench-jobs-");

  await using ends = new AsyncDisposableStack();
  ends.defer(() => Deno.removeSync(folder, { recursive: true }));
  const stockfish = ends.use(await openStockfish({ engine }));
  const one = ends.use(localEngine({ processes: 1 })),
    two = ends.use(localEngine({ processes: 2 }));
  const queue = values.queue === undefined
    ? undefined
    : ends.use(await openEngine({ queue: values.queue }));

  const labels = (seed: number): Job[] =>
    Array.from({ length: jobs }, (_, i) => ({
      kind: "label",
      spec: { engine, depth, positions: positionsOf(1000 * seed + i, each) },
    }));
  const timed = async (work: () => Promise<unknown>) => {
    const begun = performance.now();
    await work();
    return (performance.now() - begun) / 1000;
  };
  const bare = async (seed: number) => {
    for (const { spec } of labels(seed)) {
      for (const fen of (spec as { positions: string[] }).positions) {
        await stockfish.evaluateMoves(parseFen(fen), { depth, signal });
      }
    }
  };
  // Each contestant has a folder of its own, so that none finds what another has done; a queue's
  // worker has its own anyway, and forgets what a former run has left there.
  const grid = (engine: GridEngine, of: string, work: readonly Job[]) => {
    const results = engine === queue ? jobsFolder() : join(folder, of);
    for (const job of work) rmSync(resultFile(results, job), { force: true });
    return runGrid(work, { folder: results, engine, signal, onProgress() {} });
  };
  const contestants: Record<string, (seed: number) => Promise<unknown>> = {
    bare,
    "1 process": (seed) => grid(one, "one", labels(seed)),
    "2 processes": (seed) => grid(two, "two", labels(seed)),
    ...(queue && { "queue, 1 worker": (seed: number) => grid(queue, "queue", labels(seed)) }),
  };
  const seconds: Record<string, number[]> = {};
  for (let turn = 0; turn <= rounds; turn++) {
    const names = Object.keys(contestants);
    for (const name of turn % 2 === 0 ? names : names.reverse()) {
      const took = await timed(() => contestants[name](turn));
      if (turn > 0) (seconds[name] ??= []).push(took); // the first round starts the processes
      console.log(`round ${turn} of ${rounds}, ${name}: ${took.toFixed(2)} s`);
    }
  }
  const short = (seed: number): Job[] =>
    Array.from({ length: 200 }, (_, i) => ({
      kind: "match",
      spec: { a: "random", b: "random", games: 2, openings: "none", maxMoves: 1, seed: seed + i },
    }));
  const smallest: Record<string, number> = {};
  for (const [name, engine] of Object.entries({ "1 process": one, "2 processes": two, queue })) {
    if (!engine) continue;
    const work = short(1e6);
    smallest[name] = round(work.length / await timed(() => grid(engine, `short ${name}`, work)));
  }

  const ratios = (a: string, b: string) => seconds[a].map((s, i) => s / seconds[b][i]);
  const overhead = median(ratios("1 process", "bare")) - 1;
  const speedUp = median(ratios("1 process", "2 processes"));
  const turn = 1 / (smallest.queue ?? smallest["2 processes"]);
  const times = seconds.bare.map((s) => s / jobs);
  const report = {
    ...describeMachine("none"),
    measured: new Date().toISOString(),
    load: [...load, loadavg()[0]].map(round),
    workload: { jobs, positions: each, depth, engine: stockfish.name },
    seconds: Object.fromEntries(
      Object.entries(seconds).map(([name, all]) => [name, all.map(round)]),
    ),
    positions_per_s: Object.fromEntries(
      Object.entries(seconds).map(([name, all]) => [name, round(jobs * each / median(all))]),
    ),
    overhead: round(overhead),
    speed_up_2_workers: round(speedUp),
    smallest_jobs_per_s: smallest,
    simulated_speed_up: Object.fromEntries(
      [2, 4, 8, 16, 32, 64, 256].map((n) => [n, round(simulatedSpeedUp(times, turn, n))]),
    ),
  };
  const out = values.out ? userPath(values.out) : join(RESULTS, "bench", "jobs.json");
  writeJson(out, report);
  console.log(
    `\na job of ${(1000 * median(times)).toFixed(0)} ms costs ${(100 * overhead).toFixed(1)} % ` +
      `more than in a bare loop; two processes are ${speedUp.toFixed(2)} times as fast as one\n` +
      `smallest jobs/s: ${JSON.stringify(smallest)}\n` +
      `load ${report.load.join(" before, ")} after; written: ${out}`,
  );
}

if (import.meta.main) await runCommand(main);
