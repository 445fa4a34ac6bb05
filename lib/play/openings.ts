/**
 * Openings to start games from, so that two players who always play the same do not play one game
 * over and over.
 *
 * @module
 */

import { parseFen } from "@lib/chess/fen.ts";
import { readPgn } from "@lib/chess/pgn.ts";
import { type Move, startPosition } from "@lib/chess/position.ts";
import { parseSan } from "@lib/chess/san.ts";
import { openBytes } from "@lib/data/bytes.ts";
import { newGame, outcome, playMove } from "@lib/play/game.ts";

/** A start of games: moves from the usual position, or from a set-up one. */
export interface Opening {
  /** Such as `Italian Game`. */
  readonly name: string;
  /** FEN of a set-up position; null for the usual one. */
  readonly start: string | null;
  /** Moves played from there before the players take over. */
  readonly moves: readonly Move[];
}

/** The usual position and nothing else. */
export const NO_OPENING: Opening = { name: "start position", start: null, moves: [] };

const LINES = `
Ruy Lopez: e4 e5 Nf3 Nc6 Bb5
Italian Game: e4 e5 Nf3 Nc6 Bc4
Scotch Game: e4 e5 Nf3 Nc6 d4
Four Knights: e4 e5 Nf3 Nc6 Nc3 Nf6
Petrov Defence: e4 e5 Nf3 Nf6
Philidor Defence: e4 e5 Nf3 d6
Vienna Game: e4 e5 Nc3
Bishop's Opening: e4 e5 Bc4
Centre Game: e4 e5 d4 exd4
King's Gambit: e4 e5 f4
Sicilian, Open: e4 c5 Nf3 d6 d4 cxd4
Sicilian, Closed: e4 c5 Nc3 Nc6
Sicilian, Alapin: e4 c5 c3
French, Advance: e4 e6 d4 d5 e5
French, Exchange: e4 e6 d4 d5 exd5 exd5
French, Tarrasch: e4 e6 d4 d5 Nd2
Caro–Kann, Advance: e4 c6 d4 d5 e5
Caro–Kann, Exchange: e4 c6 d4 d5 exd5 cxd5
Scandinavian: e4 d5 exd5 Qxd5
Alekhine Defence: e4 Nf6 e5 Nd5
Pirc Defence: e4 d6 d4 Nf6
Modern Defence: e4 g6 d4 Bg7
Queen's Gambit Declined: d4 d5 c4 e6
Queen's Gambit Accepted: d4 d5 c4 dxc4
Slav Defence: d4 d5 c4 c6
London System: d4 d5 Bf4
Colle System: d4 d5 Nf3 Nf6 e3
King's Indian: d4 Nf6 c4 g6
Nimzo-Indian: d4 Nf6 c4 e6 Nc3 Bb4
Queen's Indian: d4 Nf6 c4 e6 Nf3 b6
Grünfeld Defence: d4 Nf6 c4 g6 Nc3 d5
Benoni: d4 Nf6 c4 c5 d5
Dutch Defence: d4 f5
English, Symmetrical: c4 c5
English, Reversed Sicilian: c4 e5
Réti Opening: Nf3 d5 c4
King's Indian Attack: Nf3 d5 g3
Bird Opening: f4 d5
Larsen Opening: b3 e5
Polish Opening: b4 e5
`;

/**
 * Forty common openings of two to six plies, all from the usual position.
 *
 * ```ts
 * import { standardOpenings } from "@lib/play/openings.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(new Set(standardOpenings().map(({ name }) => name)).size, 40);
 * ```
 */
export function standardOpenings(): Opening[] {
  return LINES.trim().split("\n").map((line) => {
    const [name, moves] = line.split(": ");
    return parseOpening(moves, name);
  });
}

/**
 * Reads moves such as `1. e4 e5 2. Nf3` or `e4 e5 Nf3` from the usual position.
 *
 * @param name its name; the text itself when absent.
 * @throws {SyntaxError} for a move that is illegal or unreadable.
 *
 * ```ts
 * import { parseOpening } from "@lib/play/openings.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(parseOpening("1.e4 c5 2.Nf3", "Sicilian").moves.length, 3);
 * ```
 */
export function parseOpening(text: string, name: string = text): Opening {
  const position = startPosition();
  const words = text.replace(/\d+\.+/g, " ").split(/\s+/).filter((word) => word !== "");
  const moves = words.map((san) => {
    const move = parseSan(position, san);
    position.play(move);
    return move;
  });
  return checkOpening({ name, start: null, moves });
}

/**
 * Reads a book of openings: PGN (its games' first moves), or EPD or FEN, one position a line; plain
 * or compressed.
 *
 * @param path the file.
 * @param options how many plies of each PGN game to keep; 8 by default.
 * @throws {SyntaxError} naming file and line, for a position or move that cannot be read, or an
 * opening in which the game is over.
 * @throws {Error} for a file that is missing or empty.
 */
export async function readOpenings(
  path: string,
  { plies = 8 }: { readonly plies?: number } = {},
): Promise<Opening[]> {
  const openings = /\.pgn(\.\w+)?$/i.test(path)
    ? await readPgnBook(path, plies)
    : await readEpdBook(path);
  if (openings.length === 0) {
    throw new RangeError(`Cannot read openings from ${path}: it has 0, must have 1 or more`);
  }
  return openings;
}

async function readPgnBook(path: string, plies: number): Promise<Opening[]> {
  const openings: Opening[] = [];
  for await (const { headers, start, moves, line } of readPgn(openBytes(path), { name: path })) {
    const name = headers.Opening ?? headers.ECO ?? `game ${openings.length + 1}`;
    const opening = { name, start: start ?? null, moves: [...moves.subarray(0, plies)] };
    openings.push(located(path, line, () => checkOpening(opening)));
  }
  return openings;
}

async function readEpdBook(path: string): Promise<Opening[]> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of openBytes(path)) text += decoder.decode(bytes, { stream: true });
  const openings: Opening[] = [];
  text.split(/\r?\n/).forEach((line, i) => {
    if (line.trim() === "" || line.startsWith("#")) return;
    openings.push(located(path, i + 1, () => parseEpd(line)));
  });
  return openings;
}

/** A FEN, or its first four fields followed by EPD operations such as `id "name";`. */
function parseEpd(line: string): Opening {
  const [board, turn, castling, ep, ...rest] = line.trim().split(/\s+/);
  const counters = /^\d+$/.test(rest[0] ?? "") && /^\d+$/.test(rest[1] ?? "");
  const start = [board, turn, castling, ep, ...(counters ? rest.slice(0, 2) : ["0", "1"])].join(
    " ",
  );
  parseFen(start);
  const name = /\bid "([^"]*)"/.exec(line)?.[1] ?? start;
  return checkOpening({ name, start, moves: [] });
}

function located<T>(path: string, line: number, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new SyntaxError(
      `Cannot read an opening at ${path}, line ${line}: ${(cause as Error).message}`,
      { cause },
    );
  }
}

function checkOpening(opening: Opening): Opening {
  const game = newGame(opening.start);
  for (const move of opening.moves) playMove(game, move);
  const over = outcome(game);
  if (over !== null) {
    throw new SyntaxError(`Cannot start from "${opening.name}": the game is over (${over.reason})`);
  }
  return opening;
}
