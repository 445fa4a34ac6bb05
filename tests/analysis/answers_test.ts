import assert from "node:assert/strict";
import { join } from "node:path";
import { answersOf, checkpointHash, readAnswers, writeAnswers } from "@lib/analysis/answers.ts";
import { readLabels, writeLabels } from "@lib/analysis/labels.ts";

Deno.test("answers are those of the policy, and belong to one checkpoint and one set of labels", () => {
  const folder = Deno.makeTempDirSync(), file = join(folder, "labels.jsonl.gz");
  const card = { engine: "by hand", depth: 1, source: "made up", licence: "CC0" };
  const start = "k7/8/8/7p/7P/8/8/K7 w - - 0 1"; // legal: a1a2, a1b1, a1b2
  const game = {
    game: 0,
    white: 1200,
    black: 1250,
    start,
    moves: "a1b1",
    scores: { 0: [0, 0, 300] },
  };
  writeLabels(file, card, [game, { ...game, game: 1 }]);
  const labelled = readLabels(file), checkpoint = join(folder, "model.safetensors");
  Deno.writeTextFileSync(checkpoint, "one");
  const policy = Float64Array.of(0.2, 0.7, 0.1, 0.2, 0.2, 0.6);
  const answers = answersOf(labelled, policy, checkpointHash(folder), [1, 0.001]);
  // a1b2 wins 75.1 %, the others 50 %.
  assert.deepEqual(answers.loss.map((row) => [...row]), [[22.6, 10], [25.1, 0]]);
  assert.deepEqual([...answers.first], [1, 2]);
  writeAnswers(folder, answers);
  assert.deepEqual(readAnswers(folder, labelled), answers);
  Deno.writeTextFileSync(checkpoint, "another");
  assert.throws(() => readAnswers(folder, labelled), /of the checkpoint .* must be of/);
  Deno.removeSync(checkpoint); // a run that is kept by its answers alone
  assert.deepEqual(readAnswers(folder, labelled), answers);
  writeLabels(file, card, [game]);
  assert.throws(
    () => readAnswers(folder, readLabels(file)),
    /for 2 positions .* must be for the 1 of/,
  );
});
