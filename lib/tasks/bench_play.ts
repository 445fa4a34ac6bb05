/**
 * `deno task bench:play`: how many moves a second a ChessFormer makes, with its memory of the games,
 * beside PyTorch with a cache of keys and values and without, on the same machine in the same run:
 * the contestants take turns, and medians of the rounds are reported. Writes
 * `results/bench/play.json`. On a busy machine compare with one thread each: PyTorch's threads wait
 * for each other in a way that costs it up to a hundredfold there.
 *
 * @module
 */

import { loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import * as tf from "@tensorflow/tfjs";
import { legalMoves, startPosition } from "@lib/chess/position.ts";
import { describeBackend, useBackend } from "@lib/compute/backend.ts";
import { pgnText, uciTokenizer } from "@lib/data/tokenizer.ts";
import { writeJson } from "@lib/files.ts";
import type { ChessFormerConfig } from "@lib/model/chessformer.ts";
import { openDecoder } from "@lib/model/decoder.ts";
import { initModel, type Model } from "@lib/model/model.ts";
import { tokenPolicy } from "@lib/model/token_policy.ts";
import { RESULTS, userPath } from "@lib/paths.ts";
import { newGame, playMove } from "@lib/play/game.ts";
import { modelPlayer } from "@lib/play/player.ts";
import { random, randomInteger } from "@lib/random.ts";
import { parseCount, runCommand } from "@lib/tasks/command.ts";
import {
  type Contestant,
  describeMachine,
  median,
  round2,
  serveOrders,
  startContestant,
} from "@lib/tasks/contest.ts";

const HELP = `Measure how many moves a second a ChessFormer makes.

  deno task bench:play
  PYTHON=<python with torch> deno task bench:play --models moves

  --models <list>    moves (4 layers of 128) and characters (8 layers of 256) (both)
  --backends <list>  our backends (native,simd)
  --batches <list>   games at once (1,64)
  --threads <n>      threads of every contestant (the cores)
  --rounds <n>       rounds of each contestant; the median counts (5)
  --out <file>       where the result goes (results/bench/play.json)
  --help             this text
`;

/** Plies of the games whose moves are timed. */
const PLIES = 100;

/** Where in a game tokens are timed, evenly spread, and how many one after another. */
const STOPS = 8, STEPS = 4;

/** Layers, heads, width, vocabulary, block. */
const SHAPES = {
  moves: [4, 4, 128, uciTokenizer.size, 256],
  characters: [8, 8, 256, 32, 1023],
} as const;

type Name = keyof typeof SHAPES;

/** An untrained model; the speed does not depend on the weights. */
function modelOf(name: Name): Model<ChessFormerConfig> {
  const [layers, heads, width, vocabulary, block] = SHAPES[name];
  const tokenizer = name === "moves" ? "uci" : "pgn";
  const shape = { layers, heads, width, vocabulary, block, expansion: 4, bias: true };
  return initModel({ model: "chessformer", tokenizer, ...shape }, 1);
}

/** Tokens of a move: 1, or the characters of games of random moves. */
function tokensOfMove(name: Name): number {
  if (name === "moves") return 1;
  let characters = 0, plies = 0;
  for (let game = 0; game < 50; game++) {
    const next = random(1, "game", game), position = startPosition(), moves: number[] = [];
    for (let legal = legalMoves(position); legal.length && moves.length < PLIES;) {
      const move = legal[randomInteger(next, legal.length)];
      moves.push(move);
      position.play(move);
      legal = legalMoves(position);
    }
    characters += pgnText(moves).length;
    plies += moves.length;
  }
  return characters / plies;
}

/** Milliseconds of a greedy token of each of `games` texts of up to `length` tokens. */
async function timeTokens(
  model: Model<ChessFormerConfig>,
  games: number,
  length: number,
): Promise<number> {
  using decoder = openDecoder(model, { memory: 3 * 2 ** 30 });
  const V = model.config.vocabulary;
  const texts = Array.from({ length: games }, (_, g) => [V - 1, g % 32, Math.floor(g / 32)]);
  let ms = 0;
  for (let stop = 0; stop < STOPS; stop++) {
    const at = Math.floor((stop + 0.5) * length / STOPS);
    texts.forEach((text, g) => {
      while (text.length < at) text.push((text.length * 7 + g) % V);
    });
    await decoder.next(texts);
    const begun = performance.now();
    for (let step = 0; step < STEPS; step++) {
      const logits = await decoder.next(texts);
      texts.forEach((text, g) => text.push(largest(logits[g])));
    }
    ms += performance.now() - begun;
  }
  return ms / (STOPS * STEPS);
}

function largest(logits: Float32Array): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i] > logits[best]) best = i;
  return best;
}

/** Milliseconds of a move of each of `games` real games, rules and all, up to `length` plies. */
async function timeGames(
  model: Model<ChessFormerConfig>,
  games: number,
  length: number,
): Promise<number> {
  using decoder = openDecoder(model);
  const player = modelPlayer("", (states) => tokenPolicy(decoder, states), { temperature: 0 });
  const randoms = Array.from({ length: games }, (_, g) => random(1, "opening", g));
  let states = randoms.map(() => newGame()), moves = 0, ms = 0;
  for (let ply = 0; ply < length && states.length > 0; ply++) {
    const begun = performance.now();
    // Two random plies make games differ.
    const choices = ply < 2 ? [] : await player.choose(states, randoms);
    states.forEach((state, g) => {
      const choice = choices[g], legal = legalMoves(state.position);
      const move = choice && "move" in choice
        ? choice.move
        : legal[randomInteger(randoms[g], legal.length)];
      playMove(state, move);
    });
    if (ply >= 2) {
      ms += performance.now() - begun;
      moves += states.length;
    }
    states = states.filter(({ position }) => legalMoves(position).length > 0);
  }
  return ms / moves * games;
}

