/**
 * `deno task frequent`: what players chose in the positions that many of them reached, by rating, and
 * Stockfish's score of every legal move there.
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { visitation } from "@lib/analysis/diversity.ts";
import {
  type Cell,
  type FrequentCard,
  type FrequentPositions,
  writeFrequent,
} from "@lib/analysis/frequent.ts";
import { uciOrder, writeLabels } from "@lib/analysis/labels.ts";
import { legalMoves } from "@lib/chess/position.ts";
import { openDataset } from "@lib/data/dataset.ts";
import { concatGames, type Games, replay, startOf } from "@lib/data/games.ts";
import { datasetFolder, RESULTS } from "@lib/paths.ts";
import { labelPositions } from "@lib/play/labelling.ts";
import { openStockfish } from "@lib/play/stockfish.ts";
import { random, shuffle } from "@lib/random.ts";
import { parseCount, runCommand } from "@lib/tasks/command.ts";
import { labelledGames } from "@lib/tasks/label.ts";

const HELP = `Count what players chose in frequent positions, and score every legal move there.

  deno task frequent --dataset uncapped [options]

Options
  --dataset <name>  a dataset's name, or a folder if it has a slash; all its games are counted
  --name <name>     writes results/positions/<name>.jsonl.gz (frequent)
  --least <list>    how often a position must occur in the games up to each cap, as cap:visits; one
                    of them is enough (1000:30,1300:50,1500:80,4000:400)
  --plies <n>       plies played before a position, at most (20)
  --depth <n>       plies searched behind each move; writes results/labels/<name>.jsonl.gz (9)
  --engine <which>  wasm (shipped), native (on PATH) or a path (wasm)
  --workers <n>     engines side by side (2)
  --seed <n>        fixes the visit that stands for each position among the labels (1)
  --help            this text
`;

/** Upper ends of the bands of movers; those of games are the caps of `--least`. */
const MOVERS = [1000, 1300, 1500, 1700, 2000, 4000];

/** Plies of the table of state visitation. */
const VISIT_PLIES = 50;

/** One visit of a frequent position. */
export interface Visit {
  /** The game's number. */
  readonly game: number;
  /** Plies played before it. */
  readonly ply: number;
  /** The mover's. */
  readonly rating: number;
}

/** Which positions are counted. */
export interface CountOptions {
  /** A position is kept when it occurs `visits` times in games of players up to `cap`, for one of these. */
  readonly least: readonly { readonly cap: number; readonly visits: number }[];
  /** Plies played before a position, at most. */
  readonly plies: number;
  /** Fixes which visit stands for each position. */
  readonly seed: number;
}

/**
 * Counts the choices in frequent positions. A position is one without its move counters; games from a
 * set-up position or with an unknown rating are passed over.
 *
 * @returns the positions with one visit of each, drawn at random, in the order of these games; moves in
 * the order of labels, so that both files are aligned.
 * @throws {RangeError} when no position is frequent.
 */
export function countFrequent(
  games: Games,
  { least, plies, seed }: CountOptions,
): Omit<FrequentPositions, "card"> & { readonly cells: Cell[]; readonly visits: Visit[] } {
  const caps = least.map(({ cap }) => cap), cells = cellsOf(caps);
  // Cells of each game cap stand together, so one number finds the cell of a visit.
  const cellOf = (cap: number, rating: number) =>
    cells.findIndex(({ game, mover }) => game[1] === caps[cap] && rating <= mover[1]);
  const seen = new Map<number, Uint32Array>(); // visits by cap
  for (const { key, cap } of eachVisit(games, caps, plies)) {
    let row = seen.get(key);
    if (row === undefined) seen.set(key, row = new Uint32Array(caps.length));
    row[cap]++;
  }
  const places = new Map<number, number>();
  for (const [key, row] of seen) {
    let visits = 0;
    if (least.some((rule, cap) => (visits += row[cap]) >= rule.visits)) {
      places.set(key, places.size);
    }
  }
  seen.clear();
  if (places.size === 0) {
    throw new RangeError(`Cannot count positions of ${games.length} games: none is frequent`);
  }

  const next = random(seed, "visits");
  const counts = Array.from(places, () => new Map<number, Uint32Array>()); // by move
  const visits: Visit[] = [], total = new Uint32Array(places.size);
  for (const { key, cap, game, ply, move, rating } of eachVisit(games, caps, plies)) {
    const x = places.get(key);
    if (x === undefined) continue;
    let row = counts[x].get(move);
    if (row === undefined) counts[x].set(move, row = new Uint32Array(cells.length));
    row[cellOf(cap, rating)]++;
    if (next() * ++total[x] < 1) visits[x] = { game, ply, rating }; // each visit equally likely in the end
  }
  const order = visits.map((_, x) => x).sort((a, b) =>
    visits[a].game - visits[b].game || visits[a].ply - visits[b].ply
  );
  const positions = order.map((x) => replay(games, visits[x].game, visits[x].ply));
  const legal = positions.map((position) => uciOrder(legalMoves(position)));
  const offsets = new Uint32Array(positions.length + 1);
  legal.forEach((moves, x) => offsets[x + 1] = offsets[x] + moves.length);
  return {
    cells,
    visits: order.map((x) => visits[x]),
    length: positions.length,
    positions,
    offsets,
    moves: Uint16Array.from(legal.flat()),
    counts: cells.map((_, c) =>
      Float64Array.from(
        legal.flatMap((moves, i) => moves.map((m) => counts[order[i]].get(m)?.[c] ?? 0)),
      )
    ),
  };
}

