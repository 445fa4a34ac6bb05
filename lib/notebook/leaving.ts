/**
 * When a cell's outputs have left the kernel: it queues them for another thread, and names as theirs
 * the cell that runs when they are sent. So a subscriber to the kernel's own outputs is asked.
 *
 * @module
 */

import { connectZmtp } from "@lib/notebook/zmtp.ts";

const LIMIT = 10_000; // milliseconds: then the queue is not waited for

/**
 * Waits until all that was broadcast before has been sent: a marker that comes after it, an update of
 * a place that does not exist (which front ends pass over), has come out again.
 *
 * @param broadcast sends a message of the Jupyter protocol
 * @param guess milliseconds to wait where the kernel's outputs cannot be listened to
 */
export async function outputsHaveLeft(
  broadcast: (type: string, content: Record<string, unknown>) => void,
  guess: number,
): Promise<void> {
  const id = `left-${crypto.randomUUID()}`;
  const port = await iopubPort();
  const listener = port === undefined ? undefined : await connectZmtp("SUB", port).catch(() => {});
  if (!listener) return await sleep(guess);
  const mark = () =>
    broadcast("update_display_data", { data: {}, metadata: {}, transient: { display_id: id } });
  let next = 10, timer: ReturnType<typeof setTimeout>;
  // A subscription takes a moment: marks from before it are missed.
  const again = () => {
    mark();
    timer = setTimeout(again, next = 2 * next);
  };
  again();
  const late = setTimeout(listener.close, LIMIT);
  const decoder = new TextDecoder();
  for await (const frames of listener.messages) {
    if (frames.some((frame) => decoder.decode(frame).includes(id))) break;
  }
  clearTimeout(timer!);
  clearTimeout(late);
  listener.close();
}

let port: Promise<number | undefined> | undefined;

/** The port of the kernel's outputs, which the front end told it in a file; undefined if unknown. */
function iopubPort(): Promise<number | undefined> {
  return port ??= (async () => {
    try {
      const [, file] = /--conn[\0 ]([^\0]+?)(\0|\n|$)/.exec(await commandLine()) ?? [];
      return JSON.parse(Deno.readTextFileSync(file)).iopub_port;
    } catch {
      return undefined;
    }
  })();
}

async function commandLine(): Promise<string> {
  if (Deno.build.os === "linux") return Deno.readTextFileSync("/proc/self/cmdline");
  const { stdout } = await new Deno.Command("ps", {
    args: ["-o", "args=", "-p", String(Deno.pid)],
  }).output();
  return new TextDecoder().decode(stdout);
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
