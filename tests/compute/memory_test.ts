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
    /Cannot allocate 30\.0 MiB: of 32\.0 MiB 10\.0 MiB are in use by 1 tensors, and the largest that would fit is 22\.0 MiB: use a smaller batch/,
  );
  // To the byte: 64 lie behind every block.
  const room = 22 * 2 ** 20 - 2 * 64;
  assert.throws(() => memory.allocate(room + 1), RangeError);
  memory.allocate(room);
});

Deno.test("a wrong address or size is refused", () => {
  const memory = sharedMemory(0);
  assert.throws(() => memory.free(64), /no block in use starts there/);
  assert.throws(() => memory.allocate(-1), RangeError);
  assert.throws(() => memory.allocate(NaN), RangeError);
});

Deno.test("memory that the system refuses is told from memory that the limit refuses", () => {
  const memory = sharedMemory(0, 2 ** 28);
  memory.allocate(2 ** 20);
  memory.memory.grow = () => {
    throw new RangeError("no more");
  };
  assert.throws(
    () => memory.allocate(2 ** 27),
    /Cannot allocate 128\.0 MiB: the system gives no more than 16\.0 MiB, of which 1\.0 MiB are in use by 1 tensors, and the largest that would fit is 15\.0 MiB/,
  );
  memory.allocate(14 * 2 ** 20);
});

Deno.test("a runtime without shared memory, or addresses for it, is a line that says so", () => {
  const { SharedArrayBuffer } = globalThis, { Memory } = WebAssembly;
  try {
    Object.assign(globalThis, { SharedArrayBuffer: undefined });
    assert.throws(() => sharedMemory(0), /^Error: Cannot share memory .* no SharedArrayBuffer$/);
    Object.assign(globalThis, { SharedArrayBuffer });
    WebAssembly.Memory = class {
      constructor() {
        throw new RangeError("could not allocate memory");
      }
    } as unknown as typeof Memory;
    assert.throws(
      () => sharedMemory(0),
      /^Error: Cannot reserve 4096\.0 MiB of addresses for tensors: could not allocate memory$/,
    );
  } finally {
    Object.assign(globalThis, { SharedArrayBuffer });
    WebAssembly.Memory = Memory;
  }
});
