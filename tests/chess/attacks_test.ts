import assert from "node:assert/strict";
import { attackMaps } from "@lib/chess/attacks.ts";
import { cellOf, legalMoves, Position, startPosition } from "@lib/chess/position.ts";
import { random, randomInteger } from "@lib/random.ts";

/** Who attacks a square, asked piece by piece of the rules. */
function attackersOf(position: Position, square: number, color: number): number {
  let kinds = 0, count = 0;
  for (let from = 0; from < 64; from++) {
    const piece = position.pieceAt(from);
    if (piece === 0 || piece >> 3 !== color || from === square) continue;
    if (!position.attacks(cellOf(from), cellOf(square))) continue;
    kinds |= 1 << (piece & 7);
    count++;
  }
  return kinds | (count > 1 ? 1 : 0);
}

Deno.test("attack maps equal what the rules say of every pair of squares", () => {
  const next = random(1, "attacks"), maps = new Uint8Array(128);
  let compared = 0;
  for (let game = 0; game < 20; game++) {
    const position = startPosition();
    for (let ply = 0; ply < 80; ply++) {
      const moves = legalMoves(position);
      if (moves.length === 0) break;
      position.play(moves[randomInteger(next, moves.length)]);
      attackMaps(position, maps);
      for (let i = 0; i < 128; i++) {
        assert.equal(
          maps[i],
          attackersOf(position, i & 63, i >> 6),
          `game ${game}, ply ${ply}, ${i}`,
        );
        compared++;
      }
    }
  }
  assert.ok(compared > 100_000);
});
