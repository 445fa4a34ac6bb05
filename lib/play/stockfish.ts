/**
 * Stockfish as a resource: searches and scores of all moves, on one or several engines, restarted
 * when they die. Everything is bounded by depth or nodes; a clock bound is neither reproducible nor
 * fast.
 *
 * @module
 */

import { legalMoves, type Move, type Position } from "@lib/chess/position.ts";
import { makeFen, parseFen } from "@lib/chess/fen.ts";
import { makeUci, parseUci } from "@lib/chess/san.ts";
import { EngineError, type EngineName, startEngine, type UciProcess } from "@lib/play/uci.ts";
import { centipawnScore, mateScore, winProbability } from "@lib/chess/win_probability.ts";

export { EngineError, type EngineName } from "@lib/play/uci.ts";

/** How engines are run. */
export interface EngineOptions {
  /** Which engine: `"wasm"` (the default), `"native"`, or the path of a UCI engine. */
  readonly engine?: EngineName | undefined;
  /** Engines that run side by side, each one thread; 1 by default. */
  readonly count?: number | undefined;
  /**
   * Hash table of each, in MiB; 1 by default, which small bounds do not fill and which is quickly
   * cleared. Give more for a depth over ten or so.
   */
  readonly hash?: number | undefined;
  /** Milliseconds until an engine that does not answer counts as hung; 60,000 by default. */
  readonly timeout?: number | undefined;
  /** How often one search is tried again on a fresh engine after a failure; 2 by default. */
  readonly restarts?: number | undefined;
}

/** What bounds a search, and what it reports. */
export interface SearchOptions {
  /** Plies to search. */
  readonly depth?: number | undefined;
  /** Nodes to search. */
  readonly nodes?: number | undefined;
  /** Best moves to report; 1 by default. */
  readonly multiPv?: number | undefined;
  /** Stockfish's `Skill Level`, 0 to 20 (full strength, the default). Its choices have no seed. */
  readonly skill?: number | undefined;
  /**
   * Whether the engine first forgets what it knows, so that the answer depends on nothing before:
   * true by default. It costs 1 to 2 ms, most of the time of a search of few nodes.
   */
  readonly fresh?: boolean | undefined;
  /** Stops the search; its engine is replaced at the next one. */
  readonly signal?: AbortSignal | undefined;
}

/** A move and its score from the view of the side that makes it. */
export interface ScoredMove {
  /** The move. */
  readonly move: Move;
  /** Centipawns; mate in n is ±(10000 − n). */
  readonly score: number;
}

/** What a search answers. */
export interface SearchResult {
  /** The engine's choice. */
  readonly move: Move;
  /** The best moves it reports, best first. */
  readonly best: readonly ScoredMove[];
}

/** Scores of all legal moves of a position, in the order of `legalMoves`. */
export interface MoveScores {
  /** All legal ones. */
  readonly moves: Uint16Array;
  /** Centipawns from the view of the side to move; mate in n is ±(10000 − n). */
  readonly scores: Int16Array;
  /** Lichess's win probability of each score. */
  readonly winProbability: Float64Array;
}

/** A position as it stands, or one with the game that led to it, which tells of repetitions. */
export type SearchPosition =
  | Position
  | {
    readonly start: string | null;
    readonly moves: ArrayLike<Move>;
    readonly position: Position;
  };

interface Slot {
  process: UciProcess | null;
  /** Options that differ from the engine's own defaults. */
  options: Map<string, number>;
}

/** One or several running engines behind one face; `await using` ends them. */
export class Stockfish implements AsyncDisposable {
  readonly #engine: EngineName;
  readonly #timeout: number;
  readonly #restarts: number;
  readonly #hash: number;
  readonly #slots: Slot[];
  readonly #idle: Slot[];
  readonly #waiting: ((slot: Slot) => void)[] = [];
  #name = "";
  #disposed = false;

  /** Use {@linkcode openStockfish}, which starts the engines. */
  constructor(
    { engine = "wasm", count = 1, hash = 1, timeout = 60_000, restarts = 2 }: EngineOptions,
  ) {
    for (const [what, value, least] of [["engines", count, 1], ["MiB of hash", hash, 1]] as const) {
      if (!(Number.isInteger(value) && value >= least)) {
        throw new RangeError(`Cannot run ${value} ${what}: must be an integer of ${least} or more`);
      }
    }
    this.#engine = engine;
    this.#timeout = timeout;
    this.#restarts = restarts;
    this.#hash = hash;
    this.#slots = Array.from({ length: count }, () => ({ process: null, options: new Map() }));
    this.#idle = [...this.#slots];
  }

