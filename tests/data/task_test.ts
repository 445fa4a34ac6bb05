import assert from "node:assert/strict";
import { join } from "node:path";
import { gamesOf } from "@lib/data/card.ts";
import { openDataset } from "@lib/data/dataset.ts";
import { taskArguments } from "../tasks/run_task.ts";

/** The task as its user calls it, in a folder of its own. */
function task(folder: string, ...args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: taskArguments("data", args, folder),
    env: { INIT_CWD: folder, NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function run(folder: string, ...args: string[]) {
  const { code, stdout, stderr } = await task(folder, ...args).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test("the task builds from simulated players, then from a file, by its flags", async () => {
  const folder = Deno.makeTempDirSync();
  const made = await run(
    folder,
    "--games",
    "150",
    "--players",
    "6",
    "--seed",
    "2",
    "--out",
    "./crowd",
  );
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stdout, /150 of 150 games kept/);
  const { card, train } = openDataset(join(folder, "crowd"));
  assert.equal(gamesOf(card), 150);
  assert.match(card.source.name, /150 games of 6 simulated players, seed 2/);
  assert.ok(train.white.every((rating) => rating > 0));

  const game = (elo: number, first: string) =>
    `[Event "Rated Blitz game"]\n[WhiteElo "${elo}"]\n[BlackElo "${elo}"]\n` +
    `[TimeControl "180+2"]\n[UTCDate "2018.06.01"]\n[Termination "Normal"]\n\n1. ${first} e5 1-0\n\n`;
  Deno.writeTextFileSync(
    join(folder, "mine.pgn"),
    game(1400, "e4") + game(1500, "d4") + game(1600, "c4") + game(1450, "f4"),
  );
  const capped = await run(
    folder,
    ...["--source", "mine.pgn", "--band", "1400-1500", "--speeds", "blitz,rapid"],
    ...["--rated", "yes", "--min-plies", "2", "--max-plies", "2", "--terminations", "Normal"],
    ...["--from", "2018", "--to", "2018-06", "--evals", "no", "--max-games", "5", "--split", "0,0"],
    ...["--licence", "mine", "--out", "./band"],
  );
  assert.equal(capped.code, 0, capped.stderr);
  assert.match(capped.stdout, /2 of 4 games kept \(not kept: 2 by band\)/);
  const band = openDataset(join(folder, "band"));
  assert.equal(band.card.licence, "mine");
  assert.deepEqual([...band.train.white], [1500, 1450]);
  assert.deepEqual(names(folder), ["band", "crowd", "mine.pgn"]);
});

Deno.test("the task refuses unknown flags, wrong values and missing files, and names them", async () => {
  const folder = Deno.makeTempDirSync();
  const wrong: [string[], RegExp][] = [
    [["--cup", "1500"], /--cup/],
    [["--cap", "high"], /--cap high: must be a number/],
    [["--band", "1500"], /--band 1500: must be low-high/],
    [["--speeds", "fast"], /speeds\.0/],
    [["--source", "missing.pgn"], /missing\.pgn: there is no such file/],
  ];
  await Promise.all(wrong.map(async ([args, why]) => {
    const { code, stderr } = await run(folder, ...args, "--out", "./a");
    assert.equal(code, 1);
    assert.match(stderr, why);
    assert.doesNotMatch(stderr, /\n {4}at /); // no stack trace
  }));
  const help = await run(folder, "--help");
  assert.match(help.stdout, /--cap <rating>/);
  assert.deepEqual(names(folder), []);
});

Deno.test("Ctrl-C stops the task and leaves nothing half made", async () => {
  const folder = Deno.makeTempDirSync();
  const child = task(folder, "--games", "100000", "--out", "./a");
  const stderr = child.stderr.pipeThrough(new TextDecoderStream());
  let text = "";
  for await (const chunk of stderr) {
    if (text === "") {
      assert.match(chunk, /Reading games/);
      assert.deepEqual(names(folder), ["a.partial"]);
      child.kill("SIGINT");
    }
    text += chunk;
  }
  await child.stdout.cancel();
  assert.equal((await child.status).code, 130);
  assert.match(text, /Stopped/);
  assert.deepEqual(names(folder), []);
});
