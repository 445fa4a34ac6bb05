/**
 * The moves of a PGN game: reads them from bytes, playing each on a position, and writes them.
 *
 * @module
 */

import { makeFen } from "@lib/chess/fen.ts";
import { Position } from "@lib/chess/position.ts";
import { explainSan, readSan } from "@lib/chess/san.ts";

/** How a game ended: as PGN writes it; `*` is unknown or unfinished. */
export type Result = "1-0" | "0-1" | "1/2-1/2" | "*";

/** Where the moves read so far are put; used again for each game. */
export interface MoveReader {
  /** The position after the last move; set it up before reading. */
  readonly position: Position;
  /** The moves read, from the front. */
  moves: Uint16Array;
  /** Centipawns from White's view after each ply, ±(10000 − n) for a mate in n, NaN where none. */
  evals: Float32Array;
  /** Seconds left on the mover's clock after each ply, NaN where none. */
  clocks: Float32Array;
  /** How many there are. */
  plies: number;
  /** Whether any of them has an evaluation. */
  hasEvals: boolean;
  /** Whether any of them has a clock. */
  hasClocks: boolean;
  /** The result at the end of the moves, or undefined if there is none. */
  result: Result | undefined;
  /** Why the moves cannot be read on, or "". */
  problem: string;
  /** Where the problem starts, and where the text that makes it ends. */
  problemAt: number;
  /** Where the text that cannot be read ends. */
  problemEnd: number;
}

/** A reader of moves with a position of its own. */
export function moveReader(): MoveReader {
  return {
    position: new Position(),
    moves: new Uint16Array(1024),
    evals: new Float32Array(1024),
    clocks: new Float32Array(1024),
    plies: 0,
    hasEvals: false,
    hasClocks: false,
    result: undefined,
    problem: "",
    problemAt: 0,
    problemEnd: 0,
  };
}

// What a token that begins with this byte is.
const SPACE = 0, WORD = 1, DIGIT = 2, COMMENT = 3, LINE_COMMENT = 4, VARIATION = 5, NAG = 6;
const MARK = 7, STAR = 8, ESCAPE = 9, DASH = 10, OTHER = 11;
const KIND = new Uint8Array(256).fill(OTHER);
KIND.fill(SPACE, 0, 0x21);
KIND.fill(DIGIT, 0x30, 0x3a);
KIND.fill(WORD, 0x41, 0x5b);
KIND.fill(WORD, 0x61, 0x7b);
for (const c of "+=!?~.)}]<>") KIND[c.charCodeAt(0)] = MARK;
for (
  const [c, kind] of ["{3", ";4", "(5", "$6", "*8", "%9", "-10"].map((s) => [s[0], s.slice(1)])
) {
  KIND[c.charCodeAt(0)] = Number(kind);
}
// Bytes that end a move without a space.
const ENDS_WORD = new Uint8Array(256);
ENDS_WORD.fill(1, 0, 0x21);
for (const c of "{}();$[]*") ENDS_WORD[c.charCodeAt(0)] = 1;

/**
 * Reads the moves of one game, from `start` to its result or to `end`, and plays them on the reader's
 * position. Comments, numeric marks, variations and escaped lines are passed over; `[%eval …]` and
 * `[%clk …]` in comments of the main line are kept. After a problem the text is still followed to the
 * game's result.
 *
 * @returns the place after the result, or `end`
 */
