import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { findBlas } from "@lib/compute/blas.ts";
import { useBackend } from "@lib/compute/backend.ts";
import { sharedMemory } from "@lib/compute/memory.ts";
import { crossEntropy, linear } from "@lib/compute/ops.ts";
import { multiply } from "@lib/compute/products.ts";
import { openMachine } from "@lib/compute/open_machine.ts";
import { profileKernels } from "@lib/compute/profile.ts";
import { registerShared } from "@lib/compute/register_shared.ts";
import * as chessformer from "@lib/model/chessformer.ts";
import { random, randomInteger } from "@lib/random.ts";
import { optimizerStep, startOptimizer } from "@lib/train/optimizer.ts";
import { difference, normal, on } from "./routes.ts";

const found = findBlas(sharedMemory(64), 1, undefined);
found?.close();
if (!found) console.log("tests with a system BLAS are left out: none is found here");
const ignore = !found;

const backends = ["simd", "simd-plain"] as const;
const withBlas = (route: typeof backends[number]) =>
  registerShared(route, { threads: 2, name: `${route} with a BLAS`, blas: undefined });
const t = (shape: number[], name: string) => tf.tensor(normal(shape, name), shape);

for (const route of backends) {
  Deno.test(
    `${route}: products by a BLAS are the cpu backend's, for all shapes, turns and batches`,
    {
      ignore,
    },
    () => {
      const { machine } = withBlas(route), name = `${route} with a BLAS`, next = random(1, "blas");
      const blas = machine.blas!, { multiply } = blas;
      let calls = 0;
      blas.multiply = (...product) => {
        calls++;
        multiply(...product);
      };
      for (let round = 0; round < 24; round++) {
        const [M, N, K] = [1, 2, 3].map(() => 33 + randomInteger(next, 130));
        const turnA = next() < 0.5, turnB = next() < 0.5, relu = next() < 0.5, bias = next() < 0.5;
        const batch = 1 + randomInteger(next, 3), shared = randomInteger(next, 3);
        const compute = () => {
          const a = t(
            [...(shared === 1 ? [] : [batch]), ...(turnA ? [K, M] : [M, K])],
            `a${round}`,
          );
          const b = t(
            [...(shared === 2 ? [] : [batch]), ...(turnB ? [N, K] : [K, N])],
            `b${round}`,
          );
          const activation = relu ? "relu" : "linear";
          const sum = bias && batch === 1 ? { bias: t([N], `c${round}`) } : {};
          return [
            tf.fused.matMul({ a, b, transposeA: turnA, transposeB: turnB, activation, ...sum }),
          ];
        };
        const [actual] = on(name, compute), [expected] = on("cpu", compute);
        const d = difference(actual, expected);
        assert.ok(d < 2e-6, `[${batch}: ${M}, ${K}] · [${K}, ${N}] is off by ${d}`);
      }
      assert.ok(calls >= 24, `${calls} calls`);
      blas.multiply = multiply;
    },
  );
}

Deno.test(
  "with a BLAS a linear layer with bias and residual has the cpu backend's values and gradients",
  {
    ignore,
  },
  () => {
    withBlas("simd");
    const compute = () => {
      const inputs = [t([3, 67, 70], "x"), t([70, 90], "w"), t([90], "b"), t([3, 67, 90], "add")];
      const f = (...[x, w, b, add]: tf.Tensor[]) => linear(x, w, b, add).square().mean();
      return [linear(...inputs as [tf.Tensor, tf.Tensor]), ...tf.grads(f)(inputs)];
    };
    const actual = on("simd with a BLAS", compute), expected = on("cpu", compute);
    actual.forEach((numbers, i) => assert.ok(difference(numbers, expected[i]) < 1e-5, `${i}`));
  },
);

Deno.test("with a BLAS infinities and NaN go through, and nothing of what C held before does", {
  ignore,
}, () => {
  const backend = withBlas("simd"), [M, N, K] = [70, 80, 90];
  const a = backend.make([M, K]), b = backend.make([K, N]), c = backend.make([M, N]);
  const numbers = backend.view(a).fill(1);
  backend.view(b).fill(0.5);
  backend.view(c).fill(NaN);
  numbers[3 * K + 5] = Infinity;
  numbers[10 * K + 1] = NaN;
  multiply(backend, a, b, c, { M, N, K });
  const result = backend.view(c);
  assert.deepEqual([result[0], result[3 * N], result[10 * N + 7]], [K / 2, Infinity, NaN]);
  backend.drop(a, b, c);
});

