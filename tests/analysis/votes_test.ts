import assert from "node:assert/strict";
import { makeStates } from "@lib/analysis/states.ts";
import { voteReward } from "@lib/analysis/votes.ts";

const states = makeStates([[1, 0, 0.5], [0, 1, 0.25]]);
const counts = Float64Array.of(5, 3, 2, 1, 2, 3);

Deno.test("a vote of three is the sum over all samples without replacement", () => {
  // All (10 choose 3) samples of the first position's ten players, ties shared.
  const players = [0, 0, 0, 0, 0, 1, 1, 1, 2, 2], worth = [1, 0, 0.5];
  let sum = 0, n = 0;
  for (let a = 0; a < 10; a++) {
    for (let b = a + 1; b < 10; b++) {
      for (let c = b + 1; c < 10; c++) {
        const votes = [0, 0, 0];
        for (const i of [a, b, c]) votes[players[i]]++;
        const most = Math.max(...votes);
        const winners = worth.filter((_, i) => votes[i] === most);
        sum += winners.reduce((x, y) => x + y, 0) / winners.length;
        n++;
      }
    }
  }
  const [drawn] = voteReward(states, counts, { voters: 3, seed: 1, draws: 40_000 });
  assert.ok(Math.abs(drawn - sum / n) < 0.006, `${drawn} drawn, ${sum / n} counted`);
});

Deno.test("one voter is the mean of all, as many as stood there are all, ties are shared", () => {
  const one = voteReward(states, counts, { voters: 1, seed: 1 });
  assert.ok(Math.abs(one[0] - 0.6) < 1e-12 && Math.abs(one[1] - 2.75 / 6) < 1e-12);
  assert.deepEqual(
    voteReward(states, counts, { voters: Infinity, seed: 1 }),
    Float64Array.of(1, 0.25),
  );
  const even = Float64Array.of(2, 2, 1, 2, 2, 2);
  const [first, second] = voteReward(states, even, { voters: Infinity, seed: 1 });
  assert.deepEqual([first, second], [0.5, 1.25 / 3]);
});

Deno.test("votes depend on the seed alone, and refuse what cannot be drawn", () => {
  const draw = (seed: number) => voteReward(states, counts, { voters: 3, seed, draws: 50 });
  assert.deepEqual(draw(1), draw(1));
  assert.notDeepEqual(draw(1), draw(2));
  const [seven, none] = voteReward(states, counts, { voters: 7, seed: 1 });
  assert.ok(seven > 0 && Number.isNaN(none), "six players stood at the second position");
  assert.throws(() => voteReward(states, counts, { voters: 0, seed: 1 }), RangeError);
});
