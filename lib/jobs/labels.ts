/**
 * Labelling positions as a grid: blocks of positions, done by any number of engines here or elsewhere,
 * kept as they are made.
 *
 * @module
 */

import { makeFen } from "@lib/chess/fen.ts";
import { legalMoves, type Position } from "@lib/chess/position.ts";
import { makeUci } from "@lib/chess/san.ts";
import { winProbability } from "@lib/chess/win_probability.ts";
import { type GridOptions, runGrid } from "@lib/jobs/grid.ts";
import type { Labels } from "@lib/play/labelling.ts";
import type { EngineName } from "@lib/play/uci.ts";

/** What a job of kind `label` results in. */
interface Block {
  readonly engine: string;
  /** Centipawns of each legal move, as UCI, of each position. */
  readonly scores: readonly Readonly<Record<string, number>>[];
}

/** How to label, beside how the grid is run. */
export interface LabelSearch {
  /** Which engine scores the moves; see {@linkcode EngineName}. */
  readonly engine: EngineName;
  /** Plies searched behind each move. */
  readonly depth: number;
  /** Positions a job (default 50: seconds of work, which is what a stop can cost). */
  readonly block?: number;
}

/**
 * Scores every legal move of every position, as `labelPositions` does, but in blocks that are kept:
 * what was stopped goes on, and positions that were labelled before are not labelled again.
 *
 * @throws {RangeError} when blocks were labelled by engines of different names.
 * @throws {Error} when blocks failed.
 *
 * ```ts
 * import { labelGrid } from "@lib/jobs/labels.ts";
 * import { startPosition } from "@lib/chess/position.ts";
 * import assert from "node:assert/strict";
 *
 * const labels = await labelGrid(
 *   [startPosition()],
 *   { engine: "wasm", depth: 1 },
 *   { folder: Deno.makeTempDirSync(), onProgress() {} },
 * );
 * assert.equal(labels.reward.length, 20);
 * ```
 */
export async function labelGrid(
  positions: readonly Position[],
  { engine, depth, block = 50 }: LabelSearch,
  options: GridOptions,
): Promise<Labels> {
  const fens = positions.map(makeFen);
  const jobs = Array.from({ length: Math.ceil(fens.length / block) }, (_, i) => ({
    kind: "label",
    spec: { engine, depth, positions: fens.slice(i * block, (i + 1) * block) },
  }));
  const blocks = (await runGrid(jobs, { label: "labelling", ...options })) as unknown as Block[];
  const names = [...new Set(blocks.map((block) => block.engine))];
  if (names.length > 1) {
    throw new RangeError(
      `Cannot join labels of ${names.join(" and ")}: must be of one engine; remove those of the ` +
        `others from ${options.folder}`,
    );
  }
  const offsets = new Uint32Array(positions.length + 1);
  const moves: number[] = [], scores: number[] = [];
  positions.forEach((position, x) => {
    const told = blocks[Math.floor(x / block)].scores[x % block];
    for (const move of legalMoves(position)) {
      const score = told[makeUci(move)];
      if (score === undefined) {
        throw new RangeError(`Cannot use the label of ${fens[x]}: ${makeUci(move)} has no score`);
      }
      moves.push(move);
      scores.push(score);
    }
    offsets[x + 1] = moves.length;
  });
  return {
    engine: names[0] ?? engine,
    depth,
    length: positions.length,
    offsets,
    moves: Uint16Array.from(moves),
    scores: Int16Array.from(scores),
    reward: Float64Array.from(scores, winProbability),
  };
}
