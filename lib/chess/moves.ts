/**
 * The legal moves of a position, and whether it ends the game.
 *
 * @module
 */

import {
  ATTACKERS,
  BISHOP,
  cellOf,
  CENTER,
  EMPTY,
  KING,
  KNIGHT,
  KNIGHT_STEPS,
  LENGTH,
  listOf,
  MAX_MOVES,
  type Move,
  PAWN,
  QUEEN,
  QUEEN_STEPS,
  ROOK,
  SLIDES,
  SLOT,
  STEP,
  TO,
  WHITE,
} from "./board.ts";
import type { Position } from "./position.ts";

const pinAxis = new Uint8Array(SLOT); // scratch: the step, without sign, along which a piece is pinned
const pinned = new Uint8Array(8);
const evasion = new Uint8Array(64); // scratch: squares that end the one check

/**
 * Writes the legal moves into `out` (`MAX_MOVES` long) and returns their number. The order depends
 * on the history of the position object: sort, or use `legalMoves`, where an index has to mean the
 * same move every time.
 *
 * ```ts
 * import { generateLegalMoves, MAX_MOVES, startPosition } from "@lib/chess/position.ts";
 * import assert from "node:assert/strict";
 *
 * const moves = new Uint16Array(MAX_MOVES);
 * assert.equal(generateLegalMoves(startPosition(), moves), 20);
 * ```
 */
export function generateLegalMoves(position: Position, out: Uint16Array): number {
  const cells = position.cells, us = position.turn, them = us ^ 1;
  const ours = us << 3, theirs = them << 3;
  const forward = us === WHITE ? 16 : -16;
  const king = cells[listOf(KING | ours)], kingPiece = KING | ours;
  let n = 0;

  // Checks, and pins seen from the pieces that would give check.
  let checks = 0, checker = 0, pins = 0;
  for (let from = king + forward - 1; from <= king + forward + 1; from += 2) {
    if (cells[from] === (PAWN | theirs)) {
      checks++;
      checker = from;
    }
  }
  for (let piece = KNIGHT | theirs; piece <= (QUEEN | theirs); piece++) {
    const start = listOf(piece), end = start + cells[start + LENGTH];
    for (let k = start; k < end; k++) {
      const from = cells[k], i = from - king + CENTER;
      if (((ATTACKERS[i] >> piece) & 1) === 0) continue;
      const step = STEP[i];
      let cell = from + step;
      while (cells[cell] === EMPTY) cell += step;
      if (cell === king) {
        checks++;
        checker = from;
      } else if (cells[cell] >> 3 === us) {
        let behind = cell + step;
        while (cells[behind] === EMPTY) behind += step;
        if (behind === king) {
          pinAxis[cell] = step < 0 ? -step : step;
          pinned[pins++] = cell;
        }
      }
    }
  }

  const kingFrom = TO[king] >> 6;
  cells[king] = EMPTY; // it doesn't hide the squares behind it from a slider that gives check
  for (let k = 0; k < 8; k++) {
    const to = king + QUEEN_STEPS[k], target = cells[to];
    if ((target === EMPTY || target >> 3 === them) && !position.isAttacked(to, them)) {
      out[n++] = kingFrom | TO[to];
    }
  }
  cells[king] = kingPiece;

  if (checks < 2) {
    const kingMoves = n;
    n = addPawnMoves(position, out, n);
    n = addKnightMoves(position, out, n);
    n = addSlides(position, out, n);

    if (checks === 1) {
      const step = STEP[checker - king + CENTER];
      for (let cell = checker; cell !== king; cell += step) evasion[TO[cell] >> 6] = 1;
      let kept = kingMoves;
      for (let k = kingMoves; k < n; k++) if (evasion[(out[k] >> 6) & 63]) out[kept++] = out[k];
      n = kept;
      for (let cell = checker; cell !== king; cell += step) evasion[TO[cell] >> 6] = 0;
    } else {
      if (position.canCastle(1)) out[n++] = kingFrom | TO[king + 2];
      if (position.canCastle(-1)) out[n++] = kingFrom | TO[king - 2];
    }

    if (position.epSquare >= 0) {
      const to = cellOf(position.epSquare), victim = to - forward;
      for (let from = victim - 1; from <= victim + 1; from += 2) {
        if (cells[from] === (PAWN | (us << 3)) && position.isSafe(from, to, victim)) {
          out[n++] = (TO[from] >> 6) | TO[to];
        }
      }
    }
  }
  for (let k = 0; k < pins; k++) pinAxis[pinned[k]] = 0;
  return n;
}

