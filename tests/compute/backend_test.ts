import assert from "node:assert/strict";
import { join } from "node:path";
import { describeBackend, useBackend } from "@lib/compute/backend.ts";
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

Deno.test("without the permission to call native code WebAssembly computes, and the report says why", () => {
  const code = `
    import { describeBackend, useBackend } from ${
    JSON.stringify(import.meta.resolve("@lib/compute/backend.ts"))
  };
    console.log(describeBackend(await useBackend()));`;
  const file = Deno.makeTempFileSync({ suffix: ".ts" });
  Deno.writeTextFileSync(file, code);
  const { stdout } = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--allow-read",
      "--allow-env",
      "--allow-sys",
      "--config",
      join(ROOT, "deno.json"),
      file,
    ],
    cwd: ROOT,
    env: { LAB_BACKEND: "" },
  }).outputSync();
  Deno.removeSync(file);
  assert.match(
    new TextDecoder().decode(stdout),
    /on simd \(relaxed SIMD, .*; not faster because: Cannot compile the kernels: needs --allow-ffi/,
  );
});
