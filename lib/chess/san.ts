/**
 * Moves as text: standard algebraic notation (PGN standard, § 8.2.3) and UCI's coordinates.
 *
 * @module
 */

import { makeFen } from "@lib/chess/fen.ts";
import {
  cellOf,
  EMPTY,
  generateLegalMoves,
  KING,
  legalMoves,
  LENGTH,
  listOf,
  MAX_MOVES,
  type Move,
  moveFrom,
  movePromotion,
  moveTo,
  packMove,
  PAWN,
  type Position,
  squareName,
  squareOf,
  WHITE,
} from "@lib/chess/position.ts";

/** What `readSan` returns instead of a move. */
export const UNREADABLE: number = -1, ILLEGAL: number = -2, AMBIGUOUS: number = -3;

const PIECES = " PNBRQK";

// Character → piece kind, for the capital letters, and for promotions in small ones too.
const PIECE_OF = new Uint8Array(256);
const PROMOTION_OF = new Uint8Array(256);
for (let kind = PAWN; kind <= KING; kind++) {
  PIECE_OF[PIECES.charCodeAt(kind)] = kind;
  if (kind === PAWN || kind === KING) continue;
  PROMOTION_OF[PIECES.charCodeAt(kind)] = kind;
  PROMOTION_OF[PIECES.toLowerCase().charCodeAt(kind)] = kind;
}

/**
 * The legal move that the ASCII bytes `start … end − 1` name in this position, or `UNREADABLE`,
 * `ILLEGAL` or `AMBIGUOUS`: the form of `parseSan` for hot loops. The move's own legality is tested,
 * whatever the text says about check.
 */
export function readSan(position: Position, text: Uint8Array, start: number, end: number): number {
  // From the right: marks, promotion, target square; from the left: piece, origin.
  let last = end - 1;
  while (last >= start) {
    const c = text[last];
    if (c !== 0x2b && c !== 0x23 && c !== 0x21 && c !== 0x3f) break; // + # ! ?
    last--;
  }
  if (last - start < 1) return UNREADABLE;
  const first = text[start];
  if (first === 0x4f || first === 0x30 || first === 0x6f) {
    return castle(position, text, start, last);
  }

  let promotion = 0;
  if (PROMOTION_OF[text[last]] !== 0) {
    promotion = PROMOTION_OF[text[last--]];
    if (text[last] === 0x3d || text[last] === 0x2f) last--; // = /
  } else if (text[last] === 0x29 && text[last - 2] === 0x28) { // (Q)
    promotion = PROMOTION_OF[text[last - 1]];
    if (promotion === 0) return UNREADABLE;
    last -= 3;
  }
  if (last - start < 1) return UNREADABLE;
  const toFile = text[last - 1] - 0x61, toRank = text[last] - 0x31;
  if (toFile >>> 0 > 7 || toRank >>> 0 > 7) return UNREADABLE;
  last -= 2;

  const kind = PIECE_OF[first];
  if (kind !== 0) start++;
  if (last >= start) {
    const c = text[last];
    if (c === 0x78 || c === 0x3a || c === 0x2d) last--; // x : -
  }
  let fromFile = -1, fromRank = -1;
  if (last >= start) {
    const c = text[last] - 0x31;
    if (c >>> 0 <= 7) {
      fromRank = c;
      last--;
    }
  }
  if (last >= start) {
    const c = text[last] - 0x61;
    if (c >>> 0 > 7) return UNREADABLE;
    fromFile = c;
    last--;
  }
  if (last >= start) return UNREADABLE;
  const to = cellOf(toRank * 8 + toFile);
  if (kind > PAWN) {
    return promotion !== 0 ? ILLEGAL : findPieceMove(position, kind, to, fromFile, fromRank);
  }
  return findPawnMove(position, to, fromFile, fromRank, promotion);
}

