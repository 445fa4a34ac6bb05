/**
 * Training leaves nothing behind. LAB_GROWTH_STEPS=10000 runs it at full length and prints what the
 * process held on the way.
 */
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { crossEntropy } from "@lib/compute/ops.ts";
import { registerShared } from "@lib/compute/register_shared.ts";
import { POLICY_SIZE } from "@lib/data/board_encoding.ts";
import * as boardnet from "@lib/model/boardnet.ts";
import * as chessformer from "@lib/model/chessformer.ts";
import type { Params } from "@lib/model/params.ts";
import { random, randomInteger } from "@lib/random.ts";
import { disposeOptimizer, optimizerStep, startOptimizer } from "@lib/train/optimizer.ts";
import { normal, routes } from "./routes.ts";

const STEPS = Number(Deno.env.get("LAB_GROWTH_STEPS") ?? 150);
const options = { learningRate: 1e-3, beta1: 0.9, beta2: 0.95, weightDecay: 0.1, clip: 1 };

interface Task {
  readonly params: Params;
  /** The loss of step `step`'s batch, made anew as data loaders do. */
  loss(params: Params, step: number): tf.Scalar;
}

const whole = (step: number, n: number, below: number) => {
  const next = random(step, "growth");
  return Int32Array.from({ length: n }, () => randomInteger(next, below));
};

/** Batches of several sizes, as the last of an epoch is smaller. */
const TASKS: Record<string, () => Task> = {
  ChessFormer: () => {
    const shape = { vocabulary: 32, block: 24, layers: 2, heads: 2, width: 16, expansion: 4 };
    const config = { model: "chessformer", tokenizer: "uci", ...shape, bias: true } as const;
    return {
      params: chessformer.initChessFormer(config, 1),
      loss: (params, step) => {
        const B = step % 5 === 0 ? 3 : 4, n = B * 24;
        const tokens = tf.tensor2d(whole(step, n, 32), [B, 24], "int32");
        const logits = chessformer.forward(config, params, tokens).reshape([n, 32]);
        return crossEntropy(logits, tf.tensor1d(whole(step + 1, n, 32), "int32"));
      },
    };
  },
  BoardNet: () => {
    const config = boardnet.BoardNetConfig.parse({
      model: "boardnet",
      filters: 8,
      blocks: 1,
      keys: 4,
    });
    return {
      params: boardnet.initBoardNet(config, 1),
      loss: (params, step) => {
        const B = step % 5 === 0 ? 1 : 2;
        const planes = tf.tensor4d(normal([B, 8, 8, 18], `${step % 7}`), [B, 8, 8, 18]);
        const targets = tf.tensor1d(whole(step, B, POLICY_SIZE), "int32");
        return crossEntropy(boardnet.forward(config, params, planes), targets);
      },
    };
  },
};

for (const route of routes) {
  for (const [name, prepare] of Object.entries(TASKS)) {
    Deno.test(`${route}: ${STEPS} steps of a ${name} leave neither tensors nor bytes behind`, async () => {
      tf.setBackend(route);
      const backend = registerShared(route), { memory } = backend.machine;
      const outside = [tf.memory().numTensors, memory.used, backend.numDataIds()];
      const { params, loss } = prepare(), state = startOptimizer(params);
      const held = () => [
        tf.memory().numTensors,
        memory.used,
        memory.bytes().length,
        backend.numDataIds(),
      ];
      let before: unknown;
      for (let step = 1; step <= STEPS; step++) {
        const { loss: value } = await optimizerStep(state, (p) => loss(p, step), {
          ...options,
          step,
        });
        assert.ok(Number.isFinite(value));
        if (step === 10) before = held();
        if (step > 10 && step % 10 === 0) assert.deepEqual(held(), before, `step ${step}`);
        if (STEPS >= 1000 && [10, STEPS / 10, STEPS].includes(step)) {
          (globalThis as { gc?: () => void }).gc?.(); // with --v8-flags=--expose-gc
          const { rss, heapUsed } = Deno.memoryUsage();
          console.log(
            `${route} ${name}, step ${step}: [${held()}], process ` +
              `${(rss / 2 ** 20).toFixed(0)} MiB, JavaScript ${
                (heapUsed / 2 ** 20).toFixed(0)
              } MiB`,
          );
        }
      }
      disposeOptimizer(state);
      assert.deepEqual([tf.memory().numTensors, memory.used, backend.numDataIds()], outside);
    });
  }
}
