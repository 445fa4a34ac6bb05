/**
 * `deno task data`: builds a dataset from a file, a folder, a Lichess month or the simulated crowd.
 *
 * @module
 */

import { basename } from "node:path";
import { parseArgs } from "node:util";
import { type Card, gamesOf, SPLITS } from "@lib/data/card.ts";
import { buildDataset, type BuildProgress, type DatasetOptions } from "@lib/data/dataset.ts";
import { downloadMonth, isMonth, LICHESS_LICENCE } from "@lib/data/lichess.ts";
import { parseSelection, type SelectionInput } from "@lib/data/select.ts";
import { simulateGames } from "@lib/experts/crowd.ts";
import { datasetFolder, userPath } from "@lib/paths.ts";
import { parseCount, parseNumber, parseRange, runCommand } from "@lib/tasks/command.ts";

const HELP = `Build a dataset: games to train on, to validate with and to test on, and a card.

  deno task data                                        simulated players, nothing to download
  deno task data --source games.pgn.zst --cap 1500      a file: .pgn, .pgn.zst or .pgn.gz
  deno task data --source games.parquet --cap 1500      Parquet with a column movetext (Hugging Face)
  deno task data --source folder --band 1400-1500       all such files of a folder
  deno task data --source 2013-01 --speeds blitz,rapid  a month of Lichess, downloaded once

Which games
  --source <what>      file, folder, month or "simulated" (simulated)
  --cap <rating>       both players are rated at most this
  --band <low-high>    both players are rated above low and at most high
  --speeds <list>      of ultraBullet,bullet,blitz,rapid,classical,correspondence,unknown
  --rated <yes|no>     only rated, or only casual games
  --min-plies <n>      shortest game (1)
  --max-plies <n>      longest game
  --terminations <list>  such as Normal,"Time forfeit"; Normal includes Normal/mate
  --from <date>        first year, month or day: 2018, 2018-06 or 2018-06-01
  --to <date>          last one, inclusive
  --evals <yes|no>     only games with, or without, evaluations
  --openings <list>    begin with one of these lines, as "e4 e5 Nf3,d4 d5"
  --player <name>      of this player
  --moves-of <whom>    whose moves they are kept for: player, opponents or either (both); the other
                       rating is written as unknown, and training with a band passes those moves by
  --set-up             also games from a set-up position
  --max-games <n>      a uniform sample of this many
  --seed <n>           of the sample, the split and the simulated games (0)

What is made of them
  --out <name>         data/cache/datasets/<name>, or a folder if it has a slash (from the source)
  --split <v,t>        shares set aside for validation and test (0.05,0.05)
  --licence <text>     of the games, for the card
  --workers <n>        files of a folder that are read at once (1); the dataset is the same
  --replace            build over a dataset of that name
  --players <n>        simulated players (24)
  --games <n>          games they play (5000)
  --help               this text

Ctrl-C stops and leaves nothing half made; a download goes on where it stopped.
`;

const OPTIONS = {
  source: { type: "string", default: "simulated" },
  cap: { type: "string" },
  band: { type: "string" },
  speeds: { type: "string" },
  rated: { type: "string" },
  "min-plies": { type: "string" },
  "max-plies": { type: "string" },
  terminations: { type: "string" },
  from: { type: "string" },
  to: { type: "string" },
  evals: { type: "string" },
  openings: { type: "string" },
  player: { type: "string" },
  "moves-of": { type: "string" },
  "set-up": { type: "boolean" },
  "max-games": { type: "string" },
  seed: { type: "string", default: "0" },
  out: { type: "string" },
  split: { type: "string", default: "0.05,0.05" },
  licence: { type: "string" },
  workers: { type: "string", default: "1" },
  replace: { type: "boolean", default: false },
  players: { type: "string", default: "24" },
  games: { type: "string", default: "5000" },
  help: { type: "boolean", default: false },
} as const;

type Values = ReturnType<typeof parseArgs<{ args: string[]; options: typeof OPTIONS }>>["values"];

function yesOrNo(flag: string, text: string): boolean {
  if (text === "yes" || text === "no") return text === "yes";
  throw new RangeError(`Cannot read --${flag} ${text}: must be yes or no`);
}

