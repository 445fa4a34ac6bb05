import assert from "node:assert/strict";
import { makeUci } from "@lib/chess/san.ts";
import { solveEndgame, stateOf } from "@lib/experts/endgame.ts";
import { optimalPolicy, uniformPolicy } from "@lib/analysis/states.ts";
import { endgamePlayer, perfectPlayer } from "@lib/play/endgame_player.ts";
import { newGame, outcome, playMove } from "@lib/play/game.ts";
import type { Player } from "@lib/play/player.ts";
import { random } from "@lib/random.ts";

const world = solveEndgame("KRvK");
const FAR = "8/8/8/3k4/8/8/8/R6K w - - 0 1";

/** Plies until the game is over, the same player on both sides, or 100. */
async function play(player: Player, fen: string, seed: number): Promise<[number, string]> {
  const game = newGame(fen);
  const next = random(seed, "moves");
  for (let ply = 0; ply < 100; ply++) {
    const end = outcome(game);
    if (end !== null) return [ply, end.reason];
    const [choice] = await player.choose([game], [next]);
    assert.ok("move" in choice);
    playMove(game, choice.move);
  }
  return [100, "none"];
}

Deno.test("perfect play mates in exactly the distance of the tables, by any of its moves", async () => {
  const state = stateOf(world, newGame(FAR).position);
  const start = world.states.offsets[state], end = world.states.offsets[state + 1];
  const distances = world.distance.slice(start, end).filter((m) => m > 0);
  const plies = 2 * Math.min(...distances) - 1;
  for (let seed = 0; seed < 5; seed++) {
    assert.deepEqual(await play(perfectPlayer(world), FAR, seed), [plies, "checkmate"]);
  }
});

Deno.test("a uniform policy is random at τ = 1, and the optimal one stays so at any τ", async () => {
  const uniform = endgamePlayer("uniform", world, uniformPolicy(world.states));
  const first = new Set<string>();
  for (let seed = 0; seed < 60; seed++) {
    const [choice] = await uniform.choose([newGame(FAR)], [random(seed, "moves")]);
    assert.ok("move" in choice);
    first.add(makeUci(choice.move));
  }
  assert.ok(first.size > 10);
  const cold = endgamePlayer("cold", world, optimalPolicy(world.states), { temperature: 0 });
  assert.equal((await play(cold, FAR, 1))[1], "checkmate");
});

Deno.test("what is not this ending is refused", async () => {
  const policy = uniformPolicy(world.states);
  assert.throws(() => endgamePlayer("x", world, policy, { temperature: -2 }), /temperature -2/);
  assert.throws(() => endgamePlayer("x", world, policy.slice(1)), /must be/);
  const player = perfectPlayer(world);
  await assert.rejects(async () => {
    await player.choose([newGame()], [random(1, "moves")]);
  }, /Cannot play rnbqkbnr.*must be a position of KRvK/);
});
