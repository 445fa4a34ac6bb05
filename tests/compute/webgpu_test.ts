/**
 * The models on a GPU, or on a software adapter (Debian's `mesa-vulkan-drivers`), beside tfjs's cpu
 * backend; what needs no adapter is tested everywhere.
 */

import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { startPosition } from "@lib/chess/position.ts";
import { useBackend } from "@lib/compute/backend.ts";
import {
  adamW,
  attention,
  conv3x3,
  crossEntropy,
  embedding,
  gelu,
  globalNorm,
  layerNorm,
  linear,
  relu,
} from "@lib/compute/ops.ts";
import { registerWebgpu } from "@lib/compute/webgpu.ts";
import { PGN_CHARACTERS } from "@lib/data/tokenizer.ts";
import * as boardnet from "@lib/model/boardnet.ts";
import * as chessformer from "@lib/model/chessformer.ts";
import * as endgameformer from "@lib/model/endgameformer.ts";
import { openDecoder } from "@lib/model/decoder.ts";
import { makeModel } from "@lib/model/model.ts";
import type { Parameter, Params } from "@lib/model/params.ts";
import { boardPolicy } from "@lib/model/policy.ts";
import { tokenPolicy } from "@lib/model/token_policy.ts";
import type { TrainConfigInput } from "@lib/train/config.ts";
import { train } from "@lib/train/loop.ts";
import { wave, waveParams } from "../fixtures/golden.ts";
import { tinyConfig, tinyDataset } from "../train/tiny.ts";
import { difference } from "./routes.ts";

/** Runs with environment variables set, and puts them back. */
async function withEnvironment<T>(
  variables: Record<string, string | undefined>,
  run: () => Promise<T>,
): Promise<T> {
  const set = (values: Record<string, string | undefined>) => {
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  };
  const before = Object.fromEntries(
    Object.keys(variables).map((name) => [name, Deno.env.get(name)]),
  );
  set(variables);
  try {
    return await run();
  } finally {
    set(before);
  }
}

/** A software adapter will do, on Linux that of Vulkan: OpenGL's takes minutes. */
const TESTED = {
  LAB_WEBGPU_SOFTWARE: "1",
  ...(Deno.build.os === "linux" && { DENO_WEBGPU_BACKEND: "vulkan" }),
};

/** Why webgpu cannot be tested here; empty where it can. */
const missing = await withEnvironment(TESTED, async () => {
  try {
    await useBackend("webgpu");
    // Else tfjs computes tensors as small as these on the CPU.
    tf.env().set("WEBGPU_CPU_FORWARD", false);
    return "";
  } catch (error) {
    const { message } = error as Error;
    console.log(`webgpu left out: ${message}`);
    return message;
  }
});
const ignore = missing !== "";

/** Numbers computed on a backend; no tensor stays behind. */
async function numbersOn(
  backend: string,
  compute: () => Record<string, tf.Tensor>,
): Promise<Record<string, Float32Array>> {
  await useBackend(backend);
  const before = tf.memory().numTensors, tensors = tf.tidy(compute);
  const read = Object.entries(tensors).map(async ([name, t]) =>
    [name, Float32Array.from(await t.data())] as const
  );
  const numbers = Object.fromEntries(await Promise.all(read));
  tf.dispose(tensors);
  assert.equal(tf.memory().numTensors, before, `tensors are left over on ${backend}`);
  return numbers;
}

/** Asserts that webgpu computes what cpu does, but for rounding. */
async function assertAlike(
  compute: () => Record<string, tf.Tensor>,
  tolerance = 1e-5,
): Promise<void> {
  const expected = await numbersOn("cpu", compute), actual = await numbersOn("webgpu", compute);
  for (const [name, numbers] of Object.entries(expected)) {
    const d = difference(actual[name], numbers);
    assert.ok(d <= tolerance, `${name} is off by ${d}`);
  }
}

