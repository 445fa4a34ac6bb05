/**
 * The rules of chess for hot loops: a position that moves are played on and taken back from, and
 * its legal moves. Notebooks show chess.js; this core serves training, play and the reading of
 * millions of games, and the tests hold it against chess.js and the published perft counts.
 *
 * Inside, the board lies in a frame 16 cells wide whose border is a wall, so that a piece slides
 * until it meets something and the difference of two cells tells their geometry (the idea of 0x88
 * boards, https://www.chessprogramming.org/0x88). The face speaks of squares 0 … 63.
 *
 * @module
 */

import { hash32 } from "@lib/random.ts";

/** A square, 0 … 63: a1 = 0, b1 = 1, … h8 = 63. */
export type Square = number;

/**
 * A move as an integer that fits 16 bits: from | to << 6 | promotion << 12, with promotion 0 or
 * `KNIGHT` … `QUEEN`. Castling is the king's move by two squares.
 */
export type Move = number;

/** The side to move, `WHITE` or `BLACK`. */
export type Color = 0 | 1;

/** Piece kinds; `pieceAt` adds the colour as `color << 3`. */
export const EMPTY = 0, PAWN = 1, KNIGHT = 2, BISHOP = 3, ROOK = 4, QUEEN = 5, KING = 6;

/** Colours. */
export const WHITE = 0, BLACK = 1;

/** More moves than any legal position has (218 is the known maximum): the size of move buffers. */
export const MAX_MOVES = 256;

/** The square a move starts from. */
export function moveFrom(move: Move): Square {
  return move & 63;
}

/** The square a move ends on. */
export function moveTo(move: Move): Square {
  return (move >> 6) & 63;
}

/** The piece a pawn becomes by this move, `KNIGHT` … `QUEEN`, or 0. */
export function movePromotion(move: Move): number {
  return move >> 12;
}

/** Packs a move. */
export function packMove(from: Square, to: Square, promotion = 0): Move {
  return from | (to << 6) | (promotion << 12);
}

/** The square's name, such as `"e4"`. */
export function squareName(square: Square): string {
  return "abcdefgh"[square & 7] + ((square >> 3) + 1);
}

// One byte array holds a position, so that a copy is one copy: the framed board, for each occupied
// cell its piece's slot in a list, and for each of the coloured pieces the list of its cells.
const SLOT = 192, LISTS = 384;

/**
 * Where in `Position.cells` the list of a piece's cells begins; `piece` is kind | color << 3. The
 * list's length stands 15 further.
 */
export function listOf(piece: number): number {
  return LISTS + piece * 16;
}

/** How far behind the start of a list its length stands. */
export const LENGTH = 15;

const CELLS = LISTS + 15 * 16;
const WALL = 16;
const A1 = 36, E1 = A1 + 4, E8 = E1 + 7 * 16;
const CENTER = 120; // the largest difference of two cells, plus one

/** The cell of a square. */
export function cellOf(square: Square): number {
  return square + (square & 56) + A1;
}

/** The square of a cell. */
export function squareOf(cell: number): Square {
  const i = cell - A1;
  return (i + (i & 7)) >> 1;
}

const TO = new Uint16Array(SLOT); // square << 6, by cell
const EMPTY_FRAME = new Uint8Array(CELLS).fill(WALL, 0, SLOT);
for (let square = 0; square < 64; square++) {
  TO[cellOf(square)] = square << 6;
  EMPTY_FRAME[cellOf(square)] = EMPTY;
}

const KNIGHT_STEPS = [-33, -31, -18, -14, 14, 18, 31, 33];
const BISHOP_STEPS = [-17, -15, 15, 17];
const ROOK_STEPS = [-16, -1, 1, 16];
const QUEEN_STEPS = [...BISHOP_STEPS, ...ROOK_STEPS];

// By difference (from − to + CENTER): the pieces that attack along it, one bit a piece and colour,
// and the step that leads there.
const ATTACKERS = new Uint16Array(2 * CENTER + 1);
const STEP = new Int8Array(2 * CENTER + 1);
{
  const add = (step: number, reach: number, ...pieces: readonly number[]) => {
    for (let n = 1; n <= reach; n++) {
      const i = CENTER - n * step;
      if (i < 0 || i > 2 * CENTER) continue;
      STEP[i] = step;
      for (const piece of pieces) ATTACKERS[i] |= 1 << piece;
    }
  };
  const both = (piece: number) => [piece, piece | 8];
  for (const step of KNIGHT_STEPS) add(step, 1, ...both(KNIGHT));
  for (const step of BISHOP_STEPS) add(step, 7, ...both(BISHOP), ...both(QUEEN));
  for (const step of ROOK_STEPS) add(step, 7, ...both(ROOK), ...both(QUEEN));
  for (const step of QUEEN_STEPS) add(step, 1, ...both(KING));
  for (const side of [-1, 1]) {
    add(16 + side, 1, PAWN);
    add(-16 + side, 1, PAWN | 8);
  }
}

