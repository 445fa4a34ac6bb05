import assert from "node:assert/strict";
import { join } from "node:path";
import { NOTEBOOKS } from "@lib/paths.ts";
import { taskArguments } from "../tasks/run_task.ts";
import { LONG, record } from "./counts.ts";
import { killHard, until } from "./processes.ts";

const KILLS = LONG ? 10 : 1, NOTEBOOK = "02_tokens_and_batches.ipynb";

/** Processes that a process has started. */
function childrenOf(pid: number): number[] {
  const { stdout } = new Deno.Command("ps", { args: ["-o", "pid=", "--ppid", String(pid)] })
    .outputSync();
  return new TextDecoder().decode(stdout).split("\n").filter(Boolean).map(Number);
}

/** Whether a process runs; one that has ended and that nobody waits for does not. */
function runs(pid: number): boolean {
  const { stdout } = new Deno.Command("ps", { args: ["-o", "stat=", "-p", String(pid)] })
    .outputSync();
  return /^[^Z\s]/.test(new TextDecoder().decode(stdout).trim());
}

Deno.test({
  name: "kill -9 of the runner: the notebook is as it was, and its kernel does not live on",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const folder = Deno.makeTempDirSync(), file = join(NOTEBOOKS, NOTEBOOK);
    const before = Deno.readTextFileSync(file);
    for (let kill = 0; kill < KILLS; kill++) {
      const runner = new Deno.Command(Deno.execPath(), {
        args: taskArguments("notebooks", ["02", "--output", folder], folder),
        cwd: folder,
        stdout: "null",
        stderr: "null",
      }).spawn();
      let kernels: number[] = [];
      await until(() => (kernels = childrenOf(runner.pid)).length > 0);
      await new Promise((resolve) => setTimeout(resolve, 3000 + 500 * kill)); // into a cell
      await killHard(runner);
      await until(() => !kernels.some(runs), 60);
    }
    assert.equal(Deno.readTextFileSync(file), before);
    record("runner_kills", { n: KILLS, kernels_left: 0, notebooks_damaged: 0 });
    Deno.removeSync(folder, { recursive: true });
  },
});