Deno.test("20 training steps with a BLAS are those without it to 1e-5", { ignore }, async () => {
  withBlas("simd");
  registerShared("simd", { threads: 2, name: "simd alone", blas: false });
  const losses = async (backend: string) => {
    tf.setBackend(backend);
    const shape = { vocabulary: 50, block: 33, layers: 2, heads: 2, width: 64, expansion: 4 };
    const config = { model: "chessformer", tokenizer: "uci", bias: true, ...shape } as const;
    const state = startOptimizer(chessformer.initChessFormer(config, 1)), n = 4 * shape.block;
    const settings = { learningRate: 1e-3, beta1: 0.9, beta2: 0.95, weightDecay: 0.1, clip: 1 };
    const ids = (step: number) => Int32Array.from({ length: n }, (_, i) => (i * 7 + step) % 50);
    const curve: number[] = [];
    for (let step = 1; step <= 20; step++) {
      const { loss } = await optimizerStep(state, (params) => {
        const logits = chessformer.forward(
          config,
          params,
          tf.tensor2d(ids(step), [4, 33], "int32"),
        );
        return crossEntropy(logits.reshape([n, 50]), tf.tensor1d(ids(step + 1), "int32"));
      }, { ...settings, step });
      curve.push(loss);
    }
    tf.dispose(Object.values(state.params));
    return curve;
  };
  const [alone, blas] = [await losses("simd alone"), await losses("simd with a BLAS")];
  assert.ok(alone[19] < alone[0] - 0.5, `${alone[0]} → ${alone[19]}`);
  alone.forEach((loss, i) => assert.ok(Math.abs(loss - blas[i]) < 1e-5 * loss, `step ${i + 1}`));
  assert.notDeepEqual(alone, blas, "the BLAS was not called");
});

Deno.test("sizes and places that do not fit are refused before the call", { ignore }, () => {
  const memory = sharedMemory(64, 2 ** 25), blas = findBlas(memory, 1, undefined)!;
  const sizes = { M: 4, N: 4, K: 4, turnA: false, turnB: false, accumulate: false };
  const end = memory.bytes().length, a = memory.allocate(64);
  for (const address of [-4, 2, end - 60, end, NaN, 2 ** 40]) {
    assert.throws(() => blas.multiply(address, a, a, sizes), /must lie in the \d+ bytes of memory/);
    assert.throws(() => blas.multiply(a, a, address, sizes), /must lie in the \d+ bytes of memory/);
  }
  for (const M of [0, -1, 1.5, 2 ** 31, NaN]) {
    assert.throws(() => blas.multiply(a, a, a, { ...sizes, M }), /sizes must be from 1 to/);
  }
  blas.close();
  const backend = withBlas("simd"), [x, y] = [backend.make([64, 64]), backend.make([64, 63])];
  const product = { M: 64, N: 64, K: 64 };
  assert.throws(
    () => multiply(backend, x, y, x, product),
    /^RangeError: Cannot multiply: B must be float32 with 4096 numbers, not float32 \[64,63\]$/,
  );
  backend.drop(x, y);
});

Deno.test("profiling counts products by a BLAS", { ignore }, async () => {
  withBlas("simd");
  tf.setBackend("simd with a BLAS");
  const times = await profileKernels(() =>
    tf.tidy(() => tf.matMul(tf.ones([64, 64]), tf.ones([64, 64])))
  );
  assert.equal(times.find(({ kernel }) => kernel === "gemm")?.launches, 1);
});

Deno.test("a BLAS asked for by name that is missing or lacks the symbols is an error that says why", async () => {
  const missing = "/nowhere/libblas.so";
  assert.throws(
    () => openMachine("simd", { threads: 1, blas: missing }),
    /^Error: Cannot use the BLAS \/nowhere\/libblas\.so: /,
  );
  const before = Deno.env.get("LAB_BLAS");
  Deno.env.set("LAB_BLAS", missing);
  try {
    await assert.rejects(useBackend(), /Cannot use the BLAS \/nowhere\/libblas\.so: /);
  } finally {
    if (before === undefined) Deno.env.delete("LAB_BLAS");
    else Deno.env.set("LAB_BLAS", before);
  }
  if (Deno.build.os !== "linux") return;
  assert.throws(
    () => openMachine("simd", { threads: 1, blas: "libm.so.6" }),
    /^Error: Cannot use the BLAS libm\.so\.6: .*symbol (cblas|openblas)_/,
  );
});
