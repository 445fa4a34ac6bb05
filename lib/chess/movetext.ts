/**
 * The moves of a PGN game, read from bytes: tokens, comments, annotations, variations.
 *
 * @module
 */

import type { Position } from "./position.ts";
import { explainSan, readSan } from "./san.ts";

/** How a game can end: the PGN standard's termination markers. */
export type Result = "1-0" | "0-1" | "1/2-1/2" | "*";

/** What the movetext of one game holds. */
export interface Movetext {
  readonly moves: Uint16Array;
  /** Centipawns seen from White after each ply, mate in n as ±(10000 − n), NaN where there is none. */
  readonly evals?: Float32Array;
  /** Seconds left on the mover's clock after each ply, NaN where there is none. */
  readonly clocks?: Float32Array;
  /** Undefined where the text ends without one. */
  readonly result: Result | undefined;
  /** Where reading stopped: after the result, or at the end. */
  readonly end: number;
}

/** Why movetext cannot be read, and where in the bytes. */
export class MovetextError extends SyntaxError {
  override name = "MovetextError";
  constructor(message: string, readonly at: number) {
    super(message);
  }
}

const [SPACE, NEWLINE, BRACE, CLOSE, SEMICOLON, PERCENT, OPEN, SHUT, DOLLAR, STAR, DOT] = [
  ..." \n{};%()$*.",
].map((c) => c.charCodeAt(0));
const [ZERO, NINE, BANG, ASK, DASH, SLASH, HASH] = [..."09!?-/#"].map((c) => c.charCodeAt(0));

const isDigit = (c: number) => c >= ZERO && c <= NINE;

/** Bytes that end a token. */
const ENDS = new Uint8Array(256);
for (let c = 0; c <= SPACE; c++) ENDS[c] = 1;
for (const c of [BRACE, CLOSE, SEMICOLON, OPEN, SHUT, DOLLAR]) ENDS[c] = 1;

const LONGEST = 1024; // plies kept without growing; the longest possible game has some 12,000
let moveBuffer = new Uint16Array(LONGEST);
let evalBuffer = new Float32Array(LONGEST);
let clockBuffer = new Float32Array(LONGEST);

/**
 * Reads the movetext in `bytes[start … end − 1]` and plays it on `position`.
 *
 * @throws {MovetextError} for a move that is unreadable, illegal or ambiguous, a comment or variation
 * that does not end.
 */
export function readMovetext(
  bytes: Uint8Array,
  start: number,
  end: number,
  position: Position,
): Movetext {
  let plies = 0, evals = false, clocks = false;
  let result: Result | undefined;
  let at = start;
  reading: while (at < end) {
    const c = bytes[at];
    if (c <= SPACE || c === BANG || c === ASK || c === DOT) at++;
    else if (c === BRACE) {
      const close = closing(bytes, at, end);
      if (plies > 0) {
        for (let i = at + 1; (i = bytes.indexOf(PERCENT, i)) >= 0 && i < close; i++) {
          if (startsWith(bytes, i, "%eval ")) {
            const value = readEval(bytes, i + 6, close);
            if (!Number.isNaN(value)) {
              if (!evals) evalBuffer.fill(NaN, 0, plies);
              evals = true;
              evalBuffer[plies - 1] = value;
            }
          } else if (startsWith(bytes, i, "%clk ")) {
            const value = readClock(bytes, i + 5, close);
            if (!clocks) clockBuffer.fill(NaN, 0, plies);
            clocks = true;
            clockBuffer[plies - 1] = value;
          }
        }
      }
      at = close + 1;
    } else if (c === SEMICOLON) at = lineEnd(bytes, at, end);
    else if (c === PERCENT && (at === start || bytes[at - 1] === NEWLINE)) {
      at = lineEnd(bytes, at, end);
    } else if (c === OPEN) at = variationEnd(bytes, at, end);
    else if (c === SHUT || c === CLOSE) {
      throw new MovetextError(`a "${String.fromCharCode(c)}" closes nothing`, at);
    } else if (c === DOLLAR) {
      at++;
      while (at < end && isDigit(bytes[at])) at++;
    } else if (c === STAR) {
      result = "*";
      at++;
      break;
    } else {
      let stop = at + 1;
      while (stop < end && !ENDS[bytes[stop]]) stop++;
      if (isDigit(c)) {
        const ended = resultAt(bytes, at, stop);
        if (ended !== undefined) {
          result = ended;
          at = stop;
          break;
        }
        if (!(c === ZERO && bytes[at + 1] === DASH)) {
          let i = at;
          while (i < stop && isDigit(bytes[i])) i++;
          if (i === stop || bytes[i] === DOT) { // a move number, perhaps with its move behind it
            while (i < stop && bytes[i] === DOT) i++;
            at = i;
            continue reading;
          }
        }
      }
      if (startsWith(bytes, at, "e.p.")) {
        at = stop;
        continue;
      }
      const move = readSan(position, bytes, at, stop);
      if (move < 0) {
        const san = new TextDecoder().decode(bytes.subarray(at, Math.min(stop, at + 20)));
        throw new MovetextError(`${explainSan(position, san, move)} (ply ${plies + 1})`, at);
      }
      if (plies === moveBuffer.length) growBuffers();
      moveBuffer[plies] = move;
      evalBuffer[plies] = clockBuffer[plies] = NaN;
      plies++;
      position.play(move);
      at = stop;
    }
  }
  return {
    moves: moveBuffer.slice(0, plies),
    ...(evals && { evals: evalBuffer.slice(0, plies) }),
    ...(clocks && { clocks: clockBuffer.slice(0, plies) }),
    result,
    end: at,
  };
}

