import assert from "node:assert/strict";
import { join } from "node:path";
import { initModel, saveModel } from "@lib/model/model.ts";
import { boardNetShape } from "@lib/model/boardnet.ts";
import { useBackend } from "@lib/compute/backend.ts";
import { ANCHORS, readPool } from "@lib/play/pool.ts";
import { planPool, rateTask } from "@lib/tasks/rate.ts";
import { taskArguments } from "./run_task.ts";

Deno.test("the ladder ties every anchor to the next two, and each player meets those it is told", () => {
  const against = [ANCHORS[1], ANCHORS[6]];
  const plan = planPool({ players: ["a", "b"], against, games: 10, ladder: 4 });
  const ladder = plan.slice(0, -4);
  assert.equal(ladder.length, 2 * ANCHORS.length - 3);
  for (const { a, b, games } of ladder) {
    const step = ANCHORS.indexOf(b) - ANCHORS.indexOf(a);
    assert.ok((step === 1 || step === 2) && games === 4);
  }
  assert.deepEqual(
    plan.slice(-4).map(({ a, b }) => [a, b]),
    [["a", against[0]], ["a", against[1]], ["b", against[0]], ["b", against[1]]],
  );
});

Deno.test("what is missing or unknown is said", async () => {
  await assert.rejects(rateTask([]), /without --name and --models or --players/);
  const some = ["--models", "mine", "--name", "trial"];
  await assert.rejects(rateTask([...some, "--against", "11"]), /anchor 11: must be 0 to 10/);
  await assert.rejects(rateTask([...some, "--temperature", "warm"]), /--temperature warm/);
});

Deno.test({
  name: "the task plays, writes a pool and rates it; a second time it plays nothing",
  sanitizeResources: false, // the backend stays for the tests to come
  sanitizeOps: false,
  fn: async () => {
    await useBackend();
    const folder = Deno.makeTempDirSync({ prefix: "rate-" });
    using model = initModel({ model: "boardnet", ...boardNetShape(1) }, 1);
    await saveModel(join(folder, "results", "mine", "model.safetensors"), model);
    const line =
      "--models mine --temperature 1 --players random --against 1,6 --games 2 --ladder 0 " +
      "--name trial --processes 1";
    const run = async () => {
      const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: taskArguments("rate", line.split(" "), folder),
        cwd: folder,
        env: {
          LAB_RESULTS: join(folder, "results"),
          LAB_JOBS: join(folder, "jobs"),
          NO_COLOR: "1",
        },
      }).output();
      const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("\n");
      assert.ok(success, text);
      return text;
    };
    const text = await run();
    assert.match(text, /skill=1:depth=2 +1552 \[1552, 1552\]/);
    for (const player of ["model:mine:tau=1", "random"]) {
      assert.match(text, new RegExp(`^${player} .* of 4 games$`, "m"));
    }
    const file = join(folder, "results", "ratings", "trial.jsonl.gz");
    const pool = readPool(file);
    assert.equal(pool.games.length, 8);
    assert.match(pool.card.models.mine, /^[0-9a-f]{16}$/);
    assert.match(pool.card.engine, /Stockfish/);
    assert.match(await run(), /4 jobs done/);
    assert.deepEqual(readPool(file), pool);
    Deno.removeSync(folder, { recursive: true });
  },
});
