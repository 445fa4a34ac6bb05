import assert from "node:assert/strict";
import { gunzipSync, gzipSync } from "node:zlib";
import { join } from "node:path";
import { readLabels, writeLabels } from "@lib/analysis/labels.ts";
import { makeFen, parseFen, START_FEN } from "@lib/chess/fen.ts";
import { makePgn, readPgn } from "@lib/chess/pgn.ts";
import { legalMoves, startPosition } from "@lib/chess/position.ts";
import { makeSan, parseSan } from "@lib/chess/san.ts";
import { readResult, resultFile, writeResult } from "@lib/jobs/job.ts";
import { decodeTensors, encodeTensors } from "@lib/model/safetensors.ts";
import { notebookFaults } from "@lib/notebook/ipynb.ts";
import { type Random, random, randomInteger } from "@lib/random.ts";
import { parseTrainConfig } from "@lib/train/config.ts";
import { LONG, record } from "./counts.ts";

/** Of each cheap reader; those that touch files get a hundredth. */
const INPUTS = LONG ? 260_000 : 1500;
/** Milliseconds that one small input may take: far more than it needs, far less than a hang. */
const HANG = 5000;

/** Bytes with a few of them changed, cut, doubled or moved. */
function mutate(r: Random, bytes: Uint8Array): Uint8Array {
  let out = Uint8Array.from(bytes);
  for (let n = 1 + randomInteger(r, 4); n > 0; n--) {
    const at = randomInteger(r, out.length + 1), to = randomInteger(r, out.length + 1);
    const [low, high] = at < to ? [at, to] : [to, at];
    const how = randomInteger(r, 6);
    if (how === 0) out = out.slice(0, at);
    else if (how === 1) out = Uint8Array.of(...out.subarray(0, low), ...out.subarray(high));
    else if (how === 2) {
      out = Uint8Array.of(...out.subarray(0, high), ...out.subarray(low, low + 200));
    } else if (out.length > 0) {
      const values = how === 3
        ? [randomInteger(r, 256)]
        : how === 4
        ? [out[randomInteger(r, out.length)]]
        : [...'\0\n"{}[]()\\%;-0KQ/'].map((c) => c.charCodeAt(0));
      out[randomInteger(r, out.length)] = values[randomInteger(r, values.length)];
    }
  }
  return out;
}

/** What one reader did with many inputs. */
interface Tally {
  inputs: number;
  accepted: number;
  refused: number;
  crashes: number;
  hangs: number;
}

/**
 * Feeds a reader with mutations. An error that says "Cannot …" or is a parser's own is a refusal; what
 * is accepted must survive `check`; anything else is a crash.
 */
async function fuzz(
  name: string,
  seeds: readonly (string | Uint8Array)[],
  inputs: number,
  read: (bytes: Uint8Array, text: string) => unknown,
): Promise<Tally> {
  const r = random(1, "fuzz", ...Array.from(name, (c) => c.charCodeAt(0)));
  const decoder = new TextDecoder();
  const bytesOf = seeds.map((x) => typeof x === "string" ? new TextEncoder().encode(x) : x);
  const tally = { inputs, accepted: 0, refused: 0, crashes: 0, hangs: 0 };
  for (let i = 0; i < inputs; i++) {
    const bytes = mutate(r, bytesOf[i % bytesOf.length]);
    const begun = performance.now();
    try {
      await read(bytes, decoder.decode(bytes));
      tally.accepted++;
    } catch (error) {
      const known = error instanceof SyntaxError ||
        /^Cannot |^The /.test((error as Error).message);
      if (known) tally.refused++;
      else {
        tally.crashes++;
        if (tally.crashes <= 3) {
          console.error(`${name}: ${JSON.stringify(decoder.decode(bytes))}`, error);
        }
      }
    }
    if (performance.now() - begun > HANG) tally.hangs++;
  }
  return tally;
}

const game = (() => {
  const r = random(2, "game"), position = startPosition(), moves: number[] = [];
  while (moves.length < 30) {
    const legal = legalMoves(position), move = legal[randomInteger(r, legal.length)];
    moves.push(move);
    position.play(move);
  }
  return { moves: Uint16Array.from(moves), position };
})();
const PGN = makePgn({
  headers: { White: 'A "quoted" name', Black: "B", WhiteElo: "1500", Result: "1-0" },
  moves: game.moves,
  result: "1-0",
}).replace(/(\d+\.)/, "{ [%eval 0.3] } $1");

