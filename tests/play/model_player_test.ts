import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "@lib/compute/backend.ts";
import { encodeText, PGN_CHARACTERS, uciTokenizer } from "@lib/data/tokenizer.ts";
import { boardNetShape } from "@lib/model/boardnet.ts";
import { type ChessFormerConfig, chessFormerShape, forward } from "@lib/model/chessformer.ts";
import { openDecoder } from "@lib/model/decoder.ts";
import { initModel, type Model, ModelConfig, saveModel } from "@lib/model/model.ts";
import { tokenPolicy } from "@lib/model/token_policy.ts";
import { newGame } from "@lib/play/game.ts";
import { playMatch } from "@lib/play/match.ts";
import { nextCharacterOf, openModelPlayer } from "@lib/play/model_player.ts";
import { matchTask } from "@lib/tasks/match.ts";
import { openPlayer } from "@lib/play/named_player.ts";
import { modelPlayer, randomPlayer } from "@lib/play/player.ts";
import { random } from "@lib/random.ts";

const folder = Deno.makeTempDirSync({ prefix: "models" });
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

const boardNet = ModelConfig.parse({ model: "boardnet", ...boardNetShape(1) });
const characters = (block = 64) =>
  ModelConfig.parse({
    model: "chessformer",
    tokenizer: "pgn",
    vocabulary: PGN_CHARACTERS.length,
    block,
    ...chessFormerShape(1),
  }) as ChessFormerConfig;

async function save(name: string, config: ModelConfig): Promise<string> {
  using model = initModel(config, 1);
  const file = `${folder}/${name}.safetensors`;
  await saveModel(file, model);
  return file;
}

Deno.test("a saved BoardNet plays whole games, reproducibly, whatever the concurrency", async () => {
  await useBackend();
  const file = await save("boardnet", boardNet);
  const play = async (concurrency: number) => {
    await using player = await openModelPlayer(file, { temperature: 1 });
    const { games } = await playMatch({
      a: player,
      b: randomPlayer(),
      games: 4,
      seed: 1,
      maxMoves: 15,
      concurrency,
    });
    return games;
  };
  const games = await play(4);
  assert.ok(games.every(({ moves }) => moves.length > 4));
  assert.deepEqual(await play(1), games);
});

Deno.test("a saved ChessFormer plays by characters; untrained it writes no move and forfeits", async () => {
  await useBackend();
  await using player = await openModelPlayer(await save("chessformer", characters()), {
    temperature: 1,
  });
  const { forfeits, games } = await playMatch({ a: player, b: randomPlayer(), games: 4, seed: 1 });
  assert.equal(forfeits.a, 4);
  assert.match(games[0].reason, /forfeit: no legal move in 5 tries/);
});

Deno.test("the task says how often a model wrote legal moves", async () => {
  const file = await save("chessformer", characters());
  const printed: string[] = [];
  const args = ["--a", `model:${file}:tau=1`, "--b", "random", "--games", "2"];
  await matchTask(args, (text) => printed.push(text));
  assert.match(printed.join("\n"), /wrote legal moves in 0\.0 % \[0\.0, .*\] of 10 texts/);
  assert.match(printed.join("\n"), /given up: 2 and 0/);
});

Deno.test("the next-character logits are the model's, however texts are batched", async () => {
  await useBackend();
  using model = initModel(characters(), 3);
  using decoder = openDecoder(model as Model<ChessFormerConfig>);
  const next = nextCharacterOf(decoder);
  const texts = [";1.", ";1.e4 e5 2.Nf3", ";1.d4", `;1.e4 e5 2.Nf3 Nc6 3.Bb5 ${"Ra1 ".repeat(20)}`];
  const logits = await next(texts);
  for (const [i, text] of texts.entries()) {
    const tokens = encodeText(text.slice(-64));
    const whole = tf.tidy(() =>
      forward(
        model.config as ChessFormerConfig,
        model.params,
        tf.tensor2d([...tokens], [1, tokens.length], "int32"),
      )
        .dataSync<"float32">().slice(-32)
    );
    whole.forEach((value, v) => assert.ok(Math.abs(value - logits[i][v]) < 1e-4));
  }
});

