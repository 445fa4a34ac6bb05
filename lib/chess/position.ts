/**
 * The rules of chess for hot loops: a position that moves are played on and taken back from.
 * Notebooks show chess.js; this core serves training, play and the reading of millions of games, and
 * the tests hold it against chess.js and the published perft counts.
 *
 * `board.ts` has the numbers that it speaks in, `moves.ts` the legal moves; both are reached from here.
 *
 * @module
 */

import {
  ATTACKERS,
  BISHOP,
  BLACK,
  cellOf,
  CENTER,
  type Color,
  E1,
  E8,
  EMPTY,
  EMPTY_FRAME,
  isLine,
  KING,
  KNIGHT,
  LENGTH,
  listOf,
  type Move,
  PAWN,
  QUEEN,
  RIGHTS_KEPT,
  ROOK,
  SLOT,
  type Square,
  squareOf,
  STEP,
  WHITE,
  ZOBRIST_HIGH,
  ZOBRIST_LOW,
} from "@lib/chess/board.ts";

export {
  BISHOP,
  BLACK,
  cellOf,
  type Color,
  EMPTY,
  KING,
  KNIGHT,
  LENGTH,
  listOf,
  MAX_MOVES,
  type Move,
  moveFrom,
  movePromotion,
  moveTo,
  packMove,
  PAWN,
  QUEEN,
  ROOK,
  type Square,
  squareName,
  squareOf,
  WHITE,
} from "@lib/chess/board.ts";
export { generateLegalMoves, legalMoves, terminalState } from "@lib/chess/moves.ts";

/**
 * A chess position. Mutable: `play` and `undo` change it in place.
 *
 * ```ts
 * import { legalMoves, packMove, startPosition } from "@lib/chess/position.ts";
 * import assert from "node:assert/strict";
 *
 * const position = startPosition();
 * assert.equal(legalMoves(position).length, 20);
 * position.play(packMove(12, 28)); // e2e4
 * assert.equal(position.isCheck(), false);
 * ```
 */
export class Position {
  /** The framed board and the piece lists; only the files of lib/chess look inside. */
  readonly cells: Uint8Array;
  /** The side to move. */
  turn: Color = WHITE;
  /** Castling rights: 1 White short, 2 White long, 4 Black short, 8 Black long. */
  castling = 0;
  /** The square behind a pawn that just moved two, only if it can legally be captured; else −1. */
  epSquare: Square = -1;
  /** Plies since the last capture or pawn move. */
  halfmoveClock = 0;
  /** The number of the full move, from 1; it grows after Black's moves. */
  fullmoveNumber = 1;
  /** Is the side to move in check? `play` and `undo` keep it right. */
  check = false;

  /** An empty board, to `put` pieces on; else use `startPosition`, `parseFen` or `copy`. */
  constructor() {
    this.cells = EMPTY_FRAME.slice();
  }

  /** What stands on a square: 0, or piece | color << 3. */
  pieceAt(square: Square): number {
    return this.cells[cellOf(square)];
  }

  /**
   * Puts a piece on an empty square, for building positions. When all stand and `turn` is set, call
   * `isCheck`, which notes the check.
   */
  put(square: Square, piece: number): void {
    this.add(cellOf(square), piece);
  }

  /** The square of a side's king. */
  kingSquare(color: Color): Square {
    return squareOf(this.cells[listOf(KING | (color << 3))]);
  }

  /** An independent copy. */
  copy(): Position {
    const position = new Position();
    position.set(this);
    return position;
  }

  /** Becomes equal to another position: a copy without a new object, for hot loops. */
  set(other: Position): void {
    this.cells.set(other.cells);
    this.turn = other.turn;
    this.castling = other.castling;
    this.epSquare = other.epSquare;
    this.halfmoveClock = other.halfmoveClock;
    this.fullmoveNumber = other.fullmoveNumber;
    this.check = other.check;
  }

  /**
   * Plays a legal move (not checked) and returns what `undo` needs to take it back.
   */
  play(move: Move): number {
    const cells = this.cells, us = this.turn, them = us ^ 1;
    const from = cellOf(move & 63), to = cellOf((move >> 6) & 63);
    const piece = cells[from], kind = piece & 7;
    const forward = us === WHITE ? 16 : -16;
    const ep = this.epSquare;
    const victim = kind === PAWN && ep >= 0 && ((move >> 6) & 63) === ep ? to - forward : to;
    const captured = cells[victim];
    // Bits: captured 4, its slot 4, castling 4, ep + 1 7, check 1, a promoted pawn's slot 4, then the clock.
    let before = (this.castling << 8) | ((ep + 1) << 12) | (this.check ? 0x80000 : 0);
    if (this.halfmoveClock > 0) before += this.halfmoveClock * 0x1000000;
    if (captured !== EMPTY) {
      before += captured | (cells[SLOT + victim] << 4);
      this.remove(victim);
    }
    this.shift(from, to);
    this.castling &= RIGHTS_KEPT[move & 63] & RIGHTS_KEPT[(move >> 6) & 63];
    this.epSquare = -1;
    this.halfmoveClock = captured !== EMPTY || kind === PAWN ? 0 : this.halfmoveClock + 1;
    if (us === BLACK) this.fullmoveNumber++;
    this.turn = them as Color;
    let rook = 0;
    if (kind === PAWN) {
      if (move >> 12) {
        before += cells[SLOT + to] << 20;
        this.remove(to);
        this.add(to, (move >> 12) | (us << 3));
      }
    } else if (kind === KING) {
      if (to - from === 2) this.shift(to + 1, rook = to - 1);
      else if (from - to === 2) this.shift(to - 2, rook = to + 1);
    }
    // Check comes from the moved piece or through a square that was left.
    const king = cells[listOf(KING | (them << 3))];
    this.check = this.attacks(to, king) || this.isUncovered(from, king, us) ||
      (victim !== to && this.isUncovered(victim, king, us)) ||
      (rook !== 0 && this.attacks(rook, king));
    if (kind === PAWN && to - from === 2 * forward) this.allowEnPassant(to - forward);
    return before;
  }

