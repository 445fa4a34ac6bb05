/**
 * `deno task bench:data [games.pgn[.zst|.gz]]`: how fast games are read, beside a Python loop over
 * lines and pgn-extract on the same text in the same run. Writes `results/bench/data.json`.
 *
 * Without a file it takes the real games of the games folder, or else makes some from random moves.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { basename, delimiter, join } from "node:path";
import { parseArgs } from "node:util";
import { makePgn, readPgn } from "@lib/chess/pgn.ts";
import { nextGame, scanBlocks, scanPgn, tagNumber } from "@lib/chess/pgn_scanner.ts";
import { legalMoves, startPosition } from "@lib/chess/position.ts";
import { openBytes } from "@lib/data/bytes.ts";
import { temporaryFolder, writeJson } from "@lib/files.ts";
import { gamesFolder, RESULTS, userPath } from "@lib/paths.ts";
import { parseCount, parseNumber, runCommand } from "@lib/tasks/command.ts";
import { median } from "@lib/tasks/contest.ts";
import { random, randomInteger } from "@lib/random.ts";

const HELP = `Measure how fast games are read.

  deno task bench:data                     real games where present, else made ones
  deno task bench:data games.pgn.zst       this file

  --megabytes <n>   text to read, from the start of the file (64)
  --runs <n>        runs of each program; the median counts (5)
  --out <file>      where the result goes (results/bench/data.json)
  --help            this text
`;

/** The question put to each filter: the games in which both players are rated at most this. */
const CAP = 1500;

/** One program's times. */
export interface Row {
  /** Who reads. */
  readonly name: string;
  /** Seconds of wall clock of each run. */
  readonly seconds: readonly number[];
  /** Median megabytes (10⁶ bytes) of text a second. */
  readonly megabytesPerSecond: number;
  /** Games counted: all of them, or those kept by the filter. */
  readonly games: number;
  /** Why there is no time, where there is none. */
  readonly absent?: string;
}

/** What is measured and where. */
export interface BenchOptions {
  /** What is read. */
  readonly path: string;
  /** How much of it. */
  readonly megabytes: number;
  /** How often. */
  readonly runs: number;
  /** Stops the measurement between two runs. */
  readonly signal?: AbortSignal;
}

/**
 * Measures all programs in turn on the same text, read from a plain file in the page cache.
 *
 * @throws {Error} if two programs that answer the same question disagree
 */
export async function benchData({ path, megabytes, runs, signal }: BenchOptions): Promise<{
  readonly bytes: number;
  readonly plies: number;
  readonly rows: readonly Row[];
}> {
  const folder = temporaryFolder("bench-");
  try {
    const text = join(folder, "games.pgn");
    const bytes = await sample(path, text, megabytes * 1e6);
    let plies = 0;
    const measure = async (name: string, run: () => Promise<number>): Promise<Row> => {
      await run(); // compiles, and fills the cache
      const seconds: number[] = [];
      let games = 0;
      for (let k = 0; k < runs; k++) {
        signal?.throwIfAborted();
        const start = performance.now();
        games = await run();
        seconds.push((performance.now() - start) / 1000);
      }
      return { name, seconds, megabytesPerSecond: bytes / 1e6 / median(seconds), games };
    };
    const external = async (name: string, program: string, args: readonly string[]) => {
      const found = findProgram(program);
      if (found === undefined) {
        return { name, seconds: [], megabytesPerSecond: NaN, games: 0, absent: `no ${program}` };
      }
      return await measure(name, () => countOf(found, args));
    };

    const rows = [
      await measure("tags, filter (this library)", async () => {
        let kept = 0;
        await scanPgn(openBytes(text), (game) => {
          const white = tagNumber(game, "WhiteElo"), black = tagNumber(game, "BlackElo");
          if (white <= CAP && black <= CAP) kept++;
        });
        return kept;
      }),
      await measure("all moves (this library)", async () => {
        let games = 0;
        plies = 0;
        for await (const game of readPgn(openBytes(text), { onError: () => {} })) {
          games++;
          plies += game.moves.length;
        }
        return games;
      }),
      await external("tags, filter (Python, lines and regex)", "python3", ["-c", PYTHON, text]),
      await external("all moves (pgn-extract)", "pgn-extract", ["-r", text]),
    ];
    const [ours, , python] = rows;
    if (python.absent === undefined && python.games !== ours.games) {
      throw new Error(
        `Cannot trust the times: this library keeps ${ours.games} games, Python ${python.games}`,
      );
    }
    return { bytes, plies, rows };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const PYTHON = `
import re, sys
tag = re.compile(rb'\\[(WhiteElo|BlackElo) "(\\d+)"\\]')
kept, ratings = 0, {}
def count():
    return len(ratings) == 2 and max(ratings.values()) <= ${CAP}
with open(sys.argv[1], "rb") as file:
    for line in file:
        if line.startswith(b"[Event "):
            kept += count()
            ratings = {}
        found = tag.match(line)
        if found:
            ratings[found.group(1)] = int(found.group(2))
print(kept + count())
`;

// Copies whole games, as plain text, up to a size.
async function sample(path: string, to: string, size: number): Promise<number> {
  using file = await Deno.open(to, { write: true, create: true });
  let written = 0;
  for await (const scanner of scanBlocks(openBytes(path))) {
    let start = -1, end = 0;
    while (written + end - start < size && nextGame(scanner)) {
      if (start < 0) start = scanner.start;
      end = scanner.end;
    }
    if (start >= 0) {
      const part = scanner.bytes.subarray(start, end);
      for (let at = 0; at < part.length;) at += await file.write(part.subarray(at));
      written += part.length;
    }
    if (written >= size) break;
  }
  return written;
}

// A program on PATH, or where Debian keeps what it calls games.
function findProgram(name: string): string | undefined {
  const folders = [...(Deno.env.get("PATH") ?? "").split(delimiter), "/usr/games"];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

// The last number that the program prints.
async function countOf(program: string, args: readonly string[]): Promise<number> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args] }).output();
  const printed = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  const count = printed.trim().match(/(\d+)\D*$/)?.[1];
  if (!success || count === undefined) {
    throw new Error(`Cannot measure ${program}: it failed with "${printed.slice(-200)}"`);
  }
  return Number(count);
}

