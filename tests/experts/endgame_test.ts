import assert from "node:assert/strict";
import { Chess } from "chess.js";
import { makeFen, parseFen } from "@lib/chess/fen.ts";
import {
  BLACK,
  KING,
  legalMoves,
  type Move,
  Position,
  ROOK,
  terminalState,
} from "@lib/chess/position.ts";
import { makeUci } from "@lib/chess/san.ts";
import {
  bestDefence,
  DISCOUNT,
  type EndgameWorld,
  isHeldOut,
  positionOf,
  reflect,
  solveEndgame,
  stateOf,
} from "@lib/experts/endgame.ts";
import { DRAWN, ILLEGAL, indexOf, squaresOf } from "@lib/experts/retrograde.ts";
import { random, randomInteger } from "@lib/random.ts";

const world = solveEndgame("KRvK");

Deno.test("K+R v K has 175,168 states and mates in at most 16 moves, as is known", () => {
  assert.equal(world.states.length, 175_168);
  assert.equal(world.tables.white.reduce((a, b) => Math.max(a, b)), 31);
  assert.equal(world.tables.white.filter((plies) => plies === DRAWN).length, 0);
});

Deno.test("depths with Black to move are those of the published database, class by class", () => {
  // Bain and Hoff 1994, UCI Machine Learning Repository, "Chess (King-Rook vs. King)": 28,056
  // positions up to symmetry, by White's moves until mate; the last number are the draws.
  // deno-fmt-ignore
  const published = [
    27, 78, 246, 81, 198, 471, 592, 683, 1433, 1712, 1985, 2854, 3597, 4194, 4553, 2166, 390, 2796,
  ];
  const classes = new Array<number>(published.length).fill(0);
  const squares = new Uint8Array(3), image = new Uint8Array(3);
  let legal = 0;
  world.tables.black.forEach((plies, placement) => {
    if (plies === ILLEGAL) return;
    legal++;
    squaresOf(placement, squares);
    for (let mirror = 1; mirror < 8; mirror++) {
      squares.forEach((square, i) => image[i] = reflect(square, mirror));
      if (indexOf(image) < placement) return;
    }
    classes[plies === DRAWN ? 17 : plies / 2]++;
  });
  assert.deepEqual(classes, published);
  assert.equal(legal, 223_944);
});

Deno.test("mates and stalemates are those that the rules find, position by position", () => {
  const squares = new Uint8Array(3);
  const found = { checkmate: 0, stalemate: 0 };
  world.tables.black.forEach((plies, placement) => {
    if (plies === ILLEGAL) return;
    squaresOf(placement, squares);
    const board = new Position();
    [KING, ROOK, KING | 8].forEach((piece, i) => board.put(squares[i], piece));
    board.turn = BLACK;
    const end = terminalState(parseFen(makeFen(board)));
    assert.equal(end === "checkmate", plies === 0);
    if (end === "stalemate") assert.equal(plies, DRAWN);
    if (end === "checkmate" || end === "stalemate") found[end]++;
  });
  assert.deepEqual(found, { checkmate: 216, stalemate: 68 });
});

Deno.test("an ending that is not known, or a share that is none, is refused", () => {
  assert.throws(() => solveEndgame("KNvK" as "KRvK"), /Cannot solve the ending "KNvK"/);
  assert.throws(() => solveEndgame("KRvK", { share: 0 }), /Cannot keep a share 0 of the states/);
});

const pawn = solveEndgame("KPvK");

for (const each of [world, pawn]) {
  Deno.test(`${each.ending}: moves are the legal ones, position and state name each other`, () => {
    const next = random(1, "states");
    for (let i = 0; i < 1000; i++) checkState(each, randomInteger(next, each.states.length));
  });
}

function checkState(world: EndgameWorld, state: number): void {
  const position = positionOf(world, state);
  assert.equal(stateOf(world, position), state);
  assert.equal(makeFen(parseFen(makeFen(position))), makeFen(position));
  assert.equal(parseFen(makeFen(position)).check, position.check);
  const { offsets } = world.states;
  const moves = [...world.moves.subarray(offsets[state], offsets[state + 1])];
  assert.deepEqual(moves.sort(byNumber), legalMoves(position).sort(byNumber));
}

