/**
 * Positions as text: Forsyth–Edwards notation (PGN standard, § 16.1), read strictly.
 *
 * @module
 */

import { BLACK, cellOf, type Color, EMPTY, PAWN, Position, squareName, WHITE } from "./position.ts";

/** The start position. */
export const START_FEN = "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1";

const LETTERS = ".PNBRQK..pnbrqk";
const SIDES = ["White", "Black"];

/**
 * Reads a position. The two move counters may be missing, as in EPD; everything else of the six
 * fields has to be there and to make sense. An en-passant square is kept only if a pawn can legally
 * capture there, so that equal positions have equal keys and equal FENs.
 *
 * @throws {SyntaxError} saying which field is wrong and why: a rank that does not add up, a missing
 * king, pawns on the first or last rank, castling rights without king and rook at home, an en-passant
 * square that no pawn has passed, the side not to move in check, counters that are no counts.
 *
 * ```ts
 * import { makeFen, parseFen } from "@lib/chess/fen.ts";
 * import assert from "node:assert/strict";
 *
 * const fen = "8/8/4k3/8/8/4K3/8/7R w - - 0 1";
 * assert.equal(makeFen(parseFen(fen)), fen);
 * assert.throws(() => parseFen("8/8/8/8/8/4K3/8/7R w - - 0 1"), /Black has 0 kings/);
 * ```
 */
export function parseFen(fen: string): Position {
  const fail = (why: string): never => {
    throw new SyntaxError(`Cannot read the FEN "${fen.slice(0, 120)}": ${why}`);
  };
  const fields = fen.trim().split(/\s+/);
  if (fields.length !== 6 && fields.length !== 4) {
    fail(`must have 6 fields, or 4 without the move counters, not ${fields.length}`);
  }
  const [board, side, rights, enPassant, halfmove = "0", fullmove = "1"] = fields;

  const position = readBoard(board, fail);
  if (side !== "w" && side !== "b") fail(`side to move must be "w" or "b", not "${side}"`);
  const us: Color = side === "w" ? WHITE : BLACK;
  position.turn = us;
  if (position.isAttacked(cellOf(position.kingSquare((us ^ 1) as Color)), us)) {
    fail(`${SIDES[us ^ 1]} is in check but ${SIDES[us]} is to move`);
  }
  position.isCheck();
  position.castling = readCastling(position, rights, fail);
  readEnPassant(position, enPassant, fail);
  if (!/^\d{1,4}$/.test(halfmove)) fail(`halfmove clock must be 0 or more, not "${halfmove}"`);
  if (!/^[1-9]\d{0,3}$/.test(fullmove)) fail(`move number must be 1 or more, not "${fullmove}"`);
  position.halfmoveClock = Number(halfmove);
  position.fullmoveNumber = Number(fullmove);
  return position;
}

type Fail = (why: string) => never;

function readBoard(board: string, fail: Fail): Position {
  const ranks = board.split("/");
  if (ranks.length !== 8) fail(`board must have 8 ranks, not ${ranks.length}`);
  const placed: [square: number, piece: number][] = [];
  const men = [0, 0], kings = [0, 0], pawns = [0, 0];
  ranks.forEach((rank, i) => {
    let file = 0;
    for (const letter of rank) {
      if (letter >= "1" && letter <= "8") {
        file += Number(letter);
        continue;
      }
      const piece = letter === "." ? -1 : LETTERS.indexOf(letter);
      if (piece < 0) fail(`"${letter}" in rank ${8 - i} is neither a piece nor a number 1 to 8`);
      placed.push([(7 - i) * 8 + file++, piece]);
      men[piece >> 3]++;
      if (letter === "K" || letter === "k") kings[piece >> 3]++;
      if ((piece & 7) === PAWN) {
        pawns[piece >> 3]++;
        if (i === 0 || i === 7) fail(`a pawn cannot stand on rank ${8 - i}`);
      }
    }
    if (file !== 8) fail(`rank ${8 - i} must have 8 squares, not ${file}`);
  });
  for (const color of [WHITE, BLACK]) {
    if (kings[color] !== 1) fail(`${SIDES[color]} has ${kings[color]} kings instead of one`);
    if (pawns[color] > 8) fail(`${SIDES[color]} has ${pawns[color]} pawns, at most 8 can be`);
    if (men[color] > 16) fail(`${SIDES[color]} has ${men[color]} pieces, at most 16 can be`);
  }
  const position = new Position();
  for (const [square, piece] of placed) position.put(square, piece);
  return position;
}

function readCastling(position: Position, rights: string, fail: Fail): number {
  if (rights === "-") return 0;
  if (!/^K?Q?k?q?$/.test(rights)) {
    fail(
      `castling rights must be "-" or some of KQkq in that order, not "${rights}"` +
        (/^[A-Ha-h]+$/.test(rights) ? " (Chess960 is not read)" : ""),
    );
  }
  let castling = 0;
  for (const right of rights) {
    const i = "KQkq".indexOf(right), home = i < 2 ? 0 : 56;
    const king = LETTERS[position.pieceAt(home + 4)];
    const rook = LETTERS[position.pieceAt(home + (i & 1 ? 0 : 7))];
    if (king !== (i < 2 ? "K" : "k") || rook !== (i < 2 ? "R" : "r")) {
      fail(`castling right "${right}" needs king and rook on their first squares`);
    }
    castling |= 1 << i;
  }
  return castling;
}

function readEnPassant(position: Position, name: string, fail: Fail): void {
  if (name === "-") return;
  const white = position.turn === WHITE;
  if (!/^[a-h][36]$/.test(name) || (name[1] === "6") !== white) {
    fail(`en-passant square must be "-" or on rank ${white ? 6 : 3}, not "${name}"`);
  }
  const square = name.charCodeAt(0) - 97 + (white ? 40 : 16);
  const passed = white ? square - 8 : square + 8, origin = white ? square + 8 : square - 8;
  if (
    position.pieceAt(passed) !== (PAWN | ((position.turn ^ 1) << 3)) ||
    position.pieceAt(square) !== EMPTY || position.pieceAt(origin) !== EMPTY
  ) fail(`no pawn can just have passed the en-passant square ${name}`);
  position.allowEnPassant(cellOf(square));
}

/** Writes a position; the en-passant square is given only where a legal capture exists. */
export function makeFen(position: Position): string {
  let board = "";
  for (let rank = 7; rank >= 0; rank--) {
    let gap = 0;
    for (let file = 0; file < 8; file++) {
      const piece = position.pieceAt(rank * 8 + file);
      if (piece === EMPTY) gap++;
      else {
        board += (gap || "") + LETTERS[piece];
        gap = 0;
      }
    }
    board += (gap || "") + (rank > 0 ? "/" : "");
  }
  let rights = "";
  for (let i = 0; i < 4; i++) if (position.castling & (1 << i)) rights += "KQkq"[i];
  const enPassant = position.epSquare < 0 ? "-" : squareName(position.epSquare);
  return `${board} ${position.turn === WHITE ? "w" : "b"} ${rights || "-"} ${enPassant} ` +
    `${position.halfmoveClock} ${position.fullmoveNumber}`;
}
