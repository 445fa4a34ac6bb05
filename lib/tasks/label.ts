/**
 * `deno task label`: positions that players faced, with Stockfish's score of every legal move.
 *
 * @module
 */

import { isAbsolute, join } from "node:path";
import { parseArgs } from "node:util";
import { type Label, writeLabels } from "@lib/analysis/labels.ts";
import { makeFen } from "@lib/chess/fen.ts";
import { makeUci } from "@lib/chess/san.ts";
import { openDataset } from "@lib/data/dataset.ts";
import { type Games, replay } from "@lib/data/games.ts";
import { CACHE, RESULTS } from "@lib/paths.ts";
import { labelPositions } from "@lib/play/labelling.ts";
import { openStockfish } from "@lib/play/stockfish.ts";
import { hash32, random, randomInteger, shuffle } from "@lib/random.ts";

const HELP = `Score every legal move of positions that players faced in games kept from training.

  deno task label --dataset <name> --name <name> [options]

Options
  --dataset <name>     a dataset's name or folder; its test games are used
  --name <name>        writes results/labels/<name>.jsonl.gz
  --bands <list>       ratings of the player to move, as low-high (low excluded), separated by commas
                       (0-1000,1000-1300,1300-1500)
  --positions <n>      positions a band, at most two of a game in each (2000)
  --plies <low-high>   plies played before the position (16-80)
  --depth <n>          plies searched behind each move (6)
  --engine <which>     wasm (shipped), native (on PATH) or a path (wasm)
  --workers <n>        engines side by side (2)
  --seed <n>           fixes the choice of positions (1)
  --help               this text
`;

const PER_GAME = 2;

/** A position that a player faced. */
interface Faced {
  readonly game: number;
  /** Plies played before it. */
  readonly ply: number;
  readonly rating: number;
}

/**
 * Draws positions of a band: games in a shuffled order, at most two plies of each, until there are
 * enough. Deterministic by seed.
 *
 * @throws {RangeError} when the games hold fewer.
 */
export function drawPositions(
  games: Games,
  { band, count, plies, seed }: {
    readonly band: readonly [low: number, high: number];
    readonly count: number;
    readonly plies: readonly [low: number, high: number];
    readonly seed: number;
  },
): Faced[] {
  const order = shuffle(
    random(seed, "labelled games"),
    Uint32Array.from({ length: games.length }, (_, i) => i),
  );
  const drawn: Faced[] = [];
  for (const game of order) {
    const length = games.offsets[game + 1] - games.offsets[game];
    const rating = (ply: number) => (ply % 2 === 0 ? games.white : games.black)[game];
    const fitting: number[] = [];
    for (let ply = plies[0]; ply < Math.min(plies[1], length); ply++) {
      if (rating(ply) > band[0] && rating(ply) <= band[1]) fitting.push(ply);
    }
    const next = random(seed, "labelled plies", hash32(game));
    for (let i = 0; i < PER_GAME && fitting.length > 0; i++) {
      const [ply] = fitting.splice(randomInteger(next, fitting.length), 1);
      drawn.push({ game, ply, rating: rating(ply) });
      if (drawn.length === count) return drawn;
    }
  }
  throw new RangeError(
    `Cannot draw ${count} positions of players rated ${band[0]} to ${band[1]}: ` +
      `the games hold ${drawn.length}, at most ${PER_GAME} a game`,
  );
}

function parseRange(text: string, what: string): [number, number] {
  const match = /^(\d+)-(\d+)$/.exec(text.trim());
  if (match && Number(match[1]) < Number(match[2])) return [Number(match[1]), Number(match[2])];
  throw new RangeError(`Cannot read the ${what} "${text}": must be low-high, such as 1000-1300`);
}

function parseCount(text: string, what: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 0) return count;
  throw new RangeError(`Cannot read --${what} ${text}: must be an integer of 0 or more`);
}

async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      dataset: { type: "string" },
      name: { type: "string" },
      bands: { type: "string", default: "0-1000,1000-1300,1300-1500" },
      positions: { type: "string", default: "2000" },
      plies: { type: "string", default: "16-80" },
      depth: { type: "string", default: "6" },
      engine: { type: "string", default: "wasm" },
      workers: { type: "string", default: "2" },
      seed: { type: "string", default: "1" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const { dataset, name } = values;
  if (dataset === undefined || name === undefined) {
    throw new TypeError(`Cannot label without --dataset and --name\n\n${HELP}`);
  }
  const seed = parseCount(values.seed, "seed"), depth = parseCount(values.depth, "depth");
  const plies = parseRange(values.plies, "plies");
  const { test, card } = openDataset(
    isAbsolute(dataset) ? dataset : join(CACHE, "datasets", dataset),
  );
  const faced = values.bands.split(",").flatMap((text) =>
    drawPositions(test, {
      band: parseRange(text, "band"),
      count: parseCount(values.positions, "positions"),
      plies,
      seed,
    })
  );
  const positions = faced.map(({ game, ply }) => replay(test, game, ply));

  const count = parseCount(values.workers, "workers");
  await using stockfish = await openStockfish({ engine: values.engine, count });
  const start = performance.now();
  const labels = await labelPositions(stockfish, positions, {
    depth,
    onProgress(done, total) {
      if (done % 100 !== 0 && done !== total) return;
      const rate = done / (performance.now() - start) * 1000;
      const left = Math.round((total - done) / rate);
      console.log(`${done} of ${total} positions, ${rate.toFixed(1)} a second, ${left} s left`);
    },
  });
  const rows = faced.map(({ game, ply, rating }, x): Label => {
    const entries = Array.from(
      { length: labels.offsets[x + 1] - labels.offsets[x] },
      (_, i) => labels.offsets[x] + i,
    );
    return {
      fen: makeFen(positions[x]),
      game,
      rating,
      moves: Array.from(
        test.moves.subarray(test.offsets[game], test.offsets[game] + ply),
        makeUci,
      ).join(" "),
      played: makeUci(test.moves[test.offsets[game] + ply]),
      score: Object.fromEntries(entries.map((i) => [makeUci(labels.moves[i]), labels.scores[i]])),
    };
  });
  const file = join(RESULTS, "labels", `${name}.jsonl.gz`);
  writeLabels(file, {
    engine: labels.engine,
    depth,
    source:
      `test games of the dataset ${card.name}, bands ${values.bands}, plies ${values.plies}, ` +
      `at most ${PER_GAME} positions of a game in each band, seed ${seed}`,
    licence: "CC0",
  }, rows);
  console.log(`Wrote ${rows.length} positions to ${file}`);
}

if (import.meta.main) {
  try {
    await main(Deno.args);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
