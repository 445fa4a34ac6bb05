import assert from "node:assert/strict";
import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import { decompress, openBytes } from "@lib/data/bytes.ts";
import { random } from "@lib/random.ts";

// Text that compresses somewhat, so that a frame has several blocks.
function sample(length: number, seed: number): Uint8Array {
  const next = random(seed, "text");
  return Uint8Array.from({ length }, () => 97 + Math.floor(next() * next() * 26));
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

async function collect(bytes: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of bytes) parts.push(part);
  return join(...parts);
}

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) {
    await Promise.resolve();
    yield bytes.slice(i, i + size);
  }
}

const checksum = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };
const zstd = (bytes: Uint8Array) => new Uint8Array(zstdCompressSync(bytes, checksum));
const gzip = (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes));
const skippable = Uint8Array.of(0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3);

const a = sample(700_000, 1), b = sample(400_001, 2);
const folder = Deno.makeTempDirSync({ prefix: "bytes-" });
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

function write(name: string, bytes: Uint8Array): string {
  const path = `${folder}/${name}`;
  Deno.writeFileSync(path, bytes);
  return path;
}

const read = (name: string, bytes: Uint8Array) => collect(openBytes(write(name, bytes)));

Deno.test("plain, gzip and zstd files give the same bytes, whatever their names", async () => {
  for (const name of ["games.pgn", "games"]) {
    assert.deepEqual(await read(name, a), a);
    assert.deepEqual(await read(name, gzip(a)), a);
    assert.deepEqual(await read(name, zstd(a)), a);
  }
});

Deno.test("all frames of a zstd file are read", async () => {
  const both = join(a, b);
  assert.deepEqual(await read("two.zst", join(zstd(a), zstd(b))), both);
  assert.deepEqual(await read("skip.zst", join(skippable, zstd(a), skippable, zstd(b))), both);
  const many = Array.from({ length: 50 }, (_, i) => sample(i * 7, i));
  assert.deepEqual(await read("many.zst", join(...many.map(zstd))), join(...many));
});

Deno.test("all members of a gzip file are read", async () => {
  assert.deepEqual(await read("two.gz", join(gzip(a), gzip(b))), join(a, b));
});

Deno.test("the size of the pieces doesn't matter", async () => {
  const small = a.subarray(0, 3000);
  for (const size of [1, 7, 4096]) {
    const packed = join(zstd(small), zstd(b.subarray(0, 999)));
    const whole = join(small, b.subarray(0, 999));
    assert.deepEqual(await collect(decompress(inPieces(packed, size), "x.zst")), whole);
    assert.deepEqual(await collect(decompress(inPieces(gzip(small), size), "x.gz")), small);
    assert.deepEqual(await collect(decompress(inPieces(small, size), "x")), small);
  }
});

Deno.test("frames without checksum and of incompressible or constant bytes are read", async () => {
  const noise = new Uint8Array(300_000);
  const next = random(3, "noise");
  for (let i = 0; i < noise.length; i++) noise[i] = next() * 256;
  const constant = new Uint8Array(500_000).fill(65);
  for (const bytes of [noise, constant, new Uint8Array(1)]) {
    const plain = new Uint8Array(zstdCompressSync(bytes));
    assert.deepEqual(await read("x.zst", join(plain, zstd(bytes))), join(bytes, bytes));
  }
});

Deno.test("a missing file, a folder and an empty file are named as such", async () => {
  const missing = `${folder}/none.pgn`;
  await assert.rejects(collect(openBytes(missing)), {
    message: `Cannot read ${missing}: there is no such file`,
  });
  await assert.rejects(collect(openBytes(folder)), /it is a folder, not a file/);
  for (const name of ["empty.pgn", "empty.zst", "empty.gz"]) {
    await assert.rejects(read(name, new Uint8Array()), /empty\.\w+: it is empty/);
  }
});

Deno.test("a cut-off file is an error wherever it is cut", async () => {
  const small = a.subarray(0, 2000);
  const two = join(zstd(small), zstd(small)), first = zstd(small).length;
  for (let cut = 5; cut < two.length; cut += 23) {
    if (cut === first) continue; // that is a whole file
    await assert.rejects(
      collect(decompress(inPieces(two.subarray(0, cut), 1000), "cut.zst")),
      /Cannot read cut\.zst: it is cut off/,
      `cut at ${cut} of ${two.length}`,
    );
  }
  const packed = gzip(small);
  for (let cut = 2; cut < packed.length; cut += 23) {
    await assert.rejects(
      collect(decompress(inPieces(packed.subarray(0, cut), 1000), "cut.gz")),
      /Cannot read cut\.gz: it is cut off/,
      `cut at ${cut} of ${packed.length}`,
    );
  }
  await assert.rejects(read("short.zst", Uint8Array.of(0x28, 0xb5)), /does not begin like a \.zst/);
  await assert.rejects(read("short.gz", Uint8Array.of(0x1f)), /does not begin like a \.gz/);
});

Deno.test("corrupt files are errors", async () => {
  for (const [name, packed] of [["x.zst", zstd(a)], ["x.gz", gzip(a)]] as const) {
    for (const share of [0.3, 0.6, 0.9]) {
      const spoilt = packed.slice();
      const at = Math.floor(packed.length * share);
      for (let i = 0; i < 8; i++) spoilt[at + i] ^= 0x5a;
      await assert.rejects(read(name, spoilt), /Cannot read .*x\.\w+: (corrupt|it is cut off)/);
    }
    const wrongSum = packed.slice();
    wrongSum[packed.length - (name === "x.gz" ? 6 : 2)] ^= 1;
    await assert.rejects(read(name, wrongSum), /corrupt data/);
  }
  await assert.rejects(read("tail.zst", join(zstd(a), b)), /no Zstandard frame where one should/);
  await assert.rejects(read("text.zst", a), /does not begin like a \.zst file/);
  await assert.rejects(read("zip.pgn", Uint8Array.of(0x50, 0x4b, 3, 4, 9, 9)), /is a zip archive/);
});

Deno.test("leaving the loop early stops reading and closes the file", async () => {
  // The test runner itself fails this test if the file stays open.
  const noise = join(...Array.from({ length: 40 }, (_, i) => sample(300_000, i)));
  for (
    const [name, bytes] of [["x", noise], ["x.zst", zstd(noise)], ["x.gz", gzip(noise)]] as const
  ) {
    let read = 0, size = 0;
    const options = { onProgress: (now: number, all: number) => [read, size] = [now, all] };
    for await (const piece of openBytes(write(name, bytes), options)) {
      assert.ok(piece.length > 0);
      break;
    }
    assert.equal(size, bytes.length);
    assert.ok(read < size, `${name}: ${read} of ${size} bytes were read`);
  }
});

Deno.test("a slow consumer holds the reading back", async () => {
  const noise = join(...Array.from({ length: 40 }, (_, i) => sample(300_000, i)));
  const path = write("slow.zst", zstd(noise));
  let read = 0;
  for await (const _ of openBytes(path, { onProgress: (now) => read = now })) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    break;
  }
  assert.ok(read < Deno.statSync(path).size, "the whole file was read ahead of its consumer");
});