  /** Takes back the last move played; `before` is what `play` returned for it. */
  undo(move: Move, before: number): void {
    const cells = this.cells;
    const us = (this.turn ^ 1) as Color;
    const from = cellOf(move & 63), to = cellOf((move >> 6) & 63);
    if (move >> 12) {
      this.remove(to);
      this.restore(to, PAWN | (us << 3), (before >> 20) & 15);
    }
    this.shift(to, from);
    this.turn = us;
    this.check = (before & 0x80000) !== 0;
    this.castling = (before >> 8) & 15;
    this.epSquare = ((before >> 12) & 127) - 1;
    this.halfmoveClock = Math.floor(before / 0x1000000);
    if (us === BLACK) this.fullmoveNumber--;
    const kind = cells[from] & 7, captured = before & 15;
    if (captured !== EMPTY) {
      const forward = us === WHITE ? 16 : -16;
      const enPassant = kind === PAWN && ((move >> 6) & 63) === this.epSquare;
      this.restore(enPassant ? to - forward : to, captured, (before >> 4) & 15);
    } else if (kind === KING) {
      if (to - from === 2) this.shift(to - 1, to + 1);
      else if (from - to === 2) this.shift(to + 1, to - 2);
    }
  }

  /** Is the side to move in check? Looks at the board; `check` knows it at once after `play`. */
  isCheck(): boolean {
    this.check = this.isAttacked(this.cells[listOf(KING | (this.turn << 3))], this.turn ^ 1);
    return this.check;
  }

  /**
   * A hash of the position, a safe integer of 53 bits: equal for positions that the repetition rule
   * calls equal (pieces, side to move, castling rights, a legal en-passant capture), without the move
   * counters. Two different positions collide with probability 2⁻⁵³.
   */
  key(): number {
    const cells = this.cells;
    let low = ZOBRIST_LOW[this.castling], high = ZOBRIST_HIGH[this.castling];
    if (this.turn === BLACK) {
      low ^= ZOBRIST_LOW[16];
      high ^= ZOBRIST_HIGH[16];
    }
    if (this.epSquare >= 0) {
      const i = 17 + this.epSquare;
      low ^= ZOBRIST_LOW[i];
      high ^= ZOBRIST_HIGH[i];
    }
    for (let piece = PAWN; piece <= (KING | 8); piece++) {
      const start = listOf(piece), end = start + cells[start + LENGTH];
      for (let k = start; k < end; k++) {
        const i = (piece << 8) | cells[k];
        low ^= ZOBRIST_LOW[i];
        high ^= ZOBRIST_HIGH[i];
      }
    }
    return (high & 0x1fffff) * 0x1_0000_0000 + (low >>> 0);
  }

  /** Sets `epSquare` to the square of this cell if a pawn of the side to move may capture there. */
  allowEnPassant(cell: number): void {
    const us = this.turn, pawn = PAWN | (us << 3), beside = us === WHITE ? cell - 16 : cell + 16;
    for (let from = beside - 1; from <= beside + 1; from += 2) {
      if (this.cells[from] === pawn && this.isSafe(from, cell, beside)) {
        this.epSquare = squareOf(cell);
        return;
      }
    }
  }

  /** Does a piece of colour `by` attack this cell? */
  isAttacked(cell: number, by: number): boolean {
    const cells = this.cells, color = by << 3;
    const behind = by === WHITE ? cell - 16 : cell + 16, pawn = PAWN | color;
    if (cells[behind - 1] === pawn || cells[behind + 1] === pawn) return true;
    const king = KING | color;
    if ((ATTACKERS[cells[listOf(king)] - cell + CENTER] >> king) & 1) return true;
    for (let piece = KNIGHT | color; piece < king; piece++) {
      const start = listOf(piece), end = start + cells[start + LENGTH];
      for (let k = start; k < end; k++) {
        const from = cells[k], i = from - cell + CENTER;
        if (((ATTACKERS[i] >> piece) & 1) === 0 || cells[from] !== piece) continue; // under capture
        if (this.isOpen(from, cell, STEP[i])) return true;
      }
    }
    return false;
  }

