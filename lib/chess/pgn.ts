/**
 * Games as text: Portable Game Notation, read as a stream and written.
 *
 * The reader takes what real files hold (comments, variations, numeric marks, evaluations, clocks,
 * escaped lines, set-up positions, either line end, games without a blank line or a result) and goes
 * on after a game that it cannot read, with an error that says where. `scanPgn` of `pgn_scanner.ts`
 * is the fast way to look at tags alone.
 *
 * @module
 */

import { makeFen, parseFen } from "@lib/chess/fen.ts";
import {
  type MoveReader,
  moveReader,
  readMoves,
  type Result,
  skipRemarks,
} from "@lib/chess/movetext.ts";
import {
  countLines,
  type GameSpan,
  nextGame,
  scanBlocks,
  type Scanner,
  tagRecord,
} from "@lib/chess/pgn_scanner.ts";
import { BLACK, type Move, type Position, startPosition } from "@lib/chess/position.ts";
import { makeSan } from "@lib/chess/san.ts";

export type { Result } from "@lib/chess/movetext.ts";

/** A game as read from a PGN file. */
export interface Game {
  /** Its number in the file, from 1; games with errors count. */
  readonly index: number;
  /** The line on which it starts, from 1. */
  readonly line: number;
  /** Its tags. */
  readonly headers: Readonly<Record<string, string>>;
  /** The FEN of its first position, if that is set up. */
  readonly start?: string;
  /** The moves of its main line. Games share buffers: `slice()` an array before transferring it. */
  readonly moves: Uint16Array;
  /**
   * Centipawns from White's view after each ply; a mate in n is ±(10000 − n); NaN where there is none.
   * Absent if the game has no evaluation.
   */
  readonly evals?: Float32Array;
  /** Seconds left on the mover's clock after each ply; NaN where unknown. Absent without clocks. */
  readonly clocks?: Float32Array;
  /** The result that ends the moves; if that is missing, the `Result` tag's; else `*`. */
  readonly result: Result;
}

/** What is wrong with a game that cannot be read. */
export type PgnProblem =
  | "tags"
  | "variant"
  | "set-up"
  | "moves"
  | "size"
  | "truncated"
  | "no games";

/** An error in one game: the others are still read if the reader has an `onError`. */
export class PgnError extends SyntaxError {
  /** The name given to the reader. */
  readonly file: string;
  /** The line of the error, from 1. */
  readonly line: number;
  /** The number of the game, from 1; 0 when the file has none. */
  readonly game: number;
  /** What kind of error it is, for counting. */
  readonly problem: PgnProblem;

  /** An error of this kind and place; the message puts file, line and game before the reason. */
  constructor(problem: PgnProblem, reason: string, file: string, line: number, game: number) {
    super(`${file}, line ${line}, game ${game}: ${reason}`);
    this.name = "PgnError";
    this.problem = problem;
    this.file = file;
    this.line = line;
    this.game = game;
  }
}

/** How to read. */
export interface PgnOptions {
  /** The file's name for error messages. */
  readonly name?: string;
  /**
   * A first test on the raw tags (`tagNumber`, `tagIs`): a game that fails it costs next to nothing and
   * is not looked at further.
   */
  readonly filter?: (span: Readonly<GameSpan>) => boolean;
  /** A test on the tags before the moves are read. */
  readonly accept?: (headers: Readonly<Record<string, string>>) => boolean;
  /** Told of each game that cannot be read; without it, the first such game ends the reading. */
  readonly onError?: (error: PgnError) => void;
}

const START = startPosition();
const LF = 0x0a;

/**
 * Reads the games of a PGN stream one by one. Memory is bounded whatever the stream's length: about
 * two megabytes, more only while a single game is longer, up to `MAX_GAME_BYTES`.
 *
 * Only standard chess is read (also from a set-up position): a game of another variant is an error.
 *
 * @throws {PgnError} for a game that cannot be read, unless `options.onError` takes it; and for a
 * stream without games. Errors of the stream itself pass through.
 *
 * ```ts
 * import { readPgn } from "@lib/chess/pgn.ts";
 * import assert from "node:assert/strict";
 *
 * const text = '[White "A"]\n\n1. e4 {[%eval 0.3]} e5 (1... c5) 2. Nf3 $1 1/2-1/2\n';
 * async function* bytes() {
 *   yield new TextEncoder().encode(text);
 * }
 * for await (const game of readPgn(bytes())) {
 *   assert.equal(game.headers.White, "A");
 *   assert.equal(game.moves.length, 3);
 *   assert.equal(game.evals?.[0], 30);
 *   assert.equal(game.result, "1/2-1/2");
 * }
 * ```
 */
