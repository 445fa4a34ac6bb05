/**
 * A client of the notebook kernel: starts `deno jupyter`, speaks the Jupyter messaging protocol 5.3
 * over ZeroMQ, and collects the outputs of a cell exactly.
 *
 * The kernel says "idle" before a cell's outputs have left it and labels late ones with the next
 * request. So each cell is followed by a silent request that sends a marker: the kernel sends in
 * order, hence all that comes before the marker belongs to the cell.
 *
 * Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html
 *
 * @module
 */

import { createHmac } from "node:crypto";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { temporaryFolder } from "@lib/files.ts";
import { ROOT } from "@lib/paths.ts";
import type { Output } from "@lib/notebook/ipynb.ts";
import { connectZmtp, type Frames, type ZmtpConnection } from "@lib/notebook/zmtp.ts";

/** What became of a cell. */
export interface Execution {
  /** `ok`, `error` (also for code that does not parse), `timeout`, `interrupted`, or `dead`. */
  readonly status: "ok" | "error" | "timeout" | "interrupted" | "dead";
  /** Its outputs, in order, updates applied. */
  readonly outputs: Output[];
}

/** How a cell is run; all optional. */
export interface ExecuteOptions {
  /** Milliseconds after which the kernel is interrupted, then killed. */
  readonly timeout?: number;
  /** Interrupts the cell, and kills the kernel when that does not end it. */
  readonly signal?: AbortSignal | undefined;
  /** Called after each message that changed the outputs. */
  readonly onOutput?: (outputs: readonly Output[]) => void;
}

/** How the kernel is started; all optional. */
export interface KernelOptions {
  /** Working directory of the kernel (default: the workspace). */
  readonly cwd?: string;
  /** Environment variables besides those of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

interface Message {
  readonly type: string;
  readonly parent: string | undefined;
  readonly content: Record<string, unknown>;
}

type Reply = Record<string, unknown> | "timeout" | "interrupted" | "dead";

const MARKER = "lab_marker";
const DELIMITER = "<IDS|MSG>";
const START_LIMIT = 60_000; // milliseconds: a busy machine may be very slow
const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** Run in the kernel: it leaves when who started it is gone, were it by `kill -9`. */
const LEAVE_WITH_PARENT = `{
  const parent = Deno.ppid;
  Deno.unrefTimer(setInterval(() => Deno.ppid === parent || Deno.exit(1), 1000));
}`;

/**
 * Starts a kernel and waits until it answers. It does not outlive this process.
 *
 * @throws {Error} when the kernel ends or does not answer within a minute.
 */
export async function startKernel(options: KernelOptions = {}): Promise<Kernel> {
  const directory = temporaryFolder("kernel-");
  const connection = {
    ip: "127.0.0.1",
    transport: "tcp",
    key: crypto.randomUUID(),
    signature_scheme: "hmac-sha256",
    kernel_name: "deno",
    ...freePorts(["shell_port", "iopub_port", "stdin_port", "control_port", "hb_port"]),
  };
  const file = join(directory, "connection.json");
  Deno.writeTextFileSync(file, JSON.stringify(connection), { mode: 0o600 });
  const child = new Deno.Command(Deno.execPath(), {
    args: ["jupyter", "--kernel", "--conn", file],
    cwd: options.cwd ?? ROOT,
    env: { NO_COLOR: "1", ...options.env },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const process = watch(child, directory);
  try {
    const shell = await connectWhenUp("DEALER", connection.shell_port, process);
    const iopub = await connectWhenUp("SUB", connection.iopub_port, process);
    const kernel = new Kernel(process, connection.key, shell, iopub);
    await kernel.ready();
    return kernel;
  } catch (error) {
    if (process.alive) child.kill("SIGKILL");
    await process.ended;
    throw error;
  }
}

/** The kernel's process; its folder is removed when it ends. */
interface KernelProcess {
  readonly child: Deno.ChildProcess;
  readonly alive: boolean;
  /** Resolves to what it wrote to its error channel, when it has ended. */
  readonly ended: Promise<string>;
}

function watch(child: Deno.ChildProcess, directory: string): KernelProcess {
  let alive = true;
  const stderr = new Response(child.stderr).text();
  const ended = child.status.then(async () => {
    alive = false;
    Deno.removeSync(directory, { recursive: true });
    return (await stderr).replace(/^Warning "deno jupyter" is unstable.*\n/, "").trim();
  });
  return {
    child,
    ended,
    get alive() {
      return alive;
    },
  };
}

async function connectWhenUp(
  type: "DEALER" | "SUB",
  port: number,
  process: KernelProcess,
): Promise<ZmtpConnection> {
  const limit = Date.now() + START_LIMIT;
  while (process.alive && Date.now() < limit) {
    try {
      return await connectZmtp(type, port);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20)); // not listening yet
    }
  }
  if (process.alive) throw new Error("Cannot start the kernel: no answer for a minute");
  throw new Error(`Cannot start the kernel: it ended at once: ${await process.ended}`);
}

/** A running kernel; `await using` ends it. */
export class Kernel implements AsyncDisposable {
  readonly #process: KernelProcess;
  readonly #key: string;
  readonly #shell: ZmtpConnection;
  readonly #iopub: ZmtpConnection;
  readonly #session: string = crypto.randomUUID();
  readonly #listeners = new Set<(message: Message) => void>();

