import assert from "node:assert/strict";
import { Chess } from "chess.js";
import { makeFen, parseFen, START_FEN } from "@lib/chess/fen.ts";
import {
  legalMoves,
  type Move,
  type Position,
  startPosition,
  terminalState,
} from "@lib/chess/position.ts";
import { makeSan, makeUci, parseSan, parseUci } from "@lib/chess/san.ts";
import { type Random, random, randomInteger } from "@lib/random.ts";

// chess.js drops an en-passant square without a legal capture too, so the FENs are compared whole.
function compare(position: Position, oracle: Chess): Move[] {
  const fen = oracle.fen();
  assert.equal(makeFen(position), fen);
  const theirs = oracle.moves({ verbose: true });
  const moves = legalMoves(position);
  const ours = new Map(moves.map((move) => [makeUci(move), move]));
  assert.deepEqual([...ours.keys()].sort(), theirs.map((move) => move.lan).sort(), fen);
  for (const { lan, san } of theirs) {
    const move = ours.get(lan)!;
    assert.equal(makeSan(position, move), san, fen);
    assert.equal(parseSan(position, san), move, fen);
    assert.equal(parseUci(position, lan), move, fen);
  }
  assert.equal(makeFen(position), fen, "writing SAN leaves the position as it was");
  assert.equal(position.check, oracle.isCheck(), fen);
  assert.equal(position.isCheck(), oracle.isCheck(), fen);
  const state = oracle.isCheckmate()
    ? "checkmate"
    : oracle.isStalemate()
    ? "stalemate"
    : oracle.isInsufficientMaterial()
    ? "insufficient material"
    : null;
  assert.equal(terminalState(position), state, fen);
  return moves;
}

function playRandomGame(next: Random, fen: string, plies: number): void {
  const position = fen === START_FEN ? startPosition() : parseFen(fen);
  const oracle = new Chess(fen);
  const played: { move: Move; before: number; fen: string; key: number }[] = [];
  for (let ply = 0; ply < plies; ply++) {
    const moves = compare(position, oracle);
    if (moves.length === 0) break;
    const move = moves[randomInteger(next, moves.length)];
    const fen = makeFen(position), key = position.key();
    assert.equal(parseFen(fen).key(), key, "a position read from its FEN has the same key");
    played.push({ move, before: position.play(move), fen, key });
    oracle.move(makeUci(move));
  }
  for (const { move, before, fen, key } of played.reverse()) {
    position.undo(move, before);
    assert.equal(makeFen(position), fen);
    assert.equal(position.key(), key);
  }
}

Deno.test("random games agree with chess.js in moves, SAN, FEN, check and endings", () => {
  for (let game = 0; game < 7; game++) {
    playRandomGame(random(1, "random games", game), START_FEN, 160);
  }
});

Deno.test("random games from sharp positions agree with chess.js", () => {
  const fens = [
    "r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1",
    "8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - - 0 1",
    "r3k2r/Pppp1ppp/1b3nbN/nP6/BBP1P3/q4N2/Pp1P2PP/R2Q1RK1 w kq - 0 1",
    "n1n5/PPPk4/8/8/8/8/4Kppp/5N1N b - - 0 1",
    "8/8/8/2k5/2pP4/8/B7/4K3 b - d3 0 3",
    "1Q3Q2/8/k7/8/3Q1Q2/8/5K2/1Q6 w - - 0 1",
    "8/8/3k4/8/8/3KB3/8/8 w - - 0 1",
    "3b4/8/3k4/8/8/3KB3/8/8 w - - 0 1",
    "2b5/8/3k4/8/8/3KB3/8/8 w - - 98 60",
    "8/8/3k4/8/8/3KN3/7n/8 w - - 0 1",
  ];
  fens.forEach((fen, i) => {
    for (let game = 0; game < 1; game++) {
      playRandomGame(random(2, "sharp games", i, game), fen, 60);
    }
  });
});