function growBuffers(): void {
  const length = 2 * moveBuffer.length;
  const grow = <T extends Uint16Array | Float32Array>(old: T, larger: T): T => {
    larger.set(old);
    return larger;
  };
  moveBuffer = grow(moveBuffer, new Uint16Array(length));
  evalBuffer = grow(evalBuffer, new Float32Array(length));
  clockBuffer = grow(clockBuffer, new Float32Array(length));
}

function resultAt(bytes: Uint8Array, at: number, stop: number): Result | undefined {
  const length = stop - at;
  if (length === 3) {
    if (startsWith(bytes, at, "1-0")) return "1-0";
    if (startsWith(bytes, at, "0-1")) return "0-1";
  }
  if (length === 7 && bytes[at + 1] === SLASH && startsWith(bytes, at, "1/2-1/2")) return "1/2-1/2";
  return undefined;
}

function startsWith(bytes: Uint8Array, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** The closing brace of the comment that begins at `at`. */
function closing(bytes: Uint8Array, at: number, end: number): number {
  const close = bytes.indexOf(CLOSE, at);
  if (close >= 0 && close < end) return close;
  throw new MovetextError("a comment is not closed: the text may have been cut short", at);
}

function lineEnd(bytes: Uint8Array, at: number, end: number): number {
  const newline = bytes.indexOf(NEWLINE, at);
  return newline < 0 || newline > end ? end : newline;
}

/** One past the parenthesis that closes the variation at `at`, with those inside it. */
function variationEnd(bytes: Uint8Array, at: number, end: number): number {
  let depth = 0;
  for (let i = at; i < end; i++) {
    const c = bytes[i];
    if (c === BRACE) i = closing(bytes, i, end);
    else if (c === SEMICOLON) i = lineEnd(bytes, i, end);
    else if (c === OPEN) depth++;
    else if (c === SHUT && --depth === 0) return i + 1;
  }
  throw new MovetextError("a variation is not closed: the text may have been cut short", at);
}

/** `[%eval 0.17]` in pawns, `[%eval #-3]` as a mate; both perhaps with a depth behind a comma. */
function readEval(bytes: Uint8Array, at: number, end: number): number {
  const text = wordAt(bytes, at, end);
  if (text.charCodeAt(0) !== HASH) {
    const pawns = parseFloat(text);
    return Math.round(100 * pawns);
  }
  const moves = parseInt(text.slice(1), 10);
  return text[1] === "-" ? -10000 - moves : 10000 - moves;
}

/** `[%clk 0:03:00.5]` in seconds. */
function readClock(bytes: Uint8Array, at: number, end: number): number {
  return wordAt(bytes, at, end).split(":").reduce((sum, part) => 60 * sum + Number(part), 0);
}

function wordAt(bytes: Uint8Array, at: number, end: number): string {
  let text = "";
  for (let i = at; i < end && i < at + 16; i++) {
    const c = bytes[i];
    if (c === 0x5d || c === 0x2c || c <= SPACE) break; // ] or ,
    text += String.fromCharCode(c);
  }
  return text;
}
