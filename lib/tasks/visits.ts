/**
 * `deno task visits`: the positions in which a model has to move in its own games, with Stockfish's
 * score of every legal move there: the state visitation over which the paper averages favor.
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeLabels } from "@lib/analysis/labels.ts";
import { collectGames, gameRow, replay } from "@lib/data/games.ts";
import { RESULTS } from "@lib/paths.ts";
import { labelPositions } from "@lib/play/labelling.ts";
import { type PlayedGame, playMatch } from "@lib/play/match.ts";
import { openModelPlayer } from "@lib/play/model_player.ts";
import { openPlayer } from "@lib/play/named_player.ts";
import { standardOpenings } from "@lib/play/openings.ts";
import { openStockfish } from "@lib/play/stockfish.ts";
import { parseCount, parseNumber, runCommand } from "@lib/tasks/command.ts";
import type { Visit } from "@lib/tasks/frequent.ts";
import { labelledGames } from "@lib/tasks/label.ts";

const HELP = `Play a model's games and score every legal move of the positions in which it moved.

  deno task visits --model boardnet-cap1000 --cap 1000 [options]

Options
  --model <run>     a run's id
  --cap <n>         the rating cap of its players; stands as the rating of the one to move
  --tau <n>         the temperature at which it plays (0.001)
  --against <who>   its opponent (stockfish:skill=1:nodes=1000:seeded; see deno task match --help)
  --games <n>       games, even: each of the 40 standard openings is played with both colours (80)
  --name <name>     writes results/labels/<name>.jsonl.gz (visits-<model>)
  --depth <n>       plies searched behind each move (7)
  --engine <which>  that scores: wasm (shipped), native (on PATH) or a path (wasm)
  --workers <n>     engines side by side (2)
  --seed <n>        fixes the games (1)
  --help            this text
`;

/**
 * The visits of player a, White in games of even number, after the opening.
 *
 * @param openings Plies of each opening, by its name.
 * @param rating What stands as the rating of the one who moved.
 */
export function ownVisits(
  games: readonly PlayedGame[],
  openings: ReadonlyMap<string, number>,
  rating: number,
): Visit[] {
  return games.flatMap(({ moves, opening }, game) =>
    Array.from(moves, (_, ply) => ({ game, ply, rating }))
      .slice(openings.get(opening) ?? 0).filter(({ ply }) => (ply + game) % 2 === 0)
  );
}

async function main(args: readonly string[], signal: AbortSignal): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      model: { type: "string" },
      cap: { type: "string" },
      tau: { type: "string", default: "0.001" },
      against: { type: "string", default: "stockfish:skill=1:nodes=1000:seeded" },
      games: { type: "string", default: "80" },
      name: { type: "string" },
      depth: { type: "string", default: "7" },
      engine: { type: "string", default: "wasm" },
      workers: { type: "string", default: "2" },
      seed: { type: "string", default: "1" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const { model, cap: capText, against } = values;
  if (model === undefined || capText === undefined) {
    throw new TypeError(`Cannot play without --model and --cap\n\n${HELP}`);
  }
  const { name = `visits-${model}` } = values;
  const cap = parseCount("cap", capText), tau = parseNumber("tau", values.tau);
  const games = parseCount("games", values.games), depth = parseCount("depth", values.depth);
  const seed = parseCount("seed", values.seed, 0), workers = parseCount("workers", values.workers);
  const openings = standardOpenings();

  await using a = await openModelPlayer(model, { temperature: tau });
  await using resources = new AsyncDisposableStack();
  const b = await openPlayer(against);
  resources.defer(() => b[Symbol.asyncDispose]?.());
  const match = await playMatch({ a, b, games, seed, openings, maxMoves: 89, signal });
  const { wins, draws, losses } = match;
  console.log(`${a.name} against ${b.name}: ${wins} won, ${draws} drawn, ${losses} lost`);
  const visits = ownVisits(
    match.games,
    new Map(openings.map(({ name, moves }) => [name, moves.length])),
    cap,
  );
  const played = collectGames(
    match.games.map(({ moves, result }) =>
      gameRow({ headers: { WhiteElo: `${cap}`, BlackElo: `${cap}` }, moves, result })
    ),
  );
  // A position that several games reach is scored once.
  const positions = visits.map(({ game, ply }) => replay(played, game, ply));
  const keys = positions.map((position) => position.key());
  const distinct = [...new Map(keys.map((key, x) => [key, x])).values()];
  const places = new Map(distinct.map((x, place) => [keys[x], place]));

  await using stockfish = await openStockfish({ engine: values.engine, count: workers });
  const start = performance.now();
  const labels = await labelPositions(
    stockfish,
    distinct.map((x) => positions[x]),
    {
      depth,
      signal,
      onProgress(done, total) {
        if (done % 100 !== 0 && done !== total) return;
        const rate = done / (performance.now() - start) * 1000;
        const left = Math.round((total - done) / rate);
        console.log(`${done} of ${total} positions, ${rate.toFixed(1)} a second, ${left} s left`);
      },
    },
  );
  const rows = labelledGames(played, visits, labels, visits.map((_, x) => places.get(keys[x])!));
  const file = join(RESULTS, "labels", `${name}.jsonl.gz`);
  writeLabels(file, {
    engine: labels.engine,
    depth,
    source:
      `positions in which ${a.name} had to move in ${games} games against ${b.name}, standard ` +
      `openings, seed ${seed} (${wins} won, ${draws} drawn, ${losses} lost); the rating is its cap`,
    licence: "CC0",
  }, rows);
  console.log(`Wrote ${visits.length} positions, ${distinct.length} of them different, to ${file}`);
}

if (import.meta.main) await runCommand(main, "Stopped; nothing is written");
