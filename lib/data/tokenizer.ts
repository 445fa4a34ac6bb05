/**
 * Games as tokens for a sequence model: the paper's 32 characters, or one token a move.
 *
 * The paper's text has two faults, which come from how it was cut out of Lichess's files with regular
 * expressions: (1) every draw ends with a stray ` 12-`, for `/` was deleted before the results were,
 * and (2) games without clock comments lose their last character, for the last two characters were
 * always cut off. Here the text is made from the moves, so it has neither. (A model of the paper could
 * read off a draw from (1); one trained here cannot.)
 *
 * @module
 */

import type { Move } from "@lib/chess/position.ts";
import { KNIGHT, moveFrom, movePromotion, moveTo, packMove, QUEEN } from "@lib/chess/position.ts";
import { startPosition } from "@lib/chess/position.ts";
import { makeSan, parseSan } from "@lib/chess/san.ts";

/** A way to write games as tokens 0 … size − 1. */
export interface Tokenizer {
  /** What configurations call it. */
  readonly name: "pgn" | "uci";
  /** V, the number of tokens */
  readonly size: number;
  /** The token that starts each game, and so also ends the one before. */
  readonly start: number;
  /**
   * The tokens of a game from the usual start position: the start token, then its moves.
   *
   * @throws {RangeError} for a move that has no token
   */
  encode(moves: ArrayLike<Move>): Uint16Array;
  /**
   * The moves of the tokens of one game, with or without the start token.
   *
   * @throws {SyntaxError} for what is no token, no move, or a second game
   */
  decode(tokens: ArrayLike<number>): Move[];
}

/** The paper's vocabulary; a character's place is its token. */
export const PGN_CHARACTERS = " #+-.0123456789;=BKNOQRabcdefghx";

const ID_OF_CODE = new Int8Array(128).fill(-1);
for (let id = 0; id < PGN_CHARACTERS.length; id++) ID_OF_CODE[PGN_CHARACTERS.charCodeAt(id)] = id;

/**
 * The text of a game in the paper's form, such as `;1.e4 e5 2.Nf3`. The moves must be legal from the
 * usual start position.
 */
export function pgnText(moves: ArrayLike<Move>): string {
  const position = startPosition();
  let text = ";";
  for (let ply = 0; ply < moves.length; ply++) {
    text += moveLead(ply) + makeSan(position, moves[ply]);
    position.play(moves[ply]);
  }
  return text;
}

/**
 * The text after which the next move follows: `;1.` before the first, `;1.e4 ` before Black's answer,
 * `;1.e4 e5 2.` and so on.
 */
export function pgnPrompt(moves: ArrayLike<Move>): string {
  return pgnText(moves) + moveLead(moves.length);
}

/** What stands before the move of a ply, counted from 0. */
function moveLead(ply: number): string {
  if (ply % 2 === 1) return " ";
  return `${ply === 0 ? "" : " "}${ply / 2 + 1}.`;
}

/**
 * Characters as tokens of the `pgn` tokenizer.
 *
 * @throws {SyntaxError} for a character outside the vocabulary, saying which and where.
 */
export function encodeText(text: string): Uint16Array {
  const tokens = new Uint16Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const id = ID_OF_CODE[text.charCodeAt(i)] ?? -1;
    if (id < 0) {
      throw new SyntaxError(
        `Cannot encode "${text[i]}" (character ${i + 1} of the text): must be one of the ` +
          `${PGN_CHARACTERS.length} characters "${PGN_CHARACTERS}"`,
      );
    }
    tokens[i] = id;
  }
  return tokens;
}

/**
 * Tokens of the `pgn` tokenizer as characters.
 *
 * @throws {RangeError} for a token outside the vocabulary.
 */
export function decodeText(tokens: ArrayLike<number>): string {
  let text = "";
  for (let i = 0; i < tokens.length; i++) {
    checkToken(tokens[i], PGN_CHARACTERS.length, i);
    text += PGN_CHARACTERS[tokens[i]];
  }
  return text;
}

function checkToken(token: number, size: number, i: number): void {
  if (token >= 0 && token < size) return;
  throw new RangeError(`Cannot decode token ${token} (place ${i + 1}): must be 0 … ${size - 1}`);
}

