import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { readPgn } from "@lib/chess/pgn.ts";
import { decompress } from "@lib/data/bytes.ts";
import { buildDataset } from "@lib/data/dataset.ts";
import { gamesFolder } from "@lib/paths.ts";
import { LONG, record } from "./counts.ts";

const REAL = join(gamesFolder(), "lichess_games.pgn.zst");
const BYTES = LONG ? 10e9 : 0.3e9, GROWTH = 300; // MiB
const rss = () => Deno.memoryUsage().rss / 2 ** 20;

/** The bytes of a file, again and again: a Zstandard file of many frames, as long as one likes. */
async function* repeated(bytes: Uint8Array<ArrayBuffer>, enough: () => boolean) {
  while (!enough()) {
    for (let at = 0; at < bytes.length; at += 1 << 20) {
      yield await Promise.resolve(bytes.subarray(at, at + (1 << 20)));
    }
  }
}

Deno.test({
  name: "a stream of gigabytes becomes a dataset in constant memory",
  ignore: !existsSync(REAL),
  async fn() {
    const file = Deno.readFileSync(REAL);
    let bytes = 0, games = 0, settled = 0, most = 0;
    const counted = async function* () {
      for await (const piece of decompress(repeated(file, () => bytes >= BYTES), "stream.zst")) {
        bytes += piece.length;
        if (bytes > BYTES / 10 && settled === 0) settled = rss();
        most = Math.max(most, rss());
        yield piece;
      }
    };
    const kept = async function* () {
      for await (const game of readPgn(counted(), { name: "stream", onError() {} })) {
        games++;
        // The names of players are kept in memory; the same again and again are no more names.
        yield game;
      }
    };
    const folder = Deno.makeTempDirSync();
    const begun = performance.now();
    const card = await buildDataset({
      source: { name: "a stream", games: kept() },
      directory: join(folder, "built"),
      selection: { cap: 1200 },
      shardPlies: 1 << 20,
    });
    const seconds = (performance.now() - begun) / 1000;
    Deno.removeSync(folder, { recursive: true });
    const grown = most - settled;
    assert.equal(card.read, games);
    assert.ok(bytes >= BYTES && card.games.train > 0);
    assert.ok(grown < GROWTH, `grown by ${grown.toFixed(0)} MiB after a tenth`);
    record("stream", {
      bytes,
      games,
      kept: card.games.train + card.games.validation + card.games.test,
      seconds: Math.round(seconds),
      rss_mib_after_a_tenth: Math.round(settled),
      rss_mib_most: Math.round(most),
    });
    record("stream_gb_constant_memory", Math.floor(bytes / 1e8) / 10);
  },
});

Deno.test("a Zstandard bomb takes bounded memory: its one endless game is an error", async () => {
  const zeros = zstdCompressSync(new Uint8Array(64 << 20).fill(0x61));
  const total = (LONG ? 2048 : 512) * 2 ** 20;
  let bytes = 0, most = rss();
  const before = most;
  const pieces = async function* () {
    const bomb = repeated(new Uint8Array(zeros), () => bytes >= total);
    for await (const piece of decompress(bomb, "bomb.zst")) {
      bytes += piece.length;
      most = Math.max(most, rss());
      yield piece;
    }
  };
  const errors: string[] = [];
  let games = 0;
  for await (
    const _ of readPgn(pieces(), { name: "bomb", onError: ({ message }) => errors.push(message) })
  ) games++;
  assert.equal(games, 0);
  assert.match(errors[0], /the game is longer than 16 MiB/);
  assert.ok(most - before < GROWTH, `grown by ${(most - before).toFixed(0)} MiB`);
  record("bomb", {
    compressed: zeros.length * Math.ceil(total / (64 << 20)),
    bytes,
    growth_mib: Math.round(most - before),
  });
});
