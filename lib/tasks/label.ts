/**
 * `deno task label`: positions that players faced, with Stockfish's score of every legal move.
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { type LabelledGame, uciOrder, writeLabels } from "@lib/analysis/labels.ts";
import { makeUci } from "@lib/chess/san.ts";
import { openDataset } from "@lib/data/dataset.ts";
import { type Games, replay } from "@lib/data/games.ts";
import { openEngine } from "@lib/jobs/grid.ts";
import { labelGrid } from "@lib/jobs/labels.ts";
import { datasetFolder, jobsFolder, RESULTS } from "@lib/paths.ts";
import type { Labels } from "@lib/play/labelling.ts";
import { parseCount, parseRange, runCommand } from "@lib/tasks/command.ts";
import { hash32, random, shuffle } from "@lib/random.ts";

const HELP = `Score every legal move of positions that players faced in games kept from training.

  deno task label --dataset <name> --name <name> [options]

Options
  --dataset <name>     a dataset's name, or a folder if it has a slash; its test games are used
  --name <name>        writes results/labels/<name>.jsonl.gz
  --bands <list>       ratings of the player to move, as low-high (low excluded), separated by commas
                       (0-1000,1000-1300,1300-1500); the other player is rated at most high, too
  --positions <n>      positions a band (2000), or one number for each, separated by commas
  --per-game <n>       positions of a game at most, over all bands (2); no more of one than needed
  --plies <low-high>   plies played before the position (16-80)
  --depth <n>          plies searched behind each move (6)
  --engine <which>     wasm (shipped), native (on PATH) or a path (wasm)
  --workers <n>        engines side by side on this machine (2)
  --queue <url>        a Redis whose workers do it instead (deno task worker)
  --seed <n>           fixes the choice of positions (1)
  --help               this text

Ctrl-C stops; the same command goes on: what is labelled is kept under data/cache/jobs.
`;

/** A position that a player faced. */
interface Faced {
  readonly game: number;
  /** Plies played before it. */
  readonly ply: number;
  readonly rating: number;
}

/**
 * Draws positions of a band (low, high]: one of each game in a shuffled order, then a second one,
 * until there are enough, so from as many games as can be. The player to move is of the band and the
 * other one rated at most `high`: the games are those that a cap of `high` lets through.
 * Deterministic by seed.
 *
 * @param options `taken` counts the positions drawn of each game so far, over several bands.
 * @throws {RangeError} when the games hold fewer.
 */
export function drawPositions(
  games: Games,
  { band: [low, high], count, plies, perGame, seed, taken = new Map() }: {
    readonly band: readonly [low: number, high: number];
    readonly count: number;
    readonly plies: readonly [low: number, high: number];
    readonly perGame: number;
    readonly seed: number;
    readonly taken?: Map<number, number>;
  },
): Faced[] {
  const order = shuffle(
    random(seed, "labelled games"),
    Uint32Array.from({ length: games.length }, (_, i) => i),
  );
  const rating = (game: number, ply: number) => (ply % 2 === 0 ? games.white : games.black)[game];
  const fitting = new Map<number, number[]>();
  for (const game of order) {
    if (Math.max(games.white[game], games.black[game]) > high) continue;
    const last = Math.min(plies[1], games.offsets[game + 1] - games.offsets[game]);
    const those: number[] = [];
    for (let ply = plies[0]; ply < last; ply++) if (rating(game, ply) > low) those.push(ply);
    fitting.set(game, shuffle(random(seed, "labelled plies", hash32(game)), those));
  }
  const drawn: Faced[] = [];
  for (let round = 0; round < perGame; round++) {
    for (const [game, those] of fitting) {
      const before = taken.get(game) ?? 0;
      if (before === perGame || round >= those.length) continue;
      const ply = those[round];
      drawn.push({ game, ply, rating: rating(game, ply) });
      taken.set(game, before + 1);
      if (drawn.length === count) return drawn.sort((a, b) => a.game - b.game || a.ply - b.ply);
    }
  }
  throw new RangeError(
    `Cannot draw ${count} positions of players rated ${low} to ${high}: ` +
      `there are ${drawn.length}, at most ${perGame} a game`,
  );
}

