import assert from "node:assert/strict";
import { openPlayer } from "@lib/play/named_player.ts";

Deno.test("names with options make players", async () => {
  assert.equal((await openPlayer("random")).name, "random");
  assert.equal((await openPlayer("greedy:epsilon=0.25")).name, "greedy ε=0.25");
  await using weak = await openPlayer("stockfish:skill=3:nodes=100:seeded") as AsyncDisposable & {
    name: string;
  };
  assert.equal(weak.name, "Stockfish skill 3 seeded, 100 nodes");
});

Deno.test("a name that is none says which there are", async () => {
  const refuse = (text: string, message: RegExp) => assert.rejects(openPlayer(text), message);
  await refuse("kasparov", /no player "kasparov"; there are\n {2}random .*\n {2}greedy /);
  await refuse("", /no player ""/);
  await refuse("constructor", /no player "constructor"/);
  await refuse("greedy:skill=1", /no option "skill"; greedy takes epsilon/);
  await refuse("greedy:strong", /no option "strong"/);
  await refuse("stockfish:skill=weak:nodes=1", /skill=weak: must be a number/);
  await refuse("stockfish:skill=:nodes=1", /skill=: must be a number/);
  await refuse("stockfish:skill=0", /without a bound/);
  await refuse("random:epsilon=2", /probability 2: must be 0 to 1/);
});
