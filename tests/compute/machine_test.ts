import assert from "node:assert/strict";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { openMachine } from "@lib/compute/open_machine.ts";
import { registerShared } from "@lib/compute/register_shared.ts";
import {
  adamW,
  attention,
  conv3x3,
  crossEntropy,
  gelu,
  layerNorm,
  linear,
} from "@lib/compute/ops.ts";
import { ROOT } from "@lib/paths.ts";
import { normal, on, routes } from "./routes.ts";

const t = (shape: number[], name: string) => tf.tensor(normal(shape, name), shape);

/** A little of everything: values and gradients. */
function compute(): tf.Tensor[] {
  const f = (x: tf.Tensor, w: tf.Tensor, g: tf.Tensor, c: tf.Tensor) => {
    const y = layerNorm(gelu(linear(x, w)), g, g);
    const z = attention(y, y, y, { heads: 2, causal: true });
    const board = conv3x3(z.reshape([2, 8, 8, 30]), c).reshape([128, 5]);
    return crossEntropy(board, tf.tensor1d(new Int32Array(128).fill(2), "int32")).add(z.sum());
  };
  const inputs = [t([2, 64, 100], "x"), t([100, 30], "w"), t([30], "g"), t([3, 3, 30, 5], "c")];
  return [
    f(...inputs as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]),
    ...tf.grads(f as (...x: tf.Tensor[]) => tf.Tensor)(inputs),
    t([1e6], "y").sum(),
    t([999, 40], "z").sum(0),
  ];
}

for (const route of routes) {
  Deno.test(`${route}: results are the same to the bit for 1, 2, 3 and 5 threads, again and again`, () => {
    const results = [1, 2, 3, 5, 2].map((threads, i) => {
      const name = `${route} ${threads} ${i}`;
      const backend = registerShared(route, { threads, name, blas: false });
      const arrays = [on(name, compute), on(name, compute)];
      tf.removeBackend(name);
      assert.ok(backend.machine.threads === threads);
      return arrays;
    }).flat();
    for (const arrays of results.slice(1)) assert.deepEqual(arrays, results[0]);
  });

  Deno.test(`${route}: a thousand training steps leave neither tensors nor bytes behind`, () => {
    tf.setBackend(route);
    const backend = registerShared(route);
    const w = tf.variable(t([16, 9], "w")), m = tf.variable(tf.zeros([16, 9]));
    const v = tf.variable(tf.zeros([16, 9]));
    const x = t([32, 16], "x"), y = tf.tensor1d(new Int32Array(32).fill(3), "int32");
    const settings = { learningRate: 0.01, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0 };
    let before: unknown, size = 0, first = 0, last = 0;
    for (let step = 1; step <= 1000; step++) {
      tf.tidy(() => {
        const { value, grads } = tf.variableGrads(() => crossEntropy(linear(x, w), y));
        adamW(w, Object.values(grads)[0], m, v, tf.scalar(1), { ...settings, step });
        last = value.dataSync()[0];
        if (step === 1) first = last;
      });
      if (step === 10) {
        before = [tf.memory().numTensors, backend.machine.memory.used, backend.numDataIds()];
        size = backend.machine.memory.bytes().length;
      }
    }
    assert.ok(last < first / 2, `the loss went from ${first} to ${last}`);
    assert.deepEqual(
      [tf.memory().numTensors, backend.machine.memory.used, backend.numDataIds()],
      before,
    );
    assert.equal(backend.machine.memory.bytes().length, size);
    tf.dispose([w, m, v, x, y]);
  });
}

Deno.test("after a helper died every launch is refused with the reason", async () => {
  const machine = openMachine("simd", { threads: 2 });
  const pause = () => new Promise((resolve) => setTimeout(resolve, 300));
  await pause();
  // Beyond the end of the memory, whichever thread takes the chunk.
  assert.throws(() => machine.launch("fill", 1000, [1000, 1, 2 ** 32 - 65536, 0]));
  await pause();
  const block = machine.memory.allocate(64);
  assert.throws(
    () => machine.launch("fill", 2, [2, 1, block, 0]),
    /Cannot run the kernel fill: a helper thread died.*memory access out of bounds/,
  );
});