/**
 * The lines of the file: positions with their scores, those of a game together.
 *
 * @param places The place among the labels of each position, where several have one.
 */
export function labelledGames(
  games: Games,
  faced: readonly Faced[],
  labels: Labels,
  places: readonly number[] = faced.map((_, x) => x),
): LabelledGame[] {
  const byGame = Map.groupBy(faced.map((of, x) => ({ ...of, x: places[x] })), ({ game }) => game);
  return [...byGame].sort(([a], [b]) => a - b).map(([game, those]) => {
    const last = Math.max(...those.map(({ ply }) => ply)), first = games.offsets[game];
    const scores = those.map(({ ply, x }) => {
      const [start, end] = [labels.offsets[x], labels.offsets[x + 1]];
      const own = labels.moves.subarray(start, end);
      const inOrder = Array.from(
        uciOrder(own.slice()),
        (m) => labels.scores[start + own.indexOf(m)],
      );
      return [ply, inOrder] as const;
    });
    return {
      game,
      ...(games.year[game] > 0 && { year: games.year[game] }),
      white: games.white[game],
      black: games.black[game],
      moves: Array.from(games.moves.subarray(first, first + last + 1), makeUci).join(" "),
      scores: Object.fromEntries(scores),
    };
  });
}

/** The years of the games in words; nothing where no game tells. */
function yearsOf(games: Games, faced: readonly Faced[]): string {
  const years = faced.map(({ game }) => games.year[game]).filter((year) => year > 0);
  if (years.length === 0) return "";
  const first = years.reduce((a, b) => Math.min(a, b)),
    last = years.reduce((a, b) => Math.max(a, b));
  return first === last ? ` of ${first}` : ` of ${first} to ${last}`;
}

async function main(args: readonly string[], signal: AbortSignal): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      dataset: { type: "string" },
      name: { type: "string" },
      bands: { type: "string", default: "0-1000,1000-1300,1300-1500" },
      positions: { type: "string", default: "2000" },
      "per-game": { type: "string", default: "2" },
      plies: { type: "string", default: "16-80" },
      depth: { type: "string", default: "6" },
      engine: { type: "string", default: "wasm" },
      workers: { type: "string", default: "2" },
      queue: { type: "string" },
      seed: { type: "string", default: "1" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const { dataset, name } = values;
  if (dataset === undefined || name === undefined) {
    throw new TypeError(`Cannot label without --dataset and --name\n\n${HELP}`);
  }
  const seed = parseCount("seed", values.seed, 0), depth = parseCount("depth", values.depth);
  const perGame = parseCount("per-game", values["per-game"]);
  const workers = parseCount("workers", values.workers);
  const plies = parseRange("plies", values.plies);
  const bands = values.bands.split(",").map((text) => parseRange("bands", text));
  const counts = values.positions.split(",").map((text) => parseCount("positions", text));
  if (counts.length !== 1 && counts.length !== bands.length) {
    throw new RangeError(
      `Cannot label ${counts.length} numbers of positions in ${bands.length} bands: ` +
        "--positions takes one number, or one for each of --bands",
    );
  }
  const { test, card } = openDataset(datasetFolder(dataset));
  const taken = new Map<number, number>();
  const faced = bands.flatMap((band, i) =>
    drawPositions(test, { band, count: counts[i] ?? counts[0], plies, perGame, seed, taken })
  );
  const positions = faced.map(({ game, ply }) => replay(test, game, ply));

  await using engine = await openEngine({ queue: values.queue, processes: workers });
  const labels = await labelGrid(positions, { engine: values.engine, depth }, {
    folder: jobsFolder(),
    engine,
    signal,
  });
  const labelled = labelledGames(test, faced, labels);
  const file = join(RESULTS, "labels", `${name}.jsonl.gz`);
  writeLabels(file, {
    engine: labels.engine,
    depth,
    source:
      `test games${
        yearsOf(test, faced)
      } in the dataset ${card.name}, bands ${values.bands}, plies ${values.plies}, ` +
      `at most ${perGame} positions of a game, seed ${seed}`,
    licence: "CC0",
  }, labelled);
  console.log(`Wrote ${faced.length} positions to ${file}`);
}

if (import.meta.main) {
  await runCommand(main, "Stopped; the same command goes on where this one was");
}
