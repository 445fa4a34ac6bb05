/**
 * Finds the games in a stream of PGN bytes: where each one's tags and moves lie, without making
 * strings of them and without a look at the moves beyond their line ends. One pass, bounded memory.
 *
 * A game begins with a line that begins with a tag (`[Event "…"]`), outside a comment. A comment that
 * was never closed ends, all the same, at an empty line followed by an `Event` tag: one broken game
 * does not swallow the rest of the file.
 *
 * @module
 */

import type { GameSpan } from "@lib/chess/pgn_tags.ts";

export { type GameSpan, tagIs, tagNumber, tagRecord, tagText } from "@lib/chess/pgn_tags.ts";

const BLOCK = 1 << 20;
/** The longest game that is read, in bytes; a longer one is an error of its own. */
export const MAX_GAME_BYTES = 1 << 24;

const LF = 0x0a,
  CR = 0x0d,
  SPACE = 0x20,
  TAB = 0x09,
  QUOTE = 0x22,
  PERCENT = 0x25,
  SEMICOLON = 0x3b;
const BACKSLASH = 0x5c, OPEN_BRACKET = 0x5b, CLOSE_BRACKET = 0x5d, OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const EVENT = [0x45, 0x76, 0x65, 0x6e, 0x74, 0x20];

/** A scanner's state: the current game and the part of the stream in memory. */
export interface Scanner extends GameSpan {
  /** How much of `bytes` is filled; a zero byte follows. */
  filled: number;
  /** Where the next game is to be looked for, and that place's line. */
  next: number;
  /** Where the line after this one begins. */
  nextLine: number;
  /** Has the stream ended? */
  final: boolean;
  /** Is the rest of an over-long game to be skipped? */
  skipping: boolean;
  /** The first opening brace at or after some place of the current game; -1 when not known. */
  brace: number;
}

/**
 * Reads the stream block by block; in each block the caller takes the games with `nextGame`.
 *
 * @yields the same scanner, with more bytes in it
 */
