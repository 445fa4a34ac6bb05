/**
 * Players: one face for models, engines and simple opponents. A player chooses for many games at
 * once, so that a model infers in batches, and draws from the stream of each game, so that a game
 * does not depend on those beside it.
 *
 * @module
 */

import { PIECE_VALUES } from "@lib/chess/material.ts";
import {
  EMPTY,
  legalMoves,
  type Move,
  movePromotion,
  moveTo,
  PAWN,
  type Position,
} from "@lib/chess/position.ts";
import { type Random, randomInteger } from "@lib/random.ts";
import { checkTemperature, sharpen } from "@lib/analysis/temperature.ts";
import { type Distribution, sample } from "@lib/analysis/distribution.ts";
import type { GameState } from "@lib/play/game.ts";

/** A move, or the reason why the player gives the game up. */
export type Choice = { readonly move: Move } | { readonly forfeit: string };

/** Anything that plays chess. */
export interface Player extends Partial<AsyncDisposable> {
  /** For tables and PGN. */
  readonly name: string;
  /**
   * Chooses for several games, none of which is over.
   *
   * @param states the games, to be read only.
   * @param randoms the stream of each game.
   * @returns one choice a game, in the same order.
   */
  choose(states: readonly GameState[], randoms: readonly Random[]): Promise<readonly Choice[]>;
}

/** The simplest player: a choice for one game, computed at once. */
function simplePlayer(name: string, choose: (state: GameState, random: Random) => Move): Player {
  return {
    name,
    choose: (states, randoms) =>
      Promise.resolve(states.map((state, i) => ({ move: choose(state, randoms[i]) }))),
  };
}

/**
 * Plays every legal move equally often.
 *
 * ```ts
 * import { randomPlayer } from "@lib/play/player.ts";
 * import { newGame } from "@lib/play/game.ts";
 * import { random } from "@lib/random.ts";
 * import assert from "node:assert/strict";
 *
 * const [choice] = await randomPlayer().choose([newGame()], [random(1, "player")]);
 * assert.ok("move" in choice);
 * ```
 */
export function randomPlayer(): Player {
  return simplePlayer("random", ({ position }, random) => {
    const moves = legalMoves(position);
    return moves[randomInteger(random, moves.length)];
  });
}

/**
 * Takes what is worth most, without a look at what follows, else plays at random; of equal moves
 * each equally often.
 *
 * ```ts
 * import { greedyPlayer } from "@lib/play/player.ts";
 * import { makeUci } from "@lib/chess/san.ts";
 * import { newGame } from "@lib/play/game.ts";
 * import { random } from "@lib/random.ts";
 * import assert from "node:assert/strict";
 *
 * const game = newGame("4k3/8/8/3q4/4P3/8/8/4K3 w - - 0 1");
 * const [choice] = await greedyPlayer().choose([game], [random(1, "player")]);
 * assert.ok("move" in choice && makeUci(choice.move) === "e4d5");
 * ```
 */
export function greedyPlayer(): Player {
  return simplePlayer("greedy", ({ position }, random) => {
    let best = -1;
    let ties: Move[] = [];
    for (const move of legalMoves(position)) {
      const gain = materialGain(position, move);
      if (gain > best) {
        best = gain;
        ties = [];
      }
      if (gain === best) ties.push(move);
    }
    return ties[randomInteger(random, ties.length)];
  });
}

function materialGain(position: Position, move: Move): number {
  const promotion = movePromotion(move);
  const captured = position.pieceAt(moveTo(move)) & 7;
  const enPassant = captured === EMPTY && moveTo(move) === position.epSquare &&
    (position.pieceAt(move & 63) & 7) === PAWN;
  return PIECE_VALUES[enPassant ? PAWN : captured] +
    (promotion === 0 ? 0 : PIECE_VALUES[promotion] - PIECE_VALUES[PAWN]);
}

/**
 * Plays a random legal move with probability ε, else what `player` plays: a knob to weaken an
 * engine below its lowest level.
 *
 * @param epsilon ε, from 0 to 1.
 * @throws {RangeError} for ε outside 0 … 1.
 *
 * ```ts
 * import { epsilonPlayer, greedyPlayer } from "@lib/play/player.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(epsilonPlayer(greedyPlayer(), 0.25).name, "greedy ε=0.25");
 * assert.throws(() => epsilonPlayer(greedyPlayer(), 2), RangeError);
 * ```
 */
export function epsilonPlayer(player: Player, epsilon: number): Player {
  if (!(epsilon >= 0 && epsilon <= 1)) {
    throw new RangeError(`Cannot play at random with probability ${epsilon}: must be 0 to 1`);
  }
  return {
    name: `${player.name} ε=${epsilon}`,
    async choose(states, randoms) {
      const strays = states.map(({ position }, i) => {
        // Both numbers are always drawn, so that the stream does not depend on ε.
        const isStray = randoms[i]() < epsilon;
        const moves = legalMoves(position);
        const move = moves[randomInteger(randoms[i], moves.length)];
        return isStray ? { move } : null;
      });
      const open = strays.flatMap((stray, i) => stray === null ? [i] : []);
      const chosen = open.length === 0 ? [] : await player.choose(
        open.map((i) => states[i]),
        open.map((i) => randoms[i]),
      );
      let k = 0;
      return strays.map((stray) => stray ?? chosen[k++]);
    },
    ...(player[Symbol.asyncDispose] &&
      { [Symbol.asyncDispose]: () => player[Symbol.asyncDispose]!() }),
  };
}

/** Move probabilities for many games at once, such as a model's. */
export type MovePolicy = (states: readonly GameState[]) => Promise<readonly Distribution[]>;

/**
 * Samples from f(y|x)^{1/τ} / Z over the legal moves: a model at temperature τ, move by move. The
 * paper's models sample characters instead; see `characterPlayer`.
 *
 * @param policy f(y|x) at τ = 1 for a batch of games.
 * @param options the temperature τ: 0 plays the most probable move (of equal ones any), 1 samples f.
 * @throws {RangeError} for a negative temperature.
 *
 * ```ts
 * import { modelPlayer } from "@lib/play/player.ts";
 * import { newGame } from "@lib/play/game.ts";
 * import { legalMoves } from "@lib/chess/position.ts";
 * import { random } from "@lib/random.ts";
 * import assert from "node:assert/strict";
 *
 * const policy = (states: readonly { position: Parameters<typeof legalMoves>[0] }[]) =>
 *   Promise.resolve(states.map(({ position }) => {
 *     const moves = legalMoves(position);
 *     return { moves, p: Float64Array.from(moves, (_, i) => i === 3 ? 0.1 : 0.9 / 19) };
 *   }));
 * const game = newGame();
 * const player = modelPlayer("a model", policy, { temperature: 0 });
 * const [choice] = await player.choose([game], [random(1, "moves")]);
 * assert.deepEqual(choice, { move: legalMoves(game.position)[3] });
 * ```
 */
export function modelPlayer(
  name: string,
  policy: MovePolicy,
  { temperature }: { readonly temperature: number },
): Player {
  checkTemperature(temperature);
  return {
    name: `${name} τ=${temperature}`,
    async choose(states, randoms) {
      const distributions = await policy(states);
      return distributions.map(({ moves, p }, i) => ({
        move: sample({ moves, p: sharpen(p, temperature) }, randoms[i]),
      }));
    },
  };
}
