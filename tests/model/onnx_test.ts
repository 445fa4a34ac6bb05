import assert from "node:assert/strict";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "@lib/compute/backend.ts";
import { planesOf } from "@lib/data/board_encoding.ts";
import * as boardnet from "@lib/model/boardnet.ts";
import * as chessformer from "@lib/model/chessformer.ts";
import { initModel, type Model, ModelConfig } from "@lib/model/model.ts";
import { onnxModel } from "@lib/model/onnx_models.ts";
import { random } from "@lib/random.ts";
import { findPython } from "../jupyter/python.ts";

const python = findPython("ONNX beside onnxruntime", ["onnxruntime"]);

/** A model whose numbers are all random, gains and biases too. */
function randomModel<C extends ModelConfig>(config: C): Model<C> {
  const model = initModel(config, 1), next = random(2, "onnx");
  for (const [name, tensor] of Object.entries(model.params)) {
    const values = tensor.dataSync<"float32">().map((value) => value + 0.2 * (next() - 0.5));
    tensor.dispose();
    (model.params as Record<string, tf.Tensor>)[name] = tf.tensor(values, tensor.shape);
  }
  return model;
}

/** What onnxruntime makes of a model's file and an input. */
async function runOnnx(model: Model, input: { values: number[]; shape: number[] }) {
  const folder = Deno.makeTempDirSync({ prefix: "onnx-" });
  Deno.writeFileSync(join(folder, "model.onnx"), await onnxModel(model));
  Deno.writeTextFileSync(join(folder, "input.json"), JSON.stringify(input));
  const { success, stdout, stderr } = await new Deno.Command(python!, {
    args: [new URL("run_onnx.py", import.meta.url).pathname, folder],
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const told = JSON.parse(new TextDecoder().decode(stdout));
  const logits = new Float32Array(Deno.readFileSync(join(folder, "logits")).buffer);
  Deno.removeSync(folder, { recursive: true });
  return { ...told, logits };
}

function assertClose(model: Model, logits: Float32Array, expected: tf.Tensor): void {
  const wanted = expected.dataSync<"float32">();
  const worst = wanted.reduce((far, w, i) => Math.max(far, Math.abs(w - logits[i])), 0);
  const size = wanted.reduce((most, w) => Math.max(most, Math.abs(w)), 0);
  console.log(`${model.config.model}: ${worst} off, largest logit ${size}`);
  assert.equal(logits.length, wanted.length);
  assert.ok(size > 0.1 && worst < 2e-5 * size, `${worst} of ${size}`);
  expected.dispose();
}

const BOARDNETS = [0, 5].map((squeeze) => `BoardNet with ${squeeze} squeezed channels`);

for (const [i, name] of BOARDNETS.entries()) {
  Deno.test({
    name: `${name} has the same logits in onnxruntime`,
    ignore: !python,
    sanitizeResources: false, // the backend stays for the tests to come
    sanitizeOps: false,
    fn: async () => {
      await useBackend();
      const shape = {
        filters: 12,
        blocks: 2,
        squeeze: 5 * i,
        keys: 6,
        ...(i > 0 && { attacks: true }),
      };
      const P = planesOf(i > 0);
      using model = randomModel(
        ModelConfig.parse({ model: "boardnet", ...shape }) as boardnet.BoardNetConfig,
      );
      const next = random(3, "planes");
      const values = Array.from({ length: 3 * 64 * P }, () => next() < 0.2 ? 1 : 0);
      const { logits, ...told } = await runOnnx(model, { values, shape: [3, 8, 8, P] });
      assert.deepEqual([told.shape, told.input], [[3, 4672], "planes"]);
      assert.deepEqual(JSON.parse(told.metadata.config), model.config);
      console.log(told.checked ? "checked by onnx" : "the onnx checker is not there");
      const planes = tf.tensor(values, [3, 8, 8, P]);
      assertClose(model, logits, boardnet.forward(model.config, model.params, planes));
      planes.dispose();
    },
  });
}

for (const bias of [false, true]) {
  Deno.test({
    name: `ChessFormer ${bias ? "with" : "without"} biases has the same logits in onnxruntime`,
    ignore: !python,
    sanitizeResources: false,
    sanitizeOps: false,
    fn: async () => {
      await useBackend();
      const config = {
        tokenizer: "pgn",
        vocabulary: 32,
        block: 24,
        layers: 2,
        heads: 2,
        width: 16,
      };
      using model = randomModel(
        ModelConfig.parse({
          model: "chessformer",
          ...config,
          bias,
        }) as chessformer.ChessFormerConfig,
      );
      const values = Array.from({ length: 2 * 17 }, (_, i) => (7 * i) % 32); // shorter than the block
      const { logits, ...told } = await runOnnx(model, { values, shape: [2, 17] });
      assert.deepEqual([told.shape, told.input], [[2, 17, 32], "tokens"]);
      const tokens = tf.tensor2d(values, [2, 17], "int32");
      assertClose(model, logits, chessformer.forward(model.config, model.params, tokens));
      tokens.dispose();
    },
  });
}

Deno.test("a model without an ONNX form is refused", async () => {
  await useBackend();
  const config = { model: "endgameformer", layers: 1, heads: 1, width: 8 };
  using model = initModel(ModelConfig.parse(config), 1);
  await assert.rejects(
    onnxModel(model),
    /TypeError: .*must be a boardnet or a chessformer, not endgameformer/,
  );
});
