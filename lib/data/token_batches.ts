/**
 * Games as batches of token blocks, for ChessFormer.
 *
 * @module
 */

import type { BatchPlace } from "@lib/data/draw.ts";
import { checkPlace, checkSteps, drawItems, VALIDATION_SEED } from "@lib/data/draw.ts";
import type { Games } from "@lib/data/games.ts";
import { permutation } from "@lib/data/permutation.ts";
import type { Tokenizer } from "@lib/data/tokenizer.ts";
import { hashText } from "@lib/random.ts";

/** In the targets of a token batch: no loss here. */
export const NO_TARGET: number = -1;

const TOKENS = hashText("tokens");

/** A batch of token blocks. B blocks of T tokens. */
export interface TokenBatch {
  /** [B × T] tokens */
  readonly x: Int32Array;
  /** [B × T] the token that follows each, `NO_TARGET` where there is no loss */
  readonly y: Int32Array;
}

/** Which token batch. */
export interface TokenBatchOptions extends BatchPlace {
  /** T, tokens of context: 1023 in the paper */
  readonly block: number;
}

/**
 * Draws a batch of token blocks. A game from a set-up position has no text and is refused.
 *
 * `uci`: whole games. Their lengths are known without looking at a move, so all games, in an order
 * shuffled by the seed, are dealt once into blocks; the little that is left of a block is filled with
 * start tokens that bear no loss. The epochs then shuffle these blocks, so each game is seen once an
 * epoch.
 * A game longer than a block has a block to itself and loses its end.
 *
 * `pgn`: full blocks that start with a game and cut the last one, as in the paper. One thing differs.
 * There the game that was cut starts the next block, so the content of a block hangs on the length of
 * all text before it. To have block i at once, its games are here those at place i of independent
 * permutations: the first begins it, the second follows, and so on until it is full. In an epoch (as
 * many blocks as games) every game begins a block exactly once, so what was cut elsewhere is still
 * seen from its beginning; openings are over-represented as in the paper, by the same cause.
 *
 * @throws {RangeError} when there are no games or a number is out of range
 *
 * ```ts
 * import { tokenBatch } from "@lib/data/batches.ts";
 * import { collectGames, gameRow } from "@lib/data/games.ts";
 * import { decodeText, pgnTokenizer } from "@lib/data/tokenizer.ts";
 * import { packMove } from "@lib/chess/position.ts";
 * import assert from "node:assert/strict";
 *
 * const game = gameRow({ headers: {}, moves: [packMove(12, 28), packMove(52, 36)], result: "1-0" });
 * const { x, y } = tokenBatch(collectGames([game]), pgnTokenizer, { seed: 1, step: 0, size: 1, block: 12 });
 * assert.equal(decodeText(x), ";1.e4 e5;1.e");
 * assert.equal(decodeText(y), "1.e4 e5;1.e4");
 * ```
 */
export function tokenBatch(
  games: Games,
  tokenizer: Tokenizer,
  options: TokenBatchOptions,
): TokenBatch {
  checkPlace(options);
  checkBlock(options.block);
  if (games.length === 0) throw new RangeError("Cannot draw a batch from 0 games");
  return tokenizer.name === "uci"
    ? wholeGames(games, tokenizer, options)
    : filledBlocks(games, tokenizer, options);
}

function checkBlock(block: number): void {
  if (Number.isSafeInteger(block) && block >= 1) return;
  throw new RangeError(`Cannot fill blocks of ${block} tokens: must be 1 or more`);
}

/** The tokens of game i. */
function gameTokens(games: Games, tokenizer: Tokenizer, i: number): Uint16Array {
  if (games.starts?.[i]) {
    throw new RangeError(
      `Cannot write game ${i} as tokens: it starts from ${
        games.starts[i]
      }, must be the usual start`,
    );
  }
  return tokenizer.encode(games.moves.subarray(games.offsets[i], games.offsets[i + 1]));
}

