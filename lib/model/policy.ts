/**
 * A model's f̂(y|x): probabilities of the legal moves at τ = 1. Temperature comes later, in players
 * and in analysis.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import type { Policy } from "@lib/analysis/states.ts";
import { legalMoves, PAWN, type Position } from "@lib/chess/position.ts";
import type { CrowdWorld } from "@lib/experts/crowd_world.ts";
import { type EndgameWorld, type Ending, piecesOf, positionOf } from "@lib/experts/endgame.ts";
import { encodeBoard, planesOf, policyIndex } from "@lib/data/board_encoding.ts";
import { type BoardNetConfig, forward as boardLogits } from "@lib/model/boardnet.ts";
import {
  encodePieces,
  type EndgameFormerConfig,
  forward as endgameLogits,
  logitCount,
  pieceMoveIndex,
} from "@lib/model/endgameformer.ts";
import type { Model } from "@lib/model/model.ts";
import type { Distribution } from "@lib/analysis/distribution.ts";

/** Positions that are evaluated together: large enough for speed, small in memory. */
const CHUNK = 256;

/**
 * BoardNet's probabilities of the legal moves of each position.
 *
 * @throws {RangeError} for a position where the game is over.
 *
 * ```ts
 * import { initModel, ModelConfig } from "@lib/model/model.ts";
 * import { boardNetShape } from "@lib/model/boardnet.ts";
 * import { boardPolicy } from "@lib/model/policy.ts";
 * import { startPosition } from "@lib/chess/position.ts";
 * import assert from "node:assert/strict";
 *
 * using model = initModel({ model: "boardnet", ...boardNetShape(1) }, 1);
 * const [first] = await boardPolicy(model, [startPosition()]);
 * assert.equal(first.moves.length, 20);
 * assert.ok(Math.abs(first.p.reduce((a, b) => a + b) - 1) < 1e-9);
 * ```
 */
export async function boardPolicy(
  { config, params }: Model<BoardNetConfig>,
  positions: readonly Position[],
): Promise<Distribution[]> {
  const distributions: Distribution[] = [];
  const { attacks } = config, P = planesOf(attacks);
  for (let start = 0; start < positions.length; start += CHUNK) {
    const chunk = positions.slice(start, start + CHUNK), B = chunk.length;
    const planes = new Float32Array(B * 64 * P);
    chunk.forEach((position, i) => encodeBoard(position, planes, i * 64 * P, attacks));
    const output = tf.tidy(() => boardLogits(config, params, tf.tensor4d(planes, [B, 8, 8, P])));
    const logits = await output.data<"float32">(); // [B, 4672]
    output.dispose();
    const size = logits.length / B;
    chunk.forEach((position, i) => {
      const moves = Uint16Array.from(legalMoves(position));
      const indices = Array.from(moves, (move) => i * size + policyIndex(move, position.turn));
      distributions.push({ moves, p: softmaxAt(logits, indices) });
    });
  }
  return distributions;
}

/** BoardNet's policy on the positions of a crowd's world, aligned with `world.states`. */
export async function crowdWorldPolicy(
  model: Model<BoardNetConfig>,
  { states, positions }: CrowdWorld,
): Promise<Policy> {
  const policy = new Float64Array(states.reward.length);
  const distributions = await boardPolicy(model, positions);
  distributions.forEach(({ p }, x) => policy.set(p, states.offsets[x]));
  return policy;
}

/**
 * The endgame transformer's policy over a whole world, aligned with `world.states`.
 *
 * @throws {TypeError} when the model was made for other pieces.
 */
export async function endgamePolicy(
  { config, params }: Model<EndgameFormerConfig>,
  world: EndgameWorld,
): Promise<Policy> {
  const { length, offsets, reward } = world.states, T = config.pieces, V = logitCount(config);
  checkFits(config, world.ending);
  const policy = new Float64Array(reward.length);
  const size = 4 * CHUNK;
  for (let start = 0; start < length; start += size) {
    const B = Math.min(size, length - start);
    const tokens = new Int32Array(B * T), sides = new Int32Array(B);
    for (let i = 0; i < B; i++) {
      const position = positionOf(world, start + i);
      encodePieces(position, tokens.subarray(i * T, (i + 1) * T));
      sides[i] = position.turn;
    }
    const output = tf.tidy(() => endgameLogits(config, params, tokens, sides));
    const logits = await output.data<"float32">(); // [B, V]
    output.dispose();
    for (let i = 0; i < B; i++) {
      const own = tokens.subarray(i * T, (i + 1) * T), first = offsets[start + i];
      const indices: number[] = [];
      for (let j = first; j < offsets[start + i + 1]; j++) {
        indices.push(i * V + pieceMoveIndex(own, world.moves[j]));
      }
      policy.set(softmaxAt(logits, indices), first);
    }
  }
  return policy;
}

/**
 * Refuses a model that cannot hold an ending's positions or moves.
 *
 * @throws {TypeError} naming what it has and what the ending needs.
 */
export function checkFits(
  { pieces, promotions = false }: EndgameFormerConfig,
  ending: Ending,
): void {
  const { white, black } = piecesOf(ending);
  const count = white.length + black.length, pawns = [...white, ...black].includes(PAWN);
  if (pieces === count && promotions === pawns) return;
  throw new TypeError(
    `Cannot use a model of ${pieces} pieces and promotions ${promotions} in ${ending}: ` +
      `must be of ${count} pieces and promotions ${pawns}`,
  );
}

/**
 * Softmax over some entries of an array of logits, in double precision: the probabilities of the
 * legal moves given that a legal one is played.
 *
 * @throws {RangeError} for no entries, or a logit that is not finite.
 */
export function softmaxAt(logits: ArrayLike<number>, indices: readonly number[]): Float64Array {
  const p = Float64Array.from(indices, (i) => logits[i]);
  const top = p.reduce((a, b) => Math.max(a, b), -Infinity);
  if (!Number.isFinite(top)) {
    throw new RangeError(`Cannot take probabilities of ${p.length} logits, largest ${top}`);
  }
  let z = 0;
  for (let i = 0; i < p.length; i++) z += p[i] = Math.exp(p[i] - top);
  return p.map((e) => e / z);
}
