import assert from "node:assert/strict";
import { useBackend } from "@lib/compute/backend.ts";
import { parseSan } from "@lib/chess/san.ts";
import { type Move, startPosition } from "@lib/chess/position.ts";
import { collectGames, gameRow } from "@lib/data/games.ts";
import { encodeText, moveToken, uciTokenizer } from "@lib/data/tokenizer.ts";
import { chessFormerShape } from "@lib/model/chessformer.ts";
import { initModel, ModelConfig } from "@lib/model/model.ts";
import { softmaxAt } from "@lib/model/policy.ts";
import { openDecoder } from "@lib/model/decoder.ts";
import { legalMass, tokenPolicy, unmaskedPolicies } from "@lib/model/token_policy.ts";
import type { ChessFormerConfig } from "@lib/model/chessformer.ts";

await useBackend("cpu");

function untrained(tokenizer: "pgn" | "uci") {
  const vocabulary = tokenizer === "pgn" ? 32 : uciTokenizer.size;
  const config = { model: "chessformer", tokenizer, vocabulary, block: 64, ...chessFormerShape(1) };
  return initModel(ModelConfig.parse(config) as ChessFormerConfig, 3);
}

function history(...sans: readonly string[]) {
  const position = startPosition(), moves: Move[] = [];
  for (const san of sans) {
    moves.push(parseSan(position, san));
    position.play(moves[moves.length - 1]);
  }
  return { moves, position };
}

Deno.test("a game's policy does not depend on the games beside it", async () => {
  using model = untrained("uci");
  const games = [history(), history("e4", "e5", "Nf3"), history("d4")];
  const together = await tokenPolicy(model, games);
  for (const [i, game] of games.entries()) {
    const [alone] = await tokenPolicy(model, [game]);
    assert.deepEqual(together[i].moves, alone.moves);
    alone.p.forEach((p, y) => assert.ok(Math.abs(p - together[i].p[y]) < 1e-6));
    assert.ok(Math.abs(alone.p.reduce((a, b) => a + b) - 1) < 1e-12);
  }
});

Deno.test("a move of characters is the product of its characters and of what ends it", async () => {
  using model = untrained("pgn");
  const [{ moves, p }] = await tokenPolicy(model, [history("e4")]);
  using decoder = openDecoder(model);
  const all = Array.from({ length: 32 }, (_, i) => i);
  /** The log-probability of a text after a prompt, one character at a time. */
  const logOf = async (prompt: string, text: string) => {
    let sum = 0;
    for (const [i, c] of [...text].entries()) {
      const [logits] = await decoder.next([encodeText(prompt + text.slice(0, i))]);
      sum += Math.log(softmaxAt(logits, all)[encodeText(c)[0]]);
    }
    return sum;
  };
  const { position } = history("e4");
  const at = (san: string) => p[moves.indexOf(parseSan(position, san))];
  const weight = async (san: string) =>
    Math.exp(await logOf(";1.e4 ", san + " ")) + Math.exp(await logOf(";1.e4 ", san + ";"));
  const [one, other] = [await weight("e5"), await weight("Nf6")];
  assert.ok(Math.abs(at("e5") / at("Nf6") / (one / other) - 1) < 1e-4);
});

Deno.test("a game that goes on costs its new tokens and, by characters, its legal moves", async () => {
  for (const tokenizer of ["uci", "pgn"] as const) {
    using model = untrained(tokenizer);
    using decoder = openDecoder(model);
    const evaluated = async (...sans: string[]) => {
      const before = decoder.evaluated;
      const [remembering] = await tokenPolicy(decoder, [history(...sans)]);
      const [anew] = await tokenPolicy(model, [history(...sans)]);
      remembering.p.forEach((p, y) => assert.ok(Math.abs(p - anew.p[y]) < 1e-6));
      return decoder.evaluated - before;
    };
    // Characters that begin some legal move: a3 a4 b3 … h4, Na3 Nc3 Nf3 Nh3.
    const [pawns, knights] = [8 + 16, 1 + 4 + 4];
    assert.equal(await evaluated(), tokenizer === "uci" ? 1 : ";1.".length + pawns + knights);
    const black = 8 + 16 + 1 + 4 + 4;
    assert.equal(await evaluated("e4"), tokenizer === "uci" ? 1 : "e4 ".length + black);
    const takenBack = await evaluated("e3");
    assert.equal(takenBack, tokenizer === "uci" ? 1 : "3 ".length + black);
  }
});

Deno.test("the mass on legal moves is what a full softmax gives them", async () => {
  using model = untrained("uci");
  const { moves } = history("e4", "e5", "Nf3", "Nc6");
  const games = collectGames([gameRow({ headers: {}, moves, result: "*" })]);
  const mass = await legalMass(model, games, { games: 5, plies: 3 });
  assert.deepEqual(mass.map(({ ply }) => ply), [0, 1, 2]);
  using decoder = openDecoder(model);
  const [logits] = await decoder.next([uciTokenizer.encode(moves.slice(0, 2))]);
  const p = softmaxAt(logits, Array.from({ length: uciTokenizer.size }, (_, i) => i));
  const [{ moves: legal }] = await tokenPolicy(model, [history("e4", "e5")]);
  const expected = [...legal].reduce((sum, move) => sum + p[moveToken(move)], 0);
  assert.ok(Math.abs(mass[2].legal - expected) < 1e-6);
  using characters = untrained("pgn");
  await assert.rejects(legalMass(characters, games, { games: 1, plies: 1 }), /must be uci/);
});

Deno.test("unmasked, the legal moves keep their share; masked and unmasked agree in proportion", async () => {
  using model = untrained("uci");
  const games = [history(), history("e4", "e5")];
  const masked = await tokenPolicy(model, games);
  const [warm, cool] = await unmaskedPolicies(model, games, [1, 0.5]);
  for (const [i, { p }] of warm.entries()) {
    const legal = p.reduce((a, b) => a + b);
    assert.ok(legal > 0 && legal < 0.2, `${legal}: an untrained model knows no rules`);
    p.forEach((q, y) => assert.ok(Math.abs(q / legal - masked[i].p[y]) < 1e-6));
    const ratio = (row: typeof cool[0]) => row.p[0] / row.p[1];
    assert.ok(Math.abs(ratio(cool[i]) - ratio(warm[i]) ** 2) < 1e-6);
  }
  const [mass] = await legalMass(
    model,
    collectGames([
      gameRow({ headers: {}, moves: history("e4").moves, result: "*" }),
    ]),
    { games: 1, plies: 1 },
  );
  assert.ok(Math.abs(mass.legal - warm[0].p.reduce((a, b) => a + b)) < 1e-6);
  using writer = untrained("pgn");
  await assert.rejects(unmaskedPolicies(writer, games, [1]), /must be uci/);
});