function addPawnMoves(position: Position, out: Uint16Array, n: number): number {
  const cells = position.cells, us = position.turn, them = us ^ 1, ours = us << 3;
  const forward = us === WHITE ? 16 : -16;
  const pawns = listOf(PAWN | ours), pawnsEnd = pawns + cells[pawns + LENGTH];
  for (let k = pawns; k < pawnsEnd; k++) {
    const from = cells[k], pin = pinAxis[from], square = TO[from] >> 6;
    const rank = us === WHITE ? square >> 3 : 7 - (square >> 3);
    const ahead = from + forward;
    if (cells[ahead] === EMPTY && (pin === 0 || pin === 16)) {
      if (rank === 6) n = addPromotions(out, n, square | TO[ahead]);
      else {
        out[n++] = square | TO[ahead];
        if (rank === 1 && cells[ahead + forward] === EMPTY) {
          out[n++] = square | TO[ahead + forward];
        }
      }
    }
    for (let side = -1; side < 2; side += 2) {
      const to = ahead + side, target = cells[to];
      if (target === EMPTY || target >> 3 !== them) continue;
      if (pin !== 0 && pin !== (us === WHITE ? 16 + side : 16 - side)) continue;
      if (rank === 6) n = addPromotions(out, n, square | TO[to]);
      else out[n++] = square | TO[to];
    }
  }
  return n;
}

function addKnightMoves(position: Position, out: Uint16Array, n: number): number {
  const cells = position.cells, us = position.turn, them = us ^ 1, ours = us << 3;
  const knights = listOf(KNIGHT | ours), knightsEnd = knights + cells[knights + LENGTH];
  for (let k = knights; k < knightsEnd; k++) {
    const from = cells[k], square = TO[from] >> 6;
    if (pinAxis[from] !== 0) continue;
    for (let j = 0; j < 8; j++) {
      const to = from + KNIGHT_STEPS[j], target = cells[to];
      if (target === EMPTY || target >> 3 === them) out[n++] = square | TO[to];
    }
  }
  return n;
}

function addSlides(position: Position, out: Uint16Array, n: number): number {
  const cells = position.cells, us = position.turn, them = us ^ 1, ours = us << 3;
  for (let kind = BISHOP; kind <= QUEEN; kind++) {
    const steps = SLIDES[kind];
    const start = listOf(kind | ours), end = start + cells[start + LENGTH];
    for (let k = start; k < end; k++) {
      const from = cells[k], pin = pinAxis[from], square = TO[from] >> 6;
      for (let j = 0; j < steps.length; j++) {
        const step = steps[j];
        if (pin !== 0 && pin !== (step < 0 ? -step : step)) continue;
        let to = from + step;
        while (cells[to] === EMPTY) {
          out[n++] = square | TO[to];
          to += step;
        }
        if (cells[to] >> 3 === them) out[n++] = square | TO[to];
      }
    }
  }
  return n;
}

function addPromotions(out: Uint16Array, n: number, move: Move): number {
  for (let piece = QUEEN; piece >= KNIGHT; piece--) out[n++] = move | (piece << 12);
  return n;
}

const buffer = new Uint16Array(MAX_MOVES);

/** The legal moves in ascending order: the same list for the same position, however reached. */
export function legalMoves(position: Position): Move[] {
  return Array.from(buffer.subarray(0, generateLegalMoves(position, buffer)).sort());
}

/**
 * How the position ends the game, or null. Insufficient material means that neither side has
 * anything but a lone minor piece in all, or only bishops that all stand on squares of one colour
 * (as chess.js has it); repetition and the fifty-move rule need the game, not the position.
 *
 * ```ts
 * import { parseFen } from "@lib/chess/fen.ts";
 * import { terminalState } from "@lib/chess/position.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(terminalState(parseFen("R5k1/5ppp/8/8/8/8/8/K7 b - - 0 1")), "checkmate");
 * ```
 */
export function terminalState(
  position: Position,
): "checkmate" | "stalemate" | "insufficient material" | null {
  if (generateLegalMoves(position, buffer) === 0) {
    return position.isCheck() ? "checkmate" : "stalemate";
  }
  return isMaterialInsufficient(position) ? "insufficient material" : null;
}

function isMaterialInsufficient({ cells }: Position): boolean {
  const count = (kind: number) => cells[listOf(kind) + LENGTH] + cells[listOf(kind | 8) + LENGTH];
  if (count(PAWN) + count(ROOK) + count(QUEEN) > 0) return false;
  if (count(KNIGHT) + count(BISHOP) <= 1) return true;
  if (count(KNIGHT) > 0) return false;
  let shades = 0;
  for (const start of [listOf(BISHOP), listOf(BISHOP | 8)]) {
    for (let k = start; k < start + cells[start + LENGTH]; k++) {
      shades |= 1 << ((cells[k] ^ (cells[k] >> 4)) & 1);
    }
  }
  return shades !== 3;
}
