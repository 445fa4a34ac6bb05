import assert from "node:assert/strict";
import { describeBackend, useBackend } from "@lib/compute/backend.ts";

Deno.test("LAB_BACKEND chooses the backend, wasm when unset", async () => {
  const before = Deno.env.get("LAB_BACKEND");
  try {
    Deno.env.set("LAB_BACKEND", "cpu");
    assert.equal((await useBackend()).name, "cpu");
    Deno.env.delete("LAB_BACKEND");
    const report = await useBackend();
    assert.match(describeBackend(report), /^tfjs 4\.22\.0 on wasm \(SIMD, 1 thread\)$/);
  } finally {
    if (before !== undefined) Deno.env.set("LAB_BACKEND", before);
  }
});

Deno.test("an unknown backend is refused with the known ones", async () => {
  await assert.rejects(useBackend("cuda"), /"cuda": must be one of wasm, cpu, webgpu/);
});
