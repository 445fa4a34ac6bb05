import assert from "node:assert/strict";
import { join } from "node:path";
import { positionBatch, positionEpoch } from "@lib/data/batches.ts";
import { openDataset } from "@lib/data/dataset.ts";
import { configOf } from "@lib/tasks/train.ts";
import { configHash, parseTrainConfig, type TrainConfig } from "@lib/train/config.ts";
import { learningRateAt } from "@lib/train/schedule.ts";
import { makeTask } from "@lib/train/task.ts";
import { TINY_MODELS, tinyConfig, tinyDataset } from "./tiny.ts";

Deno.test("unknown, missing and impossible fields are refused by name", () => {
  const good = tinyConfig("x");
  const refuses = (change: Record<string, unknown>, message: RegExp) =>
    assert.throws(() => parseTrainConfig({ ...good, ...change }), {
      name: "TypeError",
      message,
    });
  refuses({ lerningRate: 1 }, /Cannot train "tiny".*lerningRate/s);
  refuses({ steps: 0 }, /steps/);
  refuses({ seed: undefined }, /seed/);
  refuses({ name: "../up" }, /small letters, digits/);
  refuses({ model: { ...TINY_MODELS["boardnet"], filter: 3 } }, /filter/);
  refuses({ model: { ...TINY_MODELS["chessformer"], heads: 3 } }, /width must be a multiple/);
  refuses(
    { model: { ...TINY_MODELS["chessformer"], tokenizer: "pgn" } },
    /the tokenizer pgn has 32 tokens, not 1969/,
  );
  refuses({ data: { kind: "games", dataset: "d", minPly: -1 } }, /minPly/);
  refuses({ data: { kind: "games", dataset: "d", band: [2, 1] } }, /low < high/);
  refuses({ data: { kind: "endgame", ending: "KNvK", k: 1, errorRate: 0, seed: 1 } }, /ending/);
});

Deno.test("a configuration's hash depends on what it says, not on the order of its fields", () => {
  const config = tinyConfig("x");
  const turned = Object.fromEntries(Object.entries(config).reverse());
  assert.equal(configHash(parseTrainConfig(turned)), configHash(config));
  assert.notEqual(configHash({ ...config, seed: 2 }), configHash(config));
});

Deno.test("a model and data that do not go together are refused", () => {
  const data = { kind: "endgame", ending: "KRvK", k: 2, errorRate: 0.4, seed: 1 } as const;
  assert.throws(
    () => makeTask(tinyConfig("x", { data })),
    /a boardnet on endgame data: endgameformer goes with endgame/,
  );
});

Deno.test("the data's hash changes with every shard, and with every number of an ending's experts", async () => {
  const dataset = await tinyDataset(), card = join(dataset, "card.json");
  const games = () => makeTask(tinyConfig(dataset)).dataHash;
  const first = games();
  assert.match(first, /^[0-9a-f]{16}$/);
  const { shards, ...facts } = JSON.parse(Deno.readTextFileSync(card));
  const later = { // of a part that training does not read
    file: "test-0000.games",
    split: "test",
    games: 1,
    plies: 1,
  };
  const hashes = [..."abc"].map((digit) => {
    const more = Array.from(
      { length: 8 },
      (_, i) => ({ ...later, sha256: (i < 7 ? "0" : digit).repeat(64) }),
    );
    Deno.writeTextFileSync(card, JSON.stringify({ ...facts, shards: [...shards, ...more] }));
    return games();
  });
  assert.equal(new Set([first, ...hashes]).size, 4);

  const model = { model: "endgameformer", layers: 1, heads: 1, width: 8 } as const;
  const data = { kind: "endgame", ending: "KRvK", k: 2, errorRate: 0.4, seed: 1 } as const;
  const ending = (change: object) =>
    makeTask(tinyConfig("x", { model, data: { ...data, ...change } })).dataHash;
  assert.match(ending({}), /^[0-9a-f]{16}$/);
  assert.equal(ending({ noise: 0 }), ending({}));
  assert.equal(new Set([{}, { k: 3 }, { seed: 2 }, { severity: 0.5 }].map(ending)).size, 4);
});

