import assert from "node:assert/strict";
import { makeFen } from "@lib/chess/fen.ts";
import { newGame, playMove } from "@lib/play/game.ts";
import { parseOpening, readOpenings, standardOpenings } from "@lib/play/openings.ts";

async function read(name: string, text: string, options?: { plies: number }) {
  const folder = Deno.makeTempDirSync();
  try {
    Deno.writeTextFileSync(`${folder}/${name}`, text);
    return await readOpenings(`${folder}/${name}`, options);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("the standard openings are forty different positions with different names", () => {
  const openings = standardOpenings();
  const fens = openings.map(({ start, moves }) => {
    const game = newGame(start);
    for (const move of moves) playMove(game, move);
    return makeFen(game.position).split(" ", 1)[0];
  });
  assert.equal(openings.length, 40);
  assert.equal(new Set(fens).size, 40);
  assert.equal(new Set(openings.map((opening) => opening.name)).size, 40);
  assert.ok(openings.every(({ moves }) => 2 <= moves.length && moves.length <= 6));
});

Deno.test("move lists with and without numbers say the same", () => {
  const plain = parseOpening("e4 e5 Nf3");
  assert.deepEqual(parseOpening("1. e4 e5 2. Nf3").moves, plain.moves);
  assert.deepEqual(parseOpening("1.e4 e5 2.Nf3", "King's knight").moves, plain.moves);
  assert.throws(() => parseOpening("e4 e5 Ke3"), SyntaxError);
  assert.throws(() => parseOpening("f3 e5 g4 Qh4"), /the game is over \(checkmate\)/);
});

Deno.test("books of EPD and FEN lines", async () => {
  const openings = await read(
    "book.epd",
    `# a comment
rnbqkbnr/pppp1ppp/8/4p3/4P3/8/PPPP1PPP/RNBQKBNR w KQkq - id "Open game";\r

4k3/8/8/8/8/8/8/R3K3 b Q - 3 17
`,
  );
  assert.deepEqual(openings.map(({ name, start }) => [name, start]), [
    ["Open game", "rnbqkbnr/pppp1ppp/8/4p3/4P3/8/PPPP1PPP/RNBQKBNR w KQkq - 0 1"],
    ["4k3/8/8/8/8/8/8/R3K3 b Q - 3 17", "4k3/8/8/8/8/8/8/R3K3 b Q - 3 17"],
  ]);
});

Deno.test("books of PGN games, cut to some plies", async () => {
  const text = `[Event "?"]\n[Opening "Italian"]\n\n1. e4 e5 2. Nf3 Nc6 3. Bc4 Bc5 *\n
[Event "?"]\n\n1. d4 d5 *\n`;
  const openings = await read("book.pgn", text, { plies: 4 });
  assert.deepEqual(openings.map(({ name, moves }) => [name, moves.length]), [
    ["Italian", 4],
    ["game 2", 2],
  ]);
});

Deno.test("a book that is missing, empty or wrong says where", async () => {
  await assert.rejects(read("a.epd", "# nothing\n"), /has 0, must have 1 or more/);
  await assert.rejects(read("a.epd", "\n8/8/8/8/8/8/8/8 w - -\n"), /a\.epd, line 2: /);
  await assert.rejects(read("a.epd", "7k/5Q2/6K1/8/8/8/8/8 b - -\n"), /line 1: .*stalemate/);
  await assert.rejects(readOpenings("/nowhere/book.epd"), /book\.epd/);
});
