/**
 * Rewards by Stockfish, on demand: a separate program (GPL-3.0) in a Worker, spoken to over UCI and
 * loaded only when asked for.
 *
 * @module
 */

import { makeFen } from "@lib/chess/fen.ts";
import type { Move, Position } from "@lib/chess/position.ts";
import { parseUci } from "@lib/chess/san.ts";
import { centipawnScore, mateScore, winProbability } from "@lib/chess/win_probability.ts";

/** How deep each move is searched. */
export const DEPTH = 8;

const ENGINE = "stockfish/stockfish-19-lite-single";

const PATIENCE = 60_000; // ms

let worker: Worker | undefined;

/**
 * r(x, y) of every legal move: the mover's chance to win by Stockfish at depth {@link DEPTH}.
 *
 * @throws {Error} when the engine cannot be loaded or does not answer.
 */
export async function rewards(position: Position): Promise<Map<Move, number>> {
  if (!worker) {
    await reachable(`${ENGINE}.wasm`); // without it the Worker would wait and say nothing
    worker = new Worker(`${ENGINE}.js`);
    await ask(["uci", "setoption name MultiPV value 256", "isready"], "readyok");
  }
  const lines = await ask([`position fen ${makeFen(position)}`, `go depth ${DEPTH}`], "bestmove");
  const found = new Map<Move, number>();
  for (const line of lines) {
    const match = /^info .*\bscore (cp|mate) (-?\d+) .*\bpv (\S+)/.exec(line);
    if (!match || /\b(lower|upper)bound\b/.test(line)) continue;
    const value = Number(match[2]);
    const score = match[1] === "cp" ? centipawnScore(value) : mateScore(value);
    found.set(parseUci(position, match[3]), winProbability(score)); // the deepest comes last
  }
  return found;
}

async function reachable(path: string): Promise<void> {
  const response = await fetch(path, { method: "HEAD" }).catch(() => undefined);
  if (!response?.ok) throw new Error(`Cannot ask Stockfish: ${path} cannot be loaded`);
}

function ask(commands: readonly string[], last: string): Promise<string[]> {
  const engine = worker!;
  return new Promise((resolve, reject) => {
    const lines: string[] = [];
    const fail = (why: string) => {
      engine.terminate();
      worker = undefined; // the next question starts a new one
      reject(new Error(`Cannot ask Stockfish: ${why}`));
    };
    const timer = setTimeout(() => fail(`no answer in ${PATIENCE / 1000} seconds`), PATIENCE);
    engine.onerror = (event) => {
      event.preventDefault();
      clearTimeout(timer);
      fail(event.message || "it could not be loaded");
    };
    engine.onmessage = ({ data }: MessageEvent<string>) => {
      for (const line of String(data).split("\n")) {
        lines.push(line);
        if (line.split(" ", 1)[0] !== last) continue;
        clearTimeout(timer);
        resolve(lines);
      }
    };
    for (const command of commands) engine.postMessage(command);
  });
}
