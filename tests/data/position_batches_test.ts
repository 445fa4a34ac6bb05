import assert from "node:assert/strict";
import { legalMoves } from "@lib/chess/position.ts";
import { parseFen } from "@lib/chess/fen.ts";
import { parseUci } from "@lib/chess/san.ts";
import { positionBatch, positionEpoch, validationPositionBatches } from "@lib/data/batches.ts";
import { collectGames, gameOfPly, gameRow, positionAt } from "@lib/data/games.ts";
import {
  BOARD_SIZE,
  encodeBoard,
  planesOf,
  POLICY_SIZE,
  policyIndex,
} from "@lib/data/board_encoding.ts";
import { random } from "@lib/random.ts";
import { madeGames } from "./made_games.ts";

const games = collectGames(madeGames(random(8, "positions"), 60, 40).map(gameRow));
const whole = { seed: 1, step: 0, size: positionEpoch(games) };

Deno.test("a batch is a matter of seed and step alone", () => {
  const place = { seed: 1, step: 5, size: 16 };
  const batch = positionBatch(games, place);
  positionBatch(games, { ...place, minPly: 3 });
  assert.deepEqual(positionBatch(games, place), batch);
  assert.notDeepEqual(positionBatch(games, { ...place, step: 6 }).plies, batch.plies);
  assert.notDeepEqual(positionBatch(games, { ...place, seed: 2 }).plies, batch.plies);
});

Deno.test("in an epoch each position is drawn once, in another order each time", () => {
  assert.equal(whole.size, games.moves.length);
  const [first, second] = [0, 1].map((step) => positionBatch(games, { ...whole, step }).plies);
  const all = Uint32Array.from({ length: games.moves.length }, (_, ply) => ply);
  assert.deepEqual(first.toSorted(), all);
  assert.deepEqual(second.toSorted(), all);
  assert.notDeepEqual(first, second);
  // A batch that spans two epochs draws from both.
  const across = positionBatch(games, { ...whole, size: whole.size - 1, step: 1, legal: false });
  assert.deepEqual(
    [...across.plies],
    [...first.slice(-1), ...second.slice(0, whole.size - 2)],
  );
});

Deno.test("planes, target and mask are those of the position and the move played", () => {
  const batch = positionBatch(games, { seed: 4, step: 0, size: 64 });
  const planes = new Float32Array(BOARD_SIZE);
  for (let row = 0; row < 64; row++) {
    const position = positionAt(games, batch.plies[row]);
    encodeBoard(position, planes);
    assert.deepEqual(batch.planes.subarray(row * BOARD_SIZE, (row + 1) * BOARD_SIZE), planes);
    assert.equal(batch.target[row], policyIndex(games.moves[batch.plies[row]], position.turn));
    const mask = batch.legal.subarray(row * POLICY_SIZE, (row + 1) * POLICY_SIZE);
    const legal = legalMoves(position).map((move) => policyIndex(move, position.turn));
    const marked = Array.from(mask.keys()).filter((i) => mask[i] === 1);
    assert.deepEqual(marked, legal.toSorted((a, b) => a - b));
    assert.equal(mask[batch.target[row]], 1);
  }
});

Deno.test("attacks are written where they are asked for", () => {
  const place = { seed: 4, step: 0, size: 8 }, size = 64 * planesOf(true);
  const batch = positionBatch(games, { ...place, attacks: true });
  assert.equal(batch.planes.length, 8 * size);
  assert.deepEqual(batch.plies, positionBatch(games, place).plies);
  const planes = new Float32Array(size);
  for (let row = 0; row < 8; row++) {
    encodeBoard(positionAt(games, batch.plies[row]), planes, 0, true);
    assert.deepEqual(batch.planes.subarray(row * size, (row + 1) * size), planes);
  }
  const [held] = validationPositionBatches(games, { size: 8, batches: 1, attacks: true });
  assert.equal(held.planes.length, 8 * size);
});

Deno.test("the mask can be left out", () => {
  assert.equal(positionBatch(games, { seed: 1, step: 0, size: 2, legal: false }).legal.length, 0);
});

Deno.test("a filter keeps exactly the plies from minPly on whose mover is in the band", () => {
  for (const minPly of [0, 7]) {
    for (const band of [undefined, [1200, 1600], [1399, 1400], [0, 3000]] as const) {
      const expected: number[] = [];
      for (let ply = 0; ply < games.moves.length; ply++) {
        const game = gameOfPly(games, ply), at = ply - games.offsets[game];
        const rating = at % 2 === 0 ? games.white[game] : games.black[game];
        if (at >= minPly && (!band || rating > band[0] && rating <= band[1])) expected.push(ply);
      }
      const filter = { minPly, ...(band && { band }) };
      const size = positionEpoch(games, filter);
      assert.equal(size, expected.length);
      if (size === 0) continue;
      const { plies } = positionBatch(games, { seed: 1, step: 0, size, legal: false, ...filter });
      assert.deepEqual([...plies].toSorted((a, b) => a - b), expected);
    }
  }
});

Deno.test("where Black begins, the mover of the first ply is Black", () => {
  const start = "4k3/8/8/8/8/8/4P3/4K3 b - - 0 1";
  const position = parseFen(start);
  const moves = ["e8e7", "e2e4", "e7e6"].map((uci) => {
    const move = parseUci(position, uci);
    position.play(move);
    return move;
  });
  const headers = { WhiteElo: "1000", BlackElo: "2000" };
  const setUp = collectGames([gameRow({ headers, moves, result: "1-0", start })]);
  const { plies } = positionBatch(setUp, { seed: 1, step: 0, size: 2, band: [1900, 2000] });
  assert.deepEqual(plies.toSorted(), Uint32Array.of(0, 2));
});

Deno.test("a filter that leaves nothing is refused with what it asked for", () => {
  assert.throws(
    () => positionBatch(games, { ...whole, minPly: 500, band: [1, 2] }),
    /from 60 games: none has a move from ply 500 on by a player rated in \(1, 2\]/,
  );
  assert.throws(() => positionBatch(collectGames([]), whole), /from 0 games/);
  assert.throws(() => positionBatch(games, { ...whole, minPly: -1 }), /from ply -1/);
});

Deno.test("validation batches are fixed, without repeats, and at most an epoch", () => {
  const options = { size: 50, batches: 1e6, minPly: 2 };
  const batches = [...validationPositionBatches(games, options)];
  assert.deepEqual([...validationPositionBatches(games, options)], batches);
  assert.equal(batches.length, Math.floor(positionEpoch(games, { minPly: 2 }) / 50));
  assert.equal(new Set(batches.flatMap(({ plies }) => [...plies])).size, 50 * batches.length);
  assert.throws(
    () => [...validationPositionBatches(games, { size: 1e6, batches: 1 })],
    /one validation batch of 1000000 from \d+ positions/,
  );
});
