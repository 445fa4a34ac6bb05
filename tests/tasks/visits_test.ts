import assert from "node:assert/strict";
import { playMatch } from "@lib/play/match.ts";
import { standardOpenings } from "@lib/play/openings.ts";
import { greedyPlayer, randomPlayer } from "@lib/play/player.ts";
import { ownVisits } from "@lib/tasks/visits.ts";

Deno.test("a model's own visits are those in which it moved, after the opening", async () => {
  const openings = standardOpenings().slice(0, 3);
  const lengths = new Map(openings.map(({ name, moves }) => [name, moves.length]));
  const [a, b] = [greedyPlayer(), randomPlayer()];
  const { games } = await playMatch({ a, b, games: 6, seed: 1, openings, maxMoves: 12 });
  const visits = ownVisits(games, lengths, 1000);
  for (const { index, white, moves, opening } of games) {
    const own = visits.filter(({ game }) => game === index).map(({ ply }) => ply);
    const first = lengths.get(opening)!, plies = Array.from(moves, (_, ply) => ply).slice(first);
    assert.deepEqual(own, plies.filter((ply) => (ply % 2 === 0) === (white === a.name)));
  }
  assert.ok(visits.every(({ rating }) => rating === 1000));
});