function filledBlocks(games: Games, tokenizer: Tokenizer, options: TokenBatchOptions): TokenBatch {
  const { seed, size, block } = options;
  const [x, y] = [new Int32Array(size * block), new Int32Array(size * block)];
  const tokens = new Int32Array(block + 1);
  let row = 0;
  for (const [first, epoch] of drawItems(games.length, TOKENS, options)) {
    const item = options.step * size + row - epoch * games.length;
    for (let place = 0, filled = 0; filled <= block; place++) {
      const game = place === 0
        ? first
        : permutation(games.length, seed, TOKENS, epoch, place)(item);
      const text = gameTokens(games, tokenizer, game);
      tokens.set(text.subarray(0, block + 1 - filled), filled);
      filled += text.length;
    }
    x.set(tokens.subarray(0, block), row * block);
    y.set(tokens.subarray(1), row * block);
    row++;
  }
  return { x, y };
}

/** Blocks that are open at once while games are dealt: the more, the less room is left over. */
const OPEN_BLOCKS = 64;

/** Which games each block holds: games[starts[i]] … games[starts[i + 1] − 1]. */
interface Deal {
  readonly key: string;
  readonly games: Uint32Array;
  readonly starts: Uint32Array;
}

// One deal a set of games: a run asks for the same one at every step.
const deals = new WeakMap<Games, Deal>();

/** Deals each game, in a shuffled order, to the fullest open block that has room for it. */
function dealGames(games: Games, seed: number, block: number): Deal {
  const key = `${seed} ${block}`;
  const known = deals.get(games);
  if (known?.key === key) return known;
  const order = permutation(games.length, seed, TOKENS, -1);
  const dealt = new Uint32Array(games.length), starts = [0];
  const open: { room: number; games: number[] }[] = [];
  let count = 0;
  const close = (i: number) => {
    for (const game of open.splice(i, 1)[0].games) dealt[count++] = game;
    starts.push(count);
  };
  const fullest = (least: number) => {
    let best = -1;
    for (let i = 0; i < open.length; i++) {
      if (open[i].room >= least && (best < 0 || open[i].room < open[best].room)) best = i;
    }
    return best;
  };
  for (let place = 0; place < games.length; place++) {
    const game = order(place);
    const length = Math.min(games.offsets[game + 1] - games.offsets[game] + 1, block);
    let i = fullest(length);
    if (i < 0) {
      if (open.length === OPEN_BLOCKS) close(fullest(0));
      i = open.push({ room: block, games: [] }) - 1;
    }
    open[i].games.push(game);
    open[i].room -= length;
  }
  while (open.length > 0) close(0);
  const deal = { key, games: dealt, starts: Uint32Array.from(starts) };
  deals.set(games, deal);
  return deal;
}

function wholeGames(games: Games, tokenizer: Tokenizer, options: TokenBatchOptions): TokenBatch {
  const { seed, size, block } = options;
  const { games: dealt, starts } = dealGames(games, seed, block);
  const x = new Int32Array(size * block).fill(tokenizer.start);
  const y = new Int32Array(size * block).fill(NO_TARGET);
  let row = 0;
  for (const [item] of drawItems(starts.length - 1, TOKENS, options)) {
    let at = row++ * block;
    const end = at + block;
    for (let place = starts[item]; place < starts[item + 1]; place++) {
      const tokens = gameTokens(games, tokenizer, dealt[place]);
      x.set(tokens.subarray(0, end - at), at);
      y.set(tokens.subarray(1, end - at + 1), at);
      at += tokens.length;
      if (at <= end) y[at - 1] = tokenizer.start; // the end of a game is learned, too
    }
  }
  return { x, y };
}

/** Blocks an epoch: after these each game has been seen (`uci`) or has begun a block (`pgn`). */
export function tokenEpoch(
  games: Games,
  tokenizer: Tokenizer,
  { seed, block }: { readonly seed: number; readonly block: number },
): number {
  checkBlock(block);
  return tokenizer.name === "uci" ? dealGames(games, seed, block).starts.length - 1 : games.length;
}

/**
 * The fixed batches that measure a model: the same in every run and at every call, at most one epoch.
 *
 * @param batches how many; fewer when the games do not suffice
 */
export function* validationTokenBatches(
  games: Games,
  tokenizer: Tokenizer,
  { size, block, batches }: {
    readonly size: number;
    readonly block: number;
    readonly batches: number;
  },
): Generator<TokenBatch> {
  const steps = Math.floor(tokenEpoch(games, tokenizer, { seed: VALIDATION_SEED, block }) / size);
  checkSteps(steps, size, `${games.length} games`);
  for (let step = 0; step < Math.min(steps, batches); step++) {
    yield tokenBatch(games, tokenizer, { seed: VALIDATION_SEED, step, size, block });
  }
}
