import assert from "node:assert/strict";
import { legalMoves } from "@lib/chess/position.ts";
import { parseSan } from "@lib/chess/san.ts";
import { moveToken, uciTokenizer } from "@lib/data/tokenizer.ts";
import { newGame } from "@lib/play/game.ts";
import { tokenPlayer } from "@lib/play/token_player.ts";
import { random } from "@lib/random.ts";

const game = newGame();
const e4 = parseSan(game.position, "e4");
const illegal = uciTokenizer.start; // no move at all

/** A model that puts these weights on tokens, and all but nothing on the rest. */
const model = (weights: ReadonlyMap<number, number>) => (states: readonly unknown[]) =>
  Promise.resolve(
    states.map(() =>
      Float32Array.from(
        { length: uciTokenizer.size },
        (_, token) => Math.log(weights.get(token) ?? 1e-30),
      )
    ),
  );
const half = model(new Map([[moveToken(e4), 0.5], [illegal, 0.5]]));
const states = Array.from({ length: 600 }, () => game);
const randoms = states.map((_, i) => random(1, "tokens", i));
const lostOf = async (player: ReturnType<typeof tokenPlayer>) =>
  (await player.choose(states, randoms)).filter((choice) => "forfeit" in choice).length;

Deno.test("a token that is no legal move costs a try, and the last try the game", async () => {
  const player = tokenPlayer("half", half, { temperature: 1 });
  const lost = await lostOf(player);
  // 600 · (1/2)^5 = 18.75, standard deviation 4.3
  assert.ok(lost > 3 && lost < 36, `${lost}`);
  const { moves, tries, illegal, forfeits, rate } = player.legality();
  assert.equal(moves, 600);
  assert.equal(forfeits, lost);
  assert.equal(tries - illegal, 600 - lost);
  assert.ok(rate.low < 0.5 && 0.5 < rate.high);
});

Deno.test("with one try the same model loses half of its games; cooled, by what it prefers", async () => {
  const lost = await lostOf(tokenPlayer("half", half, { temperature: 1, tries: 1 }));
  assert.ok(lost > 250 && lost < 350, `${lost}`);
  const better = model(new Map([[moveToken(e4), 0.6], [illegal, 0.4]]));
  assert.equal(await lostOf(tokenPlayer("better", better, { temperature: 0.01 })), 0);
  const worse = model(new Map([[moveToken(e4), 0.4], [illegal, 0.6]]));
  assert.equal(await lostOf(tokenPlayer("worse", worse, { temperature: 0.01 })), 600);
  const cold = tokenPlayer("worse", worse, { temperature: 0 });
  assert.equal(await lostOf(cold), 600);
  assert.equal(cold.legality().tries, 600); // all tries would be the same
});

Deno.test("a model of legal moves never fails, and tries must be counted", async () => {
  const weights = new Map(legalMoves(game.position).map((move) => [moveToken(move), 0.05]));
  const player = tokenPlayer("sound", model(weights), { temperature: 1 });
  const choices = await player.choose(states, randoms);
  assert.equal(new Set(choices.map((choice) => "move" in choice && choice.move)).size, 20);
  for (const tries of [0, 1.5]) {
    assert.throws(() => tokenPlayer("odd", half, { temperature: 1, tries }), /positive integer/);
  }
  assert.throws(() => tokenPlayer("odd", half, { temperature: -1 }), /temperature -1/);
});
