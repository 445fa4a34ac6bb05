import assert from "node:assert/strict";
import { localEngine, runGrid } from "@lib/jobs/grid.ts";
import { playPool } from "@lib/jobs/pool_games.ts";

const options = () => ({
  seed: 1,
  engine: "wasm",
  folder: Deno.makeTempDirSync({ prefix: "pool-games-" }),
  onProgress() {},
});

Deno.test("a pool goes on where it was stopped, with the same games, colours in turn", async () => {
  await using grid = localEngine({ processes: 1 });
  const first = [{ a: "greedy", b: "random", games: 4 }];
  const more = [...first, { a: "random", b: "crowd:1", games: 2 }];
  const stopped = options();
  const begun = await playPool(first, { ...stopped, grid });
  const found: number[] = [];
  const onProgress = (state: { found: number }) => found.push(state.found);
  const whole = await playPool(more, { ...stopped, grid, onProgress });
  assert.equal(found[0], 1);
  assert.deepEqual(whole.games.slice(0, 4), begun.games);
  assert.deepEqual(whole.players, ["greedy", "random", "crowd:1"]);
  assert.deepEqual(whole.games.map(({ white }) => white), [0, 1, 0, 1, 1, 2]);
  assert.deepEqual(whole.games.map(({ black }) => black), [1, 0, 1, 0, 2, 1]);
  assert.deepEqual(whole.weights, {});
  assert.deepEqual((await playPool(more, { ...options(), grid })).games, whole.games);
  const other = await playPool(first, { ...options(), grid, seed: 2 });
  assert.notDeepEqual(other.games, begun.games);
});

Deno.test("a match is refused when the weights are not those that it was made for", async () => {
  await using grid = localEngine({ processes: 1 });
  const spec = {
    ...{ a: "model:boardnet-cap1000:tau=0", b: "random", games: 2, seed: 1 },
    weights: { "boardnet-cap1000": "0".repeat(64) },
  };
  const { folder } = options();
  await assert.rejects(
    runGrid([{ kind: "match", spec }], { folder, engine: grid, onProgress() {} }),
    /its SHA-256 is [0-9a-f]{64}, must be 0{64}/,
  );
});