const ids = () => tf.tensor2d([[0, 3, 10, 3], [3, 1, 10, 0], [9, 9, 9, 9]], [3, 4], "int32");
const targets = () => tf.tensor1d([0, 4, -1, 8, 2, -1, 7], "int32");
const legal = () =>
  tf.tensor2d(
    Float32Array.from({ length: 63 }, (_, i) =>
      i % 9 === [0, 4, 0, 8, 2, 0, 7][Math.floor(i / 9)] || i % 2 === 0 ? 1 : 0),
    [7, 9],
  );
const qkv = () => [1, 2, 3].map((seed) => wave(seed, [2, 5, 12]));

/** Each operation, with its inputs. */
const OPERATIONS: Record<string, [(...inputs: tf.Tensor[]) => tf.Tensor, () => tf.Tensor[]]> = {
  linear: [linear, () => [wave(1, [2, 5, 7]), wave(2, [7, 3]), wave(3, [3])]],
  "a large linear": [linear, () => [wave(1, [129, 67]), wave(2, [67, 131]), wave(3, [131])]],
  layerNorm: [
    (x, gain, bias) => layerNorm(x, gain, bias),
    () => [wave(1, [4, 3, 10]), wave(2, [10]), wave(3, [10])],
  ],
  gelu: [gelu, () => [wave(1, [5, 11], 5)]],
  relu: [relu, () => [wave(1, [5, 11])]],
  embedding: [(table) => embedding(table, ids()), () => [wave(1, [11, 6])]],
  attention: [(q, k, v) => attention(q, k, v, { heads: 3, causal: false }), qkv],
  "causal attention": [(q, k, v) => attention(q, k, v, { heads: 3, causal: true }), qkv],
  conv3x3: [conv3x3, () => [wave(1, [2, 8, 8, 5]), wave(2, [3, 3, 5, 4]), wave(3, [4])]],
  crossEntropy: [(logits) => crossEntropy(logits, targets()), () => [wave(1, [7, 9], 20)]],
  "masked crossEntropy": [
    (logits) => crossEntropy(logits, targets(), legal()),
    () => [wave(1, [7, 9], 20)],
  ],
};

for (const [name, [operation, inputs]] of Object.entries(OPERATIONS)) {
  Deno.test(
    { name: `${name} on webgpu equals cpu's, value and gradients`, ignore },
    () =>
      assertAlike(() => {
        const xs = inputs(), value = operation(...xs);
        const gradients = tf.grads((...xs) => operation(...xs))(xs, wave(99, value.shape));
        return { value, ...Object.fromEntries(gradients.map((t, i) => [`gradient ${i}`, t])) };
      }),
  );
}

Deno.test(
  { name: "AdamW and the norm of a dozen tensors on webgpu equal cpu's", ignore },
  () =>
    assertAlike(() => {
      const gradients = Array.from({ length: 12 }, (_, i) => wave(i, [3, i + 2]));
      const norm = globalNorm(gradients), scale = tf.div(1, norm) as tf.Scalar;
      const [parameter, mean, square] = [1, 0, 0].map((x) =>
        tf.variable(x ? wave(50, [3, 4]) : tf.zeros([3, 4]))
      );
      for (let step = 1; step <= 3; step++) {
        const settings = { learningRate: 0.01, beta1: 0.9, beta2: 0.95, epsilon: 1e-8 };
        adamW(parameter, gradients[2], mean, square, scale, {
          ...settings,
          weightDecay: 0.1,
          step,
        });
      }
      const copies = { parameter, mean, square };
      const result = Object.fromEntries(Object.entries(copies).map(([n, t]) => [n, t.clone()]));
      tf.dispose([parameter, mean, square]);
      return { norm, ...result };
    }),
);