/** Obeys the orders `games length` on stdin. */
async function serve(backend: string, name: Name, what: string): Promise<void> {
  const about = describeBackend(await useBackend(backend));
  using model = modelOf(name);
  const time = what === "games" ? timeGames : timeTokens;
  await time(model, 2, 40);
  await serveOrders(about, (line) => {
    const [games, length] = line.split(" ").map(Number);
    return time(model, games, length);
  });
}

/** The contestants, in the order of their turns; those that cannot start are named and left out. */
async function gather(
  name: Name,
  backends: readonly string[],
  threads: string,
): Promise<Contestant[]> {
  const own = (backend: string, what: string): [string, string[]] => [
    Deno.execPath(),
    ["run", "-A", import.meta.filename!, "--serve", backend, name, what],
  ];
  const torch = (mode: string): [string, string[]] => [
    Deno.env.get("PYTHON") ?? "python3",
    [
      join(import.meta.dirname!, "bench_torch_play.py"),
      ...[JSON.stringify(SHAPES[name]), mode, threads],
    ],
  ];
  const entrants: [string, [string, string[]]][] = [
    ...backends.map((b): [string, [string, string[]]] => [b, own(b, "tokens")]),
    ...(name === "moves"
      ? backends.map((b): [string, [string, string[]]] => [`${b}, whole games`, own(b, "games")])
      : []),
    ["torch, cache", torch("cached")],
    ["torch, no cache", torch("recomputed")],
  ];
  const contestants: Contestant[] = [];
  for (const [contestant, [command, args]] of entrants) {
    try {
      contestants.push(await startContestant(contestant, command, args, { LAB_THREADS: threads }));
    } catch (error) {
      console.log(`${contestant} takes no part: ${(error as Error).message}`);
    }
  }
  return contestants;
}

async function benchPlay(args: readonly string[], signal: AbortSignal): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      models: { type: "string", default: Object.keys(SHAPES).join() },
      backends: { type: "string", default: "native,simd" },
      batches: { type: "string", default: "1,64" },
      threads: { type: "string", default: `${navigator.hardwareConcurrency}` },
      rounds: { type: "string", default: "5" },
      out: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help) return console.log(HELP);
  const rounds = parseCount("rounds", values.rounds);
  const threads = `${parseCount("threads", values.threads)}`;
  const batches = values.batches.split(",").map((text) => parseCount("batches", text));
  const names = values.models.split(",");
  const unknown = names.find((name) => !Object.hasOwn(SHAPES, name));
  if (unknown !== undefined) {
    throw new RangeError(
      `Cannot bench the model "${unknown}": must be ${Object.keys(SHAPES).join(" or ")}`,
    );
  }
  const out = values.out ? userPath(values.out) : join(RESULTS, "bench", "play.json");
  const report: Record<string, unknown> = {
    ...describeMachine(tf.version_core),
    threads: Number(threads),
    rounds,
    measured: new Date().toISOString(),
    load: loadavg().map(round2),
  };
  for (const name of names as Name[]) {
    const perMove = tokensOfMove(name), length = Math.round(PLIES * perMove);
    const contestants = await gather(name, values.backends.split(","), threads);
    const table: Record<string, Record<string, unknown>> = {};
    try {
      for (const games of batches) {
        const times = contestants.map((): number[] => []);
        for (let round = 0; round < rounds; round++) {
          for (const [i, contestant] of contestants.entries()) {
            signal.throwIfAborted();
            times[i].push(await contestant.order(`${games} ${length}`));
          }
        }
        const rate = (i: number) => 1000 * games / (median(times[i]) * perMove);
        const cached = contestants.findIndex(({ name }) => name === "torch, cache");
        contestants.forEach(({ name, about }, i) => {
          table[name] ??= { about };
          table[name][`batch ${games}`] = {
            moves_per_s: round2(rate(i)),
            ratio_vs_torch: cached < 0 ? null : round2(rate(i) / rate(cached)),
            best_moves_per_s: round2(1000 * games / (Math.min(...times[i]) * perMove)),
            token_ms: times[i].map((ms) => Math.round(1e4 * ms) / 1e4),
          };
        });
      }
    } finally {
      for (const contestant of contestants) await contestant.close();
    }
    const [layers, heads, width, vocabulary] = SHAPES[name];
    report[name] = {
      ...{ layers, heads, width, vocabulary, plies: PLIES, tokens_per_move: round2(perMove) },
      contestants: table,
    };
    console.log(`\n${name}: games of ${PLIES} plies, ${round2(perMove)} tokens a move; moves/s`);
    console.table(Object.fromEntries(
      Object.entries(table).map(([name, row]) => [
        name,
        Object.fromEntries(batches.flatMap((games) => {
          const { moves_per_s, ratio_vs_torch } = row[`batch ${games}`] as Record<string, number>;
          return [[`batch ${games}`, moves_per_s], [`× torch, ${games}`, ratio_vs_torch]];
        })),
      ]),
    ));
    writeJson(out, report);
  }
  console.log(`written: ${out}`);
}

if (import.meta.main) {
  const [first, backend, name, what] = Deno.args;
  if (first === "--serve") await serve(backend, name as Name, what);
  else await runCommand(benchPlay, "Stopped; nothing of the model in progress is written");
}