/**
 * The paper's tokenizer: one token a character, ids in ASCII order, `;` before each game.
 *
 * Source: Zhang et al. 2024 (arXiv 2406.11741) and its code.
 *
 * ```ts
 * import { decodeText, pgnTokenizer } from "@lib/data/tokenizer.ts";
 * import { packMove } from "@lib/chess/position.ts";
 * import assert from "node:assert/strict";
 *
 * const tokens = pgnTokenizer.encode([packMove(12, 28), packMove(52, 36), packMove(6, 21)]);
 * assert.equal(decodeText(tokens), ";1.e4 e5 2.Nf3");
 * assert.deepEqual(pgnTokenizer.decode(tokens), [12 | 28 << 6, 52 | 36 << 6, 6 | 21 << 6]);
 * ```
 */
export const pgnTokenizer: Tokenizer = {
  name: "pgn",
  size: PGN_CHARACTERS.length,
  start: PGN_CHARACTERS.indexOf(";"),
  encode: (moves) => encodeText(pgnText(moves)),
  decode(tokens) {
    const text = decodeText(tokens);
    const second = text.indexOf(";", 1) + 1;
    if (second > 0) {
      throw new SyntaxError(`Cannot decode the tokens: a second game starts at place ${second}`);
    }
    const position = startPosition();
    return text.replace(/^;/, "").split(/ |\d+\./).filter((word) => word !== "").map((san) => {
      const move = parseSan(position, san);
      position.play(move);
      return move;
    });
  },
};

// The 1968 moves that a queen, a knight or a promoting pawn can make on an empty board, by
// from-square, to-square and promotion.
const MOVES: Move[] = [];
for (let from = 0; from < 64; from++) {
  for (let to = 0; to < 64; to++) {
    const [files, ranks] = [Math.abs((from & 7) - (to & 7)), Math.abs((from >> 3) - (to >> 3))];
    if (from === to || !(files === 0 || ranks === 0 || files === ranks || files * ranks === 2)) {
      continue;
    }
    MOVES.push(packMove(from, to));
    const promotes = files <= 1 &&
      (from >> 3 === 6 && to >> 3 === 7 || from >> 3 === 1 && to >> 3 === 0);
    if (!promotes) continue;
    for (let piece = KNIGHT; piece <= QUEEN; piece++) MOVES.push(packMove(from, to, piece));
  }
}
const TOKEN_OF_MOVE = new Int16Array(1 << 15).fill(-1);
for (let token = 0; token < MOVES.length; token++) TOKEN_OF_MOVE[MOVES[token]] = token;

/**
 * The `uci` token of a move.
 *
 * @throws {RangeError} when no piece can move so.
 */
export function moveToken(move: Move): number {
  const token = TOKEN_OF_MOVE[move] ?? -1;
  if (token >= 0) return token;
  throw new RangeError(
    `Cannot encode the move ${move} (square ${moveFrom(move)} to ${moveTo(move)}, promotion ` +
      `${movePromotion(move)}): must be one of the ${MOVES.length} moves of a piece`,
  );
}

/**
 * One token a move: the 1968 moves that exist, and a token that starts a game. 5 to 6 times shorter
 * than the characters, and every text is a list of moves, though not of legal ones: `decode` does not
 * play them.
 *
 * ```ts
 * import { uciTokenizer } from "@lib/data/tokenizer.ts";
 * import { packMove } from "@lib/chess/position.ts";
 * import assert from "node:assert/strict";
 *
 * const tokens = uciTokenizer.encode([packMove(12, 28)]);
 * assert.equal(tokens.length, 2);
 * assert.equal(uciTokenizer.size, 1969);
 * assert.deepEqual(uciTokenizer.decode(tokens), [packMove(12, 28)]);
 * ```
 */
export const uciTokenizer: Tokenizer = {
  name: "uci",
  size: MOVES.length + 1,
  start: MOVES.length,
  encode(moves) {
    const tokens = new Uint16Array(moves.length + 1);
    tokens[0] = MOVES.length;
    for (let i = 0; i < moves.length; i++) tokens[i + 1] = moveToken(moves[i]);
    return tokens;
  },
  decode(tokens) {
    const first = tokens.length > 0 && tokens[0] === MOVES.length ? 1 : 0;
    return Array.from({ length: tokens.length - first }, (_, i) => {
      const token = tokens[first + i];
      checkToken(token, MOVES.length + 1, first + i);
      if (token === MOVES.length) {
        throw new SyntaxError(
          `Cannot decode the tokens: a second game starts at place ${first + i + 1}`,
        );
      }
      return MOVES[token];
    });
  },
};

/**
 * The tokenizer of this name.
 *
 * @throws {RangeError} when there is none.
 */
export function tokenizerByName(name: string): Tokenizer {
  if (name === "pgn") return pgnTokenizer;
  if (name === "uci") return uciTokenizer;
  throw new RangeError(`Cannot find the tokenizer "${name}": must be "pgn" or "uci"`);
}
