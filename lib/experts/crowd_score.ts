/**
 * How simulated players judge a move: material after the best reply, mate, checks, development. One
 * common score that all share, which is the reward, and the same terms with a player's own weights.
 *
 * @module
 */

import { PIECE_VALUES } from "@lib/chess/material.ts";
import {
  BISHOP,
  generateLegalMoves,
  KING,
  KNIGHT,
  legalMoves,
  MAX_MOVES,
  movePromotion,
  moveTo,
  PAWN,
  type Position,
  QUEEN,
  ROOK,
  WHITE,
} from "@lib/chess/position.ts";

/** What a move does, in pawns unless it says otherwise: the terms of the score. */
export const TERMS = ["material", "safety", "check", "development", "center", "advance"] as const;

/** A weight for each term. */
export type Weights = Readonly<Record<typeof TERMS[number], number>>;

/** A judgement: the weights of the terms, and the kind of piece whose attacks are overlooked. */
export interface Judgement {
  /** What it thinks pieces and places are worth. */
  readonly weights: Weights;
  /** `PAWN` … `QUEEN`, or 0 for none: the opponent's attacks by such pieces are not seen. */
  readonly blindSpot: number;
}

/** The common score, which everybody shares and which is the reward. */
export const COMMON: Weights = {
  material: 1,
  safety: 1,
  check: 0.15,
  development: 0.25,
  center: 0.1,
  advance: 0.05,
};

/** As an attacker a king is the dearest; it is never among what can be lost. */
const VALUES = PIECE_VALUES.with(KING, 100);

/** The score of a mate, in pawns. */
export const MATE = 1000;

const KNIGHT_STEPS = [[1, 2], [2, 1], [2, -1], [1, -2], [-1, -2], [-2, -1], [-2, 1], [-1, 2]];
const DIAGONALS = [[1, 1], [1, -1], [-1, 1], [-1, -1]];
const LINES = [[1, 0], [-1, 0], [0, 1], [0, -1]];

// The squares that a piece attacks from a square, flat: the rays one after the other, nearest square
// first, each ended by RAY_END, all by ALL_END. REACH[piece << 6 | square] is where they begin.
const RAY_END = -1, ALL_END = -2;
const REACH = new Uint16Array(16 << 6);
const RAYS = Int8Array.from(layRays());

function layRays(): number[] {
  const rays: number[] = [];
  const add = (piece: number, steps: readonly (readonly number[])[], reach: number) => {
    for (let square = 0; square < 64; square++) {
      REACH[(piece << 6) | square] = rays.length;
      for (const [x, y] of steps) {
        for (let n = 1; n <= reach; n++) {
          const file = (square & 7) + n * x, rank = (square >> 3) + n * y;
          if (file < 0 || file > 7 || rank < 0 || rank > 7) break;
          rays.push(8 * rank + file);
        }
        rays.push(RAY_END);
      }
      rays.push(ALL_END);
    }
  };
  for (const color of [0, 8]) {
    add(PAWN | color, color ? [[1, -1], [-1, -1]] : [[1, 1], [-1, 1]], 1);
    add(KNIGHT | color, KNIGHT_STEPS, 1);
    add(BISHOP | color, DIAGONALS, 7);
    add(ROOK | color, LINES, 7);
    add(QUEEN | color, [...DIAGONALS, ...LINES], 7);
    add(KING | color, [...DIAGONALS, ...LINES], 1);
  }
  return rays;
}

/** 0 at the rim … 3 in the centre. */
const CENTER = Uint8Array.from({ length: 64 }, (_, square) => {
  const file = square & 7, rank = square >> 3;
  return Math.min(file, 7 - file, rank, 7 - rank);
});

// Scratch, so that scoring allocates nothing per move: the board before and after the move, and the
// value of the cheapest attacker of each square by colour, UNATTACKED for none.
const UNATTACKED = 255;
const before = new Uint8Array(64), board = new Uint8Array(64);
const cheapest = [new Uint8Array(64), new Uint8Array(64)];
const replies = new Uint16Array(MAX_MOVES);

function findAttackers(overlooked: number): void {
  cheapest[0].fill(UNATTACKED);
  cheapest[1].fill(UNATTACKED);
  for (let square = 0; square < 64; square++) {
    const piece = board[square];
    if (piece === 0 || piece === overlooked) continue;
    const value = VALUES[piece & 7], attacked = cheapest[piece >> 3];
    for (let i = REACH[(piece << 6) | square]; RAYS[i] !== ALL_END; i++) {
      for (let to = RAYS[i]; to !== RAY_END; to = RAYS[++i]) {
        if (value < attacked[to]) attacked[to] = value;
        if (board[to] === 0) continue;
        while (RAYS[i] !== RAY_END) i++;
        break;
      }
    }
  }
}

