/** Processes of the tests: a Redis of their own, workers, and the waiting for what they do. */

import { taskArguments } from "../tasks/run_task.ts";

/** The program redis-server, or why it cannot be had. */
export function redisProgram(): string | undefined {
  try {
    new Deno.Command("redis-server", { args: ["--version"], stdout: "null" }).outputSync();
    return "redis-server";
  } catch {
    console.log("skipped: there is no redis-server on PATH (Debian: apt install redis-server)");
    return undefined;
  }
}

/** A Redis that keeps what it is told on disk; `password` only where it shall ask for one. */
export function startRedis(folder: string, port: number, password?: string): Deno.ChildProcess {
  return new Deno.Command("redis-server", {
    args: [
      ...["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", ""],
      ...["--appendonly", "yes", "--maxmemory-policy", "noeviction"],
      ...(password === undefined ? [] : ["--requirepass", password]),
    ],
    stdout: "null",
    stderr: "null",
  }).spawn();
}

/** A free port. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** A worker of a queue, as a user starts one. */
export function startWorker(url: string, folder: string, ...more: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...taskArguments("worker", ["--queue", url, "--jobs", folder], folder),
      ...["--processes", "1", "--patience", "4", ...more],
    ],
    stdout: "null",
    stderr: "null",
  }).spawn();
}

/** Kills a process at once, as a power cut would, and waits until it is gone. */
export async function killHard(child: Deno.ChildProcess): Promise<void> {
  try {
    child.kill("SIGKILL");
  } catch { /* it is gone already */ }
  await child.status;
}

/** Waits until something holds. */
export async function until(holds: () => boolean, seconds = 60): Promise<void> {
  for (const end = Date.now() + 1000 * seconds; !holds();) {
    if (Date.now() > end) throw new Error(`It did not come to that in ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
