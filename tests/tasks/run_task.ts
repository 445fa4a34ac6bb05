/** Tasks as `deno task` starts them, with the permissions that deno.json gives them and no others. */

import { join } from "node:path";
import { ROOT } from "@lib/paths.ts";
import { taskPermissions } from "@lib/permissions.ts";

/** The arguments of `deno` for a task called in a folder. */
export function taskArguments(
  task: string,
  args: readonly string[],
  folder: string = ROOT,
): string[] {
  const file = join(ROOT, "lib/tasks", `${task}.ts`);
  return ["run", ...taskPermissions(task, folder), "--no-check", file, ...args];
}