  /** A kernel that has started, with its connections. */
  constructor(process: KernelProcess, key: string, shell: ZmtpConnection, iopub: ZmtpConnection) {
    this.#process = process;
    this.#key = key;
    this.#shell = shell;
    this.#iopub = iopub;
    this.#receive(shell);
    this.#receive(iopub);
  }

  /** Whether the process runs. */
  get alive(): boolean {
    return this.#process.alive;
  }

  /** The process id. */
  get pid(): number {
    return this.#process.child.pid;
  }

  /** What the process wrote to its error channel, when it has ended. */
  get ended(): Promise<string> {
    return this.#process.ended;
  }

  /** Waits until requests are answered and outputs arrive: a subscription takes a moment. */
  async ready(): Promise<void> {
    const limit = Date.now() + START_LIMIT;
    while (!await this.#drain(250)) {
      if (!this.alive) throw new Error(`Cannot start the kernel: it ended: ${await this.ended}`);
      if (Date.now() > limit) throw new Error("Cannot start the kernel: no answer for a minute");
    }
    await this.#request(LEAVE_WITH_PARENT, { silent: true, timeout: START_LIMIT });
  }

  /** Runs one cell and returns when all its outputs are here. */
  async execute(code: string, options: ExecuteOptions = {}): Promise<Execution> {
    const outputs = collectOutputs(options.onOutput);
    using _ = this.#listen(outputs.take);
    const reply = await this.#request(code, { silent: false, ...options });
    if (reply === "timeout" || reply === "interrupted") {
      await this.#stop();
      return { status: reply, outputs: outputs.all() };
    }
    if (reply === "dead") return { status: "dead", outputs: outputs.all() };
    await this.#drain(START_LIMIT);
    return { status: reply.status === "ok" ? "ok" : "error", outputs: outputs.all() };
  }

  /** Presses Stop: a mended kernel ends the cell at its next `progress` step. */
  interrupt(): void {
    if (this.alive) this.#process.child.kill("SIGINT");
  }

  /** Ends the kernel. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#kill();
    this.#shell.close();
    this.#iopub.close();
  }

  async #kill(): Promise<void> {
    if (this.alive) this.#process.child.kill("SIGKILL");
    await this.ended;
  }

  /** The cell is asked to stop, then the kernel is killed. */
  async #stop(): Promise<void> {
    this.interrupt();
    if (await this.#drain(2000)) return;
    await this.#kill();
  }

