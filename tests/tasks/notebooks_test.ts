import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "@lib/paths.ts";
import { copyInputs } from "@lib/tasks/notebooks.ts";
import { taskArguments } from "./run_task.ts";

async function task(name: string, args: readonly string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: taskArguments(name, args),
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

Deno.test("the tasks have help, and refuse what is unknown in a line", async () => {
  const cases: [string, string[], RegExp][] = [
    ["notebooks", ["nothing-like-it"], /Cannot find the notebook "nothing-like-it": there are/],
    ["notebooks", ["--nonsense"], /--nonsense/],
    ["notebooks", ["--parameter", "a=1"], /without --output/],
    ["report", ["--nonsense"], /--nonsense/],
    ["check", ["nothing-like-it"], /there are/],
  ];
  await Promise.all(cases.map(async ([name, args, why]) => {
    const { code, stderr } = await task(name, args);
    assert.equal(code, 1);
    assert.match(stderr, why);
    assert.doesNotMatch(stderr, /\n {4}at /); // no stack trace
  }));
  for (const name of ["notebooks", "report", "check"]) {
    const { code, stdout } = await task(name, ["--help"]);
    assert.equal(code, 0);
    assert.match(stdout, /--help +this text/);
  }
});

Deno.test("a trial gets copies of models and labels, and keeps what it has", () => {
  const folder = Deno.makeTempDirSync();
  const [results, trial] = [join(folder, "results"), join(folder, "trial", "results")];
  const write = (file: string, text: string) => {
    Deno.mkdirSync(join(file, ".."), { recursive: true });
    Deno.writeTextFileSync(file, text);
  };
  const read = (file: string) => Deno.readTextFileSync(join(trial, file));
  write(join(results, "one", "model.safetensors"), "first");
  write(join(results, "one", "lock.tmp"), "");
  write(join(results, "begun", "run.json"), "{}");
  write(join(results, "answered", "answers.json.gz"), "answers");
  write(join(results, "labels", "x.jsonl.gz"), "labels");
  write(join(results, "positions", "y.jsonl.gz"), "positions");
  write(join(results, "bench", "ops.json"), "{}");
  write(join(results, "figures", "one.png"), "");
  write(join(results, "claims.json"), "[]");
  copyInputs(results, trial);
  assert.deepEqual([...Deno.readDirSync(trial)].map(({ name }) => name).sort(), [
    "answered",
    "bench",
    "labels",
    "one",
    "positions",
  ]);
  assert.deepEqual([...Deno.readDirSync(join(trial, "one"))].map(({ name }) => name), [
    "model.safetensors",
  ]);
  assert.equal(read("labels/x.jsonl.gz"), "labels");
  write(join(results, "one", "model.safetensors"), "second");
  copyInputs(results, trial);
  assert.equal(read("one/model.safetensors"), "first");
  copyInputs(join(folder, "nowhere"), trial);
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("LAB_RESULTS says where results are, seen from the caller", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", `console.log((await import("${join(ROOT, "lib/paths.ts")}")).RESULTS)`],
    env: { LAB_RESULTS: "trial", INIT_CWD: "/somewhere" },
  }).output();
  assert.equal(new TextDecoder().decode(stdout).trim(), "/somewhere/trial");
});