function findPieceMove(
  position: Position,
  kind: number,
  to: number,
  fromFile: number,
  fromRank: number,
): number {
  const cells = position.cells, us = position.turn, piece = kind | (us << 3);
  const target = cells[to];
  if (target !== EMPTY && target >> 3 === us) return ILLEGAL;
  const start = listOf(piece), end = start + cells[start + LENGTH];
  let found = ILLEGAL;
  for (let k = start; k < end; k++) {
    const from = cells[k];
    if (!position.attacks(from, to)) continue;
    const square = squareOf(from);
    if (fromFile >= 0 && (square & 7) !== fromFile) continue;
    if (fromRank >= 0 && square >> 3 !== fromRank) continue;
    if (!position.isSafe(from, to, to)) continue;
    if (found >= 0) return AMBIGUOUS;
    found = packMove(square, squareOf(to));
  }
  return found;
}

function findPawnMove(
  position: Position,
  to: number,
  fromFile: number,
  fromRank: number,
  promotion: number,
): number {
  const cells = position.cells, us = position.turn, pawn = PAWN | (us << 3);
  const forward = us === WHITE ? 16 : -16;
  const square = squareOf(to), toRank = square >> 3;
  if ((toRank === 0 || toRank === 7) !== (promotion !== 0)) return ILLEGAL;
  const target = cells[to];
  let from = to - forward, victim = to;
  if (fromFile >= 0 && fromFile !== (square & 7)) {
    from += fromFile - (square & 7);
    if (Math.abs(fromFile - (square & 7)) !== 1 || cells[from] !== pawn) return ILLEGAL;
    if (square === position.epSquare) victim = to - forward;
    else if (target === EMPTY || target >> 3 === us) return ILLEGAL;
  } else {
    if (target !== EMPTY) return ILLEGAL;
    if (cells[from] === EMPTY && toRank === (us === WHITE ? 3 : 4)) from -= forward;
    if (cells[from] !== pawn) return ILLEGAL;
  }
  const origin = squareOf(from);
  if (fromRank >= 0 && origin >> 3 !== fromRank) return ILLEGAL;
  if (!position.isSafe(from, to, victim)) return ILLEGAL;
  return packMove(origin, square, promotion);
}

// O-O and O-O-O, in letters or zeros.
function castle(position: Position, text: Uint8Array, start: number, last: number): number {
  const length = last - start + 1;
  if (length !== 3 && length !== 5) return UNREADABLE;
  for (let i = 0; i < length; i++) {
    const c = text[start + i];
    if (i & 1 ? c !== 0x2d : c !== 0x4f && c !== 0x30 && c !== 0x6f) return UNREADABLE;
  }
  const side = length === 3 ? 1 : -1;
  if (position.check || !position.canCastle(side)) return ILLEGAL;
  const king = position.turn === WHITE ? 4 : 60;
  return packMove(king, king + 2 * side);
}

const scratch = new Uint8Array(16);

/** The reason why `readSan` found no move, in words, for error messages. */
export function explainSan(position: Position, san: string, code: number): string {
  if (code === UNREADABLE) return `"${san}" is not a move in algebraic notation`;
  if (code === AMBIGUOUS) return `"${san}" is ambiguous: more than one piece can legally go there`;
  return `"${san}" is not legal for ${position.turn === WHITE ? "White" : "Black"}`;
}

/**
 * The move that a SAN names in this position. Forgiving about form: over-disambiguated moves, `0-0`
 * with zeros, missing or superfluous `+ # ! ?`, promotions with or without `=`, long algebraic
 * (`e2-e4`); strict about the rules: only a legal and unambiguous move is returned.
 *
 * @throws {SyntaxError} saying the move, the FEN and why: unreadable, illegal or ambiguous.
 *
 * ```ts
 * import { makeUci, parseSan } from "@lib/chess/san.ts";
 * import { startPosition } from "@lib/chess/position.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(makeUci(parseSan(startPosition(), "Nf3")), "g1f3");
 * assert.throws(() => parseSan(startPosition(), "Nf4"), /not legal for White/);
 * ```
 */
