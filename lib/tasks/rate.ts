/**
 * `deno task rate`: a pool of games among models at many temperatures and anchors of fixed effort, and
 * the ratings that follow.
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { openEngine } from "@lib/jobs/grid.ts";
import { type Pairing, playPool } from "@lib/jobs/pool_games.ts";
import { jobsFolder, RESULTS } from "@lib/paths.ts";
import { ANCHORS, ratePool, SCALE, writePool } from "@lib/play/pool.ts";
import type { Ratings } from "@lib/play/rating.ts";
import { openStockfish } from "@lib/play/stockfish.ts";
import { parseCount, parseNumber, runCommand } from "@lib/tasks/command.ts";

const HELP = `Rate models at several temperatures in a pool of games with anchors of fixed effort.

  deno task rate --models boardnet-cap1000,boardnet-cap1500 --name mine [options]

Options
  --models <list>       runs
  --temperature <list>  each plays at each of these (0.001,0.01,0.1,0.3,0.5,0.75,1,1.5)
  --players <list>      further players, as deno task match --help names them
  --against <list>      the anchors that each meets, by their number below (1,2,3,4,5,6,8,10)
  --games <n>           games of each pairing, even (50)
  --ladder <n>          games of each pair of anchors next to each other or next but one, even (60)
  --name <name>         writes results/ratings/<name>.jsonl.gz
  --engine <which>      Stockfish: wasm (shipped) or native (on PATH) (wasm)
  --processes <n>       matches side by side (one a core)
  --queue <url>         matches by the workers of a queue instead, see deno task worker
  --seed <n>            fixes openings and models' moves; the luck of Stockfish's levels has no seed (1)
  --help                this text

Anchors, the weakest first
${ANCHORS.map((name, i) => `  ${i}  ${name}`).join("\n")}

Matches are kept as they are played (LAB_JOBS, else data/cache/jobs): the same command goes on after a
stop. Skill 1 is set at ${Object.values(SCALE)}, as in the paper.
`;

/** Which games a pool is made of. */
export interface PoolPlan {
  /** Those to be rated, as `openPlayer` reads them. */
  readonly players: readonly string[];
  /** The anchors that each of them meets. */
  readonly against: readonly string[];
  /** Games of each pairing. */
  readonly games: number;
  /** Games of each pair of anchors at most two steps apart on the ladder. */
  readonly ladder: number;
}

/**
 * The pairings of a pool: the ladder of anchors first, then each player against its anchors.
 *
 * ```ts
 * import { planPool } from "@lib/tasks/rate.ts";
 * import assert from "node:assert/strict";
 *
 * const plan = { players: ["crowd:1"], against: ["greedy"], games: 50, ladder: 0 };
 * assert.deepEqual(planPool(plan), [{ a: "crowd:1", b: "greedy", games: 50 }]);
 * ```
 */
export function planPool({ players, against, games, ladder }: PoolPlan): Pairing[] {
  const steps = ladder === 0
    ? []
    : ANCHORS.flatMap((a, i) => ANCHORS.slice(i + 1, i + 3).map((b) => ({ a, b, games: ladder })));
  return [...steps, ...players.flatMap((a) => against.map((b) => ({ a, b, games })))];
}

/**
 * Runs the task.
 *
 * @param args the command line.
 * @param print where the text goes.
 * @returns the ratings, or null after `--help`.
 * @throws {TypeError | RangeError} for options that are none; {@linkcode Error} when matches failed.
 */
export async function rateTask(
  args: readonly string[],
  print: (text: string) => void = console.log,
  signal?: AbortSignal,
): Promise<Ratings | null> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      models: { type: "string" },
      temperature: { type: "string", default: "0.001,0.01,0.1,0.3,0.5,0.75,1,1.5" },
      players: { type: "string" },
      against: { type: "string", default: "1,2,3,4,5,6,8,10" },
      games: { type: "string", default: "50" },
      ladder: { type: "string", default: "60" },
      name: { type: "string" },
      engine: { type: "string", default: "wasm" },
      processes: { type: "string" },
      queue: { type: "string" },
      seed: { type: "string", default: "1" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    print(HELP);
    return null;
  }
  const { models, name, engine, queue } = values;
  const runs = listOf(models);
  const others = listOf(values.players);
  if (runs.length + others.length === 0 || name === undefined) {
    throw new TypeError(`Cannot rate without --name and --models or --players\n\n${HELP}`);
  }
  const seed = parseCount("seed", values.seed, 0);
  const taus = values.temperature.split(",").map((text) => parseNumber("temperature", text));
  const against = values.against.split(",").map((text) => {
    const anchor = ANCHORS[parseCount("against", text, 0)];
    if (anchor !== undefined) return anchor;
    throw new RangeError(`Cannot play anchor ${text}: must be 0 to ${ANCHORS.length - 1}`);
  });
  const plan = planPool({
    // By temperature, so that what a stop leaves is of all models.
    players: [...taus.flatMap((tau) => runs.map((run) => `model:${run}:tau=${tau}`)), ...others],
    against,
    games: parseCount("games", values.games, 2),
    ladder: parseCount("ladder", values.ladder, 0),
  });

  await using grid = await openEngine({
    queue,
    processes: values.processes === undefined
      ? undefined
      : parseCount("processes", values.processes),
  });
  const { players, weights, games } = await playPool(plan, {
    seed,
    engine,
    grid,
    folder: jobsFolder(),
    signal,
  });
  const stockfish = await openStockfish({ engine });
  await stockfish[Symbol.asyncDispose]();
  const file = join(RESULTS, "ratings", `${name}.jsonl.gz`);
  const pool = {
    card: {
      engine: stockfish.name,
      about:
        "each pairing from openings drawn from 40 standard ones, once with each colour; drawn " +
        "after 89 full moves; engines bounded by depth, so their strength depends on no clock",
      seed,
      players,
      models: Object.fromEntries(
        Object.entries(weights).map(([run, sha256]) => [run, sha256.slice(0, 16)]),
      ),
      licence: "CC0",
    },
    games,
  };
  writePool(file, pool);
  const fitted = ratePool(pool);
  for (const { player, rating, low, high, games, score } of fitted.ratings) {
    print(
      `${player.padEnd(44)} ${rating.toFixed(0).padStart(5)} [${low.toFixed(0)}, ${
        high.toFixed(0)
      }], score ${(100 * score).toFixed(1)} % of ${games} games`,
    );
  }
  print(`${games.length} games written to ${file}`);
  return fitted;
}

function listOf(text: string | undefined): string[] {
  return text === undefined ? [] : text.split(",");
}

if (import.meta.main) {
  await runCommand(
    async (args, signal) => void await rateTask(args, console.log, signal),
    "Stopped; the same command goes on",
  );
}
