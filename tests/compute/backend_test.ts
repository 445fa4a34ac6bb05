import assert from "node:assert/strict";
import { join } from "node:path";
import { describeBackend, useBackend } from "@lib/compute/backend.ts";
import { findBlas } from "@lib/compute/blas.ts";
import { sharedMemory } from "@lib/compute/memory.ts";
import { ROOT } from "@lib/paths.ts";

Deno.test("LAB_BACKEND chooses the backend, the fastest that starts when unset", async () => {
  const before = Deno.env.get("LAB_BACKEND");
  try {
    Deno.env.set("LAB_BACKEND", "cpu");
    assert.equal((await useBackend()).name, "cpu");
    Deno.env.delete("LAB_BACKEND");
    const report = await useBackend();
    assert.match(describeBackend(report), /^tfjs 4\.22\.0 on (native|simd) \(.+, \d+ threads?\b/);
  } finally {
    if (before !== undefined) Deno.env.set("LAB_BACKEND", before);
  }
});

Deno.test("an unknown backend is refused with the known ones", async () => {
  await assert.rejects(
    useBackend("cuda"),
    /"cuda": must be one of native, simd, simd-plain, wasm, cpu, webgpu/,
  );
});

/** The report of a new process in which `before` was run first; the arguments follow `deno run`. */
function reportOf(before: string, args: readonly string[], env: Record<string, string>): string {
  const module = JSON.stringify(import.meta.resolve("@lib/compute/backend.ts"));
  const file = Deno.makeTempFileSync({ suffix: ".ts" });
  Deno.writeTextFileSync(
    file,
    `import * as tf from "@tensorflow/tfjs";
    import { describeBackend, useBackend } from ${module};
    ${before}
    console.log(describeBackend(await useBackend()));
    const product = tf.matMul(tf.fill([30, 20], 2), tf.fill([20, 10], 3));
    console.log(product.sum().dataSync()[0]);`,
  );
  const { stdout } = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", ...args, "--config", join(ROOT, "deno.json"), file],
    cwd: ROOT,
    env: { LAB_BACKEND: "", LAB_THREADS: "", LAB_BLAS: "0", ...env },
  }).outputSync();
  Deno.removeSync(file);
  return new TextDecoder().decode(stdout);
}

Deno.test("without the permission to call native code WebAssembly computes, and the report says why", () => {
  assert.match(
    reportOf("", ["--allow-read", "--allow-env", "--allow-sys"], { LAB_BLAS: "" }),
    /on simd \(relaxed SIMD, .*; not faster because: Cannot compile the kernels: needs --allow-ffi; faster with: --allow-ffi, .*\n36000$/m,
  );
});

Deno.test("without a compiler the report says what one would bring, with fewer threads what all would", () => {
  assert.match(
    reportOf("", ["-A"], { CC: "/nowhere/cc", LAB_THREADS: "1" }),
    /on simd \(relaxed SIMD, 1 thread\); not faster because: .* does not run; faster with: a C compiler .*(, all \d+ cores|)/,
  );
});

Deno.test("the report names the BLAS that makes large products; LAB_BLAS=0 turns it off", () => {
  const blas = findBlas(sharedMemory(64), 1, undefined);
  blas?.close();
  if (!blas) console.log("left out with a BLAS: none is found here");
  const report = (LAB_BLAS: string) =>
    reportOf("", ["-A"], { LAB_BACKEND: "simd", LAB_THREADS: "2", LAB_BLAS });
  if (blas) assert.ok(report("").includes(`threads, products by ${blas.name}`), report(""));
  assert.doesNotMatch(report("0"), /products by/);
});

Deno.test("where none of our routes starts tfjs-wasm computes, and the report says why", () => {
  const report = reportOf(
    "Object.assign(globalThis, { SharedArrayBuffer: undefined });",
    ["-A"],
    {},
  );
  assert.match(report, /on wasm \(.*; not faster because: .*no SharedArrayBuffer.*\n36000$/m);
});

Deno.test("a LAB_THREADS that is no number stops the start, instead of a slower backend", async () => {
  const before = Deno.env.get("LAB_THREADS");
  Deno.env.set("LAB_THREADS", "abc");
  try {
    await assert.rejects(useBackend(), /Cannot compute with LAB_THREADS="abc": must be/);
  } finally {
    if (before === undefined) Deno.env.delete("LAB_THREADS");
    else Deno.env.set("LAB_THREADS", before);
  }
});
