import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "@lib/compute/backend.ts";
import { crossEntropy } from "@lib/compute/ops.ts";
import * as boardnet from "@lib/model/boardnet.ts";
import * as chessformer from "@lib/model/chessformer.ts";
import * as endgameformer from "@lib/model/endgameformer.ts";
import { type Parameter, type Params } from "@lib/model/params.ts";
import { backends } from "../compute/routes.ts";
import { assertGolden, wave, waveParams } from "../fixtures/golden.ts";

/** Logits, loss and the gradient of every parameter on every backend, beside PyTorch's. */
async function assertModel(
  name: string,
  list: readonly Parameter[],
  forward: (params: Params) => tf.Tensor,
  loss: (logits: tf.Tensor) => tf.Scalar,
  reported = (_name: string, gradient: tf.Tensor) => gradient,
): Promise<void> {
  for (const backend of backends) {
    await useBackend(backend);
    assertOnBackend(name, list, forward, loss, reported);
  }
}

function assertOnBackend(
  name: string,
  list: readonly Parameter[],
  forward: (params: Params) => tf.Tensor,
  loss: (logits: tf.Tensor) => tf.Scalar,
  reported: (name: string, gradient: tf.Tensor) => tf.Tensor,
): void {
  const before = tf.memory().numTensors;
  tf.tidy(() => {
    const params = waveParams(list), names = Object.keys(params);
    assertGolden(forward(params), `${name}.logits`);
    const { value, grads } = tf.valueAndGrads((...tensors: tf.Tensor[]) =>
      loss(forward(Object.fromEntries(names.map((name, i) => [name, tensors[i]]))))
    )(Object.values(params));
    assertGolden(value, `${name}.loss`);
    names.forEach((parameter, i) =>
      // A bias of keys shifts all scores of a query alike: its gradient is 0 but for rounding.
      parameter.endsWith(".key.bias")
        ? assert.ok(grads[i].abs().max().dataSync()[0] < 1e-6)
        : assertGolden(reported(parameter, grads[i]), `${name}/${parameter}`)
    );
  });
  assert.equal(tf.memory().numTensors, before, "tensors are left over");
}

Deno.test("ChessFormer equals PyTorch's: logits, loss, every gradient", async () => {
  const config = chessformer.ChessFormerConfig.parse({
    model: "chessformer",
    tokenizer: "pgn",
    vocabulary: 32,
    block: 12,
    layers: 2,
    heads: 2,
    width: 16,
  });
  const text = [15, 11, 9, 27, 13, 0, 27, 14, 0, 15, 11, 9, 26, 13, 0, 26, 14, 1];
  const following = text.map((_, i) => (i % 9 === 8 ? -1 : text[i + 1]));
  await assertModel(
    "chessformer",
    chessformer.chessFormerParameters(config),
    (params) => chessformer.forward(config, params, tf.tensor2d(text, [2, 9], "int32")),
    (logits) => crossEntropy(logits.reshape([18, 32]), tf.tensor1d(following, "int32")),
  );
});

Deno.test("BoardNet equals PyTorch's: logits, loss, every gradient", async () => {
  const config = boardnet.BoardNetConfig.parse({
    model: "boardnet",
    filters: 8,
    blocks: 2,
    squeeze: 4,
    keys: 4,
  });
  const legal = () => {
    const mask = wave(2, [2, 4672]).greater(0).toFloat().bufferSync();
    mask.set(1, 0, 700);
    mask.set(1, 1, 4000);
    return mask.toTensor();
  };
  await assertModel(
    "boardnet",
    boardnet.boardNetParameters(config),
    (params) => boardnet.forward(config, params, wave(1, [2, 8, 8, 18])),
    (logits) => crossEntropy(logits, tf.tensor1d([700, 4000], "int32"), legal()),
  );
});

Deno.test("the endgame transformer equals PyTorch's: logits, loss, every gradient", async () => {
  const config = endgameformer.EndgameFormerConfig.parse({
    model: "endgameformer",
    layers: 1,
    heads: 2,
    width: 8,
    keys: 4,
  });
  const tokens = [4 * 64 + 3, 6 * 64 + 20, 14 * 64 + 63, 4 * 64 + 9, 6 * 64 + 0, 14 * 64 + 17];
  const read = tf.tensor1d(tokens, "int32");
  await assertModel(
    "endgameformer",
    endgameformer.endgameFormerParameters(config),
    (params) =>
      endgameformer.forward(
        config,
        params,
        Int32Array.from(tokens),
        Int32Array.of(0, 1),
      ),
    (logits) => crossEntropy(logits, tf.tensor1d([20, 100], "int32")),
    // Of the token table only the rows that were read have a gradient.
    (name, gradient) => name === "squares" ? tf.gather(gradient, read) : gradient,
  );
  read.dispose();
});
