/**
 * `deno task worker`: does the jobs of a queue until it is stopped; as many workers as you like, on as
 * many machines.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { queueText, workQueue } from "@lib/jobs/queue.ts";
import { jobsFolder, userPath } from "@lib/paths.ts";
import { parseCount, runCommand } from "@lib/tasks/command.ts";

const HELP = `Do the jobs of a queue.

  deno task worker --queue redis://host:6379 [options]

  --queue <url>       Redis; rediss:// for TLS. LAB_REDIS_PASSWORD, LAB_REDIS_USER and LAB_REDIS_CA (a
                      file) in the environment say who you are and whom to trust
  --jobs <folder>     the folder of results, shared by all (LAB_JOBS, else data/cache/jobs)
  --processes <n>     jobs at once (one a core)
  --memory <MiB>      that each may take (an equal part of what is free)
  --patience <s>      seconds until jobs of a worker that is gone go to others (60)
  --status            print what waits, runs and has failed, and end
  --help              this text

One machine's Redis, with Debian's or Ubuntu's package redis-server:
  redis-server --appendonly yes --maxmemory-policy noeviction --dir <folder>

Ctrl-C: jobs in progress save their checkpoints and go back to the queue.
`;

async function main(args: readonly string[], signal: AbortSignal): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      queue: { type: "string" },
      jobs: { type: "string" },
      processes: { type: "string" },
      memory: { type: "string" },
      patience: { type: "string", default: "60" },
      status: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(HELP);
  if (values.queue === undefined) throw new TypeError(`Cannot work without --queue\n\n${HELP}`);
  if (values.status) return console.log(await queueText(values.queue));
  const count = (flag: "processes" | "memory") =>
    values[flag] === undefined ? undefined : parseCount(flag, values[flag]);
  await workQueue(values.queue, {
    folder: values.jobs === undefined ? jobsFolder() : userPath(values.jobs),
    processes: count("processes"),
    memory: count("memory"),
    patience: parseCount("patience", values.patience),
    signal,
    onEvent: (text) => console.log(`${new Date().toISOString()} ${text}`),
  });
}

if (import.meta.main) await runCommand(main, "Stopped");