export function readMoves(
  reader: MoveReader,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  reader.plies = 0;
  reader.hasEvals = reader.hasClocks = false;
  reader.result = undefined;
  reader.problem = "";
  const position = reader.position;
  let i = start;
  while (i < end) {
    switch (KIND[bytes[i]]) {
      case SPACE:
        i++;
        break;
      case WORD: {
        const stop = wordEnd(bytes, i, end);
        if (reader.problem === "" && !isEnPassantMark(bytes, i, stop)) {
          const move = readSan(position, bytes, i, stop);
          if (move < 0) {
            const why = explainSan(position, textOf(bytes, i, stop), move);
            fail(reader, `${why} in ${makeFen(position)}`, i, stop);
          } else addMove(reader, move);
        }
        i = bytes[stop] === 0x20 ? stop + 1 : stop; // mostly, straight to the next word
        break;
      }
      case DIGIT: {
        let stop = i + 1;
        while (stop < end && KIND[bytes[stop]] === DIGIT) stop++;
        const c = stop < end ? bytes[stop] : 0;
        if (c === 0x2e) { // .
          stop++;
          if (bytes[stop] === 0x20) stop++;
        } else if (c === 0x2d || c === 0x2f) { // - /
          stop = wordEnd(bytes, i, end);
          const result = readResult(bytes, i, stop);
          if (result !== undefined) {
            reader.result = result;
            return stop;
          }
          if (reader.problem === "") {
            const move = bytes[i] === 0x30 ? readSan(position, bytes, i, stop) : -1; // 0-0
            if (move < 0) {
              const why = explainSan(position, textOf(bytes, i, stop), move);
              fail(reader, `${why} in ${makeFen(position)}`, i, stop);
            } else addMove(reader, move);
          }
        }
        i = stop;
        break;
      }
      case COMMENT:
        i = readComment(reader, bytes, i, end);
        break;
      case ESCAPE:
        if (i === start || bytes[i - 1] === 0x0a) i = lineEnd(bytes, i, end);
        else i = skipUnknown(reader, bytes, i, end);
        break;
      case LINE_COMMENT:
        i = lineEnd(bytes, i, end);
        break;
      case VARIATION:
        i = skipVariation(reader, bytes, i, end);
        break;
      case NAG:
        i++;
        while (i < end && KIND[bytes[i]] === DIGIT) i++;
        break;
      case MARK:
        i++;
        break;
      case STAR:
        reader.result = "*";
        return i + 1;
      case DASH: // -- is a null move, -+ a judgement
        if (bytes[i + 1] === 0x2d && reader.problem === "") {
          fail(reader, `"--" is a null move, which no game has`, i, Math.min(i + 2, end));
        }
        i = wordEnd(bytes, i, end);
        break;
      default:
        i = skipUnknown(reader, bytes, i, end);
    }
  }
  return end;
}

/** Is nothing but white space, comments and escaped lines left? Returns `end` then. */
export function skipRemarks(bytes: Uint8Array, start: number, end: number): number {
  let i = start;
  while (i < end) {
    const kind = KIND[bytes[i]];
    if (kind === COMMENT) {
      const close = bytes.indexOf(0x7d, i);
      i = close < 0 || close >= end ? end : close + 1;
    } else if (kind === LINE_COMMENT || (kind === ESCAPE && bytes[i - 1] === 0x0a)) {
      i = lineEnd(bytes, i, end);
    } else if (kind === SPACE || bytes[i] >= 0xbb) i++; // or a byte-order mark
    else break;
  }
  return i;
}

function addMove(reader: MoveReader, move: number): void {
  const ply = reader.plies++;
  if (ply === reader.moves.length) {
    for (const name of ["moves", "evals", "clocks"] as const) {
      const larger = name === "moves" ? new Uint16Array(2 * ply) : new Float32Array(2 * ply);
      larger.set(reader[name]);
      (reader as unknown as Record<string, unknown>)[name] = larger;
    }
  }
  reader.moves[ply] = move;
  if (reader.hasEvals) reader.evals[ply] = NaN;
  if (reader.hasClocks) reader.clocks[ply] = NaN;
  reader.position.play(move);
}

function fail(reader: MoveReader, problem: string, at: number, end: number): void {
  reader.problem = problem;
  reader.problemAt = at;
  reader.problemEnd = end;
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  const text = new TextDecoder().decode(bytes.subarray(start, Math.min(end, start + 24)));
  return end - start > 24 ? text + "…" : text;
}

function wordEnd(bytes: Uint8Array, start: number, end: number): number {
  let i = start + 1;
  while (i < end && ENDS_WORD[bytes[i]] === 0) i++;
  return i;
}

function lineEnd(bytes: Uint8Array, start: number, end: number): number {
  let i = start;
  while (i < end && bytes[i] !== 0x0a) i++;
  return i;
}

function skipUnknown(reader: MoveReader, bytes: Uint8Array, start: number, end: number): number {
  const stop = wordEnd(bytes, start, end);
  if (reader.problem === "") {
    fail(reader, `"${textOf(bytes, start, stop)}" has no meaning among moves`, start, stop);
  }
  return stop;
}

