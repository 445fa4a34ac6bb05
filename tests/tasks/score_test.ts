import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { gzipSync } from "node:zlib";
import { readLabels } from "@lib/analysis/labels.ts";
import { makeFen, parseFen, START_FEN } from "@lib/chess/fen.ts";
import { legalMoves, startPosition } from "@lib/chess/position.ts";
import { makeUci } from "@lib/chess/san.ts";
import { useBackend } from "@lib/compute/backend.ts";
import { uciTokenizer } from "@lib/data/tokenizer.ts";
import { boardNetShape } from "@lib/model/boardnet.ts";
import { chessFormerShape } from "@lib/model/chessformer.ts";
import { initModel, ModelConfig, saveModel } from "@lib/model/model.ts";
import { boardPolicy } from "@lib/model/policy.ts";
import { type History } from "@lib/model/token_policy.ts";
import { ROOT } from "@lib/paths.ts";
import { scoreLines, scoreTask } from "@lib/tasks/score.ts";

const folder = Deno.makeTempDirSync({ prefix: "score-" });
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

const AFTER_E4 = "rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq e3 0 1";
const options = { taus: [1, 0.001], seed: 1 };

/** Probabilities that fall with the place of the move. */
const falling = (games: readonly History[]) =>
  Promise.resolve(games.map(({ position }) => {
    const moves = legalMoves(position), weights = moves.map((_, i) => 1 / (i + 1));
    const total = weights.reduce((a, b) => a + b);
    return { moves, p: Float64Array.from(weights, (w) => w / total) };
  }));
const score = (lines: readonly unknown[], more = {}) =>
  Array.fromAsync(
    scoreLines(
      lines.map((line) => typeof line === "string" ? line : JSON.stringify(line)),
      falling,
      {
        ...options,
        ...more,
      },
    ),
  );

Deno.test("each line keeps what it said and gains all legal moves and a choice for each τ", async () => {
  const [line] = await score([{ fen: START_FEN, name: "start", error: "of an earlier try" }]);
  const first = makeUci(legalMoves(startPosition())[0]);
  assert.equal(line.name, "start");
  assert.equal(line.error, undefined);
  assert.deepEqual(
    Object.keys(line.policy!).sort(),
    legalMoves(startPosition()).map(makeUci).sort(),
  );
  const total = Object.values(line.policy!).reduce((a, b) => a + b);
  assert.ok(Math.abs(total - 1) < 1e-4);
  assert.ok(line.chosen!["1"] in line.policy!);
  assert.equal(line.chosen!["0.001"], first);
});

Deno.test("lines keep their order, past the size of a batch, errors among them", async () => {
  const lines = Array.from(
    { length: 2500 },
    (_, id) => id % 7 === 3 ? "{" : { fen: START_FEN, id },
  );
  const scored = await score(lines);
  assert.equal(scored.length, lines.length);
  scored.forEach((line, i) => {
    if (i % 7 === 3) assert.match(line.error!, new RegExp(`^Cannot score line ${i + 1}: `));
    else assert.equal(line.id, i);
  });
  const drawn = new Set(scored.map(({ chosen }) => chosen?.["1"]));
  assert.ok(drawn.size > 5, "each line has its own draw");
  assert.deepEqual(await score(lines), scored);
});

Deno.test("what is wrong with a line is said, and the others are scored", async () => {
  const scored = await score([
    "",
    "[1]",
    { moves: [] },
    { fen: "8/8/8/8/8/8/8/8 w - - 0 1" },
    { fen: "7k/6Q1/6K1/8/8/8/8/8 b - - 0 1", id: "mate" },
    { fen: AFTER_E4, moves: ["e2e5"] },
    { fen: AFTER_E4, moves: ["d2d4"] },
    { fen: AFTER_E4, moves: ["e2e4"] },
    { fen: AFTER_E4 },
  ]);
  const errors = scored.map(({ error }) => error);
  assert.match(errors[0]!, /line 1/);
  assert.match(errors[1]!, /line 2/);
  assert.match(errors[2]!, /fen/);
  assert.match(errors[3]!, /line 4/);
  assert.match(errors[4]!, /the game is over/);
  assert.equal(scored[4].id, "mate");
  assert.match(errors[5]!, /e2e5/);
  assert.match(errors[6]!, /do not lead from/);
  assert.deepEqual(errors.slice(7), [undefined, undefined]);
  assert.deepEqual(scored[7].policy, scored[8].policy);
});