/** Logits, loss and the gradient of every parameter. */
const everything = (
  list: readonly Parameter[],
  forward: (params: Params) => tf.Tensor,
  loss: (logits: tf.Tensor) => tf.Scalar,
) =>
(): Record<string, tf.Tensor> => {
  const params = waveParams(list), names = Object.keys(params);
  const { value, grads } = tf.valueAndGrads((...tensors: tf.Tensor[]) =>
    loss(forward(Object.fromEntries(names.map((name, i) => [name, tensors[i]]))))
  )(Object.values(params));
  return {
    logits: forward(params),
    value,
    ...Object.fromEntries(names.map((name, i) => [name, grads[i]])),
  };
};

const board = { model: "boardnet", filters: 8, blocks: 2, squeeze: 4, keys: 4 } as const;
const text = {
  model: "chessformer",
  tokenizer: "pgn",
  vocabulary: PGN_CHARACTERS.length,
  block: 48,
  layers: 2,
  heads: 2,
  width: 16,
  expansion: 4,
  bias: true,
} as const;
const endgame = {
  model: "endgameformer",
  pieces: 3,
  layers: 1,
  heads: 2,
  width: 8,
  expansion: 2,
  keys: 2,
} as const;

Deno.test({ name: "ChessFormer on webgpu equals cpu's: logits, every gradient", ignore }, () => {
  const tokens = Array.from({ length: 34 }, (_, i) => (7 * i + i * i) % 32);
  return assertAlike(everything(
    chessformer.chessFormerParameters(text),
    (params) => chessformer.forward(text, params, tf.tensor2d(tokens, [2, 17], "int32")),
    (logits) => crossEntropy(logits.reshape([34, 32]), tf.tensor1d(tokens, "int32")),
  ));
});

Deno.test(
  { name: "BoardNet on webgpu equals cpu's: logits, every gradient", ignore },
  () =>
    assertAlike(everything(
      boardnet.boardNetParameters(board),
      (params) => boardnet.forward(board, params, wave(1, [3, 8, 8, 18])),
      (logits) => crossEntropy(logits, tf.tensor1d([700, 4000, 5], "int32")),
    )),
);

Deno.test({ name: "EndgameFormer on webgpu equals cpu's: logits, every gradient", ignore }, () => {
  const tokens = Int32Array.of(259, 404, 959, 265, 384, 913);
  return assertAlike(everything(
    endgameformer.endgameFormerParameters(endgame),
    (params) => endgameformer.forward(endgame, params, tokens, Int32Array.of(0, 1)),
    (logits) => crossEntropy(logits, tf.tensor1d([20, 100], "int32")),
  ));
});

const CASES: Record<string, Partial<TrainConfigInput>> = {
  boardnet: { model: board },
  chessformer: { model: text },
  endgameformer: {
    model: endgame,
    steps: 1, // slow on a software adapter
    data: { kind: "endgame", ending: "KRvK", k: 2, errorRate: 0.4, seed: 1 },
  },
};

for (const [name, change] of Object.entries(CASES)) {
  Deno.test({ name: `training a ${name} on webgpu gives cpu's losses`, ignore }, async () => {
    const dataset = await tinyDataset();
    const losses = async (backend: string) => {
      const found: number[] = [];
      const config = tinyConfig(dataset, {
        steps: 2,
        evaluateEvery: 1,
        evaluationBatches: 1,
        ...change,
      });
      const run = await withEnvironment(
        { LAB_BACKEND: backend },
        () =>
          train(config, {
            results: Deno.makeTempDirSync(),
            onMetrics: ({ validation_loss }) => found.push(validation_loss!),
          }),
      );
      assert.match(run.backend, new RegExp(` on ${backend} `));
      return found;
    };
    const expected = await losses("cpu"), actual = await losses("webgpu");
    assert.equal(actual.length, expected.length);
    assert.ok(new Set(expected).size === expected.length && expected.length > 1); // steps change it
    actual.forEach((loss, i) =>
      assert.ok(Math.abs(loss - expected[i]) < 1e-4, `${i}: ${loss}, not ${expected[i]}`)
    );
  });
}

