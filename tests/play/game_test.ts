import assert from "node:assert/strict";
import { Chess } from "chess.js";
import { legalMoves } from "@lib/chess/position.ts";
import { makeSan, parseSan, parseUci } from "@lib/chess/san.ts";
import { type GameState, newGame, outcome, playMove, transcript } from "@lib/play/game.ts";
import { random, randomInteger } from "@lib/random.ts";

function play(game: GameState, text: string): GameState {
  for (const san of text.split(" ")) playMove(game, parseSan(game.position, san));
  return game;
}

Deno.test("mate wins for the side that gives it", () => {
  assert.deepEqual(outcome(play(newGame(), "f3 e5 g4 Qh4#")), {
    result: "0-1",
    reason: "checkmate",
  });
  assert.deepEqual(outcome(play(newGame(), "e4 e5 Qh5 Nc6 Bc4 Nf6 Qxf7#")), {
    result: "1-0",
    reason: "checkmate",
  });
});

Deno.test("stalemate is a draw, whoever gives it", () => {
  const white = play(newGame("7k/8/5KQ1/8/8/8/8/8 w - - 0 1"), "Qf7");
  assert.deepEqual(outcome(white), { result: "1/2-1/2", reason: "stalemate" });
  const black = newGame("8/8/8/8/8/5kq1/8/7K w - - 0 1");
  assert.deepEqual(outcome(black), { result: "1/2-1/2", reason: "stalemate" });
});

Deno.test("bare kings are a draw", () => {
  const game = play(newGame("8/8/4k3/8/8/3Kp3/8/8 w - - 0 1"), "Kxe3");
  assert.equal(outcome(game)?.reason, "insufficient material");
});

Deno.test("the third occurrence of a position ends the game, the start position included", () => {
  const game = play(newGame(), "Nf3 Nf6 Ng1 Ng8 Nf3 Nf6 Ng1");
  assert.equal(outcome(game), null);
  play(game, "Ng8");
  assert.deepEqual(outcome(game), { result: "1/2-1/2", reason: "threefold repetition" });
});

Deno.test("positions that differ in castling rights are not repetitions", () => {
  const game = newGame("r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1");
  // The kings' first return has lost the right to castle.
  play(game, "Kd1 Kd8 Ke1 Ke8 Kd1 Kd8 Ke1 Ke8");
  assert.equal(outcome(game), null);
  play(game, "Kd1 Kd8 Ke1 Ke8");
  assert.equal(outcome(game)?.reason, "threefold repetition");
});

Deno.test("fifty moves without progress draw, unless the last one mates", () => {
  const quiet = newGame("7k/8/8/8/8/8/R7/K7 w - - 98 80");
  play(quiet, "Ra3");
  assert.equal(outcome(quiet), null);
  play(quiet, "Kg8");
  assert.deepEqual(outcome(quiet), { result: "1/2-1/2", reason: "fifty-move rule" });
  const mate = play(newGame("7k/8/6K1/8/8/8/8/R7 w - - 99 80"), "Ra8#");
  assert.equal(outcome(mate)?.reason, "checkmate");
});

Deno.test("an illegal move is refused, and changes nothing", () => {
  const game = newGame();
  const e2e5 = 12 | (36 << 6);
  assert.throws(() => playMove(game, e2e5), /Cannot play e2e5 in rnbqkbnr.*must be a legal move/);
  assert.deepEqual(game.moves, []);
  playMove(game, parseUci(game.position, "e2e4"));
  assert.throws(() => newGame("8/8/8/8/8/8/8/8 w - - 0 1"), SyntaxError);
});

Deno.test("a start that is the usual one counts as no set-up", () => {
  assert.equal(newGame("rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1").start, null);
  assert.equal(typeof newGame("7k/8/6K1/8/8/8/8/R7 w - - 0 1").start, "string");
});

Deno.test("random games end when, and as, chess.js says", () => {
  const reasons = new Set<string>();
  for (let g = 0; g < 15; g++) {
    const next = random(g, "game");
    const game = newGame();
    const oracle = new Chess();
    for (;;) {
      const end = outcome(game);
      assert.equal(end !== null, oracle.isGameOver(), oracle.fen());
      if (end !== null) {
        reasons.add(end.reason);
        assert.equal(end.reason === "checkmate", oracle.isCheckmate());
        assert.equal(end.result === "1/2-1/2", oracle.isDraw());
        break;
      }
      const moves = legalMoves(game.position);
      const move = moves[randomInteger(next, moves.length)];
      oracle.move(makeSan(game.position, move));
      playMove(game, move);
    }
  }
  assert.ok(reasons.size >= 3, [...reasons].join());
});

Deno.test("the transcript is the paper's text, ready for the next move", () => {
  const game = newGame();
  assert.equal(transcript(game), ";1.");
  assert.equal(transcript(play(game, "e4")), ";1.e4");
  assert.equal(transcript(play(game, "e5 Qh5")), ";1.e4 e5 2.Qh5");
  assert.equal(transcript(play(game, "Nc6 Bc4 Nf6 Qxf7#")), ";1.e4 e5 2.Qh5 Nc6 3.Bc4 Nf6 4.Qxf7#");
  assert.equal(transcript(play(newGame(), "e4 d6 Bb5+ c6")), ";1.e4 d6 2.Bb5+ c6 3.");
  assert.throws(() => transcript(newGame("7k/8/6K1/8/8/8/8/R7 w - - 0 1")), RangeError);
});