Deno.test("a training set of few examples is drawn from again and again, and not below a batch", () => {
  const model = { model: "endgameformer", layers: 1, heads: 1, width: 8 } as const;
  const data = { kind: "endgame", ending: "KRvK", k: 2, errorRate: 0.4, seed: 1 } as const;
  const config = (examples: number) => tinyConfig("x", { model, data: { ...data, examples } });
  const task = makeTask(config(16));
  const seen = new Set<string>();
  for (let step = 0; step < 40; step++) {
    const { tokens, targets } = task.batch(step) as { tokens: Int32Array; targets: Int32Array };
    targets.forEach((target, n) => seen.add([...tokens.subarray(3 * n, 3 * n + 3), target].join()));
  }
  assert.equal(seen.size, 16);
  assert.throws(() => makeTask(config(1)), /Cannot train on 1 examples in batches of/);
});

Deno.test("K+P v K is learned from both sides, by a model that can promote", () => {
  const model = { model: "endgameformer", layers: 1, heads: 1, width: 8 } as const;
  const data = { kind: "endgame", ending: "KPvK", k: 2, errorRate: 0.4, seed: 1 } as const;
  const task = makeTask(tinyConfig("x", { model: { ...model, promotions: true }, data }));
  const { sides } = task.batch(0) as { sides: Int32Array };
  assert.deepEqual([...new Set(sides)].sort(), [0, 1]);
  assert.throws(() => makeTask(tinyConfig("x", { model, data })), /promotions false in KPvK/);
});

Deno.test("a run draws the positions that minPly and band let through, for validation too", async () => {
  const dataset = await tinyDataset(); // games of 12 plies, White rated 1000 + 10 i, Black unknown
  const filter = { minPly: 9, band: [1100, 1200] } as const;
  const data = { kind: "games", dataset, ...filter, band: [...filter.band] } as TrainConfig["data"];
  const config = tinyConfig(dataset, { data, batch: 1, evaluationBatches: 100 });
  const { train, validation } = openDataset(dataset);
  for (const games of [train, validation]) {
    const inBand = games.white.filter((rating) => rating > 1100 && rating <= 1200).length;
    assert.equal(positionEpoch(games, filter), inBand); // White's only ply of 9, 10 and 11 is 10
  }
  const task = makeTask(config);
  const place = { seed: config.seed, size: 1, ...filter };
  for (const step of [0, 1, 7]) {
    assert.deepEqual(task.batch(step), positionBatch(train, { ...place, step }));
  }
  assert.equal([...task.validation()].length, positionEpoch(validation, filter));
  assert.throws(
    () => makeTask(tinyConfig(dataset, { data, model: TINY_MODELS["chessformer"] })),
    /minPly 9 and band 1100,1200: a chessformer reads whole games/,
  );
});

Deno.test("the learning rate rises, then falls by half a cosine to its last share", () => {
  const schedule = { steps: 110, warmup: 10, learningRate: 2, finalShare: 0.1 };
  const at = (step: number) => learningRateAt(step, schedule);
  assert.equal(at(0), 0.2);
  assert.equal(at(9), 2);
  assert.equal(at(10), 2);
  assert.ok(Math.abs(at(109) - 0.2) < 1e-12);
  // Halfway through the cosine it is the mean of the two ends.
  assert.ok(Math.abs((at(59) + at(60)) / 2 - 1.1) < 0.02);
  for (let step = 11; step < 110; step++) assert.ok(at(step) < at(step - 1));
});

Deno.test("the command line makes valid configurations for every family", () => {
  for (const model of ["boardnet", "chessformer", "endgameformer"]) {
    const config = parseTrainConfig(configOf({ model, name: "x", data: "d", seed: "3" }));
    assert.equal(config.model.model, model);
    assert.equal(config.seed, 3);
  }
  const told = { model: "boardnet", name: "x", data: "d", attacks: true, optimizer: "muon" };
  const { model, optimizer } = parseTrainConfig(configOf(told));
  assert.deepEqual([model.model === "boardnet" && model.attacks, optimizer], [true, "muon"]);
  assert.throws(() => parseTrainConfig(configOf({ ...told, optimizer: "sgd" })), /optimizer/);
  assert.throws(() => configOf({ model: "gpt", name: "x" }), /"gpt": --model must be one of/);
  assert.throws(() => configOf({ model: "boardnet", name: "x" }), /without --data/);
  assert.throws(
    () => configOf({ model: "endgameformer", name: "x", steps: "many" }),
    /--steps many: must be a number/,
  );
});