Deno.test("a corrupted library in the cache is compiled again", {
  ignore: !routes.includes("native"),
}, () => {
  const cache = Deno.makeTempDirSync();
  const open = () => {
    const { code, stderr } = new Deno.Command(Deno.execPath(), {
      args: [
        "eval",
        "--no-check",
        `
        import { openMachine } from "${import.meta.resolve("@lib/compute/open_machine.ts")}";
        openMachine("native");`,
      ],
      cwd: ROOT,
      env: { LAB_KERNELS: cache },
    }).outputSync();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    const [library] = [...Deno.readDirSync(cache)].filter(({ name }) => name.endsWith(".so"));
    return join(cache, library.name);
  };
  const library = open(), whole = Deno.readFileSync(library);
  Deno.writeFileSync(library, whole.slice(0, 1000));
  assert.equal(open(), library);
  assert.equal(Deno.readFileSync(library).length, whole.length);
  Deno.removeSync(cache, { recursive: true });
});

/** Runs with environment variables set so. */
function withEnv(variables: Record<string, string>, run: () => void) {
  const before = Object.keys(variables).map((name) => [name, Deno.env.get(name)] as const);
  for (const [name, value] of Object.entries(variables)) Deno.env.set(name, value);
  try {
    run();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  }
}

Deno.test("a compiler that is not there or fails is a line that says so", {
  ignore: Deno.build.os === "windows",
}, () => {
  withEnv({ CC: "/nowhere/cc" }, () => {
    assert.throws(
      () => openMachine("native"),
      /^Error: Cannot compile the kernels: CC=\/nowhere\/cc does not run$/,
    );
  });
  const folder = Deno.makeTempDirSync(), cc = join(folder, "cc");
  const script = '[ "$1" = --version ] && echo "cc 1" || { echo "x.c:1: error: no" >&2; exit 1; }';
  Deno.writeTextFileSync(cc, `#!/bin/sh\n${script}\n`);
  Deno.chmodSync(cc, 0o755);
  withEnv({ CC: cc, LAB_KERNELS: folder }, () => {
    assert.throws(
      () => openMachine("native"),
      /^Error: Cannot compile the kernels: \/.*\/cc failed: x\.c:1: error: no$/,
    );
  });
  // What it makes is no library.
  const lying =
    '[ "$1" = --version ] && echo "cc 2"; for f; do [ "$o" = 1 ] && echo 1 > "$f"; o=0; [ "$f" = -o ] && o=1; done; true';
  Deno.writeTextFileSync(cc, `#!/bin/sh\n${lying}\n`);
  withEnv({ CC: cc, LAB_KERNELS: folder }, () => {
    assert.throws(() => openMachine("native"), /^Error: Cannot open the compiled kernels: /);
  });
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("a CPU or V8 without the SIMD of a build is a line that says so", () => {
  const { validate } = WebAssembly;
  WebAssembly.validate = () => false;
  try {
    assert.throws(
      () => openMachine("simd"),
      /^Error: Cannot use the route simd: this V8 does not know the SIMD in kernels\.wasm$/,
    );
  } finally {
    WebAssembly.validate = validate;
  }
});

Deno.test("a LAB_THREADS that is no number of threads is refused by name", () => {
  for (const LAB_THREADS of ["abc", "0", "2.5", "-1", "257", "1 2"]) {
    withEnv({ LAB_THREADS }, () => {
      assert.throws(() => openMachine("simd"), {
        name: "RangeError",
        message: `Cannot compute with LAB_THREADS="${LAB_THREADS}": ` +
          "must be a whole number from 1 to 256",
      });
    });
  }
  withEnv({ LAB_THREADS: "3" }, () => {
    using machine = openMachine("simd");
    assert.equal(machine.threads, 3);
  });
});

Deno.test("a computation that does not fit says what would, and leaves nothing behind", () => {
  const name = "simd of 32 MiB",
    backend = registerShared("simd", { limit: 2 ** 25, threads: 1, name });
  tf.setBackend(name);
  const x = tf.ones([1000, 1000]), { memory } = backend.machine; // 4 MB
  const before = [tf.memory().numTensors, memory.used, backend.numDataIds()];
  const large: (() => tf.Tensor)[] = [
    () => x.tile([9, 1]),
    () => tf.tidy(() => x.add(1).concat(x).concat(x).concat(x).concat(x)),
    () => tf.zeros([1e7]),
    () => tf.tensor1d(new Float32Array(1e7)),
  ];
  for (const compute of large) {
    assert.throws(compute, /Cannot allocate .* the largest that would fit is \d+\.\d MiB/);
    assert.deepEqual([tf.memory().numTensors, memory.used, backend.numDataIds()], before);
  }
  tf.tidy(() => assert.equal(x.sum().dataSync()[0], 1e6));
  x.dispose();
  tf.setBackend("cpu");
  tf.removeBackend(name);
});