// Is this the difference of two cells on one line or diagonal?
function isLine(difference: number): boolean {
  return (ATTACKERS[difference + CENTER] & (1 << QUEEN)) !== 0;
}

// The castling rights that survive a move from or to a square.
const RIGHTS_KEPT = new Uint8Array(64).fill(15);
for (const [square, lost] of [[4, 3], [7, 1], [0, 2], [60, 12], [63, 4], [56, 8]]) {
  RIGHTS_KEPT[square] = 15 - lost;
}

// Zobrist numbers (https://www.chessprogramming.org/Zobrist_Hashing), fixed by their indices.
const ZOBRIST_LOW = Int32Array.from({ length: 16 << 8 }, (_, i) => hash32(1, i));
const ZOBRIST_HIGH = Int32Array.from({ length: 16 << 8 }, (_, i) => hash32(2, i));

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
  /** Is the side to move in check? */
  check = false;

  /** An empty board, to `put` pieces on; else use `startPosition`, `parseFen` or `copy`. */
  constructor() {
    this.cells = EMPTY_FRAME.slice();
  }

  /** What stands on a square: 0, or piece | color << 3. */
  pieceAt(square: Square): number {
    return this.cells[cellOf(square)];
  }

  /** Puts a piece on an empty square, for building positions; `check` has to be set at the end. */
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

  /** Is the side to move in check? */
  isCheck(): boolean {
    return this.check;
  }

  /**
   * A hash of the position, a safe integer of 53 bits: equal for positions that the repetition rule
   * calls equal (pieces, side to move, castling rights, a legal en-passant capture), without the move
   * counters. Two different positions collide with probability 2⁻⁵³.
   */
  key(): number {
    const cells = this.cells;
    // Piece code 0 has no squares: its rows hold the side, the rights and the en-passant file.
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

  // Does a slider of colour `by` attack the king along the line through this cell?
  private isUncovered(cell: number, king: number, by: number): boolean {
    if (!isLine(cell - king)) return false;
    const cells = this.cells, step = STEP[cell - king + CENTER];
    let from = king - step;
    while (cells[from] === EMPTY) from -= step;
    return cells[from] >> 3 === by &&
      ((ATTACKERS[from - king + CENTER] >> cells[from]) & 1) === 1;
  }

  // Does the piece on `from` lay its king bare when it moves to `to`?
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

  private isOpen(from: number, to: number, step: number): boolean {
    const cells = this.cells;
    let cell = from + step;
    while (cell !== to && cells[cell] === EMPTY) cell += step;
    return cell === to;
  }

  private add(cell: number, piece: number): void {
    const cells = this.cells, start = listOf(piece), slot = cells[start + LENGTH]++;
    cells[cell] = piece;
    cells[start + slot] = cell;
    cells[SLOT + cell] = slot;
  }

  // The last of the list takes the place of the removed one; `restore` is the exact reverse, so that
  // taking a move back leaves the order of generated moves as it was.
  private remove(cell: number): void {
    const cells = this.cells, start = listOf(cells[cell]), slot = cells[SLOT + cell];
    const last = cells[start + --cells[start + LENGTH]];
    cells[start + slot] = last;
    cells[SLOT + last] = slot;
    cells[cell] = EMPTY;
  }

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

const pinAxis = new Uint8Array(SLOT); // scratch: the step, without sign, along which a piece is pinned
const pinned = new Uint8Array(8);
const SLIDES = [[], [], [], BISHOP_STEPS, ROOK_STEPS, QUEEN_STEPS];
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
    const knights = listOf(KNIGHT | ours), knightsEnd = knights + cells[knights + LENGTH];
    for (let k = knights; k < knightsEnd; k++) {
      const from = cells[k], square = TO[from] >> 6;
      if (pinAxis[from] !== 0) continue;
      for (let j = 0; j < 8; j++) {
        const to = from + KNIGHT_STEPS[j], target = cells[to];
        if (target === EMPTY || target >> 3 === them) out[n++] = square | TO[to];
      }
    }
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
