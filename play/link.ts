/**
 * The page's state as a link: all of it stands in the address after `#`, which no server sees.
 *
 * @module
 */

import { makeUci, parseUci } from "@lib/chess/san.ts";
import { newGame, playMove } from "@lib/play/game.ts";

/** Whose moves the person makes; `both` is a board to look at the policy with. */
export const SIDES = ["white", "black", "both"] as const;

/** Whose moves the person makes. */
export type Side = typeof SIDES[number];

/** What a link holds. */
export interface PageState {
  /** The model's run. */
  readonly model: string;
  /** τ, 0 to {@link LARGEST_TAU}, in hundredths. */
  readonly tau: number;
  readonly you: Side;
  /** What the model's draws follow from. */
  readonly seed: number;
  /** The FEN of a set-up start, or null. */
  readonly start: string | null;
  /** The moves so far, in UCI's coordinates. */
  readonly moves: readonly string[];
}

/** The right end of the temperature's slider. */
export const LARGEST_TAU = 1.5;

/** The state as what follows `#`. */
export function makeLink({ model, tau, you, seed, start, moves }: PageState): string {
  const parts = [`model=${encodeURIComponent(model)}`, `tau=${tau}`, `you=${you}`, `seed=${seed}`];
  if (start !== null) parts.push(`fen=${start.replaceAll(" ", "_")}`);
  if (moves.length) parts.push(`moves=${moves.join(".")}`);
  return parts.join("&");
}

/**
 * Reads what follows `#`. What cannot be read is left at its default, and said: an old or damaged
 * link still opens.
 *
 * ```ts
 * import { parseLink } from "../play/link.ts";
 * import assert from "node:assert/strict";
 *
 * const usual = { model: "m", tau: 1, you: "white", seed: 1, start: null, moves: [] } as const;
 * const { state, problems } = parseLink("tau=.3&moves=e2e4.e2e4", usual, ["m"]);
 * assert.equal(state.tau, 0.3);
 * assert.deepEqual(state.moves, ["e2e4"]); // as far as they are legal
 * assert.match(problems[0], /^move 2 of the link/);
 * ```
 */
export function parseLink(
  text: string,
  usual: PageState,
  models: readonly string[],
): { state: PageState; problems: string[] } {
  const problems: string[] = [];
  const fields = new URLSearchParams(text.replace(/^#/, ""));
  const read = <T>(name: string, otherwise: T, from: (value: string) => T | undefined): T => {
    const value = fields.get(name);
    if (value === null) return otherwise;
    const found = from(value);
    if (found === undefined) {
      problems.push(`the link's ${name} “${value.slice(0, 40)}” is not one; taken: ${otherwise}`);
    }
    return found ?? otherwise;
  };
  const number = (least: number, most: number) => (value: string) =>
    value.trim() !== "" && Number(value) >= least && Number(value) <= most
      ? Number(value)
      : undefined;
  const model = read("model", usual.model, (name) => models.includes(name) ? name : undefined);
  const tau = Math.round(100 * read("tau", usual.tau, number(0, LARGEST_TAU))) / 100;
  const you = read("you", usual.you, (side) => SIDES.find((known) => known === side));
  const seed = Math.trunc(read("seed", usual.seed, number(0, 2 ** 32 - 1)));

  let game = newGame();
  const fen = fields.get("fen");
  if (fen !== null) {
    try {
      game = newGame(fen.replaceAll("_", " "));
    } catch (error) {
      problems.push(`${(error as Error).message}; the link's moves are left out`);
      return { state: { model, tau, you, seed, start: null, moves: [] }, problems };
    }
  }
  for (const [i, uci] of (fields.get("moves") ?? "").split(".").filter(Boolean).entries()) {
    try {
      playMove(game, parseUci(game.position, uci));
    } catch (error) {
      problems.push(`move ${i + 1} of the link cannot be played: ${(error as Error).message}`);
      break;
    }
  }
  const moves = Array.from(game.moves, makeUci);
  return { state: { model, tau, you, seed, start: game.start, moves }, problems };
}
