/**
 * Labelling positions with an engine: the rewards r(x, y) of chess.
 *
 * @module
 */

import { legalMoves, type Position } from "@lib/chess/position.ts";
import { makeFen } from "@lib/chess/fen.ts";
import type { States } from "@lib/analysis/states.ts";
import type { Stockfish } from "@lib/play/stockfish.ts";

/** Positions with an engine's score of every legal move; they are states of the theory. */
export interface Labels extends States {
  /** The engine's own name. */
  readonly engine: string;
  /** Plies searched. */
  readonly depth: number;
  /** The move of each (x, y), in the order of `legalMoves`. */
  readonly moves: Uint16Array;
  /** Centipawns of each (x, y) from the view of the side to move; mate in n is ±(10000 − n). */
  readonly scores: Int16Array;
}

/** How to label. */
export interface LabelOptions {
  /** Plies to search; a bound on nodes would drop moves. */
  readonly depth: number;
  /** Called after each position with how many are done. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Stops the work; what is done by then is lost. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Scores every legal move of every position, on all engines of `stockfish` side by side. The reward
 * is the win probability of the side to move. The result depends on neither the order nor the number
 * of engines.
 *
 * @param positions positions with at least one legal move.
 * @throws {RangeError} for a position where the game is over, naming it.
 * @throws {EngineError} when the engine fails for good.
 *
 * ```ts
 * import { labelPositions } from "@lib/play/labelling.ts";
 * import { openStockfish } from "@lib/play/stockfish.ts";
 * import { startPosition } from "@lib/chess/position.ts";
 * import assert from "node:assert/strict";
 *
 * await using stockfish = await openStockfish();
 * const labels = await labelPositions(stockfish, [startPosition()], { depth: 2 });
 * assert.equal(labels.reward.length, 20);
 * ```
 */
export async function labelPositions(
  stockfish: Stockfish,
  positions: readonly Position[],
  { depth, onProgress, signal }: LabelOptions,
): Promise<Labels> {
  const offsets = new Uint32Array(positions.length + 1);
  positions.forEach((position, x) => {
    const n = legalMoves(position).length;
    if (n === 0) {
      throw new RangeError(
        `Cannot label position ${x}, ${
          makeFen(position)
        }: it has 0 legal moves, must have 1 or more`,
      );
    }
    offsets[x + 1] = offsets[x] + n;
  });
  const total = offsets[positions.length];
  const moves = new Uint16Array(total);
  const scores = new Int16Array(total);
  const reward = new Float64Array(total);

  // One failure stops the other engines too.
  const failure = new AbortController();
  const stop = signal === undefined ? failure.signal : AbortSignal.any([signal, failure.signal]);
  let next = 0;
  let done = 0;
  const work = async () => {
    while (next < positions.length) {
      const x = next++;
      const evaluated = await stockfish.evaluateMoves(positions[x], { depth, signal: stop });
      moves.set(evaluated.moves, offsets[x]);
      scores.set(evaluated.scores, offsets[x]);
      reward.set(evaluated.winProbability, offsets[x]);
      onProgress?.(++done, positions.length);
    }
  };
  try {
    await Promise.all(Array.from({ length: stockfish.count }, work));
  } catch (error) {
    failure.abort(error);
    throw error;
  }
  const { name: engine } = stockfish;
  return { engine, depth, length: positions.length, offsets, moves, scores, reward };
}