async function versionOf(program: string): Promise<string | null> {
  const found = findProgram(program);
  if (found === undefined) return null;
  const { stdout, stderr } = await new Deno.Command(found, { args: ["--version"] }).output();
  return new TextDecoder().decode(stdout.length > 0 ? stdout : stderr).trim().split("\n")[0];
}

// Random games with ratings, for machines without any.
async function makeGames(path: string): Promise<void> {
  const games: string[] = [];
  for (let k = 0; k < 400; k++) {
    const next = random(0, "bench games", k), position = startPosition(), moves: number[] = [];
    while (moves.length < 70) {
      const legal = legalMoves(position);
      if (legal.length === 0) break;
      moves.push(legal[randomInteger(next, legal.length)]);
      position.play(moves.at(-1)!);
    }
    const rating = () => String(1000 + randomInteger(next, 1000));
    const headers = {
      Event: "Made for the benchmark",
      Site: "-",
      White: "?",
      Black: "?",
      WhiteElo: rating(),
      BlackElo: rating(),
      TimeControl: "300+0",
      Termination: "Normal",
    };
    games.push(makePgn({ headers, moves, result: "1/2-1/2" }));
  }
  const text = games.join("");
  await Deno.writeTextFile(path, text.repeat(Math.ceil(64e6 / text.length)));
}

function printTable(rows: readonly Row[], bytes: number): void {
  const lines = rows.map(({ name, seconds, megabytesPerSecond, games, absent }) =>
    absent !== undefined ? [name, absent, "", ""] : [
      name,
      `${megabytesPerSecond.toFixed(0)} MB/s`,
      `${Math.min(...seconds).toFixed(2)}–${Math.max(...seconds).toFixed(2)} s`,
      `${games} games`,
    ]
  );
  console.log(`\n${(bytes / 1e6).toFixed(1)} MB of text`);
  for (const [name, speed, range, games] of lines) {
    console.log(
      `${name.padEnd(40)}${speed.padStart(12)}${range.padStart(16)}${games.padStart(16)}`,
    );
  }
}

async function main(args: readonly string[], signal: AbortSignal): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      megabytes: { type: "string", default: "64" },
      runs: { type: "string", default: "5" },
      out: { type: "string", default: join(RESULTS, "bench", "data.json") },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const megabytes = parseNumber("megabytes", values.megabytes);
  if (megabytes <= 0) throw new RangeError(`Cannot measure ${megabytes} MB: must be above 0`);
  const runs = parseCount("runs", values.runs);
  const real = join(gamesFolder(), "lichess_games.pgn.zst");
  const folder = temporaryFolder("bench-");
  try {
    let path = positionals.length > 0 ? userPath(positionals[0]) : real;
    if (positionals.length === 0 && !existsSync(real)) {
      path = join(folder, "made.pgn");
      console.log(`No real games in the games folder: making random ones`);
      await makeGames(path);
    }
    console.log(`Reading ${basename(path)}, ${runs} runs each …`);
    const load = loadavg()[0];
    const { bytes, plies, rows } = await benchData({ path, megabytes, runs, signal });
    printTable(rows, bytes);
    const replay = median(rows[1].seconds);
    console.log(`\n${(plies / replay / 1e6).toFixed(1)} million plies/s replayed from SAN`);
    writeJson(userPath(values.out), {
      date: new Date().toISOString(),
      file: basename(path),
      bytes,
      plies,
      pliesPerSecond: Math.round(plies / replay),
      rows,
      machine: {
        cpu: cpus()[0]?.model ?? "unknown",
        cores: cpus().length,
        loadBefore: load,
        os: `${Deno.build.os} ${Deno.osRelease()}`,
      },
      versions: {
        deno: Deno.version.deno,
        v8: Deno.version.v8,
        python3: await versionOf("python3"),
        "pgn-extract": await versionOf("pgn-extract"),
      },
    });
    console.log(`Written to ${values.out}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) await runCommand(main);
