import assert from "node:assert/strict";
import { parseFen } from "@lib/chess/fen.ts";
import { legalMoves, movePromotion, startPosition } from "@lib/chess/position.ts";
import { useBackend } from "@lib/compute/backend.ts";
import { checkPolicy } from "@lib/analysis/states.ts";
import { makeCrowd } from "@lib/experts/crowd.ts";
import { crowdWorld } from "@lib/experts/crowd_world.ts";
import { partOf, positionOf, solveEndgame } from "@lib/experts/endgame.ts";
import { BoardNetConfig, boardNetShape } from "@lib/model/boardnet.ts";
import {
  encodePieces,
  EndgameFormerConfig,
  endgameFormerShape,
  logitCount,
  pieceMoveIndex,
} from "@lib/model/endgameformer.ts";
import { initModel } from "@lib/model/model.ts";
import { boardPolicy, crowdWorldPolicy, endgamePolicy, softmaxAt } from "@lib/model/policy.ts";
import { BOARD_SIZE, encodeBoard } from "@lib/data/board_encoding.ts";

const board = BoardNetConfig.parse({ model: "boardnet", ...boardNetShape(1) });

Deno.test("a board policy is over the legal moves and does not depend on its batch", async () => {
  await useBackend();
  using model = initModel(board, 1);
  const positions = [
    startPosition(),
    parseFen("1n2k3/P7/8/8/8/8/8/4K3 w - - 0 1"),
    parseFen("7k/8/6K1/8/8/8/8/R7 w - - 0 1"),
  ];
  // More than one chunk, with the last one not full.
  const many = Array.from({ length: 259 }, (_, i) => positions[i % 3]);
  const policies = await boardPolicy(model, many);
  for (const [i, { moves, p }] of policies.entries()) {
    assert.deepEqual([...moves], legalMoves(many[i]));
    assert.ok(Math.abs(p.reduce((a, b) => a + b) - 1) < 1e-12);
    p.forEach((q, y) => assert.ok(Math.abs(q - policies[i % 3].p[y]) < 1e-6));
  }
});

Deno.test("a position and its mirror image get mirrored policies", async () => {
  await useBackend();
  using model = initModel(board, 1);
  const [white, black] = await boardPolicy(model, [
    parseFen("r3k2r/8/8/3pP3/8/8/8/4K2R w Kkq d6 0 1"),
    parseFen("4k2r/8/8/8/3Pp3/8/8/R3K2R b KQk d3 0 1"),
  ]);
  const mirrored = new Map([...black.moves].map((move, y) => [move ^ (56 | 56 << 6), black.p[y]]));
  assert.equal(mirrored.size, white.moves.length);
  [...white.moves].forEach((move, y) =>
    assert.ok(Math.abs(mirrored.get(move)! - white.p[y]) < 1e-6)
  );
});

Deno.test("a board policy stands beside the moves of a crowd's world", async () => {
  await useBackend();
  using model = initModel(board, 1);
  const world = await crowdWorld(makeCrowd({ players: 2, seed: 1 }), { games: 2, seed: 1 });
  const policy = checkPolicy(world.states, await crowdWorldPolicy(model, world));
  const { offsets } = world.states, x = world.positions.length - 1;
  const [{ moves, p }] = await boardPolicy(model, [world.positions[x]]);
  assert.deepEqual([...moves], [...world.moves.subarray(offsets[x])]);
  p.forEach((f, y) => assert.ok(Math.abs(f - policy[offsets[x] + y]) < 1e-6));
});

Deno.test("an endgame policy is a distribution over the legal moves of every state", async () => {
  await useBackend();
  const all = solveEndgame("KRvK");
  // The first thousand states are a world, too.
  const length = 1000, offsets = all.states.offsets.slice(0, length + 1);
  const states = { length, offsets, reward: all.states.reward.slice(0, offsets[length]) };
  const world = { ...all, states };
  using model = initModel(
    EndgameFormerConfig.parse({ model: "endgameformer", ...endgameFormerShape(1) }),
    1,
  );
  const policy = await endgamePolicy(model, world);
  assert.equal(policy.length, offsets[length]);
  for (let x = 0; x < length; x++) {
    const sum = policy.subarray(offsets[x], offsets[x + 1]).reduce((a, b) => a + b);
    assert.ok(Math.abs(sum - 1) < 1e-12);
  }
  const tokens = new Int32Array(3);
  for (let x = 0; x < length; x += 97) {
    encodePieces(positionOf(world, x), tokens);
    const moves = world.moves.subarray(offsets[x], offsets[x + 1]);
    const indices = new Set(Array.from(moves, (move) => pieceMoveIndex(tokens, move)));
    assert.equal(indices.size, moves.length);
  }
});

Deno.test("K+P v K: each move of each side has a logit of its own, promotions too", async () => {
  await useBackend();
  const whole = solveEndgame("KPvK");
  const world = partOf(whole, (x) => x % 2000 === 7 || (x < whole.whites && x % 97 === 0));
  const config = EndgameFormerConfig.parse({
    model: "endgameformer",
    ...endgameFormerShape(1),
    promotions: true,
  });
  const tokens = new Int32Array(3);
  let promotions = 0;
  for (let x = 0; x < world.states.length; x++) {
    encodePieces(positionOf(world, x), tokens);
    const moves = world.moves.subarray(world.states.offsets[x], world.states.offsets[x + 1]);
    const indices = Array.from(moves, (move) => pieceMoveIndex(tokens, move));
    assert.equal(new Set(indices).size, moves.length);
    assert.ok(indices.every((index) => index < logitCount(config)));
    promotions += moves.filter((move) => movePromotion(move) > 0).length;
  }
  assert.ok(promotions > 40);
  using model = initModel(config, 1);
  checkPolicy(world.states, await endgamePolicy(model, world));
  using rook = initModel(
    EndgameFormerConfig.parse({ model: "endgameformer", ...endgameFormerShape(1) }),
    1,
  );
  await assert.rejects(endgamePolicy(rook, world), {
    name: "TypeError",
    message: "Cannot use a model of 3 pieces and promotions false in KPvK: " +
      "must be of 3 pieces and promotions true",
  });
});

Deno.test("an ending with more pieces than the model's is refused", () => {
  const tokens = new Int32Array(3);
  assert.throws(
    () => encodePieces(parseFen("7k/8/6K1/8/8/8/8/RQ6 w - - 0 1"), tokens),
    /Cannot encode 4 pieces: must be 3/,
  );
});

Deno.test("a softmax over some entries ignores the others and survives large logits", () => {
  const p = softmaxAt([1e5, 800, 801, NaN], [1, 2]);
  assert.ok(Math.abs(p[1] / p[0] - Math.E) < 1e-12);
  assert.throws(() => softmaxAt([1, 2], []), /probabilities of 0 logits/);
  assert.throws(() => softmaxAt([1, NaN], [0, 1]), RangeError);
});

Deno.test("boards are encoded where the batch wants them", () => {
  const planes = new Float32Array(3 * BOARD_SIZE).fill(9);
  encodeBoard(startPosition(), planes, BOARD_SIZE);
  assert.ok(planes.subarray(0, BOARD_SIZE).every((x) => x === 9));
  assert.ok(planes.subarray(2 * BOARD_SIZE).every((x) => x === 9));
  assert.ok(planes.subarray(BOARD_SIZE, 2 * BOARD_SIZE).every((x) => x <= 1));
});
