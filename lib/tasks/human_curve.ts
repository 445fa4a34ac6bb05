/**
 * `deno task human-curve`: what moves cost players of each rating, from games with evaluations.
 *
 * @module
 */

import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { type CountedMove, tallyLosses, writeLossTable } from "@lib/analysis/human_curve.ts";
import type { Games } from "@lib/data/games.ts";
import { hasEvals } from "@lib/data/select.ts";
import { gamesFolder, RESULTS } from "@lib/paths.ts";
import { parseRange, runCommand } from "@lib/tasks/command.ts";
import { eachMove, loadGames } from "@lib/query/games.ts";

const HELP = `Count what moves cost players of each rating, in games with evaluations.

  deno task human-curve [options]

Options
  --source <games>     a dataset's name, or a file .pgn, .pgn.zst or .pgn.gz
                       (lichess_games.pgn.zst of the games folder)
  --moves <low-high>   numbers of the moves that count (5-30)
  --chance <low-high>  the mover's win chance before the move in % (10-90)
  --help               this text

Writes results/labels/human-curve.json.gz.
`;

/** The moves that count: within the numbers and win chances told, of players whose rating is known. */
export function* countedMoves(
  games: Games,
  { moves, chance }: {
    readonly moves: readonly [low: number, high: number];
    readonly chance: readonly [low: number, high: number];
  },
): Generator<CountedMove> {
  for (const move of eachMove(games)) {
    const { game, rating, year, ply, phase, loss } = move, number = (ply >> 1) + 1;
    if (rating === null || number < moves[0] || number > moves[1]) continue;
    if (move.chance < chance[0] || move.chance > chance[1]) continue;
    yield { game, rating, phase, year: year ?? 0, loss };
  }
}

async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      source: { type: "string", default: join(gamesFolder(), "lichess_games.pgn.zst") },
      moves: { type: "string", default: "5-30" },
      chance: { type: "string", default: "10-90" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const moves = parseRange("moves", values.moves), chance = parseRange("chance", values.chance);
  const games = await loadGames(values.source, { keep: hasEvals });
  const cells = tallyLosses(countedMoves(games, { moves, chance }));
  const file = join(RESULTS, "labels", "human-curve.json.gz");
  writeLossTable(file, {
    source: `games with evaluations of ${basename(values.source)}, moves ${values.moves}, ` +
      `win chance ${values.chance} %`,
    games: games.length,
    cells,
  });
  console.log(`Wrote ${cells.length} cells of ${games.length} games to ${file}`);
}

if (import.meta.main) await runCommand(main);
