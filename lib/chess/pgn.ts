/**
 * PGN, read as a stream of bytes and written: many games a second, one at a time, in bounded memory.
 * Source: Portable Game Notation, Specification and Implementation Guide, S. J. Edwards, 1994.
 *
 * @module
 */

import { parseFen } from "./fen.ts";
import { MovetextError, readMovetext, type Result } from "./movetext.ts";
import { BLACK, type Move, startPosition } from "./position.ts";
import { makeSan } from "./san.ts";

export type { Result } from "./movetext.ts";

/** A game that has been read. */
export interface Game {
  /** Number of the game in its file, from 1. */
  readonly index: number;
  /** Line on which it begins, from 1. */
  readonly line: number;
  readonly headers: Readonly<Record<string, string>>;
  /** FEN of a set-up start; absent for the usual one. */
  readonly start?: string;
  readonly moves: Uint16Array;
  /** Centipawns seen from White after each ply, mate in n as ±(10000 − n), NaN where there is none. */
  readonly evals?: Float32Array;
  /** Seconds left on the mover's clock after each ply, NaN where there is none. */
  readonly clocks?: Float32Array;
  readonly result: Result;
}

/** A game that cannot be read: where it is, and why. */
export class PgnError extends SyntaxError {
  override name = "PgnError";
  constructor(
    reason: string,
    readonly file: string,
    readonly line: number,
    readonly game: number,
  ) {
    super(`Cannot read game ${game} of ${file}, line ${line}: ${reason}`);
  }
}

/** How games are read; all optional. */
export interface PgnOptions {
  /** Name of the source, for errors. */
  readonly name?: string;
  /**
   * A first test, on the ratings alone (0 where unknown): a game that it refuses costs no more than
   * finding its end.
   */
  readonly acceptRatings?: (white: number, black: number) => boolean;
  /** A test on the headers, before the moves are read. */
  readonly accept?: (headers: Readonly<Record<string, string>>) => boolean;
  /** Told of each game that cannot be read, after which reading goes on (default: it is thrown). */
  readonly onError?: (error: PgnError) => void;
}

const [NEWLINE, RETURN, SPACE, BRACKET, QUOTE, PERCENT, BRACE, CLOSE, SEMICOLON] = [
  ...'\n\r ["%{};',
].map((c) => c.charCodeAt(0));

/** A game longer than this is no game; it bounds the memory. */
const LONGEST = 1 << 25; // bytes

/**
 * Reads the games of a stream.
 *
 * Plain headers and movetext with comments, variations, annotation glyphs, `%eval` and `%clk`;
 * set-up positions; any line ends. A game without its result takes that of its header.
 *
 * @param bytes Text as it comes, in pieces of any size; see `openBytes` for files.
 * @throws {PgnError} for a game that cannot be read (an illegal move, another variant, no PGN at
 * all), unless there is `onError`.
 *
 * ```ts
 * import { readPgn } from "@lib/chess/pgn.ts";
 * import assert from "node:assert/strict";
 *
 * async function* source() {
 *   yield new TextEncoder().encode('[White "Anna"]\n\n1. e4 { [%eval 0.3] } e5 2. Nf3 1-0\n');
 * }
 * for await (const { headers, moves, evals, result } of readPgn(source())) {
 *   assert.equal(headers.White, "Anna");
 *   assert.equal(moves.length, 3);
 *   assert.equal(evals![0], 30);
 *   assert.equal(result, "1-0");
 * }
 * ```
 */
export async function* readPgn(
  bytes: AsyncIterable<Uint8Array>,
  options: PgnOptions = {},
): AsyncGenerator<Game> {
  const reader = new Reader(options);
  for await (const chunk of bytes) {
    reader.push(chunk);
    for (let game = reader.next(false); game !== undefined; game = reader.next(false)) yield game;
  }
  for (let game = reader.next(true); game !== undefined; game = reader.next(true)) yield game;
}

