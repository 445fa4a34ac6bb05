import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "@lib/compute/backend.ts";
import { PAGE } from "@lib/compute/paged_attention.ts";
import { uciTokenizer } from "@lib/data/tokenizer.ts";
import { ChessFormerConfig, forward } from "@lib/model/chessformer.ts";
import { openDecoder } from "@lib/model/decoder.ts";
import { initModel, type Model } from "@lib/model/model.ts";
import { random, randomInteger } from "@lib/random.ts";
import { backends, difference } from "../compute/routes.ts";

const BLOCK = 150;

const configOf = (tokenizer: "pgn" | "uci") =>
  ChessFormerConfig.parse({
    model: "chessformer",
    tokenizer,
    vocabulary: tokenizer === "pgn" ? 32 : uciTokenizer.size,
    block: BLOCK,
    layers: 2,
    heads: 2,
    width: 24,
    expansion: 2,
    bias: tokenizer === "uci",
  });

/** A model with weights large enough that every token before makes a difference. */
function modelOf(tokenizer: "pgn" | "uci"): Model<ChessFormerConfig> {
  const model = initModel(configOf(tokenizer), 3);
  for (const [name, t] of Object.entries(model.params)) {
    if (t.rank < 2) continue;
    (model.params as Record<string, tf.Tensor>)[name] = tf.tidy(() => t.mul(10));
    t.dispose();
  }
  return model;
}

/** What the whole model says after the last tokens of a text, all of them read. */
function whole({ config, params }: Model<ChessFormerConfig>, text: readonly number[]) {
  const row = text.slice(-BLOCK);
  return tf.tidy(() =>
    forward(config, params, tf.tensor2d([row], [1, row.length], "int32")).dataSync<"float32">()
      .slice(-config.vocabulary)
  );
}

const known = new Map<string, Float32Array>();

/** The same for an unchanged model, asked of the first backend only. */
function expected(model: Model<ChessFormerConfig>, text: readonly number[]): Float32Array {
  const key = `${model.config.tokenizer} ${text.slice(-BLOCK)}`;
  const logits = known.get(key) ?? whole(model, text);
  known.set(key, logits);
  return logits;
}

const some = (vocabulary: number, length: number, name: string): number[] => {
  const next = random(1, name);
  return Array.from({ length }, () => randomInteger(next, vocabulary));
};

for (const backend of backends) {
  for (const tokenizer of ["pgn", "uci"] as const) {
    Deno.test(`${backend}, ${tokenizer}: what is read piece by piece is what is read whole`, async () => {
      await useBackend(backend);
      const before = tf.memory().numTensors;
      {
        using model = modelOf(tokenizer);
        using decoder = openDecoder(model);
        const V = model.config.vocabulary;
        const check = async (texts: readonly number[][], what: string) => {
          const logits = await decoder.next(texts);
          texts.forEach((text, i) => {
            const d = difference(logits[i], expected(model, text));
            assert.ok(d < 1e-4, `${what}, text ${i} of ${text.length} tokens: off by ${d}`);
          });
        };
        const games = [1, 3, 63, 64, 65, 149].map((length, i) => some(V, length, `game ${i}`));
        await check(games, "new games of any length");
        await check(games, "the same again");
        for (let i = 0; i < 3; i++) {
          games.forEach((game, g) => game.push(...some(V, 1 + (g + i) % 3, `more ${g} ${i}`)));
          await check(games, "each longer by its own number of tokens, the last beyond the block");
        }
        games.forEach((game, g) => game.length -= Math.min(game.length - 1, g));
        await check(games.toReversed(), "taken back, in another order");
        games.forEach((game, g) => game.push(...some(V, 4, `other ${g}`)));
        await check(games, "gone on otherwise");
        const [, , , , long] = games;
        const branches = [long.slice(0, 20), long, [...long, 5], [...long, 6], long.slice(0, 64)];
        await check([...branches, ...branches], "parts of one game, each twice");
      }
      assert.equal(tf.memory().numTensors, before, "tensors stayed behind");
    });

    Deno.test(`${backend}, ${tokenizer}: continuations are read as if each stood alone`, async () => {
      await useBackend(backend);
      using model = modelOf(tokenizer);
      using decoder = openDecoder(model);
      const V = model.config.vocabulary;
      const continuations = [[1, 2, 3], [1, 2], [1, 2, 4, 5], [7], [1, 2, 3], [8, 2, 3, 9]];
      const prompts = [5, 66, 5, 148, 170].map((length) => ({
        text: some(V, length, `prompt ${length}`),
        continuations: length === 66 ? [[3]] : continuations,
      }));
      for (const again of [1, 2]) {
        const logits = await decoder.continue(prompts);
        prompts.forEach(({ text, continuations }, p) => {
          const room = BLOCK - Math.max(...continuations.map(({ length }) => length));
          const head = text.slice(-room);
          continuations.forEach((continuation, c) => {
            assert.equal(logits[p][c].length, continuation.length + 1);
            logits[p][c].forEach((row, i) => {
              const d = difference(row, expected(model, [...head, ...continuation.slice(0, i)]));
              assert.ok(
                d < 1e-4,
                `prompt ${p}, ${continuation.slice(0, i)}: off by ${d} (${again})`,
              );
            });
          });
        });
      }
    });
  }

  Deno.test(`${backend}: a spoilt key is noticed, and only where it is seen`, async () => {
    await useBackend(backend);
    using model = modelOf("pgn");
    const key = tf.variable(model.params["layer0.key.weight"]);
    const changing = { ...model, params: { ...model.params, "layer0.key.weight": key } };
    using decoder = openDecoder(changing);
    const text = some(32, 70, "spoilt");
    await decoder.next([text]);
    const longer = [...text, 3], other = some(32, 9, "other");
    // A model whose keys have changed since: what was kept is no longer what it would read.
    tf.tidy(() => key.assign(key.mul(1.01)));
    const [stale, fresh] = await decoder.next([longer, other]);
    assert.ok(difference(stale, whole(changing, longer)) > 1e-4);
    assert.ok(difference(fresh, whole(changing, other)) < 1e-4);
    key.dispose();
  });
}

