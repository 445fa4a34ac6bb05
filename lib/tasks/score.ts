/**
 * `deno task score`: a model's move probabilities for anybody's positions, line by line.
 *
 *     deno task score --model boardnet-cap1500 --positions in.jsonl --out out.jsonl
 *
 * @module
 */

import { parseArgs } from "node:util";
import { z } from "zod";
import { type Distribution, sampleIndex } from "@lib/analysis/distribution.ts";
import { checkTemperature, sharpen } from "@lib/analysis/temperature.ts";
import { parseFen, START_FEN } from "@lib/chess/fen.ts";
import { legalMoves, type Move, startPosition } from "@lib/chess/position.ts";
import { makeUci, parseUci } from "@lib/chess/san.ts";
import { useBackend } from "@lib/compute/backend.ts";
import { openBytes } from "@lib/data/bytes.ts";
import { readLines } from "@lib/data/lines.ts";
import { writeLinesAtomic } from "@lib/files.ts";
import { gamePolicy } from "@lib/model/game_policy.ts";
import { loadModel } from "@lib/model/model.ts";
import type { History } from "@lib/model/token_policy.ts";
import { modelName, userPath } from "@lib/paths.ts";
import { random } from "@lib/random.ts";
import { parseCount, parseNumber, runCommand } from "@lib/tasks/command.ts";

const HELP = `A model's move probabilities and choices for your positions.

  deno task score --model boardnet-cap1500 --positions in.jsonl --out out.jsonl [options]

Options
  --model <run>         a run's id, or its folder or .safetensors file with a slash
  --positions <file>    JSON lines, plain or compressed: {"fen": …, "moves"?: [UCI from the start]}
  --temperature <list>  temperatures of the moves to choose (1,0.75,0.001)
  --out <file>          each line as it came, with "policy": {UCI: probability at τ = 1} over all
                        legal moves and "chosen": {τ: a move drawn at τ}; or with "error"
  --seed <n>            fixes the draws (1)
  --help                this text

A ChessFormer reads games, so it needs the moves that led to the position.
`;

/** Lines whose positions are evaluated together. */
const CHUNK = 1024;

const lineSchema = z.looseObject({
  /** The position. */
  fen: z.string(),
  /** The moves from the usual start that led there. */
  moves: z.array(z.string()).optional(),
});

/** How lines are scored. */
export interface ScoreOptions {
  /** Temperatures of the moves to choose. */
  readonly taus: readonly number[];
  /** Fixes the draws, line by line. */
  readonly seed: number;
  /** Whether the model reads games, so that each line needs its moves; false by default. */
  readonly needsMoves?: boolean;
}

/** A line as it came, with what was added; `error` alone where it cannot be scored. */
export interface ScoredLine {
  /** What the line said. */
  readonly [field: string]: unknown;
  /** Probability at τ = 1 of every legal move, by its UCI. */
  readonly policy?: Readonly<Record<string, number>>;
  /** A move drawn at each temperature, by the temperature. */
  readonly chosen?: Readonly<Record<string, string>>;
  /** What is wrong with the line. */
  readonly error?: string | undefined;
}

/**
 * Adds a policy's probabilities and choices to lines of JSON, in their order. A line that cannot be
 * scored comes back with what is wrong with it as `error`.
 *
 * @param lines objects with `fen` and, where it is known, `moves` from the usual start, as UCI.
 * @param policy f(y|x) at τ = 1 for a batch of positions with the moves that led there.
 * @throws {RangeError} for a negative temperature.
 *
 * ```ts
 * import { scoreLines } from "@lib/tasks/score.ts";
 * import { START_FEN } from "@lib/chess/fen.ts";
 * import { legalMoves } from "@lib/chess/position.ts";
 * import assert from "node:assert/strict";
 *
 * const lines = [JSON.stringify({ fen: START_FEN, id: 7 }), "no JSON"];
 * const uniform = (games: readonly { position: Parameters<typeof legalMoves>[0] }[]) =>
 *   Promise.resolve(games.map(({ position }) => {
 *     const moves = legalMoves(position);
 *     return { moves, p: new Float64Array(moves.length).fill(1 / moves.length) };
 *   }));
 * const options = { taus: [1], seed: 1 };
 * const [first, second] = await Array.fromAsync(scoreLines(lines, uniform, options));
 * assert.equal(first.id, 7);
 * assert.equal(first.policy!.e2e4, 0.05);
 * assert.match(second.error!, /line 2/);
 * ```
 */
