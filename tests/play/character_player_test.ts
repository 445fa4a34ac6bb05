import assert from "node:assert/strict";
import { parseSan } from "@lib/chess/san.ts";
import { PGN_CHARACTERS } from "@lib/data/tokenizer.ts";
import { characterPlayer, type NextCharacter } from "@lib/play/character_player.ts";
import { newGame, playMove } from "@lib/play/game.ts";
import { random } from "@lib/random.ts";

/** A model that continues each prompt with a fixed text; it may have several, equally likely. */
function writer(continuations: Record<string, string[]>, seen: string[] = []): NextCharacter {
  return (texts) => {
    seen.push(...texts);
    return Promise.resolve(texts.map((text) => {
      const logits = new Float32Array(PGN_CHARACTERS.length).fill(-Infinity);
      for (const [prompt, endings] of Object.entries(continuations)) {
        for (const ending of endings) {
          const whole = prompt + ending;
          if (!whole.startsWith(text) || whole === text) continue;
          logits[PGN_CHARACTERS.indexOf(whole[text.length])] = 0;
        }
      }
      if (logits.every((x) => x === -Infinity)) logits[0] = 0; // a space
      return logits;
    }));
  };
}

const choose = async (model: NextCharacter, moves: string, options = {}) => {
  const game = newGame();
  for (const san of moves.split(" ").filter(Boolean)) playMove(game, parseSan(game.position, san));
  const player = characterPlayer("model", model, { temperature: 1, ...options });
  const [choice] = await player.choose([game], [random(1, "characters")]);
  return { choice, game, legality: player.legality() };
};

Deno.test("White's and Black's moves are read off the continuation", async () => {
  const model = writer({ ";1.": ["e4 e5 2.Nf3"], ";1.e4": [" e5 2.Nf3 Nc6"] });
  const white = await choose(model, "");
  assert.deepEqual(white.choice, { move: parseSan(white.game.position, "e4") });
  const black = await choose(model, "e4");
  assert.deepEqual(black.choice, { move: parseSan(black.game.position, "e5") });
  assert.equal(black.legality.rate.value, 1);
});

Deno.test("a text is cut at + and ;, and at ten characters", async () => {
  const check = await choose(writer({ ";1.e4 d6 2.": ["Bb5+ c6 3."] }), "e4 d6");
  assert.deepEqual(check.choice, { move: parseSan(check.game.position, "Bb5") });
  const end = await choose(writer({ ";1.": ["e4;1.d4 d5"] }), "");
  assert.deepEqual(end.choice, { move: parseSan(end.game.position, "e4") });
  const late = await choose(writer({ ";1.": ["          e4"] }), "");
  assert.match((late.choice as { forfeit: string }).forfeit, /no legal move in 5 tries: "", ""/);
});

Deno.test("nothing is asked of the model once the first word has ended", async () => {
  const seen: string[] = [];
  await choose(writer({ ";1.": ["e4 e5 2.Nf3"] }, seen), "");
  assert.deepEqual(seen, [";1.", ";1.e", ";1.e4"]);
});

Deno.test("five illegal texts give the game up, with what was written", async () => {
  const { choice, legality } = await choose(writer({ ";1.": ["Ke2 e5"] }), "");
  assert.deepEqual(choice, {
    forfeit: `no legal move in 5 tries: "Ke2", "Ke2", "Ke2", "Ke2", "Ke2"`,
  });
  assert.deepEqual({ ...legality, rate: 0 }, {
    moves: 1,
    tries: 5,
    illegal: 5,
    forfeits: 1,
    rate: 0,
  });
  assert.equal(legality.rate.low, 0);
  assert.ok(legality.rate.high > 0.3 && legality.rate.high < 0.6);
});

Deno.test("an illegal text is tried again, and counted", async () => {
  const model = writer({ ";1.": ["Ke2 ", "e4 "] });
  const player = characterPlayer("model", model, { temperature: 1 });
  const games = Array.from({ length: 400 }, () => newGame());
  const choices = await player.choose(games, games.map((_, i) => random(2, "characters", i)));
  const { moves, tries, illegal, forfeits, rate } = player.legality();
  // Each text is legal with probability ½.
  assert.equal(moves, 400);
  assert.equal(tries - illegal, 400 - forfeits);
  assert.equal(choices.filter((choice) => "forfeit" in choice).length, forfeits);
  assert.ok(2 < forfeits && forfeits < 30, `${forfeits} forfeits`);
  assert.ok(rate.low < 0.5 && 0.5 < rate.high && rate.high - rate.low < 0.1);
});

Deno.test("at temperature 0 the likeliest character is written, once", async () => {
  const model: NextCharacter = (texts) =>
    Promise.resolve(
      texts.map((text) =>
        Array.from(PGN_CHARACTERS, (c) => c === "e2 "[text.length - 3] ? 0.1 : 0)
      ),
    );
  const { choice, legality } = await choose(model, "", { temperature: 0 });
  assert.deepEqual(choice, { forfeit: `no legal move in 1 try: "e2"` });
  assert.equal(legality.tries, 1);
});

Deno.test("bad options and bad logits are refused", async () => {
  const model = writer({});
  assert.throws(() => characterPlayer("m", model, { temperature: -0.1 }), /temperature -0.1/);
  assert.throws(() => characterPlayer("m", model, { temperature: 1, tries: 0 }), RangeError);
  assert.throws(() => characterPlayer("m", model, { temperature: 1, characters: 2.5 }), RangeError);
  await assert.rejects(choose(() => Promise.resolve([[1, 2, 3]]), ""), /3 logits: must be 32/);
  const nan = () => Promise.resolve([new Array(32).fill(NaN)]);
  await assert.rejects(choose(nan, ""), RangeError);
  assert.ok(Number.isNaN(characterPlayer("m", model, { temperature: 1 }).legality().rate.value));
});