Deno.test(
  { name: "policies on webgpu equal cpu's, also of a game that goes on", ignore },
  async () => {
    const policies = async (backend: string) => {
      await useBackend(backend);
      const before = tf.memory().numTensors, found: Float64Array[] = [];
      {
        using onBoard = makeModel("b", board, waveParams(boardnet.boardNetParameters(board)));
        using inText = makeModel("t", text, waveParams(chessformer.chessFormerParameters(text)));
        using decoder = openDecoder(inText);
        const position = startPosition(), moves: number[] = [];
        for (let ply = 0; ply < 3; ply++) {
          found.push((await boardPolicy(onBoard, [position]))[0].p);
          const [{ moves: legal, p }] = await tokenPolicy(decoder, [{ moves, position }]);
          found.push(p);
          moves.push(legal[7 * ply]);
          position.play(legal[7 * ply]);
        }
      }
      assert.equal(tf.memory().numTensors, before, "tensors are left over");
      return found;
    };
    const expected = await policies("cpu"), actual = await policies("webgpu");
    actual.forEach((p, i) => assert.ok(difference(p, expected[i]) < 1e-5, `policy ${i}`));
  },
);

/** What a machine offers whose only adapter describes itself so. */
const offering = (info: Partial<GPUAdapterInfo> | null) =>
  ({ requestAdapter: () => Promise.resolve(info && { info, limits: {} }) }) as unknown as GPU;

/** Makes another backend current, and webgpu unknown. */
async function forget(): Promise<void> {
  await useBackend("cpu");
  if (tf.findBackendFactory("webgpu")) tf.removeBackend("webgpu");
}

/** Runs with nothing registered as webgpu. */
async function unregistered(run: () => Promise<void>): Promise<void> {
  await forget();
  await withEnvironment({ LAB_WEBGPU_SOFTWARE: undefined }, run);
}

Deno.test("without an adapter webgpu is refused with what it needs", () =>
  unregistered(() =>
    assert.rejects(registerWebgpu(offering(null)), /no adapter; needs a GPU with its driver/)
  ));

Deno.test("a software adapter is refused by what it says of itself, and by its name", () =>
  unregistered(async () => {
    for (
      const info of [
        { description: "llvmpipe (LLVM 15.0.6, 256 bits)" },
        { description: "Microsoft Basic Render Driver" },
        { description: "some adapter", isFallbackAdapter: true },
      ]
    ) {
      const expected = new RegExp(
        `"${info.description.replace(/[()]/g, ".")}" is a software adapter`,
      );
      await assert.rejects(registerWebgpu(offering(info)), expected);
      assert.equal(tf.findBackendFactory("webgpu"), null);
    }
  }));

/** A fresh device, and what is watched of it. */
async function restarted(): Promise<GPUDevice> {
  await forget();
  await withEnvironment(TESTED, () => useBackend("webgpu"));
  return (tf.backend() as unknown as { device: GPUDevice }).device;
}

Deno.test(
  { name: "webgpu's numbers cannot be read synchronously, and it says so", ignore },
  async () => {
    await restarted();
    const y = wave(1, [5]).mul(2);
    assert.throws(() => y.dataSync(), /synchronously: await tensor\.data\(\) instead/);
    y.dispose();
  },
);

Deno.test({ name: "a command that the GPU refuses is an error, not zeros", ignore }, async () => {
  const device = await restarted();
  device.createBuffer({ size: 16, usage: 0 });
  await assert.rejects(
    wave(1, [5]).mul(2).data(),
    /Cannot go on with webgpu: the GPU refused a command \(.*usage.*; start again/,
  );
});

Deno.test(
  { name: "a lost device ends the work with an error, before and after", ignore },
  async () => {
    const device = await restarted();
    const x = wave(1, [5]), y = x.mul(2);
    device.destroy();
    await assert.rejects(y.data(), /Cannot go on with webgpu: the device was lost \(destroyed: /);
    assert.throws(() => x.mul(3), /the device was lost/);
    await forget();
  },
);