Deno.test("only what is new is evaluated, also after a move is taken back or when games share a start", async () => {
  await useBackend();
  using model = modelOf("pgn");
  using decoder = openDecoder(model);
  const evaluated = async (texts: readonly number[][]) => {
    const before = decoder.evaluated;
    await decoder.next(texts);
    return decoder.evaluated - before;
  };
  const game = some(32, 100, "game");
  assert.equal(await evaluated([game]), 100);
  assert.equal(await evaluated([[...game, 1]]), 1);
  assert.equal(await evaluated([[...game, 1, 2, 3, 4]]), 3);
  assert.equal(await evaluated([[...game, 1, 5]]), 1, "taken back");
  assert.equal(
    await evaluated([[...game, 1, 2, 3, 4, 6]]),
    1,
    "what was taken back is still known",
  );
  assert.equal(await evaluated([game.slice(0, 30)]), 1, "the last token again, for its logits");
  assert.equal(await evaluated([[...game, 7], [...game, 8]]), 2, "two games with one start");
  assert.equal(await evaluated([some(32, 170, "beyond")]), BLOCK);
  const before = decoder.evaluated;
  const continuations = [[1, 2, 3], [1, 2, 4], [5]];
  await decoder.continue([{ text: [...game, 1], continuations }]);
  assert.equal(decoder.evaluated - before, 1 + 5, "shared beginnings once");
});

Deno.test("the longest unused makes room, and results stay the same", async () => {
  await useBackend();
  using model = modelOf("pgn");
  const page = 8 * 2 * 24 * PAGE;
  using decoder = openDecoder(model, { memory: 5 * page + 1000 });
  const games = Array.from({ length: 9 }, (_, i) => some(32, 70 + i, `game ${i}`));
  for (let round = 0; round < 2; round++) {
    for (const game of games) {
      const [logits] = await decoder.next([game]);
      assert.ok(difference(logits, whole(model, game)) < 1e-4);
      assert.ok(decoder.bytes <= 5 * page + 1000, `${decoder.bytes} bytes`);
      game.push(round);
    }
  }
  // The last game is still known, the first is not.
  const before = decoder.evaluated;
  await decoder.next([games[8]]);
  assert.equal(decoder.evaluated - before, 1);
  await decoder.next([games[0]]);
  assert.equal(decoder.evaluated - before, 1 + games[0].length);
  const all = await decoder.next(games); // more at once than the memory is for
  all.forEach((logits, i) => assert.ok(difference(logits, whole(model, games[i])) < 1e-4));
});

Deno.test("what cannot be decoded is refused, and a failure leaves nothing wrong behind", async () => {
  await useBackend();
  using model = modelOf("pgn");
  using decoder = openDecoder(model);
  await assert.rejects(decoder.next([[1], []]), /follows 0 tokens: must be 1 or more/);
  await assert.rejects(
    decoder.continue([{ text: [1], continuations: [new Array(BLOCK).fill(1)] }]),
    /continue by 150 tokens: must be fewer than the block's 150/,
  );
  const text = some(32, 20, "text");
  await assert.rejects(decoder.next([[...text, 32]]), /token 32: must be 0 to 31/);
  const [logits] = await decoder.next([[...text, 1]]);
  assert.ok(difference(logits, whole(model, [...text, 1])) < 1e-4);
  const other = tf.getBackend() === "cpu" ? "wasm" : "cpu", own = tf.getBackend();
  await useBackend(other);
  await assert.rejects(decoder.next([text]), /opened on/);
  await useBackend(own);
});
