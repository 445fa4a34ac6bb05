import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { pointAt } from "@lib/analysis/points.ts";
import { parseFen } from "@lib/chess/fen.ts";
import { startPosition } from "@lib/chess/position.ts";
import { parseUci } from "@lib/chess/san.ts";
import { useBackend } from "@lib/compute/backend.ts";
import { uciTokenizer } from "@lib/data/tokenizer.ts";
import { boardNetShape } from "@lib/model/boardnet.ts";
import { ChessFormerConfig, chessFormerShape, lastHidden } from "@lib/model/chessformer.ts";
import { boardPlanes, boardStates, gameStates } from "@lib/model/last_states.ts";
import { initModel } from "@lib/model/model.ts";
import { boardPolicy, softmaxAt } from "@lib/model/policy.ts";
import { policyIndex } from "@lib/data/board_encoding.ts";

Deno.test("the policy follows from a board's last states, whatever batch they came in", async () => {
  await useBackend();
  using model = initModel({ model: "boardnet", ...boardNetShape(1) }, 1);
  const position = parseFen("4k2r/8/8/8/3Pp3/8/8/R3K2R b KQk d3 0 1");
  const positions = Array.from({ length: 130 }, (_, i) => (i === 129 ? position : startPosition()));
  const states = pointAt(await boardStates(model, positions), 129);
  const at = (name: string, square: number, output: number) => {
    const w = model.params[`${name}.weight`].dataSync(), width = w.length / 16;
    return Array.from({ length: 16 }, (_, f) => states[16 * square + f] * w[f * width + output])
      .reduce((a, b) => a + b);
  };
  const [{ moves, p }] = await boardPolicy(model, [position]);
  const logits = Float64Array.from(moves, (move) => {
    const index = policyIndex(move, position.turn), from = Math.floor(index / 73), to = index % 73;
    if (to >= 64) return at("promotion", from, to - 64);
    return Array.from({ length: 8 }, (_, k) => at("query", from, k) * at("key", to, k))
      .reduce((a, b) => a + b) / Math.sqrt(8);
  });
  softmaxAt(logits, [...logits.keys()]).forEach((q, i) => assert.ok(Math.abs(q - p[i]) < 1e-5));
});

Deno.test("raw planes are what the network is given", () => {
  const planes = boardPlanes([startPosition(), startPosition()], true);
  assert.deepEqual([planes.length, planes.dimension], [2, 64 * 26]);
  assert.equal(pointAt(planes, 1)[8 * 26], 1); // a2: an own pawn
});

Deno.test("a game's state is that of its last token, whatever is beside it", async () => {
  await useBackend();
  const config = ChessFormerConfig.parse({
    model: "chessformer",
    tokenizer: "uci",
    vocabulary: 1969,
    block: 8,
    ...chessFormerShape(1),
  });
  using model = initModel(config, 1);
  const position = startPosition();
  const moves = ["e2e4", "e7e5", "g1f3"].map((uci) => {
    const move = parseUci(position, uci);
    position.play(move);
    return move;
  });
  const states = await gameStates(model, [moves, [], moves.slice(0, 2)]);
  for (const [i, length] of [[0, 3], [1, 0], [2, 2]]) {
    const text = uciTokenizer.encode(moves.slice(0, length));
    const alone = lastHidden(
      config,
      model.params,
      tf.tensor2d([...text], [1, length + 1], "int32"),
    );
    const expected = (await alone.data()).slice(-config.width);
    pointAt(states, i).forEach((v, c) => assert.ok(Math.abs(v - expected[c]) < 1e-5));
  }
  await assert.rejects(gameStates(model, [Array(8).fill(moves[0])]), /9 tokens: must be at most/);
});