  /** Sends a marker through the kernel's queue of outputs; true when it came back in time. */
  async #drain(timeout: number): Promise<boolean> {
    const id = crypto.randomUUID();
    const { promise, resolve } = Promise.withResolvers<boolean>();
    using _ = this.#listen((message) => {
      if (message.type === MARKER && message.content.id === id) resolve(true);
    });
    const code = `Deno.jupyter.broadcast(${JSON.stringify(MARKER)}, { id: "${id}" })`;
    const timer = setTimeout(() => resolve(false), timeout);
    const reply = this.#request(code, { silent: true, timeout });
    const result = await Promise.race([
      promise,
      reply.then((r) => r === "dead" ? false : promise),
    ]);
    clearTimeout(timer);
    return result;
  }

  /** Sends an execute_request and waits for its reply, the end of the kernel or the time limit. */
  async #request(
    code: string,
    { silent, timeout, signal }: ExecuteOptions & { readonly silent: boolean },
  ): Promise<Reply> {
    if (!this.alive) return "dead";
    if (signal?.aborted) return "interrupted";
    const id = crypto.randomUUID();
    const { promise, resolve } = Promise.withResolvers<Reply>();
    using _ = this.#listen((message) => {
      if (message.type === "execute_reply" && message.parent === id) resolve(message.content);
    });
    const interrupted = () => resolve("interrupted");
    signal?.addEventListener("abort", interrupted);
    this.ended.then(() => resolve("dead"));
    const timer = timeout === undefined ? undefined : setTimeout(() => resolve("timeout"), timeout);
    await this.#send(id, "execute_request", {
      code,
      silent,
      store_history: !silent,
      user_expressions: {},
      allow_stdin: false,
      stop_on_error: false,
    });
    const reply = await promise;
    clearTimeout(timer);
    signal?.removeEventListener("abort", interrupted);
    return reply;
  }

  async #send(id: string, type: string, content: unknown): Promise<void> {
    const header = {
      msg_id: id,
      msg_type: type,
      session: this.#session,
      username: "",
      date: new Date().toISOString(),
      version: "5.3",
    };
    const parts = [header, {}, {}, content].map((part) => JSON.stringify(part));
    const frames = [DELIMITER, this.#sign(parts), ...parts].map((part) => ENCODER.encode(part));
    try {
      await this.#shell.send(frames);
    } catch { /* the kernel has just died: its end resolves the request */ }
  }

  #sign(parts: readonly (string | Uint8Array)[]): string {
    const mac = createHmac("sha256", this.#key);
    for (const part of parts) mac.update(part);
    return mac.digest("hex");
  }

  #listen(listener: (message: Message) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Passes the messages of a connection on until it is closed. */
  async #receive(connection: ZmtpConnection): Promise<void> {
    for await (const frames of connection.messages) {
      const message = this.#parse(frames);
      if (message) { for (const listener of [...this.#listeners]) listener(message); }
    }
  }

  /** Reads a message; nothing when its signature is not by our key. */
  #parse(frames: Frames): Message | undefined {
    const texts = frames.map((frame) => DECODER.decode(frame));
    const start = texts.indexOf(DELIMITER);
    const [signature, ...parts] = frames.slice(start + 1);
    const signed = parts.slice(0, 4);
    if (start < 0 || this.#sign(signed) !== DECODER.decode(signature)) return undefined;
    const [header, parent, , content] = signed.map((part) => JSON.parse(DECODER.decode(part)));
    return { type: header.msg_type, parent: parent?.msg_id, content };
  }
}

/** Collects the messages of a cell into its outputs: streams merged, updates applied, errors last. */
function collectOutputs(onOutput: ((outputs: readonly Output[]) => void) | undefined) {
  const outputs: Output[] = [];
  const errors: Output[] = [];
  const places = new Map<string, Output & { output_type: "display_data" }>();
  const all = () => [...outputs, ...errors];

  const take = ({ type, content }: Message) => {
    switch (type) {
      case "stream": {
        const text = stripVTControlCharacters(String(content.text));
        const name = content.name === "stderr" ? "stderr" : "stdout";
        const last = outputs.at(-1);
        if (last?.output_type === "stream" && last.name === name) last.text += text;
        else outputs.push({ output_type: "stream", name, text });
        break;
      }
      case "display_data":
      case "update_display_data": {
        const { display_id } = (content.transient ?? {}) as { display_id?: string };
        const bundle = bundleOf(content);
        const known = display_id === undefined ? undefined : places.get(display_id);
        if (known) Object.assign(known, bundle);
        if (type === "update_display_data") {
          if (!known) return; // of no place: a mark that shows when outputs have left
          break;
        }
        const output = { output_type: "display_data" as const, ...bundle };
        outputs.push(output);
        if (display_id !== undefined) places.set(display_id, output);
        break;
      }
      case "execute_result": {
        const execution_count = Number(content.execution_count);
        outputs.push({ output_type: "execute_result", ...bundleOf(content), execution_count });
        break;
      }
      case "error":
        // the kernel sends it past its queue, before what the cell wrote earlier
        errors.push({
          output_type: "error",
          ename: String(content.ename),
          evalue: stripVTControlCharacters(String(content.evalue)),
          traceback: (content.traceback as string[]).map((line) => stripVTControlCharacters(line)),
        });
        break;
      default:
        return;
    }
    onOutput?.(all());
  };
  return { take, all };
}

function bundleOf(content: Record<string, unknown>) {
  const data = Object.fromEntries(
    Object.entries(content.data ?? {}).map(([type, value]) =>
      type === "text/plain" ? [type, stripVTControlCharacters(String(value))] : [type, value]
    ),
  );
  return { data, metadata: { ...content.metadata as Record<string, unknown> } };
}

/** Ports that nobody listens on now; all are held until the last is found, so that they differ. */
function freePorts<Name extends string>(names: readonly Name[]): Record<Name, number> {
  const listeners = names.map(() => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const ports = listeners.map((listener) => (listener.addr as Deno.NetAddr).port);
  for (const listener of listeners) listener.close();
  return Object.fromEntries(names.map((name, i) => [name, ports[i]])) as Record<Name, number>;
}
