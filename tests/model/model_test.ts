import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "@lib/compute/backend.ts";
import {
  initModel,
  loadModel,
  type ModelConfig,
  parametersOf,
  readParams,
  saveModel,
} from "@lib/model/model.ts";
import { boardNetShape } from "@lib/model/boardnet.ts";
import { chessFormerShape } from "@lib/model/chessformer.ts";
import { endgameFormerShape } from "@lib/model/endgameformer.ts";
import { countParameters } from "@lib/model/params.ts";
import { decodeTensors, encodeTensors } from "@lib/model/safetensors.ts";
import { RESULTS } from "@lib/paths.ts";

await useBackend("cpu");

const CONFIGS: readonly ModelConfig[] = [
  { model: "boardnet", ...boardNetShape(1) },
  {
    model: "chessformer",
    tokenizer: "pgn",
    vocabulary: 32,
    block: 16,
    expansion: 4,
    bias: false,
    ...chessFormerShape(1),
  },
  { model: "endgameformer", pieces: 3, expansion: 4, ...endgameFormerShape(1) },
];

/** The path of a saved model, after its tensors were tampered with. */
async function saved(
  change: (file: ReturnType<typeof decodeTensors>) => void = () => {},
  config: ModelConfig = CONFIGS[0],
): Promise<string> {
  const file = join(Deno.makeTempDirSync(), "model.safetensors");
  using model = initModel(config, 1);
  await saveModel(file, model);
  const content = decodeTensors(Deno.readFileSync(file), file);
  change(content);
  Deno.writeFileSync(file, encodeTensors(content));
  return file;
}

for (const config of CONFIGS) {
  Deno.test(`a ${config.model} comes back from its file as it was`, async () => {
    const file = join(Deno.makeTempDirSync(), "model.safetensors");
    const before = tf.memory().numTensors;
    {
      using model = initModel(config, 1);
      await saveModel(file, model);
      using loaded = loadModel(file, config.model);
      assert.deepEqual(loaded.config, config);
      assert.deepEqual(await readParams(loaded.params), await readParams(model.params));
    }
    assert.equal(tf.memory().numTensors, before);
  });

  Deno.test(`a ${config.model} starts from its seed alone`, async () => {
    using one = initModel(config, 1);
    using same = initModel(config, 1);
    using other = initModel(config, 2);
    assert.deepEqual(await readParams(one.params), await readParams(same.params));
    assert.notDeepEqual(await readParams(one.params), await readParams(other.params));
  });
}

Deno.test("the paper's ChessFormer has its 50.89 million parameters", () => {
  const paper = { layers: 16, heads: 8, width: 512, vocabulary: 32, block: 1023 };
  const count = countParameters(parametersOf({
    model: "chessformer",
    tokenizer: "pgn",
    expansion: 4,
    bias: false,
    ...paper,
  }));
  assert.equal((count / 1e6).toFixed(2), "50.89");
});

Deno.test("half precision keeps three digits and halves the file", async () => {
  const folder = Deno.makeTempDirSync();
  using model = initModel(CONFIGS[0], 1);
  await saveModel(join(folder, "whole.safetensors"), model);
  await saveModel(join(folder, "half.safetensors"), model, "float16");
  const size = (name: string) => Deno.statSync(join(folder, name)).size;
  assert.ok(size("half.safetensors") < 0.6 * size("whole.safetensors"));
  using half = loadModel(join(folder, "half.safetensors"));
  const [a, b] = [model, half].map(({ params }) => params["stem.weight"].dataSync());
  a.forEach((value, i) => assert.ok(Math.abs(b[i] - value) <= 1e-3 * Math.abs(value) + 1e-7));
});

Deno.test("a run's weights must be those that its run.json names", async () => {
  const folder = Deno.makeTempDirSync(), file = join(folder, "model.safetensors");
  const manifest = join(folder, "run.json");
  using model = initModel(CONFIGS[0], 1);
  using other = initModel(CONFIGS[0], 2);
  const weights = await saveModel(file, model);
  Deno.writeTextFileSync(manifest, JSON.stringify({ weights }));
  loadModel(folder)[Symbol.dispose]();

  const exchanged = await saveModel(file, other);
  assert.throws(() => loadModel(folder), {
    name: "SyntaxError",
    message:
      `Cannot load ${file}: its SHA-256 is ${exchanged}, must be ${weights} as ${manifest} ` +
      "has it; the file was damaged or exchanged",
  });
  loadModel(file)[Symbol.dispose](); // a file by itself belongs to no run
  Deno.writeTextFileSync(manifest, "{}");
  loadModel(folder)[Symbol.dispose](); // runs of older versions name no hash
  Deno.writeTextFileSync(manifest, "{");
  assert.throws(() => loadModel(folder), /run\.json is damaged/);
});

