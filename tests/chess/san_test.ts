import assert from "node:assert/strict";
import fc from "fast-check";
import { makeFen, parseFen, START_FEN } from "@lib/chess/fen.ts";
import { legalMoves, startPosition } from "@lib/chess/position.ts";
import { makeSan, makeUci, parseSan, parseUci } from "@lib/chess/san.ts";

const CASTLING = "r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1";
const QUEENS = "1k6/8/8/8/4Q2Q/8/8/K6Q w - - 0 1"; // all three queens reach e1
const PROMOTION = "3r4/4P1k1/8/8/8/8/8/4K3 w - - 0 1";

Deno.test("SAN in its many forms names the move", () => {
  const forms: readonly (readonly [fen: string, san: string, uci: string])[] = [
    [START_FEN, "e4", "e2e4"],
    [START_FEN, "e2e4", "e2e4"],
    [START_FEN, "e2-e4", "e2e4"],
    [START_FEN, "Pe4", "e2e4"],
    [START_FEN, "e4!?", "e2e4"],
    [START_FEN, "e4+", "e2e4"],
    [START_FEN, "e4#", "e2e4"],
    [START_FEN, "Nf3", "g1f3"],
    [START_FEN, "Ngf3", "g1f3"],
    [START_FEN, "N1f3", "g1f3"],
    [START_FEN, "Ng1f3", "g1f3"],
    [START_FEN, "Ng1-f3??", "g1f3"],
    [CASTLING, "O-O", "e1g1"],
    [CASTLING, "0-0", "e1g1"],
    [CASTLING, "O-O+", "e1g1"],
    [CASTLING, "O-O-O", "e1c1"],
    [CASTLING, "0-0-0!", "e1c1"],
    [CASTLING, "o-o-o", "e1c1"],
    [CASTLING, "Rxa8+", "a1a8"],
    [CASTLING, "Ra8", "a1a8"],
    [CASTLING, "Ra1:a8", "a1a8"],
    [QUEENS, "Qh4e1", "h4e1"],
    [QUEENS, "Qh4-e1", "h4e1"],
    [PROMOTION, "e8=Q+", "e7e8q"],
    [PROMOTION, "e8Q", "e7e8q"],
    [PROMOTION, "e8=q", "e7e8q"],
    [PROMOTION, "e8n", "e7e8n"],
    [PROMOTION, "e8/B", "e7e8b"],
    [PROMOTION, "e8(R)", "e7e8r"],
    [PROMOTION, "exd8=N", "e7d8n"],
    [PROMOTION, "exd8Q#", "e7d8q"],
    [PROMOTION, "e7xd8=R", "e7d8r"],
    [PROMOTION, "ed8=Q", "e7d8q"],
    ["4k3/8/8/3pP3/8/8/8/4K3 w - d6 0 1", "exd6", "e5d6"],
  ];
  for (const [fen, san, uci] of forms) {
    assert.equal(makeUci(parseSan(parseFen(fen), san)), uci, `${san} in ${fen}`);
  }
});

