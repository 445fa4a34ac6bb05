import assert from "node:assert/strict";
import { median, startContestant } from "@lib/tasks/contest.ts";

const program = (code: string) => ["eval", `--ext=ts`, code];

Deno.test("a contestant answers order after order, whatever else it prints", async () => {
  const contest = import.meta.resolve("@lib/tasks/contest.ts");
  const contestant = await startContestant(
    "doubler",
    Deno.execPath(),
    program(
      `import { serveOrders } from ${JSON.stringify(contest)};
       console.log("starting");
       await serveOrders("two times", (line) => { console.log("asked"); return 2 * Number(line); });`,
    ),
  );
  assert.equal(contestant.about, "two times");
  assert.equal(await contestant.order("4"), 8);
  assert.equal(await contestant.order("2.5"), 5);
  await contestant.close();
});

Deno.test("a contestant that ends is named", async () => {
  await assert.rejects(
    startContestant("sleeper", Deno.execPath(), program("console.log('no JSON');")),
    /Cannot bench sleeper: .* ended/,
  );
});

Deno.test("the median of an odd and of an even number", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
});
