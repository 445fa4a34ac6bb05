/**
 * Chess engines as separate programs spoken to over UCI: started, asked, timed out and killed.
 *
 * @module
 */

import { join } from "node:path";
import type { Answer, Commands } from "@lib/play/stockfish_worker.ts";

/** An engine that is missing, has died, does not answer in time, or answers nonsense. */
export class EngineError extends Error {
  /** What it is called. */
  override name = "EngineError";
}

/**
 * Which engine to run: `"wasm"`, Stockfish 19 (lite, one thread) of the npm package in a Worker,
 * the same for everyone; `"native"`, the program `stockfish` on PATH; or the path of a UCI engine.
 */
export type EngineName = "wasm" | "native" | (string & Record<never, never>);

/** A running engine that answers one request at a time. */
export interface UciProcess {
  /** The name the engine gives itself. */
  readonly name: string;
  /**
   * Sends commands and resolves with the lines printed up to the one whose first word is `last`.
   *
   * @throws {EngineError} when the engine has died, or does not answer in `timeout` milliseconds.
   * @throws the signal's reason, when it fires first. The engine is unusable after either.
   */
  ask(
    commands: readonly string[],
    last: string,
    limits: { readonly timeout: number; readonly signal?: AbortSignal | undefined },
  ): Promise<readonly string[]>;
  /** Ends the engine and resolves when it is gone; may be called again. */
  kill(): Promise<void>;
}

/** The two directions between us and a program, whatever runs it. */
interface Wire {
  send(commands: Commands): void;
  stop(): Promise<void>;
}
type Listen = (lines: readonly string[]) => void;
type Mourn = (reason: string) => void;

/**
 * The path of the program `stockfish` on PATH, or null where there is none. Debian's folder
 * `/usr/games` is looked at last, as it is missing from the PATH of services and containers.
 */
export function findNativeStockfish(): string | null {
  const windows = Deno.build.os === "windows";
  const folders = (Deno.env.get("PATH") ?? "").split(windows ? ";" : ":");
  for (const folder of [...folders, "/usr/games"]) {
    const path = join(folder, windows ? "stockfish.exe" : "stockfish");
    try {
      if (folder !== "" && Deno.statSync(path).isFile) return path;
    } catch { /* not in this folder */ }
  }
  return null;
}

function runNative(path: string, onLines: Listen, onDeath: Mourn): Wire {
  const command = new Deno.Command(path, { stdin: "piped", stdout: "piped", stderr: "null" });
  let child: Deno.ChildProcess;
  try {
    child = command.spawn();
  } catch (cause) {
    const reason = cause instanceof Deno.errors.NotFound ? "no such program" : String(cause);
    throw new EngineError(`Cannot start the engine ${path}: ${reason}`, { cause });
  }
  const input = child.stdin.getWriter();
  const output = child.stdout.getReader();
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();

  const kill = () => {
    try {
      child.kill("SIGKILL");
    } catch { /* it is gone already */ }
  };
  // `Deno.exit` and an uncaught error run no `finally`, but they do unload.
  globalThis.addEventListener("unload", kill);

  const reading = (async () => {
    let rest = "";
    for (;;) {
      const { value, done } = await output.read();
      if (done) break;
      const lines = (rest + decoder.decode(value, { stream: true })).split(/\r?\n/);
      rest = lines.pop()!;
      if (lines.length > 0) onLines(lines);
    }
    const { code, signal } = await child.status;
    globalThis.removeEventListener("unload", kill);
    onDeath(signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}`);
  })();

  return {
    send(commands) {
      // A broken pipe means that the engine has died, which the reader reports.
      input.write(encoder.encode(commands.join("\n") + "\n")).catch(() => {});
    },
    async stop() {
      kill();
      // A child of the engine may hold the pipe open after it.
      await output.cancel().catch(() => {});
      await input.close().catch(() => {});
      await reading;
    },
  };
}

function runWasm(onLines: Listen, onDeath: Mourn): Wire {
  const worker = new Worker(new URL("./stockfish_worker.ts", import.meta.url), { type: "module" });
  worker.onmessage = ({ data }: MessageEvent<Answer>) =>
    "lines" in data ? onLines(data.lines) : onDeath(data.died);
  worker.onerror = (event) => {
    event.preventDefault();
    onDeath(event.message);
  };
  return {
    send: (commands) => worker.postMessage(commands),
    stop() {
      worker.terminate();
      return Promise.resolve();
    },
  };
}

/**
 * Starts an engine and waits until it is ready.
 *
 * @param engine which one, see {@linkcode EngineName}.
 * @param timeout milliseconds it may take to start.
 * @throws {EngineError} when there is no such engine, or it does not speak UCI.
 */
export async function startEngine(engine: EngineName, timeout: number): Promise<UciProcess> {
  const path = engine === "native" ? findNativeStockfish() : engine;
  if (path === null) {
    throw new EngineError(
      `Cannot start the engine "native": there is no program stockfish on PATH; ` +
        `install it, give its path, or use "wasm"`,
    );
  }

  let name = path;
  let death: string | null = null;
  let pending: { lines: string[]; last: string; settle: (error?: Error) => void } | null = null;
  const dead = (reason: string) => new EngineError(`The engine ${name} has died: ${reason}`);

  const onLines: Listen = (lines) => {
    for (const line of lines) {
      pending?.lines.push(line);
      if (pending !== null && line.split(" ", 1)[0] === pending.last) pending.settle();
    }
  };
  const onDeath: Mourn = (reason) => {
    death ??= reason;
    pending?.settle(dead(death));
  };
  const wire = engine === "wasm" ? runWasm(onLines, onDeath) : runNative(path, onLines, onDeath);

  const process = {
    get name() {
      return name;
    },
    ask(commands: readonly string[], last: string, { timeout, signal }: {
      timeout: number;
      signal?: AbortSignal | undefined;
    }) {
      return new Promise<readonly string[]>((resolve, reject) => {
        if (death !== null) return reject(dead(death));
        if (signal?.aborted) return reject(signal.reason);
        const lines: string[] = [];
        const settle = (error?: Error) => {
          pending = null;
          clearTimeout(timer);
          signal?.removeEventListener("abort", abort);
          error === undefined ? resolve(lines) : reject(error);
        };
        const abort = () => settle(signal!.reason);
        const timer = setTimeout(() => {
          const asked = commands.at(-1);
          settle(
            new EngineError(`The engine ${name} did not answer "${asked}" within ${timeout} ms`),
          );
        }, timeout);
        signal?.addEventListener("abort", abort);
        pending = { lines, last, settle };
        wire.send(commands);
      });
    },
    async kill() {
      onDeath("it was stopped");
      await wire.stop();
    },
  };

  try {
    const greeting = await process.ask(["uci"], "uciok", { timeout });
    name = greeting.find((line) => line.startsWith("id name "))?.slice("id name ".length) ?? path;
  } catch (error) {
    await process.kill();
    throw error;
  }
  return process;
}
