import assert from "node:assert/strict";
import { legalMoves } from "@lib/chess/position.ts";
import { makeUci, parseUci } from "@lib/chess/san.ts";
import { sample, sampleIndex } from "@lib/analysis/distribution.ts";
import { type GameState, newGame } from "@lib/play/game.ts";
import {
  epsilonPlayer,
  greedyPlayer,
  modelPlayer,
  type Player,
  randomPlayer,
} from "@lib/play/player.ts";
import { random } from "@lib/random.ts";

/** How often a player makes each move of a position, over n draws. */
async function frequencies(player: Player, fen: string | null, n: number) {
  const states = Array.from({ length: n }, () => newGame(fen));
  const choices = await player.choose(states, states.map((_, i) => random(2, "moves", i)));
  const counts = new Map<string, number>();
  for (const choice of choices) {
    assert.ok("move" in choice);
    const uci = makeUci(choice.move);
    counts.set(uci, (counts.get(uci) ?? 0) + 1);
  }
  return counts;
}

const mostOf = (counts: ReadonlyMap<string, number>) => [...counts.keys()].sort();

Deno.test("draws follow the probabilities", () => {
  const next = random(1, "draws");
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 10_000; i++) counts[sampleIndex([0.2, 0, 0.5, 0.3], next)]++;
  assert.equal(counts[1], 0);
  [0.2, 0, 0.5, 0.3].forEach((p, i) => assert.ok(Math.abs(counts[i] / 10_000 - p) < 0.02));
  assert.equal(sampleIndex([0.3, 0.7, 0], () => 1 - 2 ** -32), 1);
  assert.equal(sample({ moves: [7, 8], p: Float64Array.of(1, 0) }, () => 0), 7);
  assert.throws(() => sampleIndex([0, 0], next), RangeError);
  assert.throws(() => sampleIndex([NaN], next), RangeError);
});

Deno.test("the random player plays every legal move about equally often", async () => {
  const counts = await frequencies(randomPlayer(), null, 4000);
  assert.equal(counts.size, 20);
  for (const count of counts.values()) assert.ok(130 < count && count < 270, `${count}`);
});

Deno.test("the greedy player takes what is worth most", async () => {
  const moves = async (fen: string) => mostOf(await frequencies(greedyPlayer(), fen, 60));
  // queen before rook before pawn
  assert.deepEqual(await moves("k7/8/8/1q1r4/2P1P3/8/8/K7 w - - 0 1"), ["c4b5"]);
  // a promotion is worth a queen for a pawn, more so with a capture; an under-promotion is not
  assert.deepEqual(await moves("1r5k/P7/8/8/8/8/8/K7 w - - 0 1"), ["a7b8q"]);
  // en passant wins a pawn
  assert.deepEqual(await moves("k7/8/8/3pP3/8/8/8/K7 w - d6 0 2"), ["e5d6"]);
  // of equal captures each
  assert.deepEqual(await moves("k7/8/8/3p1p2/4P3/8/8/K7 w - - 0 1"), ["e4d5", "e4f5"]);
});

Deno.test("an ε-random player strays in a share ε of its moves", async () => {
  const fen = "k7/8/8/1q6/2P5/8/8/K7 w - - 0 1";
  const share = async (epsilon: number) =>
    (await frequencies(epsilonPlayer(greedyPlayer(), epsilon), fen, 2000)).get("c4b5")! / 2000;
  const n = legalMoves(newGame(fen).position).length;
  assert.equal(await share(0), 1);
  assert.ok(Math.abs(await share(0.4) - (0.6 + 0.4 / n)) < 0.04);
  assert.ok(Math.abs(await share(1) - 1 / n) < 0.04);
  assert.throws(() => epsilonPlayer(greedyPlayer(), 1.5), RangeError);
  assert.throws(() => epsilonPlayer(greedyPlayer(), NaN), RangeError);
});

Deno.test("an ε-random player asks for the games it does not stray in, and passes forfeits on", async () => {
  const asked: number[] = [];
  const mute: Player = {
    name: "mute",
    choose(states) {
      asked.push(states.length);
      return Promise.resolve(states.map(() => ({ forfeit: "silence" })));
    },
  };
  const states = Array.from({ length: 100 }, () => newGame());
  const choices = await epsilonPlayer(mute, 0.5).choose(
    states,
    states.map((_, i) => random(3, "moves", i)),
  );
  const forfeits = choices.filter((choice) => "forfeit" in choice);
  assert.deepEqual(asked, [forfeits.length]);
  assert.ok(30 < forfeits.length && forfeits.length < 70);
  assert.deepEqual(forfeits[0], { forfeit: "silence" });
});

Deno.test("an ε-random player closes the player inside, once", async () => {
  let closed = 0;
  const engine: Player = {
    ...randomPlayer(),
    [Symbol.asyncDispose]: () => Promise.resolve(void closed++),
  };
  await epsilonPlayer(engine, 0.1)[Symbol.asyncDispose]!();
  assert.equal(closed, 1);
  assert.equal(epsilonPlayer(randomPlayer(), 0.1)[Symbol.asyncDispose], undefined);
});

// A model that gives e2e4 .5, d2d4 .3 and shares the rest among the others.
const policy = (states: readonly GameState[]) =>
  Promise.resolve(states.map(({ position }) => {
    const moves = legalMoves(position);
    const e4 = parseUci(position, "e2e4"), d4 = parseUci(position, "d2d4");
    const p = moves.map((move) => move === e4 ? 0.5 : move === d4 ? 0.3 : 0.2 / 18);
    return { moves, p: Float64Array.from(p) };
  }));

Deno.test("a model at temperature τ plays f^(1/τ) / Z", async () => {
  const counts = (temperature: number) =>
    frequencies(modelPlayer("m", policy, { temperature }), null, 4000);
  const one = await counts(1);
  assert.ok(Math.abs(one.get("e2e4")! / 4000 - 0.5) < 0.03);
  assert.ok(Math.abs(one.get("d2d4")! / 4000 - 0.3) < 0.03);
  const half = await counts(0.5);
  const z = 0.25 + 0.09 + 18 * (0.2 / 18) ** 2;
  assert.ok(Math.abs(half.get("e2e4")! / 4000 - 0.25 / z) < 0.03);
  assert.deepEqual(mostOf(await counts(0)), ["e2e4"]);
  assert.deepEqual(mostOf(await counts(0.001)), ["e2e4"]);
});

Deno.test("the same stream gives the same move, whatever stands beside it in the batch", async () => {
  const player = modelPlayer("m", policy, { temperature: 1 });
  const choose = async (streams: number[]) =>
    await player.choose(streams.map(() => newGame()), streams.map((i) => random(4, "moves", i)));
  const [alone] = await choose([7]);
  const [, , beside] = await choose([1, 2, 7, 3]);
  assert.deepEqual(alone, beside);
});

Deno.test("a negative temperature is refused with what would do", () => {
  assert.throws(
    () => modelPlayer("m", policy, { temperature: -1 }),
    new RangeError("Cannot sample at temperature -1: must be 0 or more"),
  );
  assert.throws(() => modelPlayer("m", policy, { temperature: NaN }), RangeError);
});
