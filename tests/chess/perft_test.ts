import assert from "node:assert/strict";
import { makeFen, parseFen } from "@lib/chess/fen.ts";
import { generateLegalMoves, MAX_MOVES, type Position } from "@lib/chess/position.ts";

const buffers = Array.from({ length: 8 }, () => new Uint16Array(MAX_MOVES));

// The number of positions after `depth` plies.
function perft(position: Position, depth: number): number {
  const moves = buffers[depth], count = generateLegalMoves(position, moves);
  if (depth === 1) return count;
  let nodes = 0;
  for (let i = 0; i < count; i++) {
    const before = position.play(moves[i]);
    nodes += perft(position, depth - 1);
    position.undo(moves[i], before);
  }
  return nodes;
}

// Counts by depth from https://www.chessprogramming.org/Perft_Results: the initial position, position
// 2 (Kiwipete), 3, 4 and its mirror image, 5 and 6.
const PUBLISHED: readonly (readonly [string, string, readonly number[]])[] = [
  [
    "the start position",
    "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1",
    [20, 400, 8902, 197281, 4865609],
  ],
  [
    "Kiwipete",
    "r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1",
    [48, 2039, 97862, 4085603],
  ],
  [
    "position 3",
    "8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - - 0 1",
    [14, 191, 2812, 43238, 674624, 11030083],
  ],
  [
    "position 4",
    "r3k2r/Pppp1ppp/1b3nbN/nP6/BBP1P3/q4N2/Pp1P2PP/R2Q1RK1 w kq - 0 1",
    [6, 264, 9467, 422333, 15833292],
  ],
  [
    "position 4 mirrored",
    "r2q1rk1/pP1p2pp/Q4n2/bbp1p3/Np6/1B3NBn/pPPP1PPP/R3K2R b KQ - 0 1",
    [6, 264, 9467, 422333],
  ],
  [
    "position 5",
    "rnbq1k1r/pp1Pbppp/2p5/8/2B5/8/PPP1NnPP/RNBQK2R w KQ - 1 8",
    [44, 1486, 62379, 2103487],
  ],
  [
    "position 6",
    "r4rk1/1pp1qppp/p1np1n2/2b1p1B1/2B1P1b1/P1NP1N2/1PP1QPPP/R4RK1 w - - 0 10",
    [46, 2079, 89890, 3894594],
  ],
];

for (const [name, fen, counts] of PUBLISHED) {
  Deno.test(`perft of ${name} gives the published counts to depth ${counts.length}`, () => {
    const position = parseFen(fen);
    const order = () =>
      Array.from(buffers[0].subarray(0, generateLegalMoves(position, buffers[0])));
    const first = order();
    counts.forEach((count, i) => assert.equal(perft(position, i + 1), count, `depth ${i + 1}`));
    assert.deepEqual(order(), first, "taking all moves back restores the order of moves, too");
    assert.equal(makeFen(position), fen);
  });
}
