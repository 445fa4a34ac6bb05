/**
 * The paper's way to play with a model of game transcripts: it writes characters, and what it writes
 * may be no legal move.
 *
 * @module
 */

import { type Move } from "@lib/chess/position.ts";
import { parseSan } from "@lib/chess/san.ts";
import { checkTemperature, sharpen } from "@lib/analysis/temperature.ts";
import { PGN_CHARACTERS } from "@lib/data/tokenizer.ts";
import { sampleIndex } from "@lib/analysis/distribution.ts";
import { transcript } from "@lib/play/game.ts";
import { type CountingPlayer, legalityOf } from "@lib/play/legality.ts";
import type { Choice } from "@lib/play/player.ts";

/**
 * A transcript model: for each text the logits of its next character, in the order of
 * `PGN_CHARACTERS`.
 */
export type NextCharacter = (texts: readonly string[]) => Promise<readonly ArrayLike<number>[]>;

/** How characters become moves. */
export interface CharacterOptions {
  /** Temperature τ of each character: logits are divided by it; 0 takes the largest. */
  readonly temperature: number;
  /** Texts it may write for one move before the game is lost; the paper's 5 by default. */
  readonly tries?: number;
  /** Characters of a text; the paper's 10 by default. */
  readonly characters?: number;
}

/**
 * Plays as the paper's code does (paper.md § 2.6): the transcript is continued by ten characters
 * sampled at τ, cut at `;` and `+`; the first word is the move; after five texts that are no legal
 * move the game is given up. At τ = 0 every try is the same, so one is made.
 *
 * @param next the model.
 * @throws {RangeError} for a negative temperature, or counts that are no positive integers; when
 * asked to play a game from a set-up position.
 */
export function characterPlayer(
  name: string,
  next: NextCharacter,
  { temperature, tries = 5, characters = 10 }: CharacterOptions,
): CountingPlayer {
  checkTemperature(temperature);
  for (const [what, count] of Object.entries({ tries, characters })) {
    if (!(Number.isInteger(count) && count > 0)) {
      throw new RangeError(`Cannot play with ${count} ${what}: must be a positive integer`);
    }
  }
  const counts = { moves: 0, tries: 0, illegal: 0, forfeits: 0 };

  return {
    name: `${name} τ=${temperature} by characters`,
    async choose(states, randoms) {
      const prompts = states.map(transcript);
      const choices: Choice[] = states.map(() => ({ forfeit: "" }));
      const written: string[][] = states.map(() => []);
      let open = states.map((_, i) => i);
      counts.moves += states.length;
      for (let attempt = 0; attempt < (temperature === 0 ? 1 : tries); attempt++) {
        const texts = await continueTexts(
          next,
          open.map((i) => prompts[i]),
          open.map((i) => randoms[i]),
          temperature,
          characters,
        );
        counts.tries += open.length;
        open = open.filter((i, k) => {
          const word = firstWord(texts[k]);
          const move = readMove(states[i].position, word);
          if (move !== null) choices[i] = { move };
          else written[i].push(word);
          return move === null;
        });
        counts.illegal += open.length;
        if (open.length === 0) break;
      }
      for (const i of open) {
        const n = written[i].length;
        const texts = written[i].map((word) => `"${word}"`).join(", ");
        choices[i] = { forfeit: `no legal move in ${n === 1 ? "1 try" : `${n} tries`}: ${texts}` };
      }
      counts.forfeits += open.length;
      return choices;
    },
    legality: () => legalityOf(counts),
  };
}

/** Samples up to `characters` characters after each prompt; stops where the first word has ended. */
async function continueTexts(
  next: NextCharacter,
  prompts: readonly string[],
  randoms: readonly (() => number)[],
  temperature: number,
  characters: number,
): Promise<string[]> {
  const texts = prompts.map(() => "");
  let open = prompts.map((_, i) => i);
  for (let n = 0; n < characters && open.length > 0; n++) {
    const logits = await next(open.map((i) => prompts[i] + texts[i]));
    open.forEach((i, k) => {
      const p = sharpen(probabilities(logits[k]), temperature);
      texts[i] += PGN_CHARACTERS[sampleIndex(p, randoms[i])];
    });
    open = open.filter((i) => !/[;+]|[^ ] /.test(texts[i]));
  }
  return texts;
}

function probabilities(logits: ArrayLike<number>): Float64Array {
  if (logits.length !== PGN_CHARACTERS.length) {
    throw new RangeError(
      `Cannot sample from ${logits.length} logits: must be ${PGN_CHARACTERS.length}, one a character`,
    );
  }
  let top = -Infinity;
  for (let i = 0; i < logits.length; i++) top = Math.max(top, logits[i]);
  if (!Number.isFinite(top)) {
    throw new RangeError(`Cannot sample from logits whose largest is ${top}: must be a number`);
  }
  return Float64Array.from(logits, (x) => Math.exp(x - top));
}

/** The first word up to a `;` or `+`, which is how the paper's code reads a move. */
function firstWord(text: string): string {
  return text.split(/[;+]/, 1)[0].trim().split(" ", 1)[0];
}

function readMove(position: Parameters<typeof parseSan>[0], word: string): Move | null {
  try {
    return parseSan(position, word);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