Deno.test("a model of games needs the moves, except at the start", async () => {
  const lines = [{ fen: START_FEN }, { fen: AFTER_E4 }, { fen: AFTER_E4, moves: ["e2e4"] }];
  const scored = await score(lines, { needsMoves: true });
  assert.deepEqual(scored.map(({ error }) => error !== undefined), [false, true, false]);
  assert.match(scored[1].error!, /"moves" must say how/);
});

async function save(name: string, config: unknown): Promise<string> {
  using model = initModel(ModelConfig.parse(config), 1);
  const file = join(folder, `${name}.safetensors`);
  await saveModel(file, model);
  return file;
}

Deno.test("the task scores compressed files with either family, and says how many failed", async () => {
  await useBackend();
  const positions = join(folder, "in.jsonl.gz"), out = join(folder, "out.jsonl");
  const lines = [{ fen: AFTER_E4, moves: ["e2e4"] }, { fen: "no position" }, { fen: AFTER_E4 }];
  Deno.writeFileSync(positions, gzipSync(lines.map((line) => JSON.stringify(line)).join("\n")));
  const run = async (model: string) => {
    const args = ["--model", model, "--positions", positions, "--out", out];
    const done = await scoreTask([...args, "--temperature", "1,0"], () => {});
    const text = Deno.readTextFileSync(out).trimEnd().split("\n").map((line) => JSON.parse(line));
    return { ...done!, text };
  };
  const boardNet = { model: "boardnet", ...boardNetShape(1) };
  const net = await run(await save("net", boardNet));
  assert.deepEqual([net.lines, net.errors], [3, 1]);
  using model = initModel(ModelConfig.parse(boardNet), 1);
  if (model.config.model !== "boardnet") throw new Error("it is a BoardNet");
  const [expected] = await boardPolicy({ ...model, config: model.config }, [parseFen(AFTER_E4)]);
  Array.from(expected.moves, makeUci).forEach((uci, i) => {
    assert.ok(Math.abs(net.text[0].policy[uci] - expected.p[i]) < 1e-5, uci);
  });
  assert.deepEqual(Object.keys(net.text[0].chosen), ["0", "1"]);
  const former = await run(
    await save("former", {
      ...{ model: "chessformer", tokenizer: "uci", vocabulary: uciTokenizer.size, block: 32 },
      ...chessFormerShape(1),
    }),
  );
  assert.deepEqual([former.lines, former.errors], [3, 2]);
});

Deno.test("a shipped BoardNet scores 1,000 positions a second on two cores", async () => {
  await useBackend();
  const labelled = readLabels(join(ROOT, "results", "labels", "visits-boardnet-cap1000.jsonl.gz"));
  const lines = labelled.positions.slice(0, 2000).map((position) =>
    JSON.stringify({ fen: makeFen(position) })
  );
  const positions = join(folder, "many.jsonl"), out = join(folder, "scored.jsonl");
  Deno.writeTextFileSync(positions, lines.join("\n"));
  const model = join(ROOT, "results", "boardnet-cap1000");
  const args = ["--model", model, "--positions", positions, "--out", out];
  const before = process.cpuUsage();
  const done = await scoreTask(args, () => {});
  const { user, system } = process.cpuUsage(before);
  const seconds = (user + system) / 1e6; // the cores' own: a busy machine takes longer
  console.log(`${Math.round(lines.length / seconds)} positions in a second of one core`);
  assert.deepEqual([done!.lines, done!.errors], [2000, 0]);
  assert.ok(2 * lines.length / seconds > 1000, `${seconds} s`);
});

Deno.test("what is missing or unknown is said, and nothing is written", async () => {
  await assert.rejects(scoreTask([]), /without --model, --positions and --out/);
  const out = join(folder, "never.jsonl"), some = ["--positions", "x.jsonl", "--out", out];
  await assert.rejects(scoreTask(["--model", "no-such-run", ...some]), /Cannot load the model/);
  const model = await save("there", { model: "boardnet", ...boardNetShape(1) });
  await assert.rejects(scoreTask(["--model", model, ...some]), /x\.jsonl/);
  await assert.rejects(
    scoreTask(["--model", model, ...some, "--temperature", "warm"]),
    /--temperature warm: must be a number/,
  );
  assert.throws(() => Deno.statSync(out), Deno.errors.NotFound);
});
