import assert from "node:assert/strict";
import { join } from "node:path";
import { boardNetShape } from "@lib/model/boardnet.ts";
import { initModel, saveModel } from "@lib/model/model.ts";
import { useBackend } from "@lib/compute/backend.ts";
import { ROOT } from "@lib/paths.ts";
import { type Player, randomPlayer } from "@lib/play/player.ts";
import { serveUci } from "@lib/play/uci_engine.ts";
import { findPython } from "../jupyter/python.ts";

/** What an engine of random moves answers. */
async function answers(lines: readonly string[], options: { seed?: number; player?: Player } = {}) {
  const said: string[] = [], opened: number[] = [];
  const open = (temperature: number) => {
    opened.push(temperature);
    return Promise.resolve(options.player ?? randomPlayer());
  };
  const { seed = 1 } = options;
  await serveUci(lines, (line) => said.push(line), { name: "test", open, temperature: 1, seed });
  return { said, opened };
}

Deno.test("an engine introduces itself and is ready", async () => {
  const { said } = await answers(["uci", "isready", "debug on", "", "quit", "isready"]);
  assert.deepEqual(said, [
    "id name test",
    "id author Transcendence Lab",
    "option name Temperature type string default 1",
    "uciok",
    "readyok",
  ]);
});

Deno.test("it moves after a start, moves, and a FEN, and has no move where there is none", async () => {
  const mate = "position startpos moves f2f3 e7e5 g2g4 d8h4";
  const { said } = await answers([
    "position startpos",
    "go wtime 1000 btime 1000",
    "position fen 7k/8/8/8/8/8/8/K7 b - - 0 1 moves h8g8 a1a2",
    "go nodes 1",
    mate,
    "go depth 3",
  ]);
  assert.equal(said.length, 3);
  assert.match(said[0], /^bestmove [a-h][12][a-h][34]$/);
  assert.match(said[1], /^bestmove g8/);
  assert.equal(said[2], "bestmove (none)");
});

Deno.test("go infinite and ponder answer when they are told to", async () => {
  const { said } = await answers(["go infinite", "isready", "stop", "stop", "go ponder"]);
  assert.deepEqual(said.map((line) => line.split(" ")[0]), ["readyok", "bestmove"]);
  const pondered = await answers(["go ponder", "ponderhit"]);
  assert.equal(pondered.said.length, 1);
});

Deno.test("what it cannot do is said, and then it moves nowhere by mistake", async () => {
  const { said, opened } = await answers([
    "position startpos moves e2e5",
    "go movetime 1",
    "position fen nonsense",
    "position sideways",
    "setoption name Hash value 16",
    "setoption name Temperature value warm",
    "setoption name Temperature",
    "setoption name Temperature value 0.25",
  ]);
  assert.match(said[0], /^info string .*e2e5/);
  assert.equal(said[1], "bestmove (none)");
  assert.match(said[3], /Cannot set up "sideways": must be startpos or fen/);
  assert.match(said[4], /Cannot set hash: must be Temperature/);
  assert.match(said[5], /temperature NaN: must be 0 or more/);
  assert.match(said[6], /temperature NaN: must be 0 or more/);
  assert.equal(said.length, 7);
  assert.deepEqual(opened, [1, 0.25]);
});

Deno.test("a player that gives up, or fails, has no move", async () => {
  const player = (choose: Player["choose"]) => ({ name: "odd", choose });
  const giving = player(() => Promise.resolve([{ forfeit: "no legal move in 5 tries" }]));
  const failing = player(() => Promise.reject(new Error("out\nof memory")));
  const gave = await answers(["go"], { player: giving });
  assert.deepEqual(gave.said, [
    "info string gives up: no legal move in 5 tries",
    "bestmove (none)",
  ]);
  const failed = await answers(["go"], { player: failing });
  assert.deepEqual(failed.said, ["info string out of memory", "bestmove (none)"]);
});

Deno.test("a seed fixes the games of a session, one after the other", async () => {
  const lines = ["go", "go", "ucinewgame", "go", "go"];
  const [first, again, other] = await Promise.all(
    [7, 7, 8].map((seed) => answers(lines, { seed })),
  );
  assert.deepEqual(first.said, again.said);
  assert.notDeepEqual(first.said, other.said);
  assert.notDeepEqual(first.said.slice(0, 2), first.said.slice(2));
});

const python = findPython("The UCI engine beside python-chess", ["chess", "chess.engine"]);

Deno.test({
  name: "python-chess plays a model by `deno task uci`",
  ignore: !python,
  sanitizeResources: false, // the backend stays for the tests to come
  sanitizeOps: false,
  fn: async () => {
    await useBackend();
    const folder = Deno.makeTempDirSync({ prefix: "uci-" });
    const model = join(folder, "model.safetensors");
    {
      using net = initModel({ model: "boardnet", ...boardNetShape(1) }, 1);
      await saveModel(model, net);
    }
    const { success, stdout, stderr } = await new Deno.Command(python!, {
      args: [
        new URL("play_uci.py", import.meta.url).pathname,
        ...[Deno.execPath(), "run", "-A", "--no-check", join(ROOT, "lib", "tasks", "uci.ts")],
        ...["--model", model, "--temperature", "1", "--seed", "1"],
      ],
      cwd: folder, // as a chess program starts it: from anywhere
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const text = new TextDecoder().decode(stdout);
    assert.match(text, /^name Transcendence Lab model.safetensors\noption string\nmoves \d+\n/);
    assert.match(text, /forced True\nstopped True\n$/);
    Deno.removeSync(folder, { recursive: true });
  },
});
