/**
 * A pool of games among models and engines of known effort: who plays, the games on disk, and the
 * ratings that follow, on the paper's scale.
 *
 * On disk a gzipped JSONL file: a card, then one line a game.
 *
 * @module
 */

import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { z } from "zod";
import { checkpointHash } from "@lib/analysis/answers.ts";
import { writeFileAtomic } from "@lib/files.ts";
import type { RatedGame } from "@lib/play/glicko.ts";
import { fitRatings, type Ratings, type Results } from "@lib/play/rating.ts";

/**
 * Players of fixed effort, the weakest first, as `openPlayer` reads them. A level of Stockfish picks
 * its move when the search has reached 1 + level plies (`skillDepth`), so a search of that depth plays
 * as the level does with any more time, on any machine.
 */
export const ANCHORS: readonly string[] = [
  "random",
  "greedy",
  "stockfish:skill=0:depth=1:epsilon=0.5",
  "stockfish:skill=0:depth=1:epsilon=0.25",
  "stockfish:skill=0:depth=1:epsilon=0.1",
  ...[0, 1, 2, 3, 4, 5].map((level) => `stockfish:skill=${level}:depth=${level + 1}`),
];

/** What fixes the scale: skill 1 is where the paper has it (paper.md § 2.6). */
export const SCALE: Readonly<Record<string, number>> = { "stockfish:skill=1:depth=2": 1552 };

/** The paper's three opponents with the ratings it takes for exact, in the order in which it plays them. */
export const PAPER_OPPONENTS: Readonly<Record<string, number>> = {
  "stockfish:skill=1:depth=2": 1552,
  "stockfish:skill=3:depth=4": 1842,
  "stockfish:skill=5:depth=6": 2142,
};

/** Full moves after which a game is drawn, as the paper does. */
export const PAPER_MOVES = 89;

const cardSchema = z.strictObject({
  /** The engine's own name, such as `Stockfish 15.1`. */
  engine: z.string(),
  /** How the games were played. */
  about: z.string(),
  /** Of the random numbers. */
  seed: z.int(),
  /** Players as `openPlayer` reads them; games name them by their number. */
  players: z.array(z.string()).min(2),
  /** The first 16 digits of the SHA-256 of the weights, by run. */
  models: z.record(z.string(), z.string().regex(/^[0-9a-f]{16}$/)),
  licence: z.string(),
});

const gameSchema = z.strictObject({
  /** White's number. */
  white: z.int().nonnegative(),
  /** Black's number. */
  black: z.int().nonnegative(),
  result: z.enum(["1-0", "0-1", "1/2-1/2"]),
  /** Such as `checkmate`. */
  end: z.string(),
  /** All moves from the usual start as UCI with spaces, the opening's too. */
  moves: z.string(),
});

/** How the games of a pool were played. */
export type PoolCard = Readonly<z.infer<typeof cardSchema>>;

/** A game of a pool. */
export type PoolGame = Readonly<z.infer<typeof gameSchema>>;

/** A pool of games. */
export interface Pool {
  /** How they were played. */
  readonly card: PoolCard;
  /** Match by match, in the order in which they were paired. */
  readonly games: readonly PoolGame[];
}

/** A model that plays in a pool. */
export interface PoolModel {
  /** Its run. */
  readonly run: string;
  /** The temperature at which it plays. */
  readonly tau: number;
  /** Tries of the paper's rule for illegal moves; absent where it draws from the legal ones. */
  readonly tries?: number;
}

/**
 * The model that a player of a pool is, or null.
 *
 * ```ts
 * import { modelOf } from "@lib/play/pool.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(modelOf("model:mine:tau=0.1"), { run: "mine", tau: 0.1 });
 * assert.equal(modelOf("greedy"), null);
 * ```
 */
export function modelOf(player: string): PoolModel | null {
  const [kind, run, ...options] = player.split(":");
  if (kind !== "model") return null;
  const values = new Map(options.map((option) => option.split("=") as [string, string]));
  const tries = values.get("tries");
  return {
    run,
    tau: Number(values.get("tau") ?? 1),
    ...(tries !== undefined && { tries: Number(tries) }),
  };
}

/**
 * Refuses games of checkpoints that are not those beside them.
 *
 * @param results the folder of the runs.
 * @throws {RangeError} naming the run, what played and what is there.
 */
export function checkCheckpoints({ models }: PoolCard, results: string): void {
  for (const [run, played] of Object.entries(models)) {
    const found = checkpointHash(join(results, run));
    if (found === played) continue;
    throw new RangeError(
      `Cannot use the games of ${run}: its checkpoint ${played} played them, there is now ${found} ` +
        `(deno task rate)`,
    );
  }
}

/** Writes a pool, atomically. */
export function writePool(file: string, { card, games }: Pool): void {
  const lines = [card, ...games].map((line) => JSON.stringify(line)).join("\n") + "\n";
  writeFileAtomic(file, gzipSync(lines, { level: 9 }));
}

/**
 * Reads a pool.
 *
 * @throws {SyntaxError} naming the file and the line that cannot be read: not gzip, not JSON, a field
 * missing, a player without a name.
 *
 * ```ts
 * import { readPool, writePool } from "@lib/play/pool.ts";
 * import assert from "node:assert/strict";
 *
 * const file = `${Deno.makeTempDirSync()}/two.jsonl.gz`;
 * const card = {
 *   ...{ engine: "none", about: "made up", seed: 1, models: {}, licence: "CC0" },
 *   players: ["greedy", "random"],
 * };
 * const end = { result: "0-1" as const, end: "checkmate", moves: "f2f3 e7e5 g2g4 d8h4" };
 * writePool(file, { card, games: [{ white: 1, black: 0, ...end }] });
 * assert.equal(readPool(file).games[0].result, "0-1");
 * ```
 */
