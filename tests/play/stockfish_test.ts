import assert from "node:assert/strict";
import { parseFen } from "@lib/chess/fen.ts";
import { makeUci, parseUci } from "@lib/chess/san.ts";
import { legalMoves, startPosition } from "@lib/chess/position.ts";
import { checkStates } from "@lib/analysis/states.ts";
import { labelPositions } from "@lib/play/labelling.ts";
import { openStockfish } from "@lib/play/stockfish.ts";
import { EngineError, findNativeStockfish, startEngine } from "@lib/play/uci.ts";

const MATE_IN_ONE = "6k1/5ppp/8/8/8/8/8/R3K3 w - - 0 1";
const MATED = "6k1/5ppp/8/8/8/8/7r/q3K3 w - - 0 1";

const engines = ["wasm", ...(findNativeStockfish() === null ? [] : ["native"])];
if (engines.length === 1) console.log("No native stockfish here: only the wasm one is tested");

for (const engine of engines) {
  Deno.test(`${engine}: the best move, its score, and answers that do not depend on the past`, async () => {
    await using stockfish = await openStockfish({ engine });
    assert.match(stockfish.name, /Stockfish/);
    const mate = await stockfish.search(parseFen(MATE_IN_ONE), { depth: 4 });
    assert.equal(makeUci(mate.move), "a1a8");
    assert.deepEqual(mate.best, [{ move: mate.move, score: 9999 }]);
    const first = await stockfish.search(startPosition(), { depth: 6, multiPv: 3 });
    assert.equal(first.best.length, 3);
    assert.ok(first.best[0].score >= first.best[2].score);
    await stockfish.search(parseFen(MATE_IN_ONE), { nodes: 2000 });
    assert.deepEqual(
      await stockfish.search(startPosition(), { depth: 6, multiPv: 3 }),
      first,
    );
  });

  Deno.test(`${engine}: every legal move has a score from the mover's view`, async () => {
    await using stockfish = await openStockfish({ engine });
    const position = parseFen(MATE_IN_ONE);
    const { moves, scores, winProbability } = await stockfish.evaluateMoves(position, { depth: 2 });
    assert.deepEqual([...moves], legalMoves(position));
    const mate = moves.indexOf(parseUci(position, "a1a8"));
    assert.equal(scores[mate], 9999);
    assert.equal(winProbability[mate], Math.max(...winProbability));
    // A long search lets the engine yield in the middle; it must still be waited for.
    const crowded = parseFen(
      "r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1",
    );
    const all = await stockfish.evaluateMoves(crowded, { depth: 5 });
    assert.equal(all.moves.length, 48);
    const over = await stockfish.evaluateMoves(parseFen(MATED), { depth: 1 });
    assert.equal(over.moves.length, 0);
  });
}

Deno.test("a game is sent with its moves, so that the engine sees repetitions", async () => {
  await using stockfish = await openStockfish();
  // White is a rook up; going back to h1 for the third time would be a draw.
  const start = "7k/8/8/8/8/8/5r2/R6K w - - 0 1";
  const position = parseFen(start);
  const moves: number[] = [];
  for (const uci of ["a1a8", "h8h7", "a8a1", "h7h8", "a1a8", "h8h7", "a8a1", "h7h8"]) {
    const move = parseUci(position, uci);
    moves.push(move);
    position.play(move);
  }
  const alone = await stockfish.evaluateMoves(position, { depth: 1 });
  const game = await stockfish.evaluateMoves({ start, moves, position }, { depth: 1 });
  const back = alone.moves.indexOf(parseUci(position, "a1a8"));
  assert.notEqual(game.scores[back], alone.scores[back]);
});

Deno.test("labels are states of the theory, the same on one engine and on two", async () => {
  const positions = [
    startPosition(),
    parseFen(MATE_IN_ONE),
    parseFen("8/8/8/8/8/2k5/8/K6R b - - 3 9"),
  ];
  const progress: number[] = [];
  await using two = await openStockfish({ count: 2 });
  const labels = await labelPositions(two, positions, {
    depth: 3,
    onProgress: (done, total) => progress.push(done / total),
  });
  assert.deepEqual(progress, [1 / 3, 2 / 3, 1]);
  checkStates(labels);
  assert.deepEqual([...labels.moves.subarray(0, 20)], legalMoves(startPosition()));
  await using one = await openStockfish();
  assert.deepEqual(await labelPositions(one, positions, { depth: 3 }), labels);
});

Deno.test("a position where the game is over cannot be labelled", async () => {
  await using stockfish = await openStockfish();
  const over = parseFen("7k/5Q2/6K1/8/8/8/8/8 b - - 0 1");
  await assert.rejects(
    labelPositions(stockfish, [startPosition(), over], { depth: 1 }),
    /Cannot label position 1, 7k.*0 legal moves/,
  );
});

Deno.test("an illegal position never reaches the engine", async () => {
  await using stockfish = await openStockfish();
  const position = startPosition().copy();
  position.put(4, 0); // White's king is taken off
  await assert.rejects(stockfish.search(position, { depth: 1 }), SyntaxError);
  const { move } = await stockfish.search(startPosition(), { depth: 1 });
  assert.ok(legalMoves(startPosition()).includes(move));
});

Deno.test("the wasm engine that ends itself is noticed at once", async () => {
  const process = await startEngine("wasm", 20_000);
  await assert.rejects(
    process.ask(["position fen 8/8/8/8/8/8/8/8 w - - 0 1", "go depth 1"], "bestmove", {
      timeout: 20_000,
    }),
    (error) => error instanceof EngineError && /has died.*number of kings/.test(error.message),
  );
  await process.kill();
});

Deno.test("bounds and options out of range are refused", async () => {
  await using stockfish = await openStockfish();
  const search = (options: Parameters<typeof stockfish.search>[1]) =>
    assert.rejects(stockfish.search(startPosition(), options), RangeError);
  await search({});
  await search({ depth: 0 });
  await search({ nodes: 1.5 });
  await search({ depth: 1, skill: 21 });
  await search({ depth: 1, multiPv: 300 });
  await assert.rejects(openStockfish({ count: 0 }), RangeError);
});

Deno.test("a search is stopped by its signal, and the engine serves the next one", async () => {
  await using stockfish = await openStockfish();
  const reason = new Error("enough");
  await assert.rejects(
    stockfish.search(startPosition(), { depth: 60, signal: AbortSignal.abort(reason) }),
    reason,
  );
  const stop = new AbortController();
  const searching = stockfish.search(startPosition(), { depth: 60, signal: stop.signal });
  setTimeout(() => stop.abort(reason), 20);
  await assert.rejects(searching, reason);
  const { best } = await stockfish.search(startPosition(), { depth: 2 });
  assert.equal(best.length, 1);
});

Deno.test("closing ends searches in progress and refuses new ones", async () => {
  const stockfish = await openStockfish();
  const searches = [60, 60].map((depth) => stockfish.search(startPosition(), { depth }));
  const settled = Promise.allSettled(searches);
  await stockfish[Symbol.asyncDispose]();
  for (const { status } of await settled) assert.equal(status, "rejected");
  await assert.rejects(stockfish.search(startPosition(), { depth: 1 }), /has been closed/);
});