/** Cuts the stream into games; each is parsed where it lies in the buffer. */
class Reader {
  readonly #options: PgnOptions;
  readonly #name: string;
  #buffer = new Uint8Array(1 << 21);
  /** Unread bytes are buffer[start … end − 1]; start is at a line's or a game's begin. */
  #start = 0;
  #end = 0;
  /** Lines before this one have been searched for the end of the game at start … */
  #searched = 0;
  /** … and whether they hold movetext, so that the next tag begins another game. */
  #inMoves = false;
  /** Whether the bytes before the next tag are the rest of a game that was given up. */
  #skipping = false;
  #line = 1;
  #index = 0;

  constructor(options: PgnOptions) {
    this.#options = options;
    this.#name = options.name ?? "PGN";
  }

  push(chunk: Uint8Array): void {
    const kept = this.#end - this.#start;
    if (this.#end + chunk.length > this.#buffer.length) {
      let size = this.#buffer.length;
      while (kept + chunk.length > size) size *= 2;
      const target = size === this.#buffer.length ? this.#buffer : new Uint8Array(size);
      target.set(this.#buffer.subarray(this.#start, this.#end));
      this.#buffer = target;
      this.#searched -= this.#start;
      this.#start = 0;
      this.#end = kept;
    }
    this.#buffer.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** The next game that is wanted and readable; undefined when more bytes are needed. */
  next(final: boolean): Game | undefined {
    for (;;) {
      if (!this.#skipping && !this.#skipBlank(final)) return undefined;
      const end = this.#findEnd(final);
      if (this.#skipping) {
        this.#advance(end < 0 ? this.#searched : end);
        if (end < 0) return undefined;
        this.#skipping = false;
        continue;
      }
      if (end < 0) {
        if (this.#end - this.#start <= LONGEST) return undefined;
        this.#index++;
        this.#skipping = this.#inMoves = true;
        this.#report(`it is longer than ${LONGEST} bytes`, this.#line);
        continue;
      }
      const game = this.#parse(end, final && end === this.#end);
      if (game !== undefined) return game;
    }
  }

  /** Skips blank lines, lines that `%` marks, and a byte order mark; false when nothing is left. */
  #skipBlank(final: boolean): boolean {
    const b = this.#buffer;
    if (this.#index === 0 && b[this.#start] === 0xef && this.#end - this.#start >= 3) {
      this.#start += 3;
    }
    while (this.#start < this.#end) {
      const c = b[this.#start];
      if (c === PERCENT && (this.#start === 0 || b[this.#start - 1] === NEWLINE)) {
        const newline = this.#newlineFrom(this.#start);
        if (newline < 0 && !final) return false;
        this.#start = newline < 0 ? this.#end : newline;
      } else if (c > SPACE) {
        if (this.#searched < this.#start) this.#searched = this.#start;
        return true;
      } else {
        if (c === NEWLINE) this.#line++;
        this.#start++;
      }
    }
    return false;
  }

  /** The first line end from `at` on, −1 when it is not there yet. */
  #newlineFrom(at: number): number {
    const newline = this.#buffer.indexOf(NEWLINE, at);
    return newline < this.#end ? newline : -1;
  }

  /** Where the game at `start` ends: at the first tag after its movetext; −1 when it is not there. */
  #findEnd(final: boolean): number {
    const b = this.#buffer;
    let at = this.#searched;
    while (at < this.#end) {
      const newline = this.#newlineFrom(at);
      if (newline < 0 && !final) break;
      const tag = b[at] === BRACKET && this.#isTag(at);
      if (tag && this.#inMoves) {
        this.#searched = at;
        return at;
      }
      if (!tag && b[at] > SPACE) this.#inMoves = true;
      at = newline < 0 ? this.#end : newline + 1;
    }
    this.#searched = at;
    return final ? this.#end : -1;
  }

  /** Whether a line begins with `[Name "`, unlike a line of a comment. */
  #isTag(at: number): boolean {
    const b = this.#buffer;
    let i = at + 1;
    while (i < this.#end && isNameByte(b[i])) i++;
    if (i === at + 1) return false;
    while (i < this.#end && b[i] === SPACE) i++;
    return i < this.#end && b[i] === QUOTE;
  }

  /** Moves on to `to`, counting lines; what was searched beyond it belongs to no game yet. */
  #advance(to: number): void {
    const b = this.#buffer;
    for (let at = b.indexOf(NEWLINE, this.#start); at >= 0 && at < to;) {
      this.#line++;
      at = b.indexOf(NEWLINE, at + 1);
    }
    this.#start = this.#searched = to;
    this.#inMoves = this.#skipping;
  }

  #report(reason: string, line: number): void {
    const error = new PgnError(reason, this.#name, line, this.#index);
    if (this.#options.onError === undefined) throw error;
    this.#options.onError(error);
  }

  /** Parses the game in start … end − 1, or what comes first of several without headers. */
  #parse(end: number, atEnd: boolean): Game | undefined {
    const b = this.#buffer, { acceptRatings, accept } = this.#options;
    const line = this.#line, index = ++this.#index;
    const begin = this.#start;

    // Headers: from here to the first line that is no tag.
    let at = begin, lines = 0;
    let white = 0, black = 0;
    while (at < end && b[at] === BRACKET) {
      if (b[at + 6] === 0x45) { // [WhiteElo, [BlackElo
        if (b[at + 1] === 0x57) white = readRating(b, at + 9);
        else if (b[at + 1] === 0x42) black = readRating(b, at + 9);
      }
      const newline = b.indexOf(NEWLINE, at);
      lines++;
      at = newline < 0 || newline >= end ? end : newline + 1;
      while (at < end && (b[at] === NEWLINE || b[at] === RETURN || b[at] === SPACE)) {
        if (b[at++] === NEWLINE) lines++;
      }
    }
    const moves = at;
    if (acceptRatings !== undefined && !acceptRatings(white, black)) {
      this.#line += lines;
      this.#start = moves;
      this.#advance(end);
      return undefined;
    }
    const headers = readHeaders(b, begin, moves);
    if (accept !== undefined && !accept(headers)) {
      this.#line += lines;
      this.#start = moves;
      this.#advance(end);
      return undefined;
    }
    try {
      const variant = headers.Variant?.toLowerCase() ?? "standard";
      if (variant !== "standard" && variant !== "from position" && variant !== "chess") {
        throw new SyntaxError(`the variant "${headers.Variant}" is not standard chess`);
      }
      const start = headers.FEN;
      const position = start === undefined ? startPosition() : parseFen(start);
      const text = readMovetext(b, moves, end, position);
      if (moves === end && begin !== moves) {
        throw new SyntaxError("it has headers but no moves and no result: cut short?");
      }
      if (text.result === undefined && atEnd && b[end - 1] !== NEWLINE) {
        throw new SyntaxError("the text ends within the game: cut short?");
      }
      if (text.result === undefined && text.moves.length === 0 && begin === moves) {
        throw new SyntaxError("there is no game here");
      }
      this.#line += lines;
      this.#start = moves;
      this.#advance(this.#afterGame(text.end, end));
      const { moves: played, evals, clocks } = text;
      return {
        index,
        line,
        headers,
        ...(start !== undefined && { start }),
        moves: played,
        ...(evals && { evals }),
        ...(clocks && { clocks }),
        result: text.result ?? resultOf(headers.Result),
      };
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      const where = error instanceof MovetextError ? linesBefore(b, begin, error.at) : 0;
      this.#advance(end);
      this.#report(error.message, line + where);
      return undefined;
    }
  }

  /** Past a comment behind the result; whatever else stands there is a further game. */
  #afterGame(at: number, end: number): number {
    const b = this.#buffer;
    while (at < end) {
      if (b[at] <= SPACE) at++;
      else if (b[at] === BRACE || b[at] === SEMICOLON) {
        const close = b.indexOf(b[at] === BRACE ? CLOSE : NEWLINE, at);
        at = close < 0 || close >= end ? end : close + 1;
      } else break;
    }
    return at;
  }
}

function isNameByte(c: number): boolean {
  return (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a) || (c >= 0x30 && c <= 0x39) ||
    c === 0x5f;
}

/** The digits after the first quote. */
function readRating(b: Uint8Array, at: number): number {
  while (b[at] === SPACE || b[at] === QUOTE) at++;
  let rating = 0;
  for (; b[at] >= 0x30 && b[at] <= 0x39 && rating < 10000; at++) {
    rating = 10 * rating + b[at] - 0x30;
  }
  return rating;
}

const decoder = new TextDecoder();

/** Tag pairs, one a line; a value may hold quotes, escaped or not. */
function readHeaders(b: Uint8Array, begin: number, end: number): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of decoder.decode(b.subarray(begin, end)).split("\n")) {
    const open = line.indexOf('"'), close = line.lastIndexOf('"');
    if (open < 0 || close <= open || !line.startsWith("[")) continue;
    const value = line.slice(open + 1, close);
    headers[line.slice(1, open).trim()] = value.includes("\\")
      ? value.replace(/\\(["\\])/g, "$1")
      : value;
  }
  return headers;
}

function resultOf(text: string | undefined): Result {
  return text === "1-0" || text === "0-1" || text === "1/2-1/2" ? text : "*";
}

function linesBefore(b: Uint8Array, begin: number, at: number): number {
  let lines = 0;
  for (let i = begin; i < at; i++) if (b[i] === NEWLINE) lines++;
  return lines;
}

/** What can be written as a game. */
export interface WritableGame {
  readonly headers: Readonly<Record<string, string>>;
  readonly moves: ArrayLike<Move>;
  readonly start?: string | null;
  readonly result: Result;
  /** As in {@linkcode Game}. */
  readonly evals?: ArrayLike<number>;
  /** A comment after each ply; `undefined` for none. */
  readonly comments?: ArrayLike<string | undefined>;
}

const ROSTER = ["Event", "Site", "Date", "Round", "White", "Black", "Result"];
const WIDTH = 80;

/**
 * Writes a game: the seven-tag roster first, lines of at most 80 characters.
 *
 * @throws {TypeError} for a tag name of other characters than letters, digits and `_`.
 *
 * ```ts
 * import { makePgn } from "@lib/chess/pgn.ts";
 * import { parseUci } from "@lib/chess/san.ts";
 * import { startPosition } from "@lib/chess/position.ts";
 * import assert from "node:assert/strict";
 *
 * const e4 = parseUci(startPosition(), "e2e4");
 * const text = makePgn({ headers: { White: "Anna" }, moves: [e4], result: "*" });
 * assert.match(text, /\[White "Anna"\][^]*\n\n1\. e4 \*\n$/);
 * ```
 */
export function makePgn(game: WritableGame): string {
  const { moves, result, start, evals, comments } = game;
  const headers: Record<string, string> = {};
  for (const name of ROSTER) {
    headers[name] = game.headers[name] ?? (name === "Date" ? "????.??.??" : "?");
  }
  Object.assign(headers, game.headers, { Result: result });
  if (start) Object.assign(headers, { SetUp: "1", FEN: start });
  const lines = Object.entries(headers).map(([name, value]) => {
    if (!/^\w+$/.test(name)) {
      throw new TypeError(`Cannot write the tag "${name}": must be of letters, digits and _`);
    }
    const text = value.replace(/[\r\n]+/g, " ").replace(/[\\"]/g, "\\$&");
    return `[${name} "${text}"]`;
  });

  const words: string[] = [];
  const position = start ? parseFen(start) : startPosition();
  for (let ply = 0; ply < moves.length; ply++) {
    const black = position.turn === BLACK, number = position.fullmoveNumber;
    if (!black) words.push(`${number}.`);
    else if (ply === 0 || words[words.length - 1].endsWith("}")) words.push(`${number}...`);
    words.push(makeSan(position, moves[ply]));
    position.play(moves[ply]);
    const comment = [evalComment(evals?.[ply]), comments?.[ply]?.replaceAll("}", ")")]
      .filter(Boolean).join(" ");
    if (comment) words.push(...`{ ${comment} }`.split(/\s+/));
  }
  words.push(result);
  let line = "";
  const text: string[] = [];
  for (const word of words) {
    if (line.length + 1 + word.length > WIDTH) {
      text.push(line);
      line = word;
    } else line = line ? `${line} ${word}` : word;
  }
  return [...lines, "", ...text, line, ""].join("\n");
}

function evalComment(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "";
  if (Math.abs(value) < 9000) return `[%eval ${(value / 100).toFixed(2)}]`;
  return value > 0 ? `[%eval #${10000 - value}]` : `[%eval #-${10000 + value}]`;
}
