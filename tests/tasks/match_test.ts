import assert from "node:assert/strict";
import { matchTask } from "@lib/tasks/match.ts";

const run = async (...args: string[]) => {
  const printed: string[] = [];
  const result = await matchTask(args, (text) => printed.push(text));
  return { result, text: printed.join("\n") };
};

Deno.test("the task prints score, interval and ends, and writes the games", async () => {
  const folder = Deno.makeTempDirSync();
  const out = `${folder}/games.pgn`;
  const { result, text } = await run(
    ..."--a greedy --b random --games 20 --max-moves 80 --out".split(" "),
    out,
  );
  assert.match(text, /greedy – random: \+\d+ =\d+ −\d+, n = 20 games/);
  assert.match(text, /score [\d.]+ % \[[\d.]+, [\d.]+\] \(95 %, over 10 pairs of games\)/);
  assert.match(text, /Elo difference/);
  assert.match(text, /ends: /);
  assert.equal(Deno.readTextFileSync(out).match(/\[Result /g)!.length, 20);
  Deno.removeSync(folder, { recursive: true });
  assert.equal(result!.games.length, 20);
});

Deno.test("the help names every player and option", async () => {
  const { result, text } = await run("--help");
  assert.equal(result, null);
  for (const word of ["stockfish:skill", "--games", "--openings", "--out", "--seed"]) {
    assert.ok(text.includes(word), word);
  }
});

Deno.test("what is missing or unknown is said", async () => {
  await assert.rejects(run("--a", "greedy"), /without --a and --b/);
  await assert.rejects(
    run("--a", "greedy", "--b", "deep blue"),
    /no player "deep blue"; there are/,
  );
  await assert.rejects(
    run("--a", "greedy", "--b", "random", "--games", "ten"),
    /--games ten: must be an integer/,
  );
  await assert.rejects(run("--a", "greedy", "--b", "random", "--gmaes", "10"), /--gmaes/);
  await assert.rejects(
    run("--a", "greedy", "--b", "random", "--openings", "/nowhere/book.epd"),
    /book\.epd/,
  );
});
