import assert from "node:assert/strict";
import { choices, readFrequent, visitors, writeFrequent } from "@lib/analysis/frequent.ts";
import { startPosition } from "@lib/chess/position.ts";
import { parseSan } from "@lib/chess/san.ts";
import { collectGames, gameRow } from "@lib/data/games.ts";
import { countFrequent } from "@lib/tasks/frequent.ts";

function game(white: number, black: number, text: string, start?: string) {
  const position = startPosition();
  const moves = text.split(" ").map((san) => {
    const move = parseSan(position, san);
    position.play(move);
    return move;
  });
  const headers = { WhiteElo: `${white}`, BlackElo: `${black}` };
  return gameRow({ headers, moves, result: "1-0", ...(start !== undefined && { start }) });
}

const games = collectGames([
  game(900, 950, "e4 e5 Nf3 Nc6"),
  game(900, 1250, "e4 e5 Nc3 Nf6"),
  game(950, 980, "Nf3 e5 e4 Nc6"), // reaches the same position in another order
  game(1600, 900, "e4 c5 Nf3 d6"),
  game(0, 900, "e4 e5 Nf3 d6"), // its rating is not known
]);
const options = {
  least: [{ cap: 1000, visits: 2 }, { cap: 1300, visits: 3 }, { cap: 4000, visits: 4 }],
  plies: 3,
  seed: 1,
};

Deno.test("positions are counted whatever the order of moves, by game's cap and mover's band", () => {
  const { positions, cells, counts, offsets, moves, visits } = countFrequent(games, options);
  // The start; after 1.e4 only three up to 1300 and four in all would do; after e4 e5 Nf3.
  const of = (x: number, game: number, mover: number, san: string) => {
    const cell = cells.findIndex((cell) => cell.game[1] === game && cell.mover[1] === mover);
    const move = parseSan(positions[x], san);
    return counts[cell][moves.indexOf(move, offsets[x])];
  };
  const start = positions.findIndex((position) => position.key() === startPosition().key());
  assert.equal(of(start, 1000, 1000, "e4"), 1);
  assert.equal(of(start, 1000, 1000, "Nf3"), 1);
  assert.equal(of(start, 1300, 1000, "e4"), 1);
  assert.equal(of(start, 4000, 1700, "e4"), 1);
  const knights = positions.findIndex((position) => position.fullmoveNumber === 2 && position.turn);
  assert.equal(of(knights, 1000, 1000, "Nc6"), 2);
  assert.equal(positions.length, 2);
  const { game, ply } = visits[knights];
  assert.ok((game === 0 || game === 2) && ply === 3);
});

Deno.test("what is written is read again, and choices add up cells", () => {
  const { cells, visits: _, ...counted } = countFrequent(games, options);
  const file = `${Deno.makeTempDirSync()}/frequent.jsonl.gz`;
  const card = { source: "five games", licence: "CC0", games: [], cells, visits: [] };
  writeFrequent(file, { ...counted, card });
  const read = readFrequent(file);
  assert.deepEqual(read.counts, counted.counts);
  assert.deepEqual(read.moves, counted.moves);
  const low = choices(read, ({ game }) => game[1] <= 1300);
  assert.deepEqual([...visitors(read, low)].sort(), [2, 3]);
  const every = choices(read, () => true);
  assert.deepEqual([...visitors(read, every)].sort(), [2, 4]);
});

Deno.test("where nothing is frequent it says so", () => {
  const rare = { ...options, least: [{ cap: 4000, visits: 50 }] };
  assert.throws(() => countFrequent(games, rare), /none is frequent/);
});