Deno.test("a saved ChessFormer of move tokens plays legal moves only", async () => {
  const config = { ...characters(), tokenizer: "uci" as const, vocabulary: 1969 };
  await using player = await openModelPlayer(await save("moves", config), { temperature: 1 });
  const match = { a: player, b: randomPlayer(), games: 2, seed: 1, maxMoves: 10 };
  const { games } = await playMatch(match); // which refuses an illegal move
  assert.ok(games.every(({ moves }) => moves.length > 4));
});

Deno.test("no move of a match reads its game again", async () => {
  await useBackend();
  const config = { ...characters(), tokenizer: "uci" as const, vocabulary: 1969 };
  using model = initModel(config, 3);
  using decoder = openDecoder(model);
  const player = modelPlayer("a", (states) => tokenPolicy(decoder, states), { temperature: 1 });
  const match = { a: player, b: randomPlayer(), games: 8, seed: 1, maxMoves: 20, concurrency: 4 };
  const { games } = await playMatch(match);
  const tokens = games.reduce((sum, { moves }) => sum + moves.length + 1, 0);
  const asked = games.reduce((sum, { moves }) => sum + moves.length / 2, 0);
  const read = games.reduce((sum, { moves }) => sum + moves.length ** 2 / 4, 0); // without memory
  // Each token once, and once more where another game began alike.
  assert.ok(decoder.evaluated <= tokens + 8, `${decoder.evaluated} of ${tokens} tokens`);
  assert.ok(decoder.evaluated > asked && read > 5 * tokens, `${asked} moves, ${read}`);
});

Deno.test("the memory of its games is freed with a player", async () => {
  await useBackend();
  const config = { ...characters(), tokenizer: "uci" as const, vocabulary: 1969 };
  const file = await save("freed", config), { numTensors, numBytes } = tf.memory();
  {
    await using player = await openModelPlayer(file, { temperature: 1 });
    const before = tf.memory().numBytes;
    await playMatch({ a: player, b: randomPlayer(), games: 4, seed: 1, maxMoves: 5 });
    assert.ok(tf.memory().numBytes > before);
  }
  assert.deepEqual([tf.memory().numTensors, tf.memory().numBytes], [numTensors, numBytes]);
});

Deno.test("negative temperature, missing model, a model that does not play chess", async () => {
  const file = await save("boardnet", boardNet);
  await assert.rejects(openModelPlayer(file, { temperature: -1 }), /temperature -1: must be 0/);
  await assert.rejects(openPlayer(`model:${file}:tau=-1`), /temperature -1: must be 0/);
  await assert.rejects(
    openPlayer("model:nowhere"),
    /Cannot load the model "nowhere".*; (there are|none is trained)/,
  );
  await assert.rejects(openPlayer("model"), /needs a run's id, or its folder/);
  const endgame = ModelConfig.parse({ model: "endgameformer", layers: 1, heads: 1, width: 8 });
  await assert.rejects(
    openModelPlayer(await save("endgame", endgame), { temperature: 1 }),
    /must be a BoardNet/,
  );
});

Deno.test("by the paper's rule a ChessFormer of moves may fail; a BoardNet cannot, and has no tries", async () => {
  await useBackend();
  const former = await save(
    "tokens",
    ModelConfig.parse({
      ...{ model: "chessformer", tokenizer: "uci", vocabulary: uciTokenizer.size, block: 32 },
      ...chessFormerShape(1),
    }),
  );
  const lost = async (player: string) => {
    await using a = (await openPlayer(player)) as Awaited<ReturnType<typeof openModelPlayer>>;
    const match = await playMatch({ a, b: randomPlayer(), games: 4, seed: 1, maxMoves: 8 });
    return match.forfeits.a;
  };
  assert.equal(await lost(`model:${former}:tau=1`), 0);
  assert.equal(await lost(`model:${former}:tau=1:tries=5`), 4); // untrained, it knows no rules
  const net = await save("no-tries", boardNet);
  await assert.rejects(openPlayer(`model:${net}:tau=1:tries=5`), /5 tries: a BoardNet has legal/);
  await using player = await openModelPlayer(former, { temperature: 1 });
  const setUp = newGame("7k/8/8/8/8/8/8/KQ6 w - - 0 1");
  await assert.rejects(
    player.choose([setUp], [random(1, "moves")]),
    /must be from the usual start/,
  );
});
