/**
 * The games of a rating pool as a grid: a match a job, kept as it is made.
 *
 * @module
 */

import { join } from "node:path";
import { fileHash } from "@lib/data/file_hash.ts";
import { type GridOptions, runGrid } from "@lib/jobs/grid.ts";
import { RESULTS } from "@lib/paths.ts";
import { modelOf, PAPER_MOVES, type PoolGame } from "@lib/play/pool.ts";
import { hash32, hashText } from "@lib/random.ts";

/** Two players who meet, as `openPlayer` reads them, and how often. */
export interface Pairing {
  /** The first player. */
  readonly a: string;
  /** The second. */
  readonly b: string;
  /** Games, even: half with each colour. */
  readonly games: number;
}

/** What a job of kind `match` results in, as far as it matters here. */
interface Match {
  readonly games: readonly {
    readonly index: number;
    readonly moves: readonly string[];
    readonly result: PoolGame["result"];
    readonly reason: string;
  }[];
}

/** The runs whose models play, among players as `openPlayer` reads them. */
function modelsOf(players: readonly string[]): string[] {
  return [...new Set(players.flatMap((player) => modelOf(player)?.run ?? []))];
}

/**
 * Plays the games of a pool, each match from openings drawn from the 40 standard ones, drawn after 89
 * full moves. What was stopped goes on where it was; matches that were played before, by the same
 * weights, are not played again.
 *
 * @param options `seed` fixes openings and players' draws; `engine`, as `openPlayer` names it, runs
 * Stockfish and does not count as another player.
 * @returns the players in order of appearance, the SHA-256 of each model's weights, and the games.
 * @throws {Error} when matches failed.
 *
 * ```ts
 * import { playPool } from "@lib/jobs/pool_games.ts";
 * import assert from "node:assert/strict";
 *
 * const pairings = [{ a: "greedy", b: "random", games: 2 }];
 * const { players, games } = await playPool(pairings, {
 *   seed: 1, engine: "wasm", folder: Deno.makeTempDirSync(), onProgress() {},
 * });
 * assert.deepEqual(players, ["greedy", "random"]);
 * assert.deepEqual(games.map(({ white }) => white), [0, 1]);
 * ```
 */
export async function playPool(
  pairings: readonly Pairing[],
  { seed, engine, grid, ...options }: Omit<GridOptions, "engine"> & {
    readonly seed: number;
    readonly engine: string;
    readonly grid?: GridOptions["engine"];
  },
): Promise<{ players: string[]; weights: Record<string, string>; games: PoolGame[] }> {
  const players = [...new Set(pairings.flatMap(({ a, b }) => [a, b]))];
  const weights: Record<string, string> = {};
  for (const run of modelsOf(players)) {
    weights[run] = await fileHash(join(RESULTS, run, "model.safetensors"));
  }
  const run = (player: string) =>
    player.startsWith("stockfish") ? `${player}:engine=${engine}` : player;
  const jobs = pairings.map(({ a, b, games }) => ({
    kind: "match",
    spec: {
      a: run(a),
      b: run(b),
      games,
      seed: hash32(seed, hashText(a), hashText(b)),
      maxMoves: PAPER_MOVES,
      weights: Object.fromEntries(modelsOf([a, b]).map((run) => [run, weights[run]])),
    },
  }));
  const matches = await runGrid(jobs, { label: "matches", ...options, engine: grid });
  const games = (matches as unknown as Match[]).flatMap((match, i) => {
    const [a, b] = [pairings[i].a, pairings[i].b].map((name) => players.indexOf(name));
    return match.games.map(({ index, moves, result, reason }): PoolGame => ({
      ...(index % 2 === 0 ? { white: a, black: b } : { white: b, black: a }),
      result,
      end: reason,
      moves: moves.join(" "),
    }));
  });
  return { players, weights, games };
}