/** Games in (previous cap, cap] with movers of each band up to the cap. */
function cellsOf(caps: readonly number[]): Cell[] {
  return caps.flatMap((cap, i) =>
    MOVERS.filter((_, b) => (MOVERS[b - 1] ?? 0) < cap).map((high, _, kept): Cell => ({
      game: [caps[i - 1] ?? 0, cap],
      mover: [kept[kept.indexOf(high) - 1] ?? 0, Math.min(high, cap)],
    }))
  );
}

function* eachVisit(games: Games, caps: readonly number[], plies: number) {
  for (let game = 0; game < games.length; game++) {
    const { white: { [game]: white }, black: { [game]: black } } = games;
    const cap = caps.findIndex((high) => Math.max(white, black) <= high);
    if (games.starts?.[game] || white === 0 || black === 0 || cap < 0) continue;
    const position = startOf(games, game), first = games.offsets[game];
    const length = Math.min(plies + 1, games.offsets[game + 1] - first);
    for (let ply = 0; ply < length; ply++) {
      const move = games.moves[first + ply];
      yield { key: position.key(), cap, game, ply, move, rating: ply % 2 === 0 ? white : black };
      position.play(move);
    }
  }
}

/**
 * How often states are visited, ply by ply, in equally many games of each cap: as many as the lowest
 * cap has, drawn by the seed.
 */
function visitsByPly(games: Games, caps: readonly number[], seed: number): FrequentCard["visits"] {
  const fitting = caps.map((cap) =>
    shuffle(
      random(seed, "games of a cap", cap),
      Array.from({ length: games.length }, (_, game) => game).filter((game) =>
        Math.max(games.white[game], games.black[game]) <= cap && games.white[game] > 0 &&
        games.black[game] > 0 && !games.starts?.[game]
      ),
    )
  );
  const n = Math.min(...fitting.map((those) => those.length));
  return caps.flatMap((cap, i) => {
    const keys: number[][] = Array.from({ length: VISIT_PLIES + 1 }, () => []);
    for (const game of fitting[i].slice(0, n)) {
      const position = startOf(games, game), first = games.offsets[game];
      const length = Math.min(VISIT_PLIES + 1, games.offsets[game + 1] - first);
      for (let ply = 0; ply < length; ply++) {
        keys[ply].push(position.key());
        position.play(games.moves[first + ply]);
      }
    }
    return keys.flatMap((those, ply) => {
      if (those.length === 0) return [];
      const { n, states, most, normalised } = visitation(those);
      return [{ cap, ply, n, states, most, normalised: Number(normalised.toFixed(5)) }];
    });
  });
}

async function main(args: readonly string[], signal: AbortSignal): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      dataset: { type: "string" },
      name: { type: "string", default: "frequent" },
      least: { type: "string", default: "1000:30,1300:50,1500:80,4000:400" },
      plies: { type: "string", default: "20" },
      depth: { type: "string", default: "9" },
      engine: { type: "string", default: "wasm" },
      workers: { type: "string", default: "2" },
      seed: { type: "string", default: "1" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const { dataset, name, least: leastText } = values;
  if (dataset === undefined) throw new TypeError(`Cannot count without --dataset\n\n${HELP}`);
  const least = leastText.split(",").map((rule) => {
    const [cap, visits] = rule.split(":").map((text) => parseCount("least", text));
    return { cap, visits: visits ?? parseCount("least", "") };
  });
  const plies = parseCount("plies", values.plies, 0), depth = parseCount("depth", values.depth);
  const seed = parseCount("seed", values.seed, 0), workers = parseCount("workers", values.workers);
  const { train, validation, test, card } = openDataset(datasetFolder(dataset));
  const games = concatGames([train, validation, test]);

  const { cells, visits, ...counted } = countFrequent(games, { least, plies, seed });
  console.log(`${counted.length} frequent positions in ${games.length} games`);
  const caps = least.map(({ cap }) => cap);
  const ratings = Array.from(games.white, (white, game) => Math.max(white, games.black[game]));
  const file = join(RESULTS, "positions", `${name}.jsonl.gz`);
  writeFrequent(file, {
    ...counted,
    card: {
      source:
        `all games of the dataset ${card.name}; positions after at most ${plies} plies that ` +
        `occur often enough (${leastText}, games up to the cap and visits), whatever their move counters`,
      licence: "CC0",
      games: caps.map((cap) => ({ cap, n: ratings.filter((rating) => rating <= cap).length })),
      cells,
      visits: visitsByPly(games, caps.slice(0, -1), seed),
    },
  });
  console.log(`Wrote the counts to ${file}`);

  await using stockfish = await openStockfish({ engine: values.engine, count: workers });
  const start = performance.now();
  const labels = await labelPositions(stockfish, counted.positions, {
    depth,
    signal,
    onProgress(done, total) {
      if (done % 100 !== 0 && done !== total) return;
      const rate = done / (performance.now() - start) * 1000;
      const left = Math.round((total - done) / rate);
      console.log(`${done} of ${total} positions, ${rate.toFixed(1)} a second, ${left} s left`);
    },
  });
  const rows = labelledGames(games, visits, labels);
  const labelFile = join(RESULTS, "labels", `${name}.jsonl.gz`);
  writeLabels(labelFile, {
    engine: labels.engine,
    depth,
    source:
      `frequent positions of the dataset ${card.name}, ${name}; of each one visit, seed ${seed}`,
    licence: "CC0",
  }, rows);
  console.log(`Wrote ${visits.length} positions to ${labelFile}`);
}

if (import.meta.main) await runCommand(main, "Stopped");