export async function* scoreLines(
  lines: Iterable<string> | AsyncIterable<string>,
  policy: (games: readonly History[]) => Promise<readonly Distribution[]>,
  { taus, seed, needsMoves = false }: ScoreOptions,
): AsyncGenerator<ScoredLine> {
  taus.forEach(checkTemperature);
  let number = 0, chunk: ReadLine[] = [];
  const flush = async function* () {
    const ready = chunk.filter((line) => "game" in line);
    const found = ready.length === 0 ? [] : await policy(ready.map(({ game }) => game));
    const answers = new Map<ReadLine, Distribution>(ready.map((line, i) => [line, found[i]]));
    for (const line of chunk) {
      yield {
        ...line.record,
        ...("error" in line ? { error: line.error } : {
          error: undefined, // of an earlier try
          ...answerOf(answers.get(line)!, taus, seed, line.number),
        }),
      };
    }
    chunk = [];
  };
  for await (const text of lines) {
    chunk.push(readLine(text, ++number, needsMoves));
    if (chunk.length === CHUNK) yield* flush();
  }
  yield* flush();
}

/** A line as it was read: a game, or what is wrong. */
type ReadLine =
  & { readonly number: number; readonly record: object }
  & ({ readonly game: History } | { readonly error: string });

function readLine(text: string, number: number, needsMoves: boolean): ReadLine {
  let record = {};
  try {
    const value = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) record = value;
    const parsed = lineSchema.safeParse(value);
    if (!parsed.success) throw new SyntaxError(z.prettifyError(parsed.error));
    return { number, record, game: gameOf(parsed.data, needsMoves) };
  } catch (error) {
    return { number, record, error: `Cannot score line ${number}: ${(error as Error).message}` };
  }
}

function gameOf({ fen, moves }: z.infer<typeof lineSchema>, needsMoves: boolean): History {
  const position = parseFen(fen);
  if (legalMoves(position).length === 0) throw new RangeError(`in ${fen} the game is over`);
  if (moves === undefined) {
    if (needsMoves && position.key() !== startPosition().key()) {
      throw new TypeError(`this model reads games, so "moves" must say how ${fen} came about`);
    }
    return { moves: [], position };
  }
  const replayed = startPosition();
  const played = moves.map((uci): Move => {
    const move = parseUci(replayed, uci);
    replayed.play(move);
    return move;
  });
  if (replayed.key() !== position.key()) {
    throw new RangeError(`"moves" do not lead from ${START_FEN} to ${fen}`);
  }
  return { moves: played, position };
}

function answerOf({ moves, p }: Distribution, taus: readonly number[], seed: number, line: number) {
  const names = Array.from(moves, makeUci);
  return {
    policy: Object.fromEntries(names.map((uci, i) => [uci, Number(p[i].toPrecision(6))])),
    chosen: Object.fromEntries(taus.map((tau, t) => {
      const drawn = sampleIndex(sharpen(p, tau), random(seed, "score", line, t));
      return [String(tau), names[drawn]];
    })),
  };
}

/** What a run of the task did. */
export interface Scored {
  /** Lines written. */
  readonly lines: number;
  /** Those of them with an error. */
  readonly errors: number;
  /** Seconds from the first line to the last. */
  readonly seconds: number;
}

/**
 * Runs the task.
 *
 * @param args the command line.
 * @param print where the text goes.
 * @returns what was done, or null after `--help`.
 * @throws {TypeError | RangeError} for options that are none; {@linkcode Deno.errors.NotFound} for a
 * model that is not there; {@linkcode Error} for a file that cannot be read.
 */
export async function scoreTask(
  args: readonly string[],
  print: (text: string) => void = console.log,
  signal?: AbortSignal,
): Promise<Scored | null> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      model: { type: "string" },
      positions: { type: "string" },
      temperature: { type: "string", default: "1,0.75,0.001" },
      out: { type: "string" },
      seed: { type: "string", default: "1" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    print(HELP);
    return null;
  }
  if (
    values.model === undefined || values.positions === undefined || values.out === undefined
  ) {
    throw new TypeError(`Cannot score without --model, --positions and --out\n\n${HELP}`);
  }
  const taus = values.temperature.split(",").map((text) => parseNumber("temperature", text));
  const seed = parseCount("seed", values.seed, 0), out = userPath(values.out);
  await useBackend();
  using model = loadModel(modelName(values.model));
  const needsMoves = model.config.model === "chessformer";

  const start = performance.now();
  let lines = 0, errors = 0;
  const input = readLines(openBytes(userPath(values.positions)));
  const scored = scoreLines(input, (games) => gamePolicy(model, games), { taus, seed, needsMoves });
  await writeLinesAtomic(
    out,
    (async function* () {
      for await (const line of scored) {
        signal?.throwIfAborted();
        lines++;
        errors += Number(line.error !== undefined);
        yield JSON.stringify(line);
      }
    })(),
  );
  const seconds = (performance.now() - start) / 1000;
  print(
    `${lines} lines to ${out}, ${errors} with an error; ${Math.round(lines / seconds)} a second`,
  );
  return { lines, errors, seconds };
}

if (import.meta.main) {
  await runCommand(async (args, signal) => void await scoreTask(args, console.log, signal));
}
