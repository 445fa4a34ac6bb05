import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "@lib/paths.ts";
import { parseCount, parseRange } from "@lib/tasks/command.ts";

const decoder = new TextDecoder();

/** A program that runs a task, as its user starts it. */
function program(task: string): Deno.ChildProcess {
  const code = `import { runCommand } from "${join(ROOT, "lib/tasks/command.ts")}";
    await runCommand(${task});`;
  return new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", "--ext=ts", code],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

Deno.test("an error is one line and exit code 1; a returned code is the exit code", async () => {
  const failed = await program(`() => { throw new RangeError("Cannot go") }`).output();
  assert.equal(failed.code, 1);
  assert.equal(decoder.decode(failed.stderr), "Cannot go\n");
  assert.equal((await program("() => 3").output()).code, 3);
  assert.equal((await program("async () => {}").output()).code, 0);
});

Deno.test("Ctrl-C asks the task to end and a second one ends it at once, both with 130", async () => {
  const patient = `async (_, signal) => {
    console.log("begun");
    const timer = setInterval(() => {}, 1000);
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    clearInterval(timer);
    console.log("ended well");
  }`;
  const stubborn =
    `async () => { console.log("begun"); await new Promise((r) => setTimeout(r, 60_000)) }`;
  for (
    const [task, presses, said] of [[patient, 1, /ended well/], [stubborn, 2, /begun/]] as const
  ) {
    const child = program(task);
    const stderr = new Response(child.stderr).text();
    let text = "";
    for await (const chunk of child.stdout) {
      text += decoder.decode(chunk);
      if (!text.endsWith("begun\n")) continue;
      for (let press = 0; press < presses; press++) {
        child.kill("SIGINT");
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
    assert.equal((await child.status).code, 130);
    assert.match(text, said);
    assert.match(await stderr, /Ctrl-C again stops at once/);
  }
});

Deno.test("numbers among the options are checked", () => {
  assert.equal(parseCount("seed", "0", 0), 0);
  assert.throws(() => parseCount("steps", "0"), /--steps 0: must be an integer of 1 or more/);
  assert.throws(() => parseCount("steps", "1.5"), /--steps 1.5/);
  assert.throws(() => parseCount("steps", ""), /--steps : must be/);
  assert.deepEqual(parseRange("band", "1000-1300"), [1000, 1300]);
  assert.throws(() => parseRange("band", "1300-1000"), /--band 1300-1000: must be low-high/);
});