/** What the opponent of `side` could win at once: the best capture less what takes back. */
function largestLoss(side: number): number {
  const enemy = cheapest[side ^ 1], own = cheapest[side];
  let loss = 0;
  for (let square = 0; square < 64; square++) {
    const piece = board[square];
    if (piece === 0 || piece >> 3 !== side || enemy[square] === UNATTACKED) continue;
    const value = VALUES[piece & 7];
    if (value >= VALUES[KING]) continue;
    const taken = own[square] === UNATTACKED ? value : value - enemy[square];
    if (taken > loss) loss = taken;
  }
  return loss;
}

/** Numbers a move in {@linkcode moveTerms}: the terms, then 1 for a mate. */
const WIDTH = TERMS.length + 1;

/**
 * What every legal move does, in the order of `legalMoves`: [moves × 7], for each move the
 * {@linkcode TERMS} in pawns, then 1 for a mate, whose terms are 0. It does not depend on anybody's
 * weights, so that a whole crowd judges a position from one look at it.
 *
 * @param blindSpot as in {@linkcode Judgement}.
 * @param moves The position's legal moves, where they are known already.
 */
export function moveTerms(
  position: Position,
  blindSpot = 0,
  moves: readonly number[] = legalMoves(position),
): Float64Array {
  const side = position.turn, forward = side === WHITE ? 1 : -1;
  const home = side === WHITE ? 0 : 7;
  const overlooked = blindSpot === 0 ? -1 : blindSpot | ((side ^ 1) << 3);
  const enemyKing = position.kingSquare(side === WHITE ? 1 : 0);
  for (let square = 0; square < 64; square++) before[square] = position.pieceAt(square);
  const terms = new Float64Array(moves.length * WIDTH);
  for (let m = 0; m < moves.length; m++) {
    const move = moves[m], from = move & 63, to = moveTo(move), promotion = movePromotion(move);
    const piece = before[from], kind = piece & 7;
    const enPassant = kind === PAWN && to === position.epSquare;
    const castles = kind === KING && Math.abs(to - from) === 2;
    board.set(before);
    board[from] = 0;
    board[to] = promotion ? promotion | (side << 3) : piece;
    if (enPassant) board[to - 8 * forward] = 0;
    if (castles) {
      board[to > from ? from + 3 : from - 4] = 0;
      board[(from + to) >> 1] = ROOK | (side << 3);
    }
    findAttackers(overlooked);
    const at = m * WIDTH;
    const check = cheapest[side][enemyKing] !== UNATTACKED;
    if (check && isMate(position, move)) {
      terms[at + WIDTH - 1] = 1;
      continue;
    }
    const gained = VALUES[enPassant ? PAWN : before[to] & 7] +
      (promotion ? VALUES[promotion] - VALUES[PAWN] : 0);
    const develops = (kind === KNIGHT || kind === BISHOP) && from >> 3 === home &&
      to >> 3 !== home;
    terms[at] = gained;
    terms[at + 1] = -largestLoss(side);
    terms[at + 2] = check ? 1 : 0;
    terms[at + 3] = develops ? 1 : castles ? 2 : 0;
    terms[at + 4] = kind === KING ? 0 : CENTER[to] - CENTER[from];
    terms[at + 5] = kind === PAWN ? forward * ((to >> 3) - (from >> 3)) : 0;
  }
  return terms;
}

/**
 * Scores of moves from their terms.
 *
 * @param terms as {@linkcode moveTerms} returns them.
 * @returns pawns, one number a move; a mate is worth {@linkcode MATE}.
 */
export function weighTerms(terms: Float64Array, weights: Weights): Float64Array {
  const factors = [...TERMS.map((term) => weights[term]), MATE];
  const scores = new Float64Array(terms.length / WIDTH);
  for (let m = 0, at = 0; m < scores.length; m++) {
    let score = 0;
    for (let i = 0; i < WIDTH; i++) score += factors[i] * terms[at++];
    scores[m] = score;
  }
  return scores;
}

/**
 * The score of every legal move, in the order of `legalMoves`: the common one by default, or a
 * player's own.
 *
 * @param moves The position's legal moves, where they are known already.
 * @returns pawns; a mate is worth {@linkcode MATE}.
 *
 * ```ts
 * import { scoreMoves } from "@lib/experts/crowd_score.ts";
 * import { parseFen } from "@lib/chess/fen.ts";
 * import { legalMoves } from "@lib/chess/position.ts";
 * import { makeUci } from "@lib/chess/san.ts";
 * import assert from "node:assert/strict";
 *
 * const position = parseFen("4k3/8/8/3q4/4P3/8/8/4K3 w - - 0 1"); // the queen hangs
 * const scores = scoreMoves(position);
 * const best = legalMoves(position)[scores.indexOf(Math.max(...scores))];
 * assert.equal(makeUci(best), "e4d5");
 * ```
 */
export function scoreMoves(
  position: Position,
  { weights, blindSpot }: Judgement = { weights: COMMON, blindSpot: 0 },
  moves: readonly number[] = legalMoves(position),
): Float64Array {
  return weighTerms(moveTerms(position, blindSpot, moves), weights);
}

function isMate(position: Position, move: number): boolean {
  const after = position.copy();
  after.play(move);
  return generateLegalMoves(after, replies) === 0;
}
