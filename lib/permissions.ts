/**
 * What a task may do: the flags of its line in `deno.json`, for those who start it without
 * `deno task`.
 *
 * @module
 */

import { join, resolve } from "node:path";
import { jobsFolder, RESULTS, ROOT } from "@lib/paths.ts";

/**
 * The flags of `deno run` with which `deno.json` starts a task, with the variables of the environment
 * filled in. The folders that `LAB_RESULTS` and `LAB_JOBS` name may be written as well: who sets them
 * means it so.
 *
 * @param task the task's file in `lib/tasks`, without its ending
 * @param folder where it is called from, which it may write to (default: `INIT_CWD`, or else the workspace)
 * @throws {RangeError} when there is no such task.
 *
 * ```ts
 * import { taskPermissions } from "@lib/permissions.ts";
 * import assert from "node:assert/strict";
 *
 * const flags = taskPermissions("data", "/home/me/games");
 * assert.ok(flags.some((flag) => flag.startsWith("-W=") && flag.includes("/home/me/games")));
 * assert.ok(!flags.includes("-A") && !flags.includes("--allow-run"));
 * ```
 */
export function taskPermissions(
  task: string,
  folder: string = Deno.env.get("INIT_CWD") ?? ROOT,
): string[] {
  const { tasks } = JSON.parse(Deno.readTextFileSync(join(ROOT, "deno.json")));
  const starts = new RegExp(`deno run ([^&]*) lib/tasks/${task}\\.ts$`);
  const [line] = Object.values<{ command: string }>(tasks)
    .flatMap(({ command }) => starts.exec(command)?.[1] ?? []);
  if (line === undefined) {
    throw new RangeError(`Cannot start the task "${task}": no line of deno.json does`);
  }
  const own = [RESULTS, jobsFolder()].join(",");
  return Array.from(
    line.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g),
    ([word]) => filledIn(word.replaceAll(/["']/g, ""), folder),
  ).map((flag) => flag.startsWith("-W=") ? `${flag},${own}` : flag);
}

/** A word of the line as the shell of `deno task` would hand it on, its paths from the workspace. */
function filledIn(word: string, folder: string): string {
  const value = (name: string) => name === "INIT_CWD" ? folder : Deno.env.get(name) ?? "";
  const [, flag, list] = /^(-W|--deny-write)=(.*)$/.exec(word) ?? [];
  const filled = (text: string) => text.replaceAll(/\$(\w+)/g, (_, name) => value(name));
  if (flag === undefined) return filled(word);
  return `${flag}=${list.split(",").map((path) => resolve(ROOT, filled(path))).join(",")}`;
}
