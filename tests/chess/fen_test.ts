import assert from "node:assert/strict";
import fc from "fast-check";
import { makeFen, parseFen, START_FEN } from "@lib/chess/fen.ts";
import {
  BLACK,
  KING,
  legalMoves,
  packMove,
  Position,
  ROOK,
  startPosition,
  terminalState,
  WHITE,
} from "@lib/chess/position.ts";
import { parseSan } from "@lib/chess/san.ts";

Deno.test("the start position has its FEN", () => {
  assert.equal(makeFen(startPosition()), START_FEN);
  assert.deepEqual(parseFen(START_FEN).cells, startPosition().cells);
  assert.equal(parseFen(START_FEN).key(), startPosition().key());
});

Deno.test("positions after any moves survive being written and read", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 80 }), (choices) => {
      const position = startPosition();
      for (const choice of choices) {
        const moves = legalMoves(position);
        if (moves.length === 0) break;
        position.play(moves[choice % moves.length]);
      }
      const read = parseFen(makeFen(position));
      assert.equal(makeFen(read), makeFen(position));
      assert.equal(read.key(), position.key());
      assert.equal(read.check, position.check);
      assert.deepEqual(legalMoves(read), legalMoves(position));
    }),
    { seed: 7, numRuns: 60 },
  );
});

Deno.test("the fields are read", () => {
  const position = parseFen("r3k3/8/8/3pP3/8/8/8/4K2R w Kq d6 7 33");
  assert.equal(position.turn, WHITE);
  assert.equal(position.castling, 1 | 8);
  assert.equal(position.epSquare, 43);
  assert.equal(position.halfmoveClock, 7);
  assert.equal(position.fullmoveNumber, 33);
  assert.equal(position.kingSquare(WHITE), 4);
  assert.equal(position.kingSquare(BLACK), 60);
  assert.equal(parseFen("8/8/4k3/8/8/4K3/8/7R b - -").halfmoveClock, 0, "EPD has no counters");
});

Deno.test("an en-passant square without a legal capture is dropped", () => {
  const fens = {
    "rnbqkbnr/pppp1ppp/8/4p3/4P3/8/PPPP1PPP/RNBQKBNR w KQkq e6 0 2": -1, // no pawn beside it
    "8/8/8/K2pP2q/8/8/8/4k3 w - d6 0 1": -1, // both pawns leave the king's rank
    "8/8/8/8/k2Pp2Q/8/8/3K4 b - d3 0 1": -1,
    "4r3/8/8/3pP3/8/8/8/4K2k w - d6 0 1": -1, // the capturing pawn is pinned
    "8/8/8/2k5/2pP4/8/B7/4K3 b - d3 0 3": 19, // the capture ends the check
    "8/8/8/3pP3/8/8/8/4K2k w - d6 0 1": 43,
  };
  for (const [fen, square] of Object.entries(fens)) {
    const position = parseFen(fen);
    assert.equal(position.epSquare, square, fen);
    assert.equal(makeFen(position).split(" ")[3] === "-", square < 0);
  }
});

Deno.test("the key tells what the repetition rule tells, and nothing else", () => {
  const key = (fen: string) => parseFen(fen).key();
  const base = "r3k2r/8/8/3pP3/8/8/8/R3K2R";
  const keys = [
    key(`${base} w KQkq - 0 1`),
    key(`${base} b KQkq - 0 1`),
    key(`${base} w KQk - 0 1`),
    key(`${base} w - - 0 1`),
    key(`${base} w KQkq d6 0 1`),
    key("r3k2r/8/8/3Pp3/8/8/8/R3K2R w KQkq - 0 1"),
  ];
  assert.equal(new Set(keys).size, keys.length);
  for (const value of keys) assert.ok(Number.isSafeInteger(value) && value >= 0);
  assert.equal(key(`${base} w KQkq - 0 1`), key(`${base} w KQkq - 40 77`));
  assert.equal(
    key("rnbqkbnr/pppp1ppp/8/4p3/4P3/8/PPPP1PPP/RNBQKBNR w KQkq e6 0 2"),
    key("rnbqkbnr/pppp1ppp/8/4p3/4P3/8/PPPP1PPP/RNBQKBNR w KQkq - 0 2"),
  );

  const position = startPosition(), first = position.key();
  for (const san of ["Nf3", "Nf6", "Ng1", "Ng8"]) position.play(parseSan(position, san));
  assert.equal(position.key(), first);
});

