import assert from "node:assert/strict";
import { KING, legalMoves, PAWN, QUEEN, ROOK } from "@lib/chess/position.ts";
import { makeFen } from "@lib/chess/fen.ts";
import { makeUci } from "@lib/chess/san.ts";
import { positionOf, reflect, solveEndgame, stateOf } from "@lib/experts/endgame.ts";
import { DRAWN, ILLEGAL, indexOf, solveEnding, squaresOf } from "@lib/experts/retrograde.ts";
import { openStockfish } from "@lib/play/stockfish.ts";
import { random, randomInteger } from "@lib/random.ts";

const longest = (table: Int16Array) => table.reduce((a, b) => Math.max(a, b));

/** Placements of a value, mirror images counted once. */
function upToSymmetry(table: Int16Array, plies: number, pieces: number, mirrors: number): number {
  const squares = new Uint8Array(pieces);
  let found = 0;
  table.forEach((value, placement) => {
    if (value !== plies) return;
    squaresOf(placement, squares);
    for (let mirror = 1; mirror < mirrors; mirror++) {
      if (indexOf(squares.map((square) => reflect(square, mirror))) < placement) return;
    }
    found++;
  });
  return found;
}

Deno.test("the longest mates of three pieces, and in how many positions, are those known", () => {
  // White to move, Black to move: 10 moves in 1 and 8 positions, 16 in 121 and 390, 28 in 3 and 2.
  // http://kirill-kryukov.com/chess/discussion-board/viewtopic.php?t=920
  const queen = solveEnding({ white: [KING, QUEEN], black: [KING] });
  const rook = solveEnding({ white: [KING, ROOK], black: [KING] });
  const pawn = solveEnding({ white: [KING, PAWN], black: [KING] });
  for (
    const [{ white, black }, moves, whites, blacks, mirrors] of [
      [queen, 10, 1, 8, 8],
      [rook, 16, 121, 390, 8],
      [pawn, 28, 3, 2, 2],
    ] as const
  ) {
    assert.equal(longest(white), 2 * moves - 1);
    assert.equal(longest(black), 2 * moves);
    assert.equal(upToSymmetry(white, 2 * moves - 1, 3, mirrors), whites);
    assert.equal(upToSymmetry(black, 2 * moves, 3, mirrors), blacks);
  }
});

Deno.test("colours are alike: a rook of Black's mates as White's does", () => {
  const white = solveEnding({ white: [KING, ROOK], black: [KING] });
  const black = solveEnding({ white: [KING], black: [KING, ROOK] });
  const squares = new Uint8Array(3);
  for (let index = 0; index < white.white.length; index++) {
    squaresOf(index, squares);
    const [king, rook, bare] = squares;
    const turned = indexOf([bare, king, rook]);
    assert.equal(black.black[turned], white.white[index]);
    assert.equal(black.white[turned], white.black[index]);
  }
});

Deno.test("every value of K+P v K follows from those of the moves", () => {
  const { white, black, visitMoves } = solveEnding({ white: [KING, PAWN], black: [KING] });
  for (const [turn, table] of [[0, white], [1, black]] as const) {
    for (let placement = 0; placement < table.length; placement += 3) {
      if (table[placement] === ILLEGAL) continue;
      let moves = 0, win = Infinity, loss = 0;
      visitMoves(placement, turn, (_, plies) => {
        moves++;
        if (plies === DRAWN) loss = Infinity;
        else if (plies % 2 === 0) win = Math.min(win, plies + 1);
        else loss = Math.max(loss, plies + 1);
      });
      const expected = win < Infinity ? win : moves > 0 && loss < Infinity ? loss : DRAWN;
      if (moves > 0) assert.equal(table[placement], expected);
    }
  }
});

Deno.test("K+Q v K+R: mate in at most 35, and in 19 by the side with the rook, as is known", () => {
  const world = solveEndgame("KQvKR", { share: 0.001 });
  assert.equal(longest(world.tables.white), 69);
  const byBlack = world.tables.black.reduce((a, b) => b % 2 === 1 ? Math.max(a, b) : a);
  assert.equal(byBlack, 37);
  assert.ok(Math.abs(world.states.length / 8_952_608 - 0.001) < 0.0001);
  const next = random(1, "states");
  for (let i = 0; i < 300; i++) {
    const state = randomInteger(next, world.states.length);
    const position = positionOf(world, state);
    assert.equal(stateOf(world, position), state);
    const { offsets } = world.states;
    const moves = [...world.moves.subarray(offsets[state], offsets[state + 1])];
    assert.deepEqual(moves.sort((a, b) => a - b), legalMoves(position).sort((a, b) => a - b));
  }
});

Deno.test("Stockfish agrees on mates and draws of K+P v K", async () => {
  const world = solveEndgame("KPvK");
  await using stockfish = await openStockfish();
  const next = random(4, "positions");
  const found = { mates: 0, draws: 0 };
  while (found.mates < 6 || found.draws < 6) {
    const state = randomInteger(next, world.states.length);
    const table = state < world.whites ? world.tables.white : world.tables.black;
    const plies = table[world.placements[state]];
    if (plies === DRAWN ? found.draws === 6 : plies > 6 || found.mates === 6) continue;
    const position = positionOf(world, state);
    const { best, move } = await stockfish.search(position, { depth: 18 });
    if (plies === DRAWN) {
      found.draws++;
      assert.ok(Math.abs(best[0].score) < 150, `${makeFen(position)}: ${best[0].score}`);
    } else {
      found.mates++;
      const mates = plies % 2 === 1 ? 10_000 - (plies + 1) / 2 : -10_000 + plies / 2;
      assert.equal(best[0].score, mates, `${makeFen(position)} ${makeUci(move)}`);
    }
  }
});

Deno.test("what cannot be solved is refused", () => {
  const six = [KING, QUEEN, QUEEN, QUEEN];
  assert.throws(() => solveEnding({ white: six, black: [KING, ROOK] }), /Cannot solve 6 pieces/);
  assert.throws(
    () => solveEnding({ white: [KING, PAWN], black: [KING, PAWN] }),
    /Cannot solve pawns of both sides/,
  );
});
