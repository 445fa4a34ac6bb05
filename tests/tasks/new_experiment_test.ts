import assert from "node:assert/strict";
import { join } from "node:path";
import { readClaims } from "@lib/claims.ts";
import { checkNotebooks, faultText, verifyNotebook } from "@lib/notebook/checker.ts";
import { readNotebook, textOf } from "@lib/notebook/ipynb.ts";
import { ROOT } from "@lib/paths.ts";
import { newExperiment } from "@lib/tasks/new_experiment.ts";

Deno.test("a new experiment runs, passes every check, and writes its claim and figure", async () => {
  const folder = Deno.makeTempDirSync();
  const results = join(folder, "results");
  const path = newExperiment("three_votes", folder);
  // In a process of its own, since where results go is settled when paths.ts is loaded.
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      `import { runNotebook } from "${join(ROOT, "lib/notebook/runner.ts")}";
       const { status, message } = await runNotebook(${JSON.stringify(path)});
       if (status !== "ok") { console.error(message); Deno.exit(1); }
       Deno.exit(0);`,
    ],
    cwd: ROOT,
    env: { LAB_RESULTS: results, NO_COLOR: "1" },
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  const faults = [...await checkNotebooks([path]), ...verifyNotebook(path)];
  assert.deepEqual(faults.map(faultText), []);
  const [claim] = readClaims(join(results, "claims.json"));
  assert.equal(claim.id, "three-votes.vote");
  assert.equal(claim.notebook, "00_three_votes");
  assert.equal(claim.verdict, "holds");
  assert.ok(Deno.statSync(join(results, "figures", "00-three-votes.png")).size > 5000);
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("a new experiment takes the number after the highest, and leaves no mark to fill", () => {
  const folder = Deno.makeTempDirSync();
  Deno.writeTextFileSync(join(folder, "03_old.ipynb"), "{}");
  Deno.writeTextFileSync(join(folder, "11_older.ipynb"), "{}");
  const path = newExperiment("next_one", folder);
  assert.equal(path, join(folder, "12_next_one.ipynb"));
  const { cells } = readNotebook(path);
  assert.doesNotMatch(cells.map(({ source }) => textOf(source)).join("\n"), /EXPERIMENT_/);
  assert.equal(textOf(cells[0].source).split("\n")[0], "# Next one");
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("bad and taken names are refused, and nothing is written", () => {
  const folder = Deno.makeTempDirSync();
  Deno.writeTextFileSync(join(folder, "03_old.ipynb"), "{}");
  for (const bad of ["", "Votes", "12_votes", "three-votes", "a__b", "a_", "../a", "a b", "é"]) {
    assert.throws(() => newExperiment(bad, folder), /Cannot name an experiment ".*": must be of/);
  }
  assert.throws(() => newExperiment("old", folder), /"old": 03_old has it/);
  assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["03_old.ipynb"]);
  Deno.removeSync(folder, { recursive: true });
});