Deno.test("SAN that names no legal move is refused with move, FEN and reason", () => {
  const wrong: readonly (readonly [fen: string, san: string, reason: RegExp])[] = [
    [START_FEN, "e5", /"e5" is not legal for White/],
    [START_FEN, "exd3", /not legal/],
    [START_FEN, "Ke2", /not legal/],
    [START_FEN, "O-O", /not legal/],
    [START_FEN, "Nd2", /not legal/],
    [START_FEN, "Nbf3", /not legal/],
    [START_FEN, "Nf3=Q", /not legal/],
    [START_FEN, "e4=Q", /not legal/],
    [START_FEN, "", /"" is not a move in algebraic/],
    [START_FEN, "e", /not a move/],
    [START_FEN, "hello", /not a move/],
    [START_FEN, "--", /not a move/],
    [START_FEN, "Z0", /not a move/],
    [START_FEN, "e9", /not a move/],
    [START_FEN, "O-O-O-O", /not a move/],
    [START_FEN, "Nf3Nf3", /not a move/],
    [START_FEN, "♘f3", /not a move/],
    [START_FEN, "x".repeat(1000), /not a move/],
    [QUEENS, "Qe1", /ambiguous/],
    [QUEENS, "Qhe1", /ambiguous/],
    [PROMOTION, "e8", /not legal/],
    [PROMOTION, "e8=K", /not a move/],
    [PROMOTION, "e8=P", /not a move/],
    ["4k3/4r3/8/8/8/4N3/8/4K3 w - - 0 1", "Nd5", /not legal/], // pinned
    ["4k3/4r3/8/8/8/8/3N4/4K3 w - - 0 1", "Nf3", /not legal/], // leaves the check
    ["4k3/8/8/8/8/5r2/8/4K2R w K - 0 1", "O-O", /not legal/], // through check
    ["4k3/8/8/8/8/4r3/8/4K2R w K - 0 1", "O-O", /not legal/], // out of check
    ["4k3/8/8/8/8/8/8/4K2R w - - 0 1", "O-O", /not legal/], // no right
    ["8/8/8/K2pP2q/8/8/8/4k3 w - d6 0 1", "exd6", /not legal/],
  ];
  for (const [fen, san, reason] of wrong) {
    assert.throws(() => parseSan(parseFen(fen), san), (error) => {
      assert.ok(error instanceof SyntaxError);
      assert.match(error.message, reason, `${san} in ${fen}`);
      assert.ok(error.message.startsWith("Cannot play ") && error.message.includes(" in "));
      return true;
    }, `${san} in ${fen}`);
  }
  // A pinned piece doesn't make the other's move ambiguous.
  const pinned = parseFen("4k3/8/8/4r3/8/4N3/8/N3K3 w - - 0 1");
  assert.equal(makeUci(parseSan(pinned, "Nc2")), "a1c2");
});

Deno.test("SAN is written as short as it may be", () => {
  const cases: readonly (readonly [fen: string, uci: string, san: string])[] = [
    [QUEENS, "h4e1", "Qh4e1"],
    [QUEENS, "h1e1", "Q1e1"],
    [QUEENS, "e4e1", "Qee1"],
    [CASTLING, "e1g1", "O-O"],
    [CASTLING, "e1c1", "O-O-O"],
    [CASTLING, "a1a8", "Rxa8+"],
    [PROMOTION, "e7d8q", "exd8=Q"],
    [PROMOTION, "e7e8q", "e8=Q"],
    ["4k3/8/8/4r3/8/4N3/8/N3K3 w - - 0 1", "a1c2", "Nc2"],
    ["6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1", "a1a8", "Ra8#"],
  ];
  for (const [fen, uci, san] of cases) {
    const position = parseFen(fen);
    assert.equal(makeSan(position, parseUci(position, uci)), san, `${uci} in ${fen}`);
    assert.equal(makeFen(position), fen);
  }
});

Deno.test("UCI coordinates are read strictly", () => {
  const position = startPosition();
  for (const move of legalMoves(position)) {
    assert.equal(parseUci(position, makeUci(move)), move);
  }
  assert.throws(() => parseUci(position, "e2e5"), /Cannot play "e2e5" in .*: not a legal move/);
  assert.throws(() => parseUci(position, "e2"), /not a move in UCI notation/);
  assert.throws(() => parseUci(parseFen(PROMOTION), "e7e8"), /not a legal move/);
});

Deno.test("whatever the text, SAN in gives a legal move or a SyntaxError", () => {
  const letters = fc.constantFrom(..."abcdefgh12345678NBRQKOx-=+#!?P0 .");
  const text = fc.array(letters, { maxLength: 8 }).map((characters) => characters.join(""));
  const fens = [START_FEN, CASTLING, QUEENS, PROMOTION];
  fc.assert(
    fc.property(text, fc.constantFrom(...fens), (san, fen) => {
      const position = parseFen(fen);
      try {
        assert.ok(legalMoves(position).includes(parseSan(position, san)));
      } catch (error) {
        assert.ok(error instanceof SyntaxError);
      }
      assert.equal(makeFen(position), fen);
    }),
    { seed: 11, numRuns: 5000 },
  );
});
