/**
 * A player as a UCI engine, so that chess programs, tournament managers and bots can play it.
 *
 * Source: the UCI protocol, version of April 2006.
 *
 * @module
 */

import { checkTemperature } from "@lib/analysis/temperature.ts";
import { legalMoves } from "@lib/chess/position.ts";
import { makeUci, parseUci } from "@lib/chess/san.ts";
import { type GameState, newGame, playMove } from "@lib/play/game.ts";
import type { Player } from "@lib/play/player.ts";
import { random } from "@lib/random.ts";

/** What an engine is made of. */
export interface UciEngineOptions {
  /** How it calls itself. */
  readonly name: string;
  /** Makes the player of a temperature; called again when the program sets another. */
  open(temperature: number): Promise<Player>;
  /** The temperature τ at the start. */
  readonly temperature: number;
  /** Fixes the moves of the session: its n-th game has the n-th stream. */
  readonly seed: number;
}

/**
 * Obeys UCI commands until `quit` or the end of the lines. Whatever `go` allows, it answers at once, for
 * the player has one opinion and does not search; after `go infinite` and `go ponder` it waits, as
 * the protocol demands, for `stop` or `ponderhit`. What it cannot do it says as `info string`, and
 * where there is no move it answers `bestmove (none)`.
 *
 * @param lines commands, one a line.
 * @param write takes each line of the answer.
 *
 * ```ts
 * import { serveUci } from "@lib/play/uci_engine.ts";
 * import { greedyPlayer } from "@lib/play/player.ts";
 * import assert from "node:assert/strict";
 *
 * const said: string[] = [];
 * const open = () => Promise.resolve(greedyPlayer());
 * await serveUci(
 *   ["uci", "position startpos moves e2e4 d7d5", "go movetime 100", "quit"],
 *   (line) => said.push(line),
 *   { name: "greedy", open, temperature: 1, seed: 1 },
 * );
 * assert.ok(said.includes("uciok"));
 * assert.equal(said.at(-1), "bestmove e4d5");
 * ```
 */
export async function serveUci(
  lines: Iterable<string> | AsyncIterable<string>,
  write: (line: string) => void,
  { name, open, temperature, seed }: UciEngineOptions,
): Promise<void> {
  let player = await open(temperature);
  let game: GameState | undefined = newGame();
  let games = 0, stream = random(seed, "uci", games);
  let held: string | undefined; // an answer that waits for `stop`
  const excuse = (error: unknown) =>
    write(`info string ${(error as Error).message.replaceAll("\n", " ")}`);

  const choose = async (): Promise<string> => {
    if (game === undefined || legalMoves(game.position).length === 0) return "(none)";
    try {
      const [choice] = await player.choose([game], [stream]);
      if ("move" in choice) return makeUci(choice.move);
      write(`info string gives up: ${choice.forfeit}`);
    } catch (error) {
      excuse(error);
    }
    return "(none)";
  };
  const setOption = async (words: readonly string[]) => {
    const at = words.indexOf("value");
    const option = words.slice(1, at < 0 ? undefined : at).join(" ").toLowerCase();
    const value = at < 0 ? "" : words.slice(at + 1).join(" ");
    if (option !== "temperature") throw new TypeError(`Cannot set ${option}: must be Temperature`);
    const tau = value === "" ? NaN : Number(value);
    checkTemperature(tau);
    const next = await open(tau);
    await player[Symbol.asyncDispose]?.();
    player = next;
  };

  try {
    for await (const line of lines) {
      const [command, ...words] = line.trim().split(/\s+/);
      try {
        if (command === "quit") break;
        else if (command === "uci") {
          write(`id name ${name}`);
          write("id author Transcendence Lab");
          write(`option name Temperature type string default ${temperature}`);
          write("uciok");
        } else if (command === "isready") write("readyok");
        else if (command === "setoption") await setOption(words);
        else if (command === "ucinewgame") stream = random(seed, "uci", ++games);
        else if (command === "position") {
          game = undefined; // of a position that cannot be read no move is right
          game = readPosition(words);
        } else if (command === "go") {
          const move = `bestmove ${await choose()}`;
          if (words.includes("infinite") || words.includes("ponder")) held = move;
          else write(move);
        } else if ((command === "stop" || command === "ponderhit") && held !== undefined) {
          write(held);
          held = undefined;
        }
      } catch (error) {
        excuse(error);
      }
    }
  } finally {
    await player[Symbol.asyncDispose]?.();
  }
}

/** Reads `startpos` or `fen …`, then `moves …`. */
function readPosition(words: readonly string[]): GameState {
  const at = words.indexOf("moves");
  const where = words.slice(0, at < 0 ? undefined : at);
  if (where[0] !== "startpos" && where[0] !== "fen") {
    throw new SyntaxError(`Cannot set up "${where.join(" ")}": must be startpos or fen …`);
  }
  const game = newGame(where[0] === "startpos" ? null : where.slice(1).join(" "));
  for (const uci of at < 0 ? [] : words.slice(at + 1)) playMove(game, parseUci(game.position, uci));
  return game;
}