export function readPool(file: string): Pool {
  const bytes = Deno.readFileSync(file);
  const failure = (where: string, error: unknown) =>
    new SyntaxError(`Cannot read the pool ${file}${where}: ${(error as Error).message}`);
  let lines: string[];
  try {
    lines = new TextDecoder().decode(gunzipSync(bytes)).trimEnd().split("\n");
  } catch (error) {
    throw failure("", error);
  }
  const parse = <T>(schema: z.ZodType<T>, i: number): T => {
    try {
      return schema.parse(JSON.parse(lines[i] ?? ""));
    } catch (error) {
      throw failure(`, line ${i + 1}`, error);
    }
  };
  const card = parse(cardSchema, 0);
  const named = gameSchema.refine(
    ({ white, black }) => Math.max(white, black) < card.players.length,
    `a game names a player over ${card.players.length - 1}`,
  );
  return { card, games: lines.slice(1).map((_, i) => parse(named, i + 1)) };
}

/**
 * The results of each pair that met, for `fitRatings`.
 *
 * ```ts
 * import { fitRatings } from "@lib/play/rating.ts";
 * import { resultsOf } from "@lib/play/pool.ts";
 * import assert from "node:assert/strict";
 *
 * const game = { white: 0, black: 1, end: "checkmate", moves: "" };
 * const games = [
 *   ...(["1-0", "1-0", "0-1"] as const).map((result) => ({ ...game, result })),
 *   { ...game, white: 1, black: 0, result: "1/2-1/2" as const },
 * ];
 * const results = resultsOf({ card: { players: ["a", "b"] }, games });
 * assert.deepEqual(results, [{ a: "a", b: "b", wins: 2, draws: 1, losses: 1 }]);
 * assert.ok(fitRatings(results, { anchors: { b: 1000 } }).difference("a", "b").value > 0);
 * ```
 */
export function resultsOf(
  { card, games }: { readonly card: Pick<PoolCard, "players">; readonly games: Pool["games"] },
): Results[] {
  const pairs = new Map<
    string,
    { a: string; b: string; wins: number; draws: number; losses: number }
  >();
  for (const { white, black, result } of games) {
    const [a, b] = white < black ? [white, black] : [black, white];
    const key = `${a} ${b}`;
    const { players } = card;
    const pair = pairs.get(key) ?? { a: players[a], b: players[b], wins: 0, draws: 0, losses: 0 };
    pairs.set(key, pair);
    const points = pointsOf(result, white === a);
    pair[points === 1 ? "wins" : points === 0 ? "losses" : "draws"]++;
  }
  return [...pairs.values()];
}

/**
 * The ratings of all who played in a pool, by maximum likelihood, on the paper's scale
 * ({@linkcode SCALE}). A draw counts as half a win and half a loss, so that a difference is the
 * odds of the score, as it is for Elo, Glicko and so the ratings of servers and of the paper.
 *
 * @param options `draws: "apart"` for Davidson's model, whose difference is the odds of a win against
 * a loss: the more draws there are, the longer that scale is.
 * @throws {RangeError} when nobody of known rating played.
 *
 * ```ts
 * import { ratePool, SCALE } from "@lib/play/pool.ts";
 * import assert from "node:assert/strict";
 *
 * const [engine] = Object.keys(SCALE);
 * const game = (result: "1-0" | "0-1" | "1/2-1/2") => ({ white: 0, black: 1, end: "", moves: "", result });
 * const pool = {
 *   card: { players: ["mine", engine] },
 *   games: [game("1-0"), game("1/2-1/2"), game("1/2-1/2"), game("1/2-1/2"), game("0-1"), game("1-0")],
 * };
 * // 3½ of 6 points are 58 points more than the engine, but two wins to a loss 120.
 * const of = (draws: "half" | "apart") =>
 *   Math.round(ratePool(pool, { draws }).difference("mine", engine).value);
 * assert.deepEqual([of("half"), of("apart")], [58, 120]);
 * ```
 */
export function ratePool(
  pool: { readonly card: Pick<PoolCard, "players">; readonly games: Pool["games"] },
  { draws = "half" }: { readonly draws?: "half" | "apart" } = {},
): Ratings {
  const known = Object.keys(SCALE);
  if (!pool.card.players.some((player) => known.includes(player))) {
    throw new RangeError(`Cannot set the scale of a pool without ${known}: it must play in it`);
  }
  const results = resultsOf(pool);
  return fitRatings(draws === "apart" ? results : results.map(halved), { anchors: SCALE });
}

/** Draws as half a win and half a loss. */
function halved({ a, b, wins, draws, losses }: Results): Results {
  return { a, b, wins: wins + draws / 2, draws: 0, losses: losses + draws / 2 };
}

/**
 * A player's games against opponents of known rating, for `chainedGlicko`: one opponent after the
 * other, in the order of `opponents`.
 */
export function chainOf(
  { card, games }: Pool,
  player: string,
  opponents: Readonly<Record<string, number>>,
): RatedGame[] {
  const own = card.players.indexOf(player);
  return Object.entries(opponents).flatMap(([name, opponent]) => {
    const other = card.players.indexOf(name);
    return games.flatMap(({ white, black, result }) =>
      white === own && black === other || white === other && black === own
        ? [{ opponent, score: pointsOf(result, white === own) }]
        : []
    );
  });
}

function pointsOf(result: PoolGame["result"], asWhite: boolean): number {
  return result === "1/2-1/2" ? 0.5 : Number((result === "1-0") === asWhite);
}
