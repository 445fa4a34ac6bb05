import assert from "node:assert/strict";
import fc from "fast-check";
import { packMove } from "@lib/chess/position.ts";
import {
  decodeText,
  encodeText,
  PGN_CHARACTERS,
  pgnPrompt,
  pgnText,
  pgnTokenizer,
  tokenizerByName,
  uciTokenizer,
} from "@lib/data/tokenizer.ts";
import { makeUci, parseSan } from "@lib/chess/san.ts";
import { startPosition } from "@lib/chess/position.ts";
import { random } from "@lib/random.ts";
import { madeMoves } from "./made_games.ts";

function played(...sans: string[]): number[] {
  const position = startPosition();
  return sans.map((san) => {
    const move = parseSan(position, san);
    position.play(move);
    return move;
  });
}

Deno.test("the pgn vocabulary is the paper's: 32 characters in ASCII order", () => {
  const paper = [
    " ",
    "#",
    "+",
    "-",
    ".",
    ..."0123456789",
    ";",
    "=",
    ..."BKNOQR",
    ..."abcdefgh",
    "x",
  ];
  assert.deepEqual([...PGN_CHARACTERS], paper);
  assert.deepEqual(paper.toSorted(), paper);
  assert.equal(pgnTokenizer.size, 32);
  assert.equal(decodeText([pgnTokenizer.start]), ";");
});

Deno.test("both tokenizers give back the moves of random games", () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 0, max: 200 }), (seed, plies) => {
      const moves = madeMoves(random(seed, "tokens"), plies);
      for (const tokenizer of [pgnTokenizer, uciTokenizer]) {
        const tokens = tokenizer.encode(moves);
        assert.equal(tokens[0], tokenizer.start);
        assert.ok(tokens.every((token) => token < tokenizer.size));
        assert.deepEqual(tokenizer.decode(tokens), moves);
        assert.deepEqual(tokenizer.decode(tokens.subarray(1)), moves);
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("games with castling, promotion, mate and draws are written without the paper's faults", () => {
  assert.equal(pgnText(played("f3", "e5", "g4", "Qh4#")), ";1.f3 e5 2.g4 Qh4#");
  const castles = played("e4", "e5", "Nf3", "Nc6", "Bb5", "Nf6", "O-O", "Nxe4");
  assert.equal(pgnText(castles), ";1.e4 e5 2.Nf3 Nc6 3.Bb5 Nf6 4.O-O Nxe4");
  const promotes = played("a4", "b5", "axb5", "a6", "bxa6", "Nc6", "a7", "Nb8", "axb8=Q");
  assert.match(pgnText(promotes), / 5\.axb8=Q$/);
});

Deno.test("a prompt ends where the next move begins", () => {
  assert.equal(pgnPrompt([]), ";1.");
  assert.equal(pgnPrompt(played("e4")), ";1.e4 ");
  assert.equal(pgnPrompt(played("e4", "e5")), ";1.e4 e5 2.");
  const moves = played("e4", "e5", "Nf3");
  for (let n = 0; n < moves.length; n++) {
    assert.ok(pgnText(moves).startsWith(pgnPrompt(moves.slice(0, n))));
  }
});

Deno.test("uci has the 1968 moves that exist and a start token, each once", () => {
  assert.equal(uciTokenizer.size, 1969);
  const moves = uciTokenizer.decode(Array.from({ length: 1968 }, (_, token) => token));
  assert.equal(new Set(moves.map(makeUci)).size, 1968);
  // 1456 queen moves and 336 knight moves of an empty board, 44 promotions a side in 4 kinds each
  assert.equal(moves.filter((move) => move >> 12 === 0).length, 1456 + 336);
  assert.equal(moves.filter((move) => move >> 12 !== 0).length, 2 * 22 * 4);
  assert.equal(uciTokenizer.start, 1968);
});

Deno.test("what is no token, character or move is refused with its place", () => {
  assert.throws(() => encodeText(";1.e4!"), /"!" \(character 6 of the text\)/);
  assert.throws(() => encodeText("é"), SyntaxError);
  assert.throws(() => decodeText([15, 32]), /token 32 \(place 2\): must be 0 … 31/);
  assert.throws(() => uciTokenizer.decode([1968, -1]), /token -1 \(place 2\): must be 0 … 1968/);
  assert.throws(() => uciTokenizer.decode([0, 1968]), /second game starts at place 2/);
  assert.throws(
    () => pgnTokenizer.decode(encodeText(";1.e4;1.d4")),
    /second game starts at place 6/,
  );
  assert.throws(() => pgnTokenizer.decode(encodeText(";1.e5")), SyntaxError);
  assert.throws(() => uciTokenizer.encode([packMove(0, 12)]), /square 0 to 12/);
  assert.throws(() => tokenizerByName("bpe"), /"bpe": must be "pgn" or "uci"/);
  assert.equal(tokenizerByName("uci"), uciTokenizer);
});