export async function* scanBlocks(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Scanner> {
  const scanner: Scanner = {
    bytes: new Uint8Array(2 * BLOCK + 1),
    index: 0,
    line: 1,
    start: 0,
    moves: 0,
    movesLine: 1,
    end: 0,
    last: false,
    tagCount: 0,
    tags: new Int32Array(4 * 32),
    problem: "",
    problemLine: 0,
    filled: 0,
    next: 0,
    nextLine: 1,
    final: false,
    skipping: false,
    brace: -1,
  };
  let wanted = BLOCK;
  for await (const piece of bytes) {
    for (let at = 0; at < piece.length; at += BLOCK) {
      append(scanner, piece.subarray(at, at + BLOCK));
      if (scanner.filled - scanner.next < wanted) continue;
      yield scanner;
      // Twice the unfinished game before the next look at it: no quadratic time on long ones.
      wanted = Math.max(BLOCK, 2 * (scanner.filled - scanner.next));
    }
  }
  scanner.final = true;
  yield scanner;
}

function append(scanner: Scanner, piece: Uint8Array): void {
  const kept = scanner.filled - scanner.next;
  if (scanner.filled + piece.length >= scanner.bytes.length) {
    if (kept + piece.length >= scanner.bytes.length) {
      const larger = new Uint8Array(2 * (kept + piece.length) + 1);
      larger.set(scanner.bytes.subarray(scanner.next, scanner.filled));
      scanner.bytes = larger;
    } else scanner.bytes.copyWithin(0, scanner.next, scanner.filled);
    scanner.next = 0;
    scanner.filled = kept;
  }
  scanner.bytes.set(piece, scanner.filled);
  scanner.filled += piece.length;
  scanner.bytes[scanner.filled] = 0;
  scanner.brace = -1;
}

/**
 * Calls `visit` with each game of the stream, tags only: the fast way to count, filter or tabulate.
 * A game whose tags cannot be read is visited too, with its `problem`.
 *
 * @returns the number of games
 *
 * ```ts
 * import { scanPgn, tagNumber } from "@lib/chess/pgn_scanner.ts";
 * import assert from "node:assert/strict";
 *
 * const text = '[White "A"]\n[WhiteElo "1500"]\n\n1. e4 1-0\n\n[White "B"]\n\n1. d4 *\n';
 * async function* bytes() {
 *   yield new TextEncoder().encode(text);
 * }
 * const ratings: number[] = [];
 * const games = await scanPgn(bytes(), (game) => ratings.push(tagNumber(game, "WhiteElo")));
 * assert.equal(games, 2);
 * assert.deepEqual(ratings, [1500, NaN]);
 * ```
 */
export async function scanPgn(
  bytes: AsyncIterable<Uint8Array>,
  visit: (game: Readonly<GameSpan>) => void,
): Promise<number> {
  let games = 0;
  for await (const scanner of scanBlocks(bytes)) {
    while (nextGame(scanner)) visit(scanner);
    games = scanner.index;
  }
  return games;
}

/**
 * Moves to the next game of the block.
 *
 * @returns false when no further game is complete; the stream has to go on first, or has ended
 */
export function nextGame(scanner: Scanner): boolean {
  if (scanner.skipping && !skipRest(scanner)) return false;
  if (!skipGap(scanner)) return false;
  scanner.start = scanner.next;
  scanner.line = scanner.nextLine;
  scanner.problem = "";
  scanner.tagCount = 0;
  const complete = findMoves(scanner) && findEnd(scanner);
  if (!complete && scanner.filled - scanner.start < MAX_GAME_BYTES) return false;
  scanner.index++;
  if (!complete) {
    scanner.problem = `the game is longer than ${MAX_GAME_BYTES >> 20} MiB`;
    scanner.problemLine = scanner.line;
    scanner.nextLine = scanner.line + countLines(scanner.bytes, scanner.start, scanner.filled);
    scanner.moves = scanner.end = scanner.next = scanner.filled;
    scanner.skipping = true;
    return true;
  }
  scanner.last = scanner.final && scanner.end === scanner.filled;
  return true;
}

/** The number of line ends between two places. */
export function countLines(bytes: Uint8Array, start: number, end: number): number {
  let lines = 0;
  for (let i = start; i < end; i++) if (bytes[i] === LF) lines++;
  return lines;
}

// To the first byte of a game: over white space, byte-order marks and escaped lines.
function skipGap(scanner: Scanner): boolean {
  const { bytes, filled, final } = scanner;
  let i = scanner.next;
  for (; i < filled; i++) {
    const c = bytes[i];
    if (c === LF) scanner.nextLine++;
    else if (c === PERCENT) {
      const end = bytes.indexOf(LF, i);
      if (end >= 0 && end < filled) i = end - 1;
      else if (final) i = filled;
      else break;
    } else if (c === 0xef) {
      if (i + 2 >= filled && !final) break;
      if (bytes[i + 1] !== 0xbb || bytes[i + 2] !== 0xbf) {
        scanner.next = i;
        return true;
      }
      i += 2;
    } else if (c > SPACE) {
      scanner.next = i;
      return true;
    }
  }
  scanner.next = Math.min(i, filled);
  return false;
}

// Over the tags, which are noted; false when they go on beyond the block.
function findMoves(scanner: Scanner): boolean {
  const { bytes, filled, final } = scanner;
  let i = scanner.start, line = scanner.line, afterGap = false;
  while (i < filled) {
    const c = bytes[i];
    if (c === LF) {
      line++;
      afterGap = bytes[i - 1] === LF || (bytes[i - 1] === CR && bytes[i - 2] === LF);
      i++;
      continue;
    }
    if (c === SPACE || c === TAB || c === CR) {
      i++;
      continue;
    }
    if (c !== OPEN_BRACKET) break;
    // A game without moves: its tags are followed by those of another.
    if (afterGap && scanner.tagCount > 0 && isSameName(scanner, i + 1)) break;
    const end = readTag(scanner, i);
    if (end > 0) {
      i = end;
      continue;
    }
    let stop = bytes.indexOf(LF, i);
    if (stop < 0 || stop >= filled) {
      if (!final) return false;
      stop = filled;
    }
    if (scanner.problem === "") {
      const shown = new TextDecoder().decode(bytes.subarray(i, Math.min(stop, i + 60))).trim();
      scanner.problem = `unreadable tag ${shown}${
        stop - i > 60 ? " …" : ""
      }, must be [Name "value"]`;
      scanner.problemLine = line;
    }
    i = stop;
  }
  if (i >= filled && !final) return false;
  scanner.moves = i;
  scanner.movesLine = line;
  return true;
}

// Notes the tag that starts here and returns its end; 0 if there is no whole tag.
function readTag(scanner: Scanner, start: number): number {
  const { bytes, filled } = scanner;
  let i = start + 1;
  while (bytes[i] === SPACE || bytes[i] === TAB) i++;
  const name = i;
  while (bytes[i] > SPACE && bytes[i] !== QUOTE && bytes[i] !== CLOSE_BRACKET) i++;
  const nameEnd = i;
  while (bytes[i] === SPACE || bytes[i] === TAB) i++;
  if (nameEnd === name || bytes[i] !== QUOTE) return 0;
  const value = ++i;
  for (; i < filled; i++) {
    const c = bytes[i];
    if (c === QUOTE || c === LF) break;
    if (c === BACKSLASH) i++;
  }
  const valueEnd = i;
  if (i >= filled || bytes[i] !== QUOTE) return 0;
  i++;
  while (bytes[i] === SPACE || bytes[i] === TAB) i++;
  if (i >= filled || bytes[i] !== CLOSE_BRACKET) return 0;
  if (4 * scanner.tagCount === scanner.tags.length) {
    const larger = new Int32Array(2 * scanner.tags.length);
    larger.set(scanner.tags);
    scanner.tags = larger;
  }
  const tags = scanner.tags, k = 4 * scanner.tagCount++;
  tags[k] = name;
  tags[k + 1] = nameEnd;
  tags[k + 2] = value;
  tags[k + 3] = valueEnd;
  return i + 1;
}

// Does the tag whose name starts here repeat the game's first tag?
function isSameName({ bytes, tags }: Scanner, at: number): boolean {
  const length = tags[1] - tags[0];
  for (let i = 0; i < length; i++) if (bytes[at + i] !== bytes[tags[0] + i]) return false;
  return bytes[at + length] <= SPACE;
}

// Over the moves, line by line; false when they go on beyond the block.
function findEnd(scanner: Scanner): boolean {
  const { bytes, filled, final } = scanner;
  let line = scanner.movesLine, at = scanner.moves;
  if (at < filled && bytes[at] !== OPEN_BRACKET) {
    for (;;) {
      const stop = bytes.indexOf(LF, at);
      if (stop < 0 || stop >= filled) {
        if (!final) return false;
        at = filled;
        break;
      }
      line++;
      at = stop + 1;
      let i = at;
      while (bytes[i] === SPACE || bytes[i] === TAB || bytes[i] >= 0xbb) i++; // or byte-order mark
      if (i >= filled && !final) return false;
      if (bytes[i] !== OPEN_BRACKET) continue;
      const found = tagStartsAt(scanner, i);
      if (found < 0 && !final) return false;
      if (found !== 0 && !isInComment(scanner, at, i)) break;
    }
  }
  scanner.end = scanner.next = at;
  scanner.nextLine = line;
  return true;
}

// 1: [Name " stands here; 0: no; -1: the block ends too early to tell.
function tagStartsAt({ bytes, filled }: Scanner, start: number): number {
  let i = start + 1;
  const isLetter = (c: number) => (c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a;
  if (i < filled && !isLetter(bytes[i])) return 0;
  while (i < filled && i < start + 256 && bytes[i] > SPACE && bytes[i] !== QUOTE) i++;
  while (bytes[i] === SPACE || bytes[i] === TAB) i++;
  if (i >= filled) return -1;
  return bytes[i] === QUOTE ? 1 : 0;
}

// Is the line at `at`, with a tag at `tag`, inside a comment of the current game?
function isInComment(scanner: Scanner, at: number, tag: number): boolean {
  const { bytes, filled, moves } = scanner;
  const before = bytes[at - 2] === CR ? at - 3 : at - 2;
  if (bytes[before] === LF && EVENT.every((c, i) => bytes[tag + 1 + i] === c)) return false;
  if (scanner.brace < moves) {
    const brace = bytes.indexOf(OPEN_BRACE, moves);
    scanner.brace = brace < 0 ? filled : brace;
  }
  if (scanner.brace >= at) return false;
  for (let i = at - 1; i >= moves; i--) {
    if (bytes[i] === CLOSE_BRACE) return false;
    if (bytes[i] !== OPEN_BRACE || isAfterSemicolon(bytes, i, moves)) continue;
    return true;
  }
  return false;
}

function isAfterSemicolon(bytes: Uint8Array, at: number, start: number): boolean {
  for (let i = at - 1; i >= start && bytes[i] !== LF; i--) if (bytes[i] === SEMICOLON) return true;
  return false;
}

// Drops bytes up to the next tag at the start of a line.
function skipRest(scanner: Scanner): boolean {
  const { bytes, filled, final } = scanner;
  for (let i = scanner.next;;) {
    const stop = bytes.indexOf(LF, i);
    if (stop < 0 || stop >= filled) {
      scanner.next = filled;
      return false;
    }
    const found = bytes[stop + 1] === OPEN_BRACKET ? tagStartsAt(scanner, stop + 1) : 0;
    if ((found < 0 || stop + 1 === filled) && !final) {
      scanner.next = stop;
      return false;
    }
    scanner.nextLine++;
    i = stop + 1;
    if (found > 0) {
      scanner.next = i;
      scanner.skipping = false;
      return true;
    }
  }
}