Deno.test("a hundred thousand positions have as many keys", () => {
  const seen = new Map<number, string>();
  const visit = (position: ReturnType<typeof startPosition>, depth: number) => {
    const fen = makeFen(position).split(" ").slice(0, 4).join(" ");
    const other = seen.get(position.key());
    assert.ok(other === undefined || other === fen, `${fen} and ${other} have one key`);
    seen.set(position.key(), fen);
    if (depth === 0) return;
    for (const move of legalMoves(position)) {
      const before = position.play(move);
      visit(position, depth - 1);
      position.undo(move, before);
    }
  };
  visit(parseFen("r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1"), 3);
  assert.ok(seen.size > 50_000);
});

Deno.test("a FEN that cannot be is refused with the reason", () => {
  const board = "4k3/8/8/8/8/8/8/4K3";
  const wrong: readonly (readonly [string, RegExp])[] = [
    ["", /must have 6 fields.*not 1/],
    ["hello", /must have 6 fields/],
    [`${board} w - - 0`, /not 5/],
    ["4k3/8/8/8/8/8/4K3 w - - 0 1", /8 ranks, not 7/],
    ["4k3/8/8/8/8/8/8/4K2 w - - 0 1", /rank 1 must have 8 squares, not 7/],
    ["4k3/9/8/8/8/8/8/4K3 w - - 0 1", /"9" in rank 7/],
    ["4k3/8/8/8/8/8/8/4K2X w - - 0 1", /"X" in rank 1/],
    ["4k3/8/8/8/8/8/8/8 w - - 0 1", /White has 0 kings/],
    ["4k1k1/8/8/8/8/8/8/4K3 w - - 0 1", /Black has 2 kings/],
    ["4k3/8/8/8/8/8/8/P3K3 w - - 0 1", /pawn cannot stand on rank 1/],
    ["4k2p/8/8/8/8/8/8/4K3 w - - 0 1", /pawn cannot stand on rank 8/],
    ["4k3/8/8/8/8/P7/PPPPPPPP/4K3 w - - 0 1", /White has 9 pawns/],
    ["4k3/8/8/8/8/RRRRRRRR/RRRRRRRR/4K3 w - - 0 1", /White has 17 pieces/],
    [`${board} x - - 0 1`, /side to move must be "w" or "b", not "x"/],
    ["4k3/4R3/8/8/8/8/8/4K3 w - - 0 1", /Black is in check but White is to move/],
    ["8/8/8/8/8/4k3/4K3/8 w - - 0 1", /Black is in check but White/],
    [`${board} w K - 0 1`, /castling right "K" needs king and rook/],
    ["r3k3/8/8/8/8/8/8/4K3 w k - 0 1", /castling right "k" needs/],
    ["4k3/8/8/8/8/8/8/R3K2R w QK - 0 1", /castling rights must be.*not "QK"/],
    ["4k3/8/8/8/8/8/8/R3K2R w HA - 0 1", /Chess960/],
    [`${board} w - e5 0 1`, /en-passant square must be "-" or on rank 6, not "e5"/],
    [`${board} b - e6 0 1`, /on rank 3, not "e6"/],
    [`${board} w - e6 0 1`, /no pawn can just have passed the en-passant square e6/],
    ["4k3/8/4n3/4p3/8/8/8/4K3 w - e6 0 1", /no pawn can just have passed/],
    ["4k3/4p3/8/4p3/8/8/8/4K3 w - e6 0 1", /no pawn can just have passed/],
    [`${board} w - - -1 1`, /halfmove clock must be 0 or more, not "-1"/],
    [`${board} w - - 0 0`, /move number must be 1 or more, not "0"/],
    [`${board} w - - 0 1.5`, /move number must be/],
  ];
  for (const [fen, reason] of wrong) {
    assert.throws(() => parseFen(fen), (error) => {
      assert.ok(error instanceof SyntaxError, fen);
      assert.match(error.message, reason);
      return true;
    }, fen);
  }
});

Deno.test("a position built piece by piece knows its check and its mate", () => {
  const position = new Position();
  position.put(63, KING | 8);
  position.put(45, KING);
  position.put(7, ROOK);
  position.turn = BLACK;
  assert.ok(position.isCheck() && position.check);
  assert.equal(terminalState(position), null);
  const mated = new Position();
  [[63, KING | 8], [46, KING], [56, ROOK]].forEach(([square, piece]) => mated.put(square, piece));
  mated.turn = BLACK;
  assert.equal(terminalState(mated), "checkmate");
});

Deno.test("a copy is independent", () => {
  const position = startPosition(), copy = position.copy();
  position.play(packMove(12, 28));
  assert.equal(makeFen(copy), START_FEN);
  copy.set(position);
  assert.deepEqual(copy, position);
});