export async function* readPgn(
  bytes: AsyncIterable<Uint8Array>,
  options: PgnOptions = {},
): AsyncGenerator<Game> {
  const { name = "PGN", filter, accept, onError } = options;
  const reader = moveReader();
  const { position } = reader;
  let count = 0; // runs ahead of the scanner's where games without tags follow each other

  const report = (problem: PgnProblem, reason: string, line: number, game = count): void => {
    const error = new PgnError(problem, reason, name, line, game);
    if (onError === undefined) throw error;
    onError(error);
  };

  for await (const scanner of scanBlocks(bytes)) {
    while (nextGame(scanner)) {
      count++;
      if (scanner.problem !== "") {
        report(tagProblem(scanner), scanner.problem, scanner.problemLine);
        continue;
      }
      if (filter !== undefined && !filter(scanner)) continue;
      const headers = tagRecord(scanner);
      if (accept !== undefined && !accept(headers)) continue;
      const variant = headers.Variant;
      if (variant !== undefined && !isStandard(variant)) {
        report("variant", `the variant ${variant} is not read, only standard chess`, scanner.line);
        continue;
      }
      let start: Position | undefined;
      if (headers.FEN !== undefined) {
        try {
          start = parseFen(headers.FEN);
        } catch (error) {
          if (!(error instanceof SyntaxError)) throw error;
          report("set-up", error.message, scanner.line);
          continue;
        }
      }
      position.set(start ?? START);

      const { bytes, end } = scanner;
      let at = scanner.moves, first = true;
      do {
        const line = first
          ? scanner.line
          : scanner.movesLine + countLines(bytes, scanner.moves, at);
        const after = readMoves(reader, bytes, at, end);
        if (!first && (reader.plies > 0 || reader.problem !== "")) count++;
        const tags = first ? headers : {};
        const cut = cutReason(scanner, reader, tags.Result);
        if (cut !== "" || reader.problem !== "") {
          const place = cut === "" ? reader.problemAt : end;
          const ended = place > 0 && bytes[place - 1] === LF ? 1 : 0;
          report(
            cut === "" ? "moves" : "truncated",
            cut || reader.problem,
            scanner.movesLine + countLines(bytes, scanner.moves, place - ended),
          );
        } else if (first || reader.plies > 0) {
          yield gameOf(reader, count, line, tags, first ? start : undefined);
        }
        // Behind the result only games without tags can follow.
        at = skipRemarks(bytes, after, end);
        first = false;
        position.set(START);
      } while (at < end);
    }
  }
  if (count === 0) report("no games", "there is no game in it", 1, 0);
}

function gameOf(
  reader: MoveReader,
  index: number,
  line: number,
  headers: Readonly<Record<string, string>>,
  start: Position | undefined,
): Game {
  const { plies, hasEvals, hasClocks } = reader;
  const result = reader.result ?? resultOf(headers.Result) ?? "*";
  const moves = keepMoves(reader.moves, plies);
  const game: Writable<Game> = { index, line, headers, moves, result };
  if (start !== undefined) game.start = makeFen(start);
  if (hasEvals) game.evals = keepNumbers(reader.evals, plies);
  if (hasClocks) game.clocks = keepNumbers(reader.clocks, plies);
  return game;
}

// Copies of the moves and numbers of a game, many in one buffer: a buffer of its own costs each game
// more than the reading of ten moves.
const keepMoves = keeper<Uint16Array>(Uint16Array);
const keepNumbers = keeper<Float32Array>(Float32Array);