Deno.test("PGN, FEN, SAN, safetensors, configurations, notebooks, labels and results, fuzzed: none crashes, hangs or is silently taken", async () => {
  const before = Deno.memoryUsage().rss;
  const folder = Deno.makeTempDirSync(), labelFile = join(folder, "labels.jsonl.gz");
  const fens = [START_FEN, makeFen(game.position), "8/P7/8/k7/8/8/7p/K7 b - - 12 80"];
  const sans = Array.from(legalMoves(game.position), (move) => makeSan(game.position, move));
  const tensors = encodeTensors({
    tensors: { a: { shape: [2, 3], values: Float32Array.of(1, 2, 3, 4, 5, 6) } },
    metadata: { name: "tiny" },
  });
  const config = JSON.stringify({
    name: "a",
    model: { model: "endgameformer", layers: 1, heads: 1, width: 8 },
    data: { kind: "endgame", ending: "KRvK", k: 2, errorRate: 0.4, seed: 1 },
    steps: 3,
    batch: 8,
    seed: 1,
  });
  const cell = {
    cell_type: "code",
    id: "cell-01",
    metadata: {},
    source: ["1"],
    outputs: [],
    execution_count: 1,
  };
  const notebook = JSON.stringify({ cells: [cell], metadata: {}, nbformat: 4, nbformat_minor: 5 });
  const job = { kind: "score", spec: { model: "cap1500" } };
  writeResult(folder, job, { loss: 2.5 });
  const result = Deno.readFileSync(resultFile(folder, job));
  const card = { engine: "by hand", depth: 1, source: "made up", licence: "CC0" };
  const start = "k7/8/8/7p/7P/8/8/K7 w - - 0 1";
  writeLabels(labelFile, card, [
    { game: 0, white: 1200, black: 1250, start, moves: "a1b1", scores: { 0: [100, 0, 300] } },
  ]);
  const labels = gunzipSync(Deno.readFileSync(labelFile));

  const tallies: Record<string, Tally> = {
    fen: await fuzz("fen", fens, INPUTS, (_, text) => {
      const position = parseFen(text);
      // What is taken must be a position: it writes itself, reads itself and has moves to count.
      assert.equal(makeFen(parseFen(makeFen(position))), makeFen(position));
      legalMoves(position);
    }),
    san: await fuzz("san", sans, INPUTS, (_, text) => {
      const move = parseSan(game.position, text);
      assert.ok(legalMoves(game.position).includes(move));
    }),
    pgn: await fuzz("pgn", [PGN, PGN + "\n" + PGN], INPUTS / 10, async (bytes) => {
      const one = async function* () {
        yield await Promise.resolve(bytes);
      };
      for await (const { moves } of readPgn(one(), { name: "fuzzed", onError() {} })) {
        const position = startPosition();
        for (const move of moves) {
          assert.ok(legalMoves(position).includes(move));
          position.play(move);
        }
      }
    }),
    safetensors: await fuzz("safetensors", [tensors], INPUTS, (bytes) => {
      for (const { shape, values } of Object.values(decodeTensors(bytes, "fuzzed").tensors)) {
        assert.equal(shape.reduce((a, b) => a * b, 1), values.length);
      }
    }),
    config: await fuzz("config", [config], INPUTS, (_, text) => {
      const { steps, batch } = parseTrainConfig(JSON.parse(text));
      assert.ok(Number.isInteger(steps) && steps > 0 && batch > 0);
    }),
    notebook: await fuzz("notebook", [notebook], INPUTS, (_, text) => {
      const faults = notebookFaults(JSON.parse(text));
      if (faults.length > 0) throw new SyntaxError(faults[0]);
    }),
    labels: await fuzz("labels", [labels], Math.ceil(INPUTS / 100), (bytes) => {
      Deno.writeFileSync(labelFile, gzipSync(bytes));
      readLabels(labelFile);
    }),
    result: await fuzz("result", [result], Math.ceil(INPUTS / 100), (bytes) => {
      Deno.writeFileSync(resultFile(folder, job), bytes);
      const read = readResult(folder, job);
      // Its hash lets nothing through but the result itself.
      if (read === undefined) throw new SyntaxError("damaged");
      assert.deepEqual(read, { loss: 2.5 });
    }),
  };
  const sum = (of: keyof Tally) => Object.values(tallies).reduce((n, tally) => n + tally[of], 0);
  const counts = { inputs: sum("inputs"), crashes: sum("crashes"), hangs: sum("hangs") };
  assert.deepEqual(
    counts,
    { inputs: counts.inputs, crashes: 0, hangs: 0 },
    JSON.stringify(tallies),
  );
  const grown = (Deno.memoryUsage().rss - before) / 2 ** 20;
  assert.ok(grown < 400, `memory grew by ${grown.toFixed(0)} MiB`);
  record("fuzz", {
    ...counts,
    memory_growth_mib: Math.round(grown),
    readers: Object.fromEntries(
      Object.entries(tallies).map((
        [name, { inputs, accepted, refused }],
      ) => [name, { inputs, accepted, refused }]),
    ),
  });
});
