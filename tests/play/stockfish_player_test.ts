import assert from "node:assert/strict";
import { makeUci } from "@lib/chess/san.ts";
import { newGame } from "@lib/play/game.ts";
import { playMatch } from "@lib/play/match.ts";
import { standardOpenings } from "@lib/play/openings.ts";
import { greedyPlayer } from "@lib/play/player.ts";
import { stockfishPlayer, type StockfishPlayerOptions } from "@lib/play/stockfish_player.ts";
import { EngineError } from "@lib/play/uci.ts";
import { random } from "@lib/random.ts";

async function choices(options: StockfishPlayerOptions, n: number, seed = 1) {
  await using player = await stockfishPlayer(options);
  const chosen = await player.choose(
    Array.from({ length: n }, () => newGame()),
    Array.from({ length: n }, (_, i) => random(seed, "moves", i)),
  );
  return chosen.map((choice) => "move" in choice ? makeUci(choice.move) : choice.forfeit);
}

Deno.test("at full strength it plays one move, on any number of engines", async () => {
  const one = await choices({ depth: 5 }, 6);
  assert.equal(new Set(one).size, 1);
  assert.deepEqual(await choices({ depth: 5, count: 2 }, 6), one);
});

Deno.test("a seeded weak level reproduces, varies with the seed, and on any number of engines", async () => {
  const options = { skill: 0, nodes: 300, seeded: true };
  const first = await choices(options, 12);
  assert.deepEqual(await choices({ ...options, count: 2 }, 12), first);
  assert.ok(new Set(first).size > 1);
  assert.notDeepEqual(await choices(options, 12, 2), first);
});

Deno.test("its own weak level varies", async () => {
  assert.ok(new Set(await choices({ skill: 0, nodes: 300 }, 20)).size > 1);
});

Deno.test("a match against it reproduces when it is seeded, and the weakest level beats greedy", async () => {
  const play = async (concurrency: number) => {
    await using stockfish = await stockfishPlayer({ skill: 0, depth: 1, seeded: true });
    return await playMatch({
      a: stockfish,
      b: greedyPlayer(),
      games: 4,
      seed: 5,
      openings: standardOpenings(),
      maxMoves: 40,
      concurrency,
    });
  };
  const result = await play(4);
  assert.ok(result.score.value > 0.7, `${result.score.value}`);
  assert.deepEqual((await play(1)).games, result.games);
});

Deno.test("no bound, a skill out of range, a missing engine", async () => {
  await assert.rejects(stockfishPlayer({}), /without a bound/);
  await assert.rejects(stockfishPlayer({ depth: 1, skill: 21 }), /skill 21: must be/);
  await assert.rejects(stockfishPlayer({ depth: 1, engine: "/no/such/engine" }), EngineError);
});