Deno.test("one flipped bit of a run's weights is noticed", async () => {
  const folder = Deno.makeTempDirSync(), file = join(folder, "model.safetensors");
  using model = initModel(CONFIGS[0], 1);
  Deno.writeTextFileSync(
    join(folder, "run.json"),
    JSON.stringify({ weights: await saveModel(file, model) }),
  );
  const bytes = Deno.readFileSync(file);
  bytes[bytes.length - 4] ^= 1; // the least bit of the last number: nothing else would tell
  Deno.writeFileSync(file, bytes);
  loadModel(file)[Symbol.dispose]();
  assert.throws(() => loadModel(folder), /SHA-256/);
});

Deno.test("shipped weights are those that their runs have written", () => {
  const runs = [...Deno.readDirSync(RESULTS)].filter(({ name }) =>
    existsSync(join(RESULTS, name, "model.safetensors")) &&
    JSON.parse(Deno.readTextFileSync(join(RESULTS, name, "run.json"))).weights !== undefined
  );
  assert.ok(runs.length > 0);
  for (const { name } of runs) loadModel(name)[Symbol.dispose]();
});

Deno.test("a file cut short anywhere is refused", async () => {
  const whole = Deno.readFileSync(await saved());
  for (const length of [0, 5, 100, whole.length - 1]) {
    assert.throws(
      () => decodeTensors(whole.subarray(0, length), "m.safetensors"),
      { name: "SyntaxError", message: /m\.safetensors/ },
      `${length} bytes`,
    );
  }
});

Deno.test("NaN is neither read nor written", () => {
  const w = { shape: [2], values: Float32Array.of(1, NaN) };
  assert.throws(
    () => encodeTensors({ tensors: { w }, metadata: {} }),
    /w: it holds NaN at entry 1/,
  );
  const bytes = encodeTensors({
    tensors: { w: { shape: [2], values: Float32Array.of(1, 2) } },
    metadata: {},
  });
  new DataView(bytes.buffer).setFloat32(bytes.length - 4, NaN, true);
  assert.throws(() => decodeTensors(bytes, "m.safetensors"), /w holds NaN at entry 1/);
});

Deno.test("parameters missing, of another shape or not the model's are refused by name", async () => {
  type Content = { tensors: Record<string, { shape: number[]; values: Float32Array }> };
  const refused = async (by: (content: Content) => void, message: RegExp) => {
    const file = await saved(by as never);
    assert.throws(() => loadModel(file), message);
  };
  await refused(
    ({ tensors }) => delete tensors["query.bias"],
    /query\.bias is missing, the boardnet needs \[8\]/,
  );
  await refused(({ tensors }) => {
    tensors["query.bias"] = { shape: [3], values: new Float32Array(3) };
  }, /query\.bias is \[3\], the boardnet needs \[8\]/);
  await refused(({ tensors }) => {
    tensors["more"] = { shape: [1], values: new Float32Array(1) };
  }, /the boardnet has no more/);
});

Deno.test("another family and a model that is not there are refused", async () => {
  const file = await saved();
  assert.throws(() => loadModel(file, "chessformer"), /as a chessformer: it is a boardnet/);
  assert.throws(() => loadModel("no-such-run"), /"no-such-run": there is no .*model\.safetensors/);
});

Deno.test("a vocabulary that is not its tokenizer's is refused", async () => {
  const chessformer = CONFIGS[1];
  for (const change of [{ vocabulary: 64 }, { tokenizer: "uci" }]) {
    const file = await saved(({ metadata }) => {
      (metadata as Record<string, string>)["config"] = JSON.stringify({
        ...chessformer,
        ...change,
      });
    }, chessformer);
    assert.throws(() => loadModel(file), {
      name: "TypeError",
      message:
        /model\.safetensors: .*the tokenizer (pgn has 32 tokens, not 64|uci has 1969 tokens, not 32)/s,
    });
  }
});

Deno.test("weights of another vocabulary or size than their configuration says are refused", async () => {
  const refused = async (change: Partial<ModelConfig>, message: RegExp) => {
    const file = await saved(({ metadata }) => {
      (metadata as Record<string, string>)["config"] = JSON.stringify({ ...CONFIGS[1], ...change });
    }, CONFIGS[1]);
    assert.throws(() => loadModel(file), { name: "TypeError", message });
  };
  await refused(
    { tokenizer: "uci", vocabulary: 1969 },
    /tokens is \[32,32\], the chessformer needs \[1969,32\]/,
  );
  await refused({ block: 20 }, /positions is \[16,32\], the chessformer needs \[20,32\]/);
  await refused({ layers: 2 }, /layer1\.norm1\.gain is missing, the chessformer needs \[32\]/);
});

Deno.test("a model file that is cut short or holds NaN is refused by name", async () => {
  const file = await saved(() => {}, CONFIGS[1]), whole = Deno.readFileSync(file);
  Deno.writeFileSync(file, whole.subarray(0, whole.length - 100));
  assert.throws(() => loadModel(file), {
    name: "SyntaxError",
    message: /model\.safetensors: .*cut short/,
  });
  new DataView(whole.buffer).setFloat32(whole.length - 4, NaN, true);
  Deno.writeFileSync(file, whole);
  assert.throws(() => loadModel(file), {
    name: "SyntaxError",
    message: /model\.safetensors: .* holds NaN at entry/,
  });
});
