import assert from "node:assert/strict";
import { collectGames, gameRow } from "@lib/data/games.ts";
import { NO_TARGET, tokenBatch, tokenEpoch, validationTokenBatches } from "@lib/data/batches.ts";
import { decodeText, pgnTokenizer, uciTokenizer } from "@lib/data/tokenizer.ts";
import { random } from "@lib/random.ts";
import { madeGames } from "./made_games.ts";

const games = collectGames(madeGames(random(5, "batches"), 97, 40).map(gameRow));
const textOf = (i: number) =>
  pgnTokenizer.encode(games.moves.subarray(games.offsets[i], games.offsets[i + 1]));
const texts = Array.from({ length: games.length }, (_, i) => decodeText(textOf(i)));

for (const tokenizer of [pgnTokenizer, uciTokenizer]) {
  const place = { seed: 3, step: 2, size: 4, block: 90 };

  Deno.test(`${tokenizer.name}: a batch is a matter of seed and step alone`, () => {
    const batch = tokenBatch(games, tokenizer, place);
    tokenBatch(games, tokenizer, { ...place, step: 77, seed: 9 });
    assert.deepEqual(tokenBatch(games, tokenizer, place), batch);
    assert.notDeepEqual(tokenBatch(games, tokenizer, { ...place, step: 3 }), batch);
    assert.notDeepEqual(tokenBatch(games, tokenizer, { ...place, seed: 4 }), batch);
  });

  Deno.test(`${tokenizer.name}: targets are the tokens one further`, () => {
    const { x, y } = tokenBatch(games, tokenizer, place);
    assert.deepEqual([x.length, y.length], [360, 360]);
    for (let i = 0; i < x.length; i++) {
      assert.ok(x[i] >= 0 && x[i] < tokenizer.size && y[i] < tokenizer.size);
      const isLast = i % 90 === 89;
      if (!isLast && y[i] !== NO_TARGET) assert.equal(y[i], x[i + 1]);
    }
  });

  Deno.test(`${tokenizer.name}: the size of the batch does not change the order of the blocks`, () => {
    const pair = [0, 1].map((step) => tokenBatch(games, tokenizer, { ...place, size: 2, step }).x);
    const whole = tokenBatch(games, tokenizer, { ...place, size: 4, step: 0 }).x;
    assert.deepEqual([...pair[0], ...pair[1]], [...whole]);
  });

  Deno.test(`${tokenizer.name}: validation batches are fixed and end with the epoch`, () => {
    const options = { size: 5, block: 90, batches: 1000 };
    const batches = [...validationTokenBatches(games, tokenizer, options)];
    assert.deepEqual([...validationTokenBatches(games, tokenizer, options)], batches);
    const epoch = tokenEpoch(games, tokenizer, { seed: 0, block: 90 });
    assert.ok(batches.length > 2 && batches.length <= Math.ceil(epoch / 5) + 1);
    assert.equal(
      [...validationTokenBatches(games, tokenizer, { ...options, batches: 2 })].length,
      2,
    );
    assert.throws(
      () => [...validationTokenBatches(games, tokenizer, { ...options, size: 1000 })],
      /one validation batch of 1000/,
    );
  });

  Deno.test(`${tokenizer.name}: nothing to draw from, a wrong step or block are refused`, () => {
    assert.throws(() => tokenBatch(collectGames([]), tokenizer, place), /from 0 games/);
    assert.throws(() => tokenBatch(games, tokenizer, { ...place, step: -1 }), RangeError);
    assert.throws(() => tokenBatch(games, tokenizer, { ...place, size: 0 }), RangeError);
    assert.throws(() => tokenBatch(games, tokenizer, { ...place, block: 0.5 }), RangeError);
    const setUp = gameRow({
      headers: {},
      moves: [],
      result: "1-0",
      start: "4k3/8/8/8/8/8/4P3/4K3 b - - 0 1",
    });
    assert.throws(() => tokenBatch(collectGames([setUp]), tokenizer, place), /the usual start/);
  });
}

Deno.test("pgn: a block is full of games from their starts, only the last one cut", () => {
  const { x, y } = tokenBatch(games, pgnTokenizer, { seed: 1, step: 0, size: 20, block: 200 });
  for (let row = 0; row < 20; row++) {
    const text = decodeText(x.subarray(row * 200, (row + 1) * 200));
    const [empty, ...parts] = text.split(";");
    assert.equal(empty, "");
    for (const part of parts.slice(0, -1)) assert.ok(texts.includes(`;${part}`), part);
    assert.ok(texts.some((whole) => whole.startsWith(`;${parts.at(-1)}`)));
    assert.equal(y[(row + 1) * 200 - 1] >= 0, true);
  }
});

Deno.test("pgn: in an epoch each game begins exactly one block, in each epoch in another order", () => {
  const begins = (epoch: number) =>
    Array.from({ length: games.length }, (_, i) => {
      const step = epoch * games.length + i;
      const { x } = tokenBatch(games, pgnTokenizer, { seed: 1, step, size: 1, block: 500 });
      return decodeText(x).split(";")[1];
    });
  const [first, second] = [begins(0), begins(1)];
  assert.deepEqual(first.toSorted(), second.toSorted());
  assert.deepEqual(first.map((text) => `;${text}`).toSorted(), texts.toSorted());
  assert.notDeepEqual(first, second);
});

Deno.test("uci: in an epoch each game is seen once and whole, what is left of a block has no loss", () => {
  const block = 64;
  const epoch = tokenEpoch(games, uciTokenizer, { seed: 2, block });
  const { x, y } = tokenBatch(games, uciTokenizer, { seed: 2, step: 0, size: epoch, block });
  const seen: string[] = [];
  let padding = 0;
  for (let i = 0; i < x.length; i++) {
    if (x[i] !== uciTokenizer.start) continue;
    if (y[i] === NO_TARGET) {
      padding++;
      continue;
    }
    const moves: number[] = [];
    for (let at = i; y[at] !== uciTokenizer.start; at++) moves.push(y[at]);
    seen.push(String(moves));
  }
  const expected = Array.from({ length: games.length }, (_, i) => {
    const moves = games.moves.subarray(games.offsets[i], games.offsets[i + 1]);
    return String(uciTokenizer.encode(moves).subarray(1));
  });
  assert.deepEqual(seen.toSorted(), expected.toSorted());
  const tokens = games.moves.length + games.length;
  assert.equal(padding, epoch * block - tokens);
  assert.ok(epoch <= 1.1 * tokens / block, `${epoch} blocks for ${tokens} tokens`);
});

Deno.test("uci: a game longer than a block has one to itself and loses its end", () => {
  const long = collectGames(madeGames(random(6, "long"), 3, 60).map(gameRow));
  const block = 10;
  const lengths = Array.from({ length: 3 }, (_, i) => long.offsets[i + 1] - long.offsets[i] + 1);
  assert.ok(Math.max(...lengths) > block + 1);
  const epoch = tokenEpoch(long, uciTokenizer, { seed: 1, block });
  const { x, y } = tokenBatch(long, uciTokenizer, { seed: 1, step: 0, size: epoch, block });
  let cut = 0;
  for (let row = 0; row < epoch; row++) {
    assert.equal(x[row * block], uciTokenizer.start);
    const last = y[row * block + block - 1];
    if (last !== NO_TARGET && last !== uciTokenizer.start) cut++;
  }
  assert.equal(cut, lengths.filter((length) => length > block).length);
});
