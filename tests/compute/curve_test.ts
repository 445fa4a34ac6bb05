import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { adamW, crossEntropy, globalNorm } from "@lib/compute/ops.ts";
import { type ChessFormerConfig, forward, initChessFormer } from "@lib/model/chessformer.ts";
import { random, randomInteger } from "@lib/random.ts";
import { routes } from "./routes.ts";

const shape = { vocabulary: 19, block: 24, layers: 2, heads: 2, width: 32 };
const config: ChessFormerConfig = {
  model: "chessformer",
  tokenizer: "uci", // in name only: the tokens are made up
  expansion: 4,
  bias: false,
  ...shape,
};
const batch = 8, learningRate = 3e-3;

/** The losses of a run in which the next token follows from the last, but for noise. */
function losses(backend: string, steps: number): number[] {
  tf.setBackend(backend);
  const before = tf.memory().numTensors;
  const params = Object.fromEntries(
    Object.entries(initChessFormer(config, 1)).map(([name, t]) => {
      const variable = tf.variable(t);
      t.dispose();
      return [name, variable];
    }),
  );
  const list = Object.values(params);
  const zeros = () => list.map((t) => tf.tidy(() => tf.variable(tf.zerosLike(t))));
  const means = zeros(), squares = zeros(), curve: number[] = [];
  for (let step = 1; step <= steps; step++) {
    const next = random(1, "curve", step), { block, vocabulary } = shape;
    const tokens = new Int32Array(batch * (block + 1));
    tokens.forEach((_, i) =>
      tokens[i] = i % (block + 1) === 0 || next() < 0.1
        ? randomInteger(next, vocabulary)
        : (2 * tokens[i - 1] + 3) % vocabulary
    );
    tf.tidy(() => {
      const all = tf.tensor2d(tokens, [batch, block + 1], "int32");
      const x = all.slice([0, 0], [batch, block]);
      const y = all.slice([0, 1], [batch, block]).reshape([batch * block]);
      const { value, grads } = tf.variableGrads(
        () => crossEntropy(forward(config, params, x).reshape([batch * block, vocabulary]), y),
        list,
      );
      const gradients = list.map((t) => grads[t.name]);
      const scale = tf.minimum(1, tf.div(1, globalNorm(gradients))) as tf.Scalar;
      const settings = { learningRate, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 };
      list.forEach((t, i) =>
        adamW(t, gradients[i], means[i], squares[i], scale, { ...settings, step })
      );
      curve.push(value.dataSync()[0]);
    });
  }
  tf.dispose([list, means, squares]);
  assert.equal(tf.memory().numTensors, before, "tensors are left over");
  return curve;
}

Deno.test("200 training steps give the same curve on every route, and its start on the cpu backend", () => {
  const start = losses("cpu", 4);
  const curves = routes.map((route) => losses(route, 200));
  curves.forEach((curve, i) => {
    const last = curve.slice(-20), mean = last.reduce((sum, x) => sum + x) / last.length;
    assert.ok(mean < 0.75 * curve[0], `${routes[i]} learnt too little: ${curve[0]} → ${mean}`);
    start.forEach((loss, step) => assert.ok(Math.abs(curve[step] - loss) < 1e-4));
    curve.forEach((loss, step) => {
      const d = Math.abs(loss - curves[0][step]);
      assert.ok(d < 0.01, `step ${step}: ${routes[i]} is ${d} off ${routes[0]}`);
    });
  });
});