/** The selection that the flags ask for; its own rules are checked by `parseSelection`. */
function selectionOf(values: Values): SelectionInput {
  const list = (text: string) => text.split(",").map((item) => item.trim());
  const { cap, band, speeds, rated, terminations, from, to, evals, openings, player, seed } =
    values;
  const ofFlag = <K extends string, T>(
    key: K,
    text: string | undefined,
    read: (text: string) => T,
  ) => text === undefined ? {} : { [key]: read(text) } as Record<K, T>;
  return parseSelection({
    ...ofFlag("cap", cap, (text) => parseNumber("cap", text)),
    ...ofFlag("band", band, (text) => parseRange("band", text)),
    ...ofFlag("speeds", speeds, list),
    ...ofFlag("rated", rated, (text) => yesOrNo("rated", text)),
    ...ofFlag("minPlies", values["min-plies"], (text) => parseNumber("min-plies", text)),
    ...ofFlag("maxPlies", values["max-plies"], (text) => parseNumber("max-plies", text)),
    ...ofFlag("terminations", terminations, list),
    ...ofFlag("from", from, String),
    ...ofFlag("to", to, String),
    ...ofFlag("evals", evals, (text) => yesOrNo("evals", text)),
    ...ofFlag("openings", openings, list),
    ...ofFlag("player", player, String),
    ...ofFlag("movesOf", values["moves-of"], String),
    ...(values["set-up"] && { setUp: true }),
    ...ofFlag("maxGames", values["max-games"], (text) => parseNumber("max-games", text)),
    seed: parseNumber("seed", seed),
  });
}

/** A name for the dataset, from its source and its most telling rule. */
function nameOf(source: string, { cap, band, maxGames }: SelectionInput): string {
  const parts = [basename(source).replace(/\.pgn(\.zst|\.gz)?$|\.parquet$/i, "")];
  if (cap !== undefined) parts.push(`cap${cap}`);
  if (band) parts.push(`band${band.join("-")}`);
  if (maxGames !== undefined) parts.push(`n${maxGames}`);
  return parts.join("-");
}

/** Shows how far it is: one line that renews itself in a terminal, else a line now and then. */
function progressLine(): (text: string) => void {
  const isTerminal = Deno.stderr.isTerminal();
  let last = 0;
  return (text) => {
    if (Date.now() - last < (isTerminal ? 100 : 5000)) return;
    last = Date.now();
    Deno.stderr.writeSync(new TextEncoder().encode(isTerminal ? `\r\x1b[K${text}` : `${text}\n`));
  };
}

const megabytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1);

function progressText({ phase, fraction, read, kept }: BuildProgress, seconds: number): string {
  const share = Number.isNaN(fraction) ? "" : `${(100 * fraction).toFixed(0)} %, `;
  if (phase === "hash") return `Hashing the source: ${share}${seconds.toFixed(0)} s`;
  const left = fraction > 0.01
    ? `, ${(seconds * (1 - fraction) / fraction).toFixed(0)} s left`
    : "";
  return `Reading games: ${share}${read} read, ${kept} fit${left}`;
}

async function sourceOf(
  values: Values,
  show: (text: string) => void,
  signal: AbortSignal,
): Promise<Pick<DatasetOptions, "source" | "licence">> {
  const { source, licence } = values;
  if (source === "simulated") {
    const players = parseNumber("players", values.players),
      games = parseNumber("games", values.games);
    const seed = parseNumber("seed", values.seed);
    return {
      source: {
        name: `${games} games of ${players} simulated players, seed ${seed}`,
        games: simulateGames({ players, games, seed }),
        total: games,
      },
      licence: licence ?? "CC0-1.0 (made by this workspace)",
    };
  }
  if (isMonth(source)) {
    const onProgress = (received: number, total: number) =>
      show(`Downloading ${source}: ${megabytes(received)} of ${megabytes(total)} MB`);
    return {
      source: await downloadMonth(source, { signal, onProgress }),
      licence: licence ?? LICHESS_LICENCE,
    };
  }
  return { source: userPath(source), ...(licence !== undefined && { licence }) };
}

function summary(card: Card, directory: string): string {
  const rejected = Object.entries(card.rejected).map(([rule, n]) => `${n} by ${rule}`).join(", ");
  return [
    `${gamesOf(card)} of ${card.read} games kept` + (rejected && ` (not kept: ${rejected})`),
    ...SPLITS.map((split) => `  ${split}: ${card.games[split]} games, ${card.plies[split]} plies`),
    ...card.notes.map((note) => `  ${note}`),
    directory,
  ].join("\n");
}

async function main(args: readonly string[], signal: AbortSignal): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  if (values.help) return console.log(HELP);
  const selection = selectionOf(values);
  const shares = values.split.split(",").map((share) => parseNumber("split", share));
  if (shares.length !== 2) {
    throw new RangeError(`Cannot read --split ${values.split}: must be two shares, as 0.05,0.05`);
  }
  const [validation, test] = shares;
  const name = values.out ?? nameOf(values.source, selection);
  const directory = datasetFolder(name);
  const show = progressLine();
  const from = await sourceOf(values, show, signal);
  const start = performance.now();
  const card = await buildDataset({
    ...from,
    directory,
    selection,
    split: { validation, test },
    seed: parseNumber("seed", values.seed),
    workers: parseCount("workers", values.workers),
    replace: values.replace,
    signal,
    onProgress: (progress) => show(progressText(progress, (performance.now() - start) / 1000)),
  });
  if (Deno.stderr.isTerminal()) console.error("\r\x1b[K");
  console.log(summary(card, directory));
  console.log(`Built in ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

if (import.meta.main) await runCommand(main, "Stopped; nothing half made is left");
