import assert from "node:assert/strict";
import { configOf } from "@lib/tasks/train.ts";
import { taskArguments } from "./run_task.ts";

async function train(args: readonly string[], folder?: string) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: taskArguments("train", args, folder),
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

Deno.test("a run without a name is called after its family and data", () => {
  assert.equal(configOf({ model: "boardnet", data: "cap1500" }).name, "boardnet-cap1500");
  assert.equal(configOf({ model: "boardnet", data: "./My games" }).name, "boardnet-my-games");
  assert.equal(configOf({ model: "endgameformer" }).name, "endgameformer-krvk");
});

Deno.test("the task trains, says what in words and how fast in units", async () => {
  const results = Deno.makeTempDirSync();
  const tiny = "--model endgameformer --size 1 --steps 50 --batch 8 --experts 2 --results".split(
    " ",
  );
  const { code, stdout, stderr } = await train([...tiny, results], results);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /Training endgameformer-krvk: endgameformer of/);
  assert.match(stdout, /of [\d,]+ parameters \(\d+ layers of width \d+ with \d+ heads\)/);
  assert.match(stdout, /in 50 steps of 8 positions/);
  assert.match(stdout, /step 50 of 50, loss [\d.]+.*, \d+ positions\/s/);
  const again = await train(["--name", "endgameformer-krvk", "--results", results], results);
  assert.match(again.stdout, /is complete already/);
  Deno.removeSync(results, { recursive: true });
});

Deno.test("options that would be ignored are refused, and a missing dataset says its command", async () => {
  const wrong: [string, RegExp][] = [
    ["--config f.json --steps 10", /with --config and --steps: the file says it all/],
    ["--name x --steps 5000", /with --steps but no --model: x goes on as it began/],
    ["--model boardnet --data d --experts 3", /a boardnet with --experts/],
    ["--model boardnet --data d --cap 1500", /give one of them/],
    ["--model boardnet --cap 77", /deno task data --source .* --cap 77 --out cap77/],
    ["--model boardnet --cap high", /--cap high: must be an integer/],
  ];
  await Promise.all(wrong.map(async ([args, why]) => {
    const { code, stderr } = await train(args.split(" "));
    assert.equal(code, 1);
    assert.match(stderr, why);
    assert.doesNotMatch(stderr, /\n {4}at /); // no stack trace
  }));
});
