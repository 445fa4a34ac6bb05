import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { collectGames, eachGame, gameRow } from "@lib/data/games.ts";
import { makeShard, parseShard, readShard, shardHash, writeShard } from "@lib/data/shard.ts";
import { random } from "@lib/random.ts";
import { madeGames } from "./made_games.ts";

const plain = collectGames(madeGames(random(1, "shard"), 50).map(gameRow));
const full = collectGames([
  gameRow({ headers: { WhiteElo: "1200" }, moves: [796], result: "1-0", evals: [-12] }),
  gameRow({ headers: {}, moves: [], result: "*", start: "4k3/8/8/8/8/8/4P3/4K3 b - - 0 1" }),
]);

Deno.test("a shard gives back its games: plain, with evaluations and starts, and none", () => {
  for (const games of [plain, full, collectGames([])]) {
    assert.deepEqual([...eachGame(parseShard(makeShard(games)))], [...eachGame(games)]);
  }
});

Deno.test("a shard is read from bytes at any place of a buffer", () => {
  const bytes = makeShard(full);
  const shifted = new Uint8Array(bytes.length + 1);
  shifted.set(bytes, 1);
  assert.deepEqual([...eachGame(parseShard(shifted.subarray(1)))], [...eachGame(full)]);
});

Deno.test("the hash of a shard is the SHA-256 of what follows its header", () => {
  const bytes = makeShard(plain);
  assert.equal(shardHash(bytes), createHash("sha256").update(bytes.subarray(64)).digest("hex"));
});

Deno.test("every byte of a shard that is flipped makes it unreadable, but for the unused ones", () => {
  const bytes = makeShard(full);
  for (let at = 0; at < bytes.length; at++) {
    if (at >= 28 && at < 32) continue; // kept free
    const broken = bytes.slice();
    broken[at] ^= 1;
    assert.throws(
      () => parseShard(broken, "x.games"),
      /Cannot read the games of x\.games/,
      `byte ${at}`,
    );
  }
});

Deno.test("a shard cut short anywhere, or too long, is refused", () => {
  const bytes = makeShard(full);
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(() => parseShard(bytes.slice(0, length)), SyntaxError);
  }
  const longer = new Uint8Array(bytes.length + 1);
  longer.set(bytes);
  assert.throws(() => parseShard(longer), /too long: \d+ bytes, must be \d+/);
});

Deno.test("a shard of another version is refused with both versions", () => {
  const bytes = makeShard(full);
  bytes[8] = 9;
  assert.throws(() => parseShard(bytes), /version 9, this program reads version 1/);
});

Deno.test("a file is written, read and held against the hash that is expected", () => {
  const path = `${Deno.makeTempDirSync()}/a.games`;
  const hash = writeShard(path, plain);
  assert.deepEqual([...eachGame(readShard(path, hash))], [...eachGame(plain)]);
  assert.throws(() => readShard(path, "0".repeat(64)), /its SHA-256 is .*, must be 0000/);
  assert.throws(() => readShard(`${path}x`), /there is no such file/);
  assert.throws(() => writeShard("/dev/null/a.games", plain), /Cannot write/);
});
