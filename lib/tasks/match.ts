/**
 * `deno task match`: two players, a score with its interval, the games as PGN.
 *
 *     deno task match --a greedy --b random --games 200
 *     deno task match --a model:cap1500:tau=0.1 --b stockfish:skill=0:nodes=1000 --out games.pgn
 *
 * @module
 */

import { parseArgs } from "node:util";
import { writeFileAtomic } from "@lib/files.ts";
import type { Interval } from "@lib/analysis/stats.ts";
import { type MatchResult, pgnOf, type PlayedGame, playMatch } from "@lib/play/match.ts";
import type { CountingPlayer } from "@lib/play/legality.ts";
import { NO_OPENING, readOpenings, standardOpenings } from "@lib/play/openings.ts";
import { openPlayer, PLAYER_HELP } from "@lib/play/named_player.ts";
import { userPath } from "@lib/paths.ts";
import { parseCount, runCommand } from "@lib/tasks/command.ts";

const HELP = `Play a match between two players.

  deno task match --a <player> --b <player> [options]

Players
${PLAYER_HELP}

Options
  --games <n>        games, even: each opening is played with both colours (100)
  --openings <what>  standard (40 common ones, the default), none, or a file: PGN, EPD, FEN
  --max-moves <n>    full moves after which a game is drawn (200; the paper's 89)
  --seed <n>         fixes the openings and every random number (1)
  --concurrency <n>  games played side by side (64)
  --out <file>       write the games as PGN
  --help             this text
`;

/**
 * Runs the task.
 *
 * @param args the command line.
 * @param print where the text goes.
 * @returns the result, or null after `--help`.
 * @throws {TypeError | RangeError | SyntaxError} for options and players that are none, saying which
 * there are.
 */
export async function matchTask(
  args: readonly string[],
  print: (text: string) => void = console.log,
  signal?: AbortSignal,
): Promise<MatchResult | null> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      a: { type: "string" },
      b: { type: "string" },
      games: { type: "string", default: "100" },
      openings: { type: "string", default: "standard" },
      "max-moves": { type: "string", default: "200" },
      seed: { type: "string", default: "1" },
      concurrency: { type: "string", default: "64" },
      out: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    print(HELP);
    return null;
  }
  if (values.a === undefined || values.b === undefined) {
    throw new TypeError(`Cannot play a match without --a and --b\n\n${HELP}`);
  }
  const total = parseCount("games", values.games, 2);
  const options = {
    seed: parseCount("seed", values.seed, 0),
    maxMoves: parseCount("max-moves", values["max-moves"]),
    concurrency: parseCount("concurrency", values.concurrency),
  };
  const out = values.out === undefined ? undefined : userPath(values.out);
  const openings = values.openings === "standard"
    ? standardOpenings()
    : values.openings === "none"
    ? [NO_OPENING]
    : await readOpenings(userPath(values.openings));

  await using players = new AsyncDisposableStack();
  const a = await openPlayer(values.a);
  players.defer(async () => await a[Symbol.asyncDispose]?.());
  const b = await openPlayer(values.b);
  players.defer(async () => await b[Symbol.asyncDispose]?.());

  const begun = performance.now();
  const played: PlayedGame[] = [];
  const save = () => {
    if (out === undefined || played.length === 0) return;
    played.sort((x, y) => x.index - y.index);
    writeFileAtomic(out, played.map((game) => pgnOf(game)).join("\n"));
    print(`${played.length} games written to ${out}`);
  };
  let result: MatchResult;
  try {
    result = await playMatch({
      a,
      b,
      games: total,
      openings,
      ...options,
      signal,
      onGame(game, done) {
        played.push(game);
        if (done % Math.ceil(total / 10) === 0) print(`${done} of ${total} games`);
      },
    });
  } catch (error) {
    // What was played is kept, also when an engine gives out or the user stops.
    save();
    throw error;
  }
  print(describe(result, (performance.now() - begun) / 1000));
  for (const player of [a, b]) {
    if (!("legality" in player)) continue;
    const { rate } = (player as CountingPlayer).legality();
    print(`${player.name} wrote legal moves in ${percent(rate)} of ${rate.n} texts`);
  }
  save();
  return result;
}

const percent = ({ value, low, high }: Omit<Interval, "n">) =>
  `${(100 * value).toFixed(1)} % [${(100 * low).toFixed(1)}, ${(100 * high).toFixed(1)}]`;

function describe(result: MatchResult, seconds: number): string {
  const { a, b, wins, draws, losses, score, elo, forfeits, games } = result;
  const reasons = new Map<string, number>();
  for (const { reason } of games) {
    const kind = reason.split(":")[0];
    reasons.set(kind, (reasons.get(kind) ?? 0) + 1);
  }
  const ends = [...reasons].sort((x, y) => y[1] - x[1]).map(([kind, n]) => `${kind} ${n}`);
  const round = (x: number) => Number.isFinite(x) ? x.toFixed(0) : x > 0 ? "∞" : "−∞";
  return [
    `${a} – ${b}: +${wins} =${draws} −${losses}, n = ${games.length} games`,
    `score ${percent(score)} (95 %, over ${score.n} pairs of games)`,
    `Elo difference ${round(elo.value)} [${round(elo.low)}, ${round(elo.high)}]`,
    `ends: ${ends.join(", ")}`,
    ...(forfeits.a + forfeits.b > 0 ? [`given up: ${forfeits.a} and ${forfeits.b}`] : []),
    `${(games.length / seconds).toFixed(1)} games/s`,
  ].join("\n");
}

if (import.meta.main) {
  await runCommand(async (args, signal) => void await matchTask(args, console.log, signal));
}