export function parseSan(position: Position, san: string): Move {
  let code = UNREADABLE;
  if (san.length <= scratch.length) {
    for (let i = 0; i < san.length; i++) scratch[i] = Math.min(san.charCodeAt(i), 255);
    code = readSan(position, scratch, 0, san.length);
  }
  if (code < 0) {
    const reason = explainSan(position, san.slice(0, 40), code);
    throw new SyntaxError(`Cannot play ${reason} in ${makeFen(position)}`);
  }
  return code;
}

const replies = new Uint16Array(MAX_MOVES);

/**
 * The SAN of a legal move: as short as it can be without ambiguity, with `+` and `#`.
 *
 * ```ts
 * import { makeSan, parseUci } from "@lib/chess/san.ts";
 * import { parseFen } from "@lib/chess/fen.ts";
 * import assert from "node:assert/strict";
 *
 * const position = parseFen("6k1/5ppp/8/8/8/8/8/K6R w - - 0 1");
 * assert.equal(makeSan(position, parseUci(position, "h1b1")), "Rb1");
 * ```
 */
export function makeSan(position: Position, move: Move): string {
  const from = moveFrom(move), to = moveTo(move), kind = position.pieceAt(from) & 7;
  let san: string;
  if (kind === KING && Math.abs(from - to) === 2) san = to > from ? "O-O" : "O-O-O";
  else if (kind === PAWN) {
    const capture = (from & 7) !== (to & 7);
    san = (capture ? squareName(from)[0] + "x" : "") + squareName(to);
    if (movePromotion(move)) san += "=" + PIECES[movePromotion(move)];
  } else {
    san = PIECES[kind] + origin(position, from, to) +
      (position.pieceAt(to) === EMPTY ? "" : "x") + squareName(to);
  }
  const before = position.play(move);
  if (position.check) san += generateLegalMoves(position, replies) === 0 ? "#" : "+";
  position.undo(move, before);
  return san;
}

// The file, rank or square that tells the moving piece from its like.
function origin(position: Position, from: number, to: number): string {
  const cells = position.cells, piece = position.pieceAt(from);
  const target = cellOf(to), start = listOf(piece), end = start + cells[start + LENGTH];
  let others = false, sameFile = false, sameRank = false;
  for (let k = start; k < end; k++) {
    const cell = cells[k], square = squareOf(cell);
    if (square === from || !position.attacks(cell, target)) continue;
    if (!position.isSafe(cell, target, target)) continue;
    others = true;
    if ((square & 7) === (from & 7)) sameFile = true;
    if (square >> 3 === from >> 3) sameRank = true;
  }
  if (!others) return "";
  const name = squareName(from);
  return !sameFile ? name[0] : !sameRank ? name[1] : name;
}

/**
 * The legal move of UCI's coordinates, such as `e2e4`, `e1g1` (castling) or `e7e8q`.
 *
 * @throws {SyntaxError} saying the move, the FEN and why: unreadable or illegal.
 */
export function parseUci(position: Position, uci: string): Move {
  const fail = (why: string): never => {
    throw new SyntaxError(`Cannot play "${uci.slice(0, 40)}" in ${makeFen(position)}: ${why}`);
  };
  const move = readUci(uci);
  if (move < 0) fail("not a move in UCI notation");
  if (!legalMoves(position).includes(move)) fail("not a legal move");
  return move;
}

/** The move that a UCI names on whatever board, legal or not; −1 for what is no UCI. */
export function readUci(uci: string): Move {
  if (!/^[a-h][1-8][a-h][1-8][nbrq]?$/.test(uci)) return -1;
  const square = (i: number) => uci.charCodeAt(i) - 0x61 + (uci.charCodeAt(i + 1) - 0x31) * 8;
  return packMove(square(0), square(2), uci.length === 5 ? PROMOTION_OF[uci.charCodeAt(4)] : 0);
}

/** A move in UCI's coordinates. */
export function makeUci(move: Move): string {
  const promotion = movePromotion(move);
  return squareName(moveFrom(move)) + squareName(moveTo(move)) +
    (promotion ? PIECES[promotion].toLowerCase() : "");
}