function keeper<T extends Uint16Array | Float32Array>(
  Type: new (length: number) => T,
): (source: T, length: number) => T {
  const size = 4096;
  let shared = new Type(0), used = 0;
  return (source, length) => {
    if (used + length > shared.length) {
      shared = new Type(Math.max(size, length));
      used = 0;
    }
    const copy = shared.subarray(used, used + length) as T;
    for (let i = 0; i < length; i++) copy[i] = source[i];
    used += length;
    return copy;
  };
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

function tagProblem(scanner: Scanner): PgnProblem {
  if (scanner.skipping) return "size";
  return scanner.final && scanner.moves === scanner.filled ? "truncated" : "tags";
}

function isStandard(variant: string): boolean {
  return /^(standard|chess|normal|from position|)$/i.test(variant.trim());
}

function resultOf(tag: string | undefined): Result | undefined {
  return tag === "1-0" || tag === "0-1" || tag === "1/2-1/2" || tag === "*" ? tag : undefined;
}

// Has the file been cut off in this game, and how does that show? "" if it does not.
function cutReason(
  span: Readonly<GameSpan>,
  reader: { plies: number; result: Result | undefined; problem: string; problemEnd: number },
  resultTag: string | undefined,
): string {
  if (!span.last || reader.result !== undefined) return "";
  const where = reader.plies === 0 ? "before its first move" : `after ply ${reader.plies}`;
  const reason = `the file ends in the middle of this game, ${where}`;
  if (reader.problem !== "") {
    return span.tagCount > 0 && reader.problemEnd === span.end ? reason : "";
  }
  if (reader.plies === 0 && span.tagCount > 0) return reason;
  const decided = resultTag !== undefined && resultTag !== "*";
  return decided && span.bytes[span.end - 1] !== LF ? reason : "";
}

/** What `makePgn` writes; a `Game` is one. */
export interface WritableGame {
  /** Tags by name. */
  readonly headers: Readonly<Record<string, string>>;
  /** The moves from the start on. */
  readonly moves: ArrayLike<Move>;
  /** The FEN of the first position, if it is not the start position. */
  readonly start?: string;
  /** As PGN writes it. */
  readonly result: Result;
  /** As in `Game`: written as `[%eval …]`. */
  readonly evals?: ArrayLike<number>;
  /** As in `Game`: written as `[%clk …]`. */
  readonly clocks?: ArrayLike<number>;
  /** A comment after each ply; "" or undefined for none. `}` cannot be written and becomes `)`. */
  readonly comments?: readonly (string | undefined)[];
}

const ROSTER = ["Event", "Site", "Date", "Round", "White", "Black", "Result"];

/**
 * Writes a game as PGN: the tags given (the standard's seven first, `Result`, `SetUp` and `FEN` made to
 * agree with the game), the moves in lines of at most 80 characters, an empty line at the end, so that
 * written games can be joined.
 *
 * @throws {TypeError} for a tag name that PGN doesn't allow
 * @throws {SyntaxError} for a start position that is no FEN
 *
 * ```ts
 * import { makePgn } from "@lib/chess/pgn.ts";
 * import { packMove } from "@lib/chess/position.ts";
 * import assert from "node:assert/strict";
 *
 * const pgn = makePgn({ headers: { White: "A" }, moves: [packMove(12, 28)], result: "*" });
 * assert.equal(pgn, '[White "A"]\n[Result "*"]\n\n1. e4 *\n\n');
 * ```
 */
export function makePgn(game: WritableGame): string {
  const position = game.start === undefined ? startPosition() : parseFen(game.start);
  const headers: Record<string, string> = { ...game.headers, Result: game.result };
  delete headers.SetUp;
  delete headers.FEN;
  if (game.start !== undefined) Object.assign(headers, { SetUp: "1", FEN: makeFen(position) });
  const names = [
    ...ROSTER.filter((name) => name in headers),
    ...Object.keys(headers).filter((name) => !ROSTER.includes(name)),
  ];
  const tags = names.map((name) => {
    if (!/^[A-Za-z0-9_]+$/.test(name)) {
      throw new TypeError(`Cannot write the tag "${name}": a name has letters, digits and _ only`);
    }
    const value = headers[name].replace(/\p{Cc}+/gu, " ").replace(/["\\]/g, "\\$&");
    return `[${name} "${value}"]\n`;
  });

  const words: string[] = [];
  let numbered = false;
  for (let ply = 0; ply < game.moves.length; ply++) {
    const black = position.turn === BLACK;
    if (!black) words.push(`${position.fullmoveNumber}.`);
    else if (!numbered) words.push(`${position.fullmoveNumber}...`);
    words.push(makeSan(position, game.moves[ply]));
    position.play(game.moves[ply]);
    const comment = commentWords(game, ply);
    words.push(...comment);
    numbered = comment.length === 0;
  }
  words.push(game.result);
  return `${tags.join("")}\n${wrap(words)}\n\n`;
}

function commentWords(game: WritableGame, ply: number): string[] {
  const words: string[] = [];
  const evaluation = game.evals?.[ply] ?? NaN, clock = game.clocks?.[ply] ?? NaN;
  if (!Number.isNaN(evaluation)) {
    const mate = Math.abs(evaluation) > 9000;
    const value = mate
      ? `#${evaluation < 0 ? "-" : ""}${10000 - Math.abs(evaluation)}`
      : (evaluation / 100).toFixed(2);
    words.push(`[%eval ${value}]`);
  }
  if (!Number.isNaN(clock)) words.push(`[%clk ${makeClock(clock)}]`);
  const text = game.comments?.[ply]?.replaceAll("}", ")").trim();
  if (text) words.push(...text.split(/\s+/));
  return words.length > 0 ? ["{", ...words, "}"] : [];
}

function makeClock(seconds: number): string {
  const tenths = Math.round(seconds * 10), whole = Math.floor(tenths / 10);
  const two = (n: number) => String(n).padStart(2, "0");
  const tail = tenths % 10 === 0 ? "" : `.${tenths % 10}`;
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${
    two(whole % 60)
  }${tail}`;
}

function wrap(words: readonly string[]): string {
  let text = "", width = 0;
  for (const word of words) {
    // A line must not begin with %, which would make it an escaped line.
    if (width > 0 && width + 1 + word.length > 80 && !word.startsWith("%")) {
      text += "\n" + word;
      width = word.length;
    } else {
      text += (width > 0 ? " " : "") + word;
      width += (width > 0 ? 1 : 0) + word.length;
    }
  }
  return text;
}