  /** The name the engine gives itself, such as `Stockfish 19 Lite WASM`. */
  get name(): string {
    return this.#name;
  }

  /** Engines that run side by side. */
  get count(): number {
    return this.#slots.length;
  }

  /** Starts every engine, so that a missing one is noticed at once. */
  async start(): Promise<void> {
    const started = await Promise.allSettled(this.#slots.map((slot) => this.#process(slot)));
    const failed = started.find((s) => s.status === "rejected");
    if (failed === undefined) return;
    await this[Symbol.asyncDispose]();
    throw failed.reason;
  }

  /**
   * Searches a position.
   *
   * @throws {RangeError} without a bound, or for options out of range.
   * @throws {SyntaxError} for a position that an engine must not be sent.
   * @throws {EngineError} when the engine fails, and fails again after each restart.
   */
  search(at: SearchPosition, options: SearchOptions): Promise<SearchResult> {
    return this.#search(at, options, () => {});
  }

  /**
   * Scores every legal move at a fixed depth.
   *
   * @param options the depth in plies (a bound on nodes would drop moves).
   * @returns no moves for a position where the game is over.
   * @throws as {@linkcode Stockfish.search}.
   */
  async evaluateMoves(
    at: SearchPosition,
    { depth, signal }: { readonly depth: number; readonly signal?: AbortSignal | undefined },
  ): Promise<MoveScores> {
    const position = "position" in at ? at.position : at;
    const moves = Uint16Array.from(legalMoves(position));
    const scores = new Int16Array(moves.length);
    if (moves.length > 0) {
      await this.#search(at, { depth, multiPv: moves.length, signal }, ({ best }) => {
        const byMove = new Map(best.map(({ move, score }) => [move, score]));
        moves.forEach((move, i) => {
          const score = byMove.get(move);
          if (score === undefined) {
            throw new EngineError(
              `The engine ${this.#name} scored ${byMove.size} of the ${moves.length} moves of ` +
                `${makeFen(position)}: ${makeUci(move)} is missing`,
            );
          }
          scores[i] = score;
        });
      });
    }
    return { moves, scores, winProbability: Float64Array.from(scores, winProbability) };
  }

  /** Ends every engine; searches in progress fail. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    for (const resolve of this.#waiting.splice(0)) resolve(this.#slots[0]);
    await Promise.all(this.#slots.map(({ process }) => process?.kill()));
  }

  /** Searches; an answer that `accept` throws an {@linkcode EngineError} on is tried again. */
  async #search(
    at: SearchPosition,
    options: SearchOptions,
    accept: (result: SearchResult) => void,
  ): Promise<SearchResult> {
    const { depth, nodes, multiPv = 1, skill = 20, fresh = true, signal } = checkSearch(options);
    const position = "position" in at ? at.position : at;
    const go = `go${depth ? ` depth ${depth}` : ""}${nodes ? ` nodes ${nodes}` : ""}`;
    const setUp = positionCommand(at);
    return await this.#use(signal, async (slot) => {
      const process = await this.#process(slot);
      const lines = await process.ask(
        [
          ...changedOptions(slot, { "MultiPV": multiPv, "Skill Level": skill }),
          ...(fresh ? ["ucinewgame"] : []),
          setUp,
          go,
        ],
        "bestmove",
        { timeout: this.#timeout, signal },
      );
      const result = parseAnswer(process.name, position, lines);
      accept(result);
      return result;
    });
  }

  async #process(slot: Slot): Promise<UciProcess> {
    if (this.#disposed) throw new Error("Cannot search: the engine has been closed");
    if (slot.process === null) {
      const process = await startEngine(this.#engine, this.#timeout);
      slot.process = process;
      slot.options = new Map([["MultiPV", 1], ["Skill Level", 20]]);
      this.#name = process.name;
      await process.ask([`setoption name Hash value ${this.#hash}`, "isready"], "readyok", {
        timeout: this.#timeout,
      });
    }
    return slot.process;
  }

  /** Runs a task on the next idle engine, again on a fresh one when the engine fails. */
  async #use<T>(signal: AbortSignal | undefined, task: (slot: Slot) => Promise<T>): Promise<T> {
    signal?.throwIfAborted();
    const slot = this.#idle.pop() ??
      await new Promise<Slot>((resolve) => this.#waiting.push(resolve));
    try {
      for (let failures = 0;;) {
        try {
          signal?.throwIfAborted();
          return await task(slot);
        } catch (error) {
          await slot.process?.kill();
          slot.process = null;
          if (this.#disposed || !(error instanceof EngineError)) throw error;
          if (failures++ >= this.#restarts) {
            const tries = failures === 1 ? "" : ` (${failures} tries)`;
            throw new EngineError(error.message + tries, { cause: error });
          }
        }
      }
    } finally {
      const next = this.#waiting.shift();
      next === undefined ? this.#idle.push(slot) : next(slot);
    }
  }
}

/**
 * Starts Stockfish.
 *
 * @throws {EngineError} when the engine is missing or does not speak UCI.
 *
 * ```ts
 * import { openStockfish } from "@lib/play/stockfish.ts";
 * import { parseFen } from "@lib/chess/fen.ts";
 * import { makeUci } from "@lib/chess/san.ts";
 * import assert from "node:assert/strict";
 *
 * await using stockfish = await openStockfish();
 * const mateInOne = parseFen("6k1/5ppp/8/8/8/8/8/R3K3 w - - 0 1");
 * const { move } = await stockfish.search(mateInOne, { depth: 3 });
 * assert.equal(makeUci(move), "a1a8");
 * ```
 */
export async function openStockfish(options: EngineOptions = {}): Promise<Stockfish> {
  const stockfish = new Stockfish(options);
  await stockfish.start();
  return stockfish;
}

function checkSearch(options: SearchOptions): SearchOptions {
  const ranges = { depth: [1, 245], nodes: [1, 1e15], multiPv: [1, 256], skill: [0, 20] } as const;
  for (const [name, [low, high]] of Object.entries(ranges)) {
    const value = options[name as keyof typeof ranges];
    if (value !== undefined && !(Number.isInteger(value) && value >= low && value <= high)) {
      throw new RangeError(
        `Cannot search with ${name} ${value}: must be an integer from ${low} to ${high}`,
      );
    }
  }
  if (options.depth === undefined && options.nodes === undefined) {
    throw new RangeError("Cannot search without a bound: give depth (plies) or nodes");
  }
  return options;
}

/** An engine that is sent an illegal position ends itself, so it is parsed once more before. */
function positionCommand(at: SearchPosition): string {
  if (!("position" in at)) return `position fen ${makeFen(parseFen(makeFen(at)))}`;
  const moves = Array.from(at.moves, makeUci).join(" ");
  const start = at.start === null ? "startpos" : `fen ${makeFen(parseFen(at.start))}`;
  return `position ${start}${moves ? ` moves ${moves}` : ""}`;
}

function changedOptions(slot: Slot, wanted: Record<string, number>): string[] {
  const changed = Object.entries(wanted).filter(([name, value]) =>
    slot.options.get(name) !== value
  );
  for (const [name, value] of changed) slot.options.set(name, value);
  return changed.map(([name, value]) => `setoption name ${name} value ${value}`);
}

function parseAnswer(engine: string, position: Position, lines: readonly string[]): SearchResult {
  const move = (uci: string, line: string): Move => {
    try {
      return parseUci(position, uci);
    } catch (cause) {
      throw new EngineError(
        `The engine ${engine} answered "${line}" to ${makeFen(position)}: ` +
          `${uci} is not a legal move`,
        { cause },
      );
    }
  };
  // Deeper lines come later and take the place of those before.
  const best: ScoredMove[] = [];
  for (const line of lines) {
    const info = parseInfo(line);
    if (info === null) continue;
    best.length = info.rank === 1 ? 0 : best.length;
    best[info.rank - 1] = { move: move(info.uci, line), score: info.score };
  }
  const last = lines.at(-1)!;
  // An engine that skips a rank leaves a hole, which `filter` drops.
  return { move: move(last.split(" ")[1] ?? "", last), best: best.filter(() => true) };
}

/** Reads an `info` line with an exact score and a move; null for the others. */
function parseInfo(line: string): { rank: number; score: number; uci: string } | null {
  const words = line.split(" ");
  if (words[0] !== "info") return null;
  const scored = words.indexOf("score");
  const pv = words.indexOf("pv");
  if (scored < 0 || pv < 0 || words.includes("lowerbound") || words.includes("upperbound")) {
    return null;
  }
  const multiPv = words.indexOf("multipv");
  const value = Number(words[scored + 2]);
  const rank = multiPv < 0 ? 1 : Number(words[multiPv + 1]);
  if (!Number.isInteger(value) || !Number.isInteger(rank) || rank < 1) return null;
  const score = words[scored + 1] === "mate" ? mateScore(value) : centipawnScore(value);
  return { rank, score, uci: words[pv + 1] ?? "" };
}
