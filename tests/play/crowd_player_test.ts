import assert from "node:assert/strict";
import { makeCrowd } from "@lib/experts/crowd.ts";
import { crowdPlayer, votePlayer } from "@lib/play/crowd_player.ts";
import { materialAdjudication, playMatch } from "@lib/play/match.ts";
import { openPlayer } from "@lib/play/named_player.ts";
import { standardOpenings } from "@lib/play/openings.ts";

Deno.test("the least noisy expert beats the noisiest, and cooling helps the noisiest", async () => {
  const crowd = makeCrowd({ players: 6, seed: 2 });
  const play = (a: ReturnType<typeof crowdPlayer>, b: ReturnType<typeof crowdPlayer>) =>
    playMatch({ a, b, games: 40, seed: 1, openings: standardOpenings(), maxMoves: 100 });
  const worst = crowdPlayer(crowd[5]);
  assert.ok((await play(crowdPlayer(crowd[0]), worst)).score.low > 0.5);
  assert.ok((await play(crowdPlayer(crowd[5], { temperature: 0.1 }), worst)).score.low > 0.5);
});

Deno.test("the vote of mildly differing experts beats one of them", async () => {
  const crowd = makeCrowd({ players: 6, seed: 2, noise: [2, 2], preference: 0.2, blindness: 0 });
  const { score } = await playMatch({
    a: votePlayer(crowd),
    b: crowdPlayer(crowd[0]),
    games: 20,
    seed: 1,
    adjudicate: materialAdjudication(7, 8),
  });
  assert.ok(score.low > 0.5);
  assert.equal(votePlayer(crowd).name, "vote of 6");
  assert.equal(votePlayer(crowd, { temperature: 1 }).name, "vote of 6 τ=1");
});

Deno.test("an expert is named by its number in a crowd", async () => {
  assert.equal((await openPlayer("crowd:2:players=5:seed=3")).name, "player 2 of 5");
  assert.equal((await openPlayer("crowd:1:tau=0.5")).name, "player 1 of 10 τ=0.5");
  await assert.rejects(openPlayer("crowd:6:players=5"), /player 6 of a crowd of 5: must be 1 to 5/);
  await assert.rejects(openPlayer("crowd:x"), /player x of a crowd of 10/);
  await assert.rejects(openPlayer("crowd"), /needs the number of a player/);
  await assert.rejects(openPlayer("crowd:1:tau=-1"), /temperature -1/);
});
