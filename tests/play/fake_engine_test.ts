import assert from "node:assert/strict";
import { startPosition } from "@lib/chess/position.ts";
import { makeUci } from "@lib/chess/san.ts";
import { EngineError, openStockfish } from "@lib/play/stockfish.ts";

// Engines made of shell: how they greet, and what they do when told to go.
const folder = Deno.makeTempDirSync({ prefix: "engines" });
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

function fakeEngine(name: string, go: string, uci = "echo id name Fake; echo uciok"): string {
  const path = `${folder}/${name}`;
  Deno.writeTextFileSync(
    path,
    `#!/bin/sh
echo $$ >> "$0.pids"
while read -r word rest; do
  case "$word" in
    uci) ${uci} ;;
    isready) echo readyok ;;
    go) ${go} ;;
  esac
done
`,
    { mode: 0o755 },
  );
  return path;
}

const pidsOf = (path: string) =>
  Deno.readTextFileSync(`${path}.pids`).trim().split("\n").map(Number);

function isAlive(pid: number): boolean {
  // Signal 0 only asks. One that has ended but that its new parent has not waited for is a zombie.
  const { success } = new Deno.Command("kill", { args: ["-0", `${pid}`], stderr: "null" })
    .outputSync();
  if (!success) return false;
  try {
    return !/\) Z /.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return Deno.build.os !== "linux";
  }
}

const open = (engine: string, options = {}) =>
  openStockfish({ engine, timeout: 5000, restarts: 2, ...options });

const search = async (engine: string, options = {}) => {
  await using stockfish = await open(engine, options);
  return makeUci((await stockfish.search(startPosition(), { depth: 1 })).move);
};

Deno.test("an engine that answers is heard, whatever else it prints", async () => {
  const path = fakeEngine(
    "chatty",
    "echo info string hello; echo info depth 1 score cp 13 pv e2e4; echo; echo bestmove e2e4 ponder e7e5",
  );
  await using stockfish = await open(path);
  assert.equal(stockfish.name, "Fake");
  const { move, best } = await stockfish.search(startPosition(), { depth: 1 });
  assert.equal(makeUci(move), "e2e4");
  assert.deepEqual(best, [{ move, score: 13 }]);
});

Deno.test("an engine that dies once is restarted and asked again", async () => {
  const path = fakeEngine(
    "once",
    `[ -e "$0.died" ] && echo bestmove d2d4 || { : > "$0.died"; exit 3; }`,
  );
  assert.equal(await search(path), "d2d4");
  assert.equal(pidsOf(path).length, 2);
});

Deno.test("an engine that always dies is given up after the restarts, with its exit code", async () => {
  const path = fakeEngine("dies", "exit 3");
  await assert.rejects(
    search(path),
    (error) => error instanceof EngineError && /exit code 3 \(3 tries\)/.test(error.message),
  );
  assert.equal(pidsOf(path).length, 3);
});

Deno.test("an engine that hangs is timed out and killed", async () => {
  const path = fakeEngine("hangs", "exec sleep 1000");
  await assert.rejects(
    search(path, { timeout: 300, restarts: 1 }),
    /did not answer "go depth 1" within 300 ms \(2 tries\)/,
  );
  for (const pid of pidsOf(path)) assert.ok(!isAlive(pid), `${pid} was left behind`);
});

Deno.test("a hung child of an engine does not hang us", async () => {
  const path = fakeEngine("grandchild", "sleep 3");
  await assert.rejects(search(path, { timeout: 200, restarts: 0 }), /within 200 ms/);
});

for (const [name, answer] of Object.entries({ garbage: "zzzz", illegal: "e2e5", none: "(none)" })) {
  Deno.test(`an engine whose best move is ${name} is given up, with what it said`, async () => {
    const path = fakeEngine(name, `echo "bestmove ${answer}"`);
    await assert.rejects(search(path), (error) => {
      assert.ok(error instanceof EngineError);
      assert.match(error.message, /rnbqkbnr\/pppppppp.*is not a legal move \(3 tries\)/);
      assert.ok(error.message.includes(`bestmove ${answer}`));
      return true;
    });
  });
}

Deno.test("an engine that scores too few moves, or scores an illegal one, is given up", async () => {
  const evaluate = async (path: string) => {
    await using stockfish = await open(path, { restarts: 0 });
    return await stockfish.evaluateMoves(startPosition(), { depth: 1 });
  };
  const few = fakeEngine(
    "few",
    "echo info depth 1 multipv 1 score cp 5 pv e2e4; echo bestmove e2e4",
  );
  await assert.rejects(evaluate(few), /scored 1 of the 20 moves .* is missing/);
  const holes = fakeEngine("holes", "echo info multipv 9 score cp 5 pv e2e4; echo bestmove e2e4");
  await assert.rejects(evaluate(holes), /scored 1 of the 20 moves/);
  const wrong = fakeEngine("wrong", "echo info multipv 1 score cp 5 pv e2e5; echo bestmove e2e4");
  await assert.rejects(evaluate(wrong), /e2e5 is not a legal move/);
  const words = fakeEngine(
    "words",
    "echo info multipv 1 score cp lots pv e2e4; echo bestmove e2e4",
  );
  await assert.rejects(evaluate(words), /scored 0 of the 20 moves/);
});

Deno.test("a missing engine, a file that is no program, one that speaks no UCI", async () => {
  await assert.rejects(
    open(`${folder}/absent`),
    /Cannot start the engine .*absent: no such program/,
  );
  Deno.writeTextFileSync(`${folder}/text`, "not a program");
  await assert.rejects(open(`${folder}/text`), /Cannot start the engine .*text/);
  const mute = fakeEngine("mute", ":", ":");
  await assert.rejects(
    open(mute, { timeout: 300, count: 2 }),
    /did not answer "uci" within 300 ms/,
  );
  for (const pid of pidsOf(mute)) assert.ok(!isAlive(pid), `${pid} was left behind`);
});

Deno.test("no engine outlives us, even when nothing closes it", async () => {
  const path = fakeEngine("orphan", "exec sleep 1000");
  const program = `
    import { openStockfish } from "@lib/play/stockfish.ts";
    import { startPosition } from "@lib/chess/position.ts";
    const stockfish = await openStockfish({ engine: ${JSON.stringify(path)} });
    stockfish.search(startPosition(), { depth: 1 }).catch(() => {});
    setTimeout(() => Deno.exit(7), 100);
  `;
  const file = new URL("../../lib/play/", import.meta.url);
  const config = new URL("../../deno.json", import.meta.url);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--config", config.pathname, "--ext=ts", "-"],
    cwd: file,
    stdin: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(program));
  await writer.close();
  assert.equal((await child.status).code, 7);
  const [pid] = pidsOf(path);
  assert.ok(!isAlive(pid), `${pid} was left behind`);
});
