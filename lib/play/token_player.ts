/**
 * The paper's rule for illegal moves, for a model of move tokens: it draws from all tokens, legal or
 * not, and has a few tries.
 *
 * @module
 */

import { sampleIndex } from "@lib/analysis/distribution.ts";
import { checkTemperature, sharpen } from "@lib/analysis/temperature.ts";
import { legalMoves } from "@lib/chess/position.ts";
import { moveToken } from "@lib/data/tokenizer.ts";
import { softmaxAt } from "@lib/model/policy.ts";
import type { GameState } from "@lib/play/game.ts";
import { type CountingPlayer, legalityOf } from "@lib/play/legality.ts";
import type { Choice } from "@lib/play/player.ts";

/** A model of move tokens: for each game the logits of its next token. */
export type NextToken = (states: readonly GameState[]) => Promise<readonly ArrayLike<number>[]>;

/**
 * Plays by unmasked tokens: each try draws a token at temperature τ from all there are; the first one
 * that is a legal move is played, and after `tries` others the game is given up. At τ = 0 every try
 * is the same, so one is made. What `modelPlayer` does with the same model, which draws from the
 * legal moves only, is judgement alone; this is judgement and knowledge of the rules in one.
 *
 * @param next the model.
 * @param options the temperature τ, and how many tries it has (the paper's 5 by default).
 * @throws {RangeError} for a negative temperature, or tries that are no positive integer.
 *
 * ```ts
 * import { newGame } from "@lib/play/game.ts";
 * import { tokenPlayer } from "@lib/play/token_player.ts";
 * import { uciTokenizer } from "@lib/data/tokenizer.ts";
 * import { random } from "@lib/random.ts";
 * import assert from "node:assert/strict";
 *
 * // A model that knows nothing hardly ever hits one of the 20 legal moves.
 * const next = () => Promise.resolve([new Float32Array(uciTokenizer.size)]);
 * const player = tokenPlayer("ignorant", next, { temperature: 1 });
 * const [choice] = await player.choose([newGame()], [random(1, "tokens")]);
 * assert.deepEqual(choice, { forfeit: "no legal move in 5 tries" });
 * ```
 */
export function tokenPlayer(
  name: string,
  next: NextToken,
  { temperature, tries = 5 }: { readonly temperature: number; readonly tries?: number },
): CountingPlayer {
  checkTemperature(temperature);
  if (!(Number.isInteger(tries) && tries > 0)) {
    throw new RangeError(`Cannot play with ${tries} tries: must be a positive integer`);
  }
  const counts = { moves: 0, tries: 0, illegal: 0, forfeits: 0 };
  const most = temperature === 0 ? 1 : tries;
  return {
    name: `${name} τ=${temperature}, ${tries === 1 ? "1 try" : `${tries} tries`}`,
    async choose(states, randoms) {
      const logits = await next(states);
      return states.map(({ position }, i): Choice => {
        const moves = new Map(legalMoves(position).map((move) => [moveToken(move), move]));
        const p = softmaxAt(logits[i], Array.from(logits[i], (_, token) => token));
        sharpen(p, temperature, p);
        counts.moves++;
        for (let attempt = 0; attempt < most; attempt++) {
          const move = moves.get(sampleIndex(p, randoms[i]));
          counts.tries++;
          if (move !== undefined) return { move };
          counts.illegal++;
        }
        counts.forfeits++;
        return { forfeit: `no legal move in ${most === 1 ? "1 try" : `${most} tries`}` };
      });
    },
    legality: () => legalityOf(counts),
  };
}
