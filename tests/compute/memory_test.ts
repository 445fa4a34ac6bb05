import assert from "node:assert/strict";
import { sharedMemory } from "@lib/compute/memory.ts";
import { random, randomInteger } from "@lib/random.ts";

Deno.test("blocks in use never overlap and have 64 readable bytes behind them, through 20,000 requests", () => {
  const memory = sharedMemory(1000, 2 ** 26), next = random(1, "blocks");
  const live = new Map<number, number>();
  for (let i = 0; i < 20_000; i++) {
    if (live.size > 100 || (live.size && next() < 0.4)) {
      const address = [...live.keys()][randomInteger(next, live.size)];
      memory.free(address);
      live.delete(address);
    } else {
      const size = randomInteger(next, next() < 0.1 ? 200_000 : 3000);
      live.set(memory.allocate(size), size);
    }
    if (i % 200 === 0) {
      const blocks = [...live].sort((a, b) => a[0] - b[0]);
      blocks.forEach(([address, size], j) => {
        assert.equal(address % 64, 0);
        assert.ok(address >= 1000);
        const end = blocks[j + 1]?.[0] ?? memory.bytes().length;
        assert.ok(address + size + 64 <= end, "a block reaches into the next");
      });
    }
  }
  for (const address of live.keys()) memory.free(address);
  assert.equal(memory.used, 0);
});

Deno.test("freed neighbours serve a larger request before the memory grows", () => {
  const memory = sharedMemory(0, 2 ** 26);
  const parts = Array.from({ length: 60 }, () => memory.allocate(2 ** 20 - 64));
  for (const address of parts) memory.free(address);
  const before = memory.bytes().length;
  memory.allocate(50 * 2 ** 20);
  assert.equal(memory.bytes().length, before);
});

Deno.test("a full memory says what is in use and what would fit", () => {
  const memory = sharedMemory(0, 2 ** 25);
  memory.allocate(10 * 2 ** 20);
  assert.throws(
    () => memory.allocate(30 * 2 ** 20),
    /Cannot allocate 30\.0 MiB: 10\.0 MiB of 32\.0 MiB are in use by 1 tensors and the largest free block is 22\.0 MiB/,
  );
  memory.allocate(20 * 2 ** 20);
});

Deno.test("a wrong address or size is refused", () => {
  const memory = sharedMemory(0);
  assert.throws(() => memory.free(64), /no block in use starts there/);
  assert.throws(() => memory.allocate(-1), RangeError);
  assert.throws(() => memory.allocate(NaN), RangeError);
});