  /** Does the piece on this cell attack the other, by its way of moving and an open line? */
  attacks(from: number, cell: number): boolean {
    const i = from - cell + CENTER;
    return ((ATTACKERS[i] >> this.cells[from]) & 1) === 1 && this.isOpen(from, cell, STEP[i]);
  }

  /** Is the mover's king safe after the move between these cells that captures what is on `victim`? */
  isSafe(from: number, to: number, victim: number): boolean {
    const cells = this.cells, us = this.turn;
    const piece = cells[from], captured = cells[victim];
    if (!this.check && victim === to && (piece & 7) !== KING) {
      return !this.isPinned(from, to);
    }
    cells[victim] = EMPTY;
    cells[from] = EMPTY;
    cells[to] = piece;
    const king = (piece & 7) === KING ? to : cells[listOf(KING | (us << 3))];
    const attacked = this.isAttacked(king, us ^ 1);
    cells[to] = EMPTY;
    cells[from] = piece;
    cells[victim] = captured;
    return !attacked;
  }

  /** Does a slider of colour `by` attack the king along the line through this cell? */
  private isUncovered(cell: number, king: number, by: number): boolean {
    if (!isLine(cell - king)) return false;
    const cells = this.cells, step = STEP[cell - king + CENTER];
    let from = king - step;
    while (cells[from] === EMPTY) from -= step;
    return cells[from] >> 3 === by &&
      ((ATTACKERS[from - king + CENTER] >> cells[from]) & 1) === 1;
  }

  /** Does the piece on `from` lay its king bare when it moves to `to`? */
  private isPinned(from: number, to: number): boolean {
    const cells = this.cells, us = this.turn, king = cells[listOf(KING | (us << 3))];
    if (!isLine(from - king)) return false;
    const step = STEP[from - king + CENTER];
    let cell = from + step;
    while (cells[cell] === EMPTY) cell += step;
    if (cell !== king) return false;
    cell = from - step;
    while (cells[cell] === EMPTY) cell -= step;
    if (cells[cell] >> 3 !== (us ^ 1)) return false;
    if (((ATTACKERS[cell - king + CENTER] >> cells[cell]) & 1) === 0) return false;
    return !isLine(to - king) || STEP[to - king + CENTER] !== step;
  }

  /** May the side to move, when not in check, castle short (1) or long (−1)? */
  canCastle(side: 1 | -1): boolean {
    const cells = this.cells, us = this.turn, them = us ^ 1;
    // A right means that king and rook are at home.
    const right = (side === 1 ? 1 : 2) << (us * 2), home = us === WHITE ? E1 : E8;
    return (this.castling & right) !== 0 &&
      cells[home + side] === EMPTY && cells[home + 2 * side] === EMPTY &&
      (side === 1 || cells[home - 3] === EMPTY) &&
      !this.isAttacked(home + side, them) && !this.isAttacked(home + 2 * side, them);
  }

  /** Whether the cells between two are empty. */
  private isOpen(from: number, to: number, step: number): boolean {
    const cells = this.cells;
    let cell = from + step;
    while (cell !== to && cells[cell] === EMPTY) cell += step;
    return cell === to;
  }

  /** Puts a piece on a cell and at the end of its list. */
  private add(cell: number, piece: number): void {
    const cells = this.cells, start = listOf(piece), slot = cells[start + LENGTH]++;
    cells[cell] = piece;
    cells[start + slot] = cell;
    cells[SLOT + cell] = slot;
  }

  /**
   * Takes a piece from its cell. The last of the list takes its place there; `restore` is the exact
   * reverse, so that taking a move back leaves the order of generated moves as it was.
   */
  private remove(cell: number): void {
    const cells = this.cells, start = listOf(cells[cell]), slot = cells[SLOT + cell];
    const last = cells[start + --cells[start + LENGTH]];
    cells[start + slot] = last;
    cells[SLOT + last] = slot;
    cells[cell] = EMPTY;
  }

  /** Puts a piece that was taken back into its place of the list. */
  private restore(cell: number, piece: number, slot: number): void {
    const cells = this.cells, start = listOf(piece), length = cells[start + LENGTH]++;
    if (slot < length) {
      const moved = cells[start + slot];
      cells[start + length] = moved;
      cells[SLOT + moved] = length;
    }
    cells[start + slot] = cell;
    cells[SLOT + cell] = slot;
    cells[cell] = piece;
  }

  /** Moves a piece from cell to cell. */
  private shift(from: number, to: number): void {
    const cells = this.cells, piece = cells[from], slot = cells[SLOT + from];
    cells[from] = EMPTY;
    cells[to] = piece;
    cells[SLOT + to] = slot;
    cells[listOf(piece) + slot] = to;
  }
}

/** The start position. */
export function startPosition(): Position {
  const position = new Position();
  const back = [ROOK, KNIGHT, BISHOP, QUEEN, KING, BISHOP, KNIGHT, ROOK];
  for (let file = 0; file < 8; file++) {
    position.put(file, back[file]);
    position.put(56 + file, back[file] | 8);
  }
  for (let file = 0; file < 8; file++) {
    position.put(8 + file, PAWN);
    position.put(48 + file, PAWN | 8);
  }
  position.castling = 15;
  return position;
}
