import assert from "node:assert/strict";
import fc from "fast-check";
import { parseFen } from "@lib/chess/fen.ts";
import { legalMoves, type Position, startPosition } from "@lib/chess/position.ts";
import { parseUci } from "@lib/chess/san.ts";
import {
  BOARD_SIZE,
  encodeBoard,
  PLANES,
  planesOf,
  POLICY_SIZE,
  policyIndex,
} from "@lib/data/board_encoding.ts";
import { random, randomInteger } from "@lib/random.ts";

function seen(fen: string): Float32Array {
  const planes = new Float32Array(BOARD_SIZE).fill(7); // what was there must not show through
  encodeBoard(parseFen(fen), planes);
  return planes;
}

/** A position after some random moves. */
function wander(seed: number): Position {
  const next = random(seed, "wander"), position = startPosition();
  for (let ply = randomInteger(next, 120); ply > 0; ply--) {
    const moves = legalMoves(position);
    if (moves.length === 0) break;
    position.play(moves[randomInteger(next, moves.length)]);
  }
  return position;
}

Deno.test("each plane says what it should", () => {
  const planes = seen("r3k2r/8/8/3pP3/8/8/8/4K2R w Kkq d6 0 1");
  const on: [square: string, plane: number][] = [];
  for (let i = 0; i < BOARD_SIZE; i++) {
    const plane = i % PLANES, square = Math.floor(i / PLANES);
    assert.ok(planes[i] === 0 || planes[i] === 1);
    if (planes[i] === 1 && plane !== 17 && (plane < 12 || plane > 15)) {
      on.push(["abcdefgh"[square & 7] + ((square >> 3) + 1), plane]);
    }
  }
  assert.deepEqual(on, [
    ["e1", 5], // own king
    ["h1", 3], // own rook
    ["d5", 6], // the other side's pawn
    ["e5", 0], // own pawn
    ["d6", 16], // en passant
    ["a8", 9], // the other side's rooks and king
    ["e8", 11],
    ["h8", 9],
  ]);
  for (let square = 0; square < 64; square++) {
    const rights = planes.subarray(square * PLANES + 12, square * PLANES + 18);
    assert.deepEqual([rights[0], rights[1], rights[2], rights[3], rights[5]], [1, 0, 1, 1, 1]);
  }
});

Deno.test("a position and its mirror image with colours swapped look the same", () => {
  assert.deepEqual(
    seen("r3k2r/8/8/3pP3/8/8/8/4K2R w Kkq d6 0 1"),
    seen("4k2r/8/8/8/3Pp3/8/8/R3K2R b KQk d3 5 30"),
  );
});

Deno.test("the planes of attacks follow the others at each square", () => {
  const position = parseFen("4k3/8/2n5/8/3p4/2P1B3/8/4K3 b - - 0 1");
  const without = new Float32Array(BOARD_SIZE), P = planesOf(true);
  const planes = new Float32Array(64 * P).fill(7);
  encodeBoard(position, without);
  encodeBoard(position, planes, 0, true);
  const at = (name: string) => {
    const square = name.charCodeAt(0) - 97 + 8 * (Number(name[1]) - 1);
    return [...planes.subarray((square ^ 56) * P, (square ^ 56) * P + P)]; // Black's view
  };
  for (let square = 0; square < 64; square++) {
    assert.deepEqual(
      planes.subarray(square * P, square * P + PLANES),
      without.subarray(square * PLANES, (square + 1) * PLANES),
    );
  }
  // Own: any, two, pawn, minor; then the other side.
  assert.deepEqual(at("d4").slice(PLANES), [1, 0, 0, 1, 1, 1, 1, 1]); // Nc6; c3 and Be3
  assert.deepEqual(at("e3").slice(PLANES), [1, 0, 1, 1, 0, 0, 0, 0]); // d4; nobody
  assert.deepEqual(at("d2").slice(PLANES), [0, 0, 0, 0, 1, 1, 0, 1]); // nobody; Be3 and Ke1
  assert.deepEqual(at("e8").slice(PLANES), [0, 0, 0, 0, 0, 0, 0, 0]);
});

Deno.test("the planes tell positions apart as the key does", () => {
  const known = new Map<string, number>();
  for (let seed = 0; seed < 300; seed++) {
    const position = wander(seed);
    const planes = new Float32Array(BOARD_SIZE);
    encodeBoard(position, planes);
    const text = position.turn + planes.join("");
    assert.equal(known.get(text) ?? position.key(), position.key());
    known.set(text, position.key());
  }
});

Deno.test("the legal moves of any position have different indices in range", () => {
  fc.assert(fc.property(fc.nat(100_000), (seed) => {
    const position = wander(seed), moves = legalMoves(position);
    const indices = new Set(moves.map((move) => policyIndex(move, position.turn)));
    // A promotion to a queen is the plain move, and no other move shares its squares.
    assert.equal(indices.size, moves.length);
    for (const index of indices) assert.ok(index >= 0 && index < POLICY_SIZE);
  }));
});

Deno.test("promotions have the indices of the format", () => {
  const white = parseFen("1n2k3/P7/8/8/8/8/8/4K3 w - - 0 1");
  const black = parseFen("4k3/8/8/8/8/8/p7/1N2K3 b - - 0 1");
  const a7 = 48,
    index = (uci: string, position: Position) =>
      policyIndex(parseUci(position, uci), position.turn);
  assert.equal(index("a7a8q", white), a7 * 73 + 56);
  assert.equal(index("a7a8n", white), a7 * 73 + 64 + 3 + 0);
  assert.equal(index("a7b8r", white), a7 * 73 + 64 + 6 + 2);
  assert.equal(index("a2a1q", black), a7 * 73 + 56);
  assert.equal(index("a2b1b", black), a7 * 73 + 64 + 6 + 1);
});