Deno.test("positions of other pieces, or of the other side, are no states", () => {
  for (const fen of ["8/8/8/8/8/2k5/8/K6Q w - - 0 1", "8/8/8/8/8/2k5/8/K6R b - - 0 1"]) {
    assert.equal(stateOf(world, parseFen(fen)), -1);
  }
});

Deno.test("distances are those of a search that knows nothing of the tables", () => {
  const next = random(2, "mates");
  let short = 0;
  for (let i = 0; i < 4000 && short < 12; i++) {
    const state = randomInteger(next, world.states.length);
    const plies = world.tables.white[world.placements[state]];
    if (plies > 3) continue;
    short++;
    const chess = new Chess(fenOf(state));
    assert.equal(mateIn(chess, 1) ? 1 : mateIn(chess, 2) ? 3 : -1, plies, chess.fen());
  }
  assert.equal(short, 12);
});

Deno.test("along best play of both the distance falls by one a move, down to mate", () => {
  const next = random(3, "lines");
  for (let i = 0; i < 50; i++) {
    let state = randomInteger(next, world.states.length);
    for (let left = (world.tables.white[world.placements[state]] + 1) / 2; left > 0; left--) {
      const { offsets, reward } = world.states;
      let best = offsets[state];
      for (let j = best; j < offsets[state + 1]; j++) if (reward[j] > reward[best]) best = j;
      assert.equal(world.distance[best], left);
      assert.ok(Math.abs(reward[best] - DISCOUNT ** left) < 1e-12);
      const position = positionOf(world, state);
      position.play(world.moves[best]);
      const replies = legalMoves(position);
      if (left === 1) {
        assert.ok(replies.length === 0 && position.isCheck());
        break;
      }
      position.play(bestDefence(world, position)[0]);
      state = stateOf(world, position);
    }
  }
});

Deno.test("the defender takes a rook that hangs, and a draw that is there", () => {
  const hanging = parseFen("8/8/8/8/8/K7/1r6/k7 w - - 0 1".replace("r", "R").replace(" w ", " b "));
  assert.deepEqual(bestDefence(world, hanging).map(makeUci), []);
  const free = parseFen("8/8/8/8/K7/8/1R6/k7 b - - 0 1");
  assert.deepEqual(bestDefence(world, free).map(makeUci), ["a1b2"]);
  assert.throws(() => bestDefence(world, positionOf(world, 0)), /Cannot defend/);
});

Deno.test("a tenth of the states is held out, mirror images together", () => {
  let heldOut = 0;
  for (let x = 0; x < world.states.length; x++) if (isHeldOut(world, x)) heldOut++;
  assert.ok(Math.abs(heldOut / world.states.length - 0.1) < 0.01);
  const mirrored = (fen: string) => {
    const [board, ...rest] = fen.split(" ");
    return [board.split("/").map((rank) => [...rank].reverse().join("")).join("/"), ...rest];
  };
  for (let x = 0; x < world.states.length; x += 4999) {
    const mirror = stateOf(world, parseFen(mirrored(fenOf(x)).join(" ")));
    assert.equal(isHeldOut(world, x), isHeldOut(world, mirror));
  }
});

function fenOf(state: number): string {
  const chess = new Chess("8/8/8/8/8/8/8/8 w - - 0 1", { skipValidation: true });
  const position = positionOf(world, state);
  for (let square = 0; square < 64; square++) {
    const piece = position.pieceAt(square);
    if (!piece) continue;
    const type = "_pnbrqk"[piece & 7] as "k";
    const name = "abcdefgh"[square & 7] + ((square >> 3) + 1);
    chess.put({ type, color: piece & 8 ? "b" : "w" }, name as "a1");
  }
  return chess.fen();
}

/** Whether White, to move, can force mate in n moves. */
function mateIn(chess: Chess, n: number): boolean {
  return chess.moves().some((move) => {
    chess.move(move);
    const mates = chess.isCheckmate() ||
      (n > 1 && !chess.isDraw() && chess.moves().every((reply) => {
        chess.move(reply);
        const lost = mateIn(chess, n - 1);
        chess.undo();
        return lost;
      }));
    chess.undo();
    return mates;
  });
}

function byNumber(a: Move, b: Move): number {
  return a - b;
}
