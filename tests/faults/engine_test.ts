import assert from "node:assert/strict";
import { join } from "node:path";
import { makeFen } from "@lib/chess/fen.ts";
import { legalMoves } from "@lib/chess/position.ts";
import { localEngine, runGrid } from "@lib/jobs/grid.ts";
import type { Job } from "@lib/jobs/job.ts";
import { newGame, playMove } from "@lib/play/game.ts";
import { findNativeStockfish } from "@lib/play/uci.ts";
import { random } from "@lib/random.ts";
import { LONG, record } from "./counts.ts";
import { until } from "./processes.ts";

const KILLS = LONG ? 24 : 3, POSITIONS = 6;

/** Positions after a few random moves. */
function positions(seed: number): string[] {
  const next = random(seed, "positions");
  return Array.from({ length: POSITIONS }, () => {
    const game = newGame();
    for (let ply = 0; ply < 8; ply++) {
      const moves = legalMoves(game.position);
      playMove(game, moves[Math.floor(next() * moves.length)]);
    }
    return makeFen(game.position);
  });
}

const program = findNativeStockfish();
if (!program) console.log("skipped: there is no stockfish on PATH (Debian: apt install stockfish)");

Deno.test({
  name: "engines killed under a grid: no label is lost or another one",
  ignore: program === null,
  async fn() {
    const calm = Deno.makeTempDirSync(), harmed = Deno.makeTempDirSync();
    // It tells its process and becomes the engine.
    const engine = join(harmed, "engine"), pids = `${engine}.pids`;
    Deno.writeTextFileSync(pids, "");
    Deno.writeTextFileSync(engine, `#!/bin/sh\necho $$ >> ${pids}\nexec ${program}\n`, {
      mode: 0o755,
    });
    const jobs = (engine: string): Job[] =>
      Array.from({ length: 4 * KILLS }, (_, seed) => ({
        kind: "label",
        spec: { engine, depth: LONG ? 8 : 7, positions: positions(seed) },
      }));
    await using pool = localEngine({ processes: 2 });
    let done = 0, kills = 0;
    const grid = runGrid(jobs(engine), {
      folder: harmed,
      engine: pool,
      onProgress: (state) => done = state.done,
    });
    const next = random(1, "kills");
    const alive = () => Deno.readTextFileSync(pids).trim().split("\n").slice(-2).map(Number);
    for (let kill = 1; kill <= KILLS; kill++) {
      await until(() => done >= 3 * kill && Deno.readTextFileSync(pids) !== "", 120);
      try {
        const running = alive();
        Deno.kill(running[Math.floor(next() * running.length)], "SIGKILL");
        kills++;
      } catch { /* it had just been killed, its successor has not begun */ }
    }
    const found = await grid;
    const expected = await runGrid(jobs(program!), { folder: calm, engine: pool, onProgress() {} });
    const lost = expected.length - found.length;
    const changed = expected.filter((result, i) =>
      JSON.stringify(result) !== JSON.stringify(found[i])
    ).length;
    assert.deepEqual({ lost, changed }, { lost: 0, changed: 0 });
    assert.ok(kills >= KILLS / 2, `${kills} of ${KILLS} kills met an engine`);
    record("engine_kills", { n: kills, jobs: found.length, lost, changed });
    for (const folder of [calm, harmed]) Deno.removeSync(folder, { recursive: true });
  },
});