function isEnPassantMark(bytes: Uint8Array, start: number, end: number): boolean { // e.p.
  return bytes[start] === 0x65 && bytes[start + 1] === 0x2e && bytes[start + 2] === 0x70 &&
    end - start <= 4;
}

const RESULTS: readonly (readonly [readonly number[], Result])[] =
  (["1-0", "0-1", "1/2-1/2", "1/2"] as const).map((text) => [
    Array.from(text, (c) => c.charCodeAt(0)),
    text === "1/2" ? "1/2-1/2" : text,
  ]);

function readResult(bytes: Uint8Array, start: number, end: number): Result | undefined {
  for (const [text, result] of RESULTS) {
    if (end - start === text.length && text.every((c, i) => bytes[start + i] === c)) return result;
  }
  return undefined;
}

function readComment(reader: MoveReader, bytes: Uint8Array, start: number, end: number): number {
  const kept = reader.plies > 0 && reader.problem === "";
  for (let i = start + 1; i < end; i++) {
    const c = bytes[i];
    if (c === 0x7d) return i + 1; // }
    if (c !== 0x5b || !kept || bytes[i + 1] !== 0x25) continue; // [%
    const a = bytes[i + 2], b = bytes[i + 3], d = bytes[i + 4];
    if (a === 0x65 && b === 0x76 && d === 0x61 && bytes[i + 5] === 0x6c && bytes[i + 6] <= 0x20) {
      const value = readEval(bytes, i + 7);
      if (value === value) {
        if (!reader.hasEvals) reader.evals.fill(NaN, 0, reader.plies);
        reader.hasEvals = true;
        reader.evals[reader.plies - 1] = value;
      }
    } else if (a === 0x63 && b === 0x6c && d === 0x6b && bytes[i + 5] <= 0x20) {
      const value = readClock(bytes, i + 6);
      if (value === value) {
        if (!reader.hasClocks) reader.clocks.fill(NaN, 0, reader.plies);
        reader.hasClocks = true;
        reader.clocks[reader.plies - 1] = value;
      }
    }
  }
  if (reader.problem === "") fail(reader, "a comment is never closed", start, end);
  return end;
}

let numberEnd = 0;

// Digits with at most one point; NaN if there is none. Sets `numberEnd`.
function readNumber(bytes: Uint8Array, start: number): number {
  let i = start, value = 0, scale = 0;
  for (;; i++) {
    const c = bytes[i];
    if (c >>> 0 === 0x2e && scale === 0) scale = 1;
    else if ((c - 0x30) >>> 0 <= 9) {
      value = value * 10 + (c - 0x30);
      scale *= 10;
    } else break;
  }
  numberEnd = i;
  if (i === start || (scale === 1 && i === start + 1)) return NaN;
  return scale > 1 ? value / scale : value;
}

// Pawns to centipawns, #n to ±(10000 − n). Lichess: 0.17, -3.5, #4, #-2.
function readEval(bytes: Uint8Array, start: number): number {
  let i = start;
  while (bytes[i] === 0x20) i++;
  const mate = bytes[i] === 0x23;
  if (mate) i++;
  const sign = bytes[i] === 0x2d ? -1 : 1;
  if (sign < 0 || bytes[i] === 0x2b) i++;
  const value = readNumber(bytes, i);
  return sign * (mate ? 10000 - value : Math.round(value * 100));
}

// h:mm:ss, with tenths or not.
function readClock(bytes: Uint8Array, start: number): number {
  let i = start;
  while (bytes[i] === 0x20) i++;
  let total = readNumber(bytes, i);
  while (bytes[numberEnd] === 0x3a) total = total * 60 + readNumber(bytes, numberEnd + 1);
  return total;
}

function skipVariation(reader: MoveReader, bytes: Uint8Array, start: number, end: number): number {
  let depth = 0;
  for (let i = start; i < end; i++) {
    const c = bytes[i];
    if (c === 0x28) depth++;
    else if (c === 0x29 && --depth === 0) return i + 1;
    else if (c === 0x3b) i = lineEnd(bytes, i, end);
    else if (c === 0x7b) {
      const close = bytes.indexOf(0x7d, i);
      if (close < 0 || close >= end) break;
      i = close;
    }
  }
  if (reader.problem === "") fail(reader, "a variation is never closed", start, end);
  return end;
}
