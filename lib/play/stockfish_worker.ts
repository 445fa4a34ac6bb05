/**
 * A Worker that runs Stockfish's WebAssembly build as a separate program: UCI lines in, UCI lines out.
 *
 * The package's script decides by what it finds in its surroundings whether it is a page, a Worker
 * or Node's main program, and none of its guesses fits a Deno Worker. So it is evaluated with
 * `self`, `location`, `require` and the rest shadowed, and hands over its factory instead.
 *
 * @module
 */

/** What the Worker is sent: UCI commands, in order. */
export type Commands = readonly string[];

/** What it answers: the lines printed since its last answer, or that the engine has stopped. */
export type Answer = { readonly lines: readonly string[] } | { readonly died: string };

interface Program {
  ccall(
    name: "command",
    returns: null,
    types: ["string"],
    values: [string],
    options: { async: true },
  ): Promise<void>;
}

const scope = self as unknown as {
  onmessage: (event: MessageEvent<Commands>) => void;
  postMessage(answer: Answer): void;
};

let printed: string[] = [];

async function loadProgram(): Promise<Program> {
  // The import makes Deno fetch the package; its manifest is data, none of its code is linked.
  await import("stockfish/package.json", { with: { type: "json" } });
  const base = import.meta.resolve("stockfish/package.json");
  const file = (name: string) => new URL(`bin/stockfish-19-lite-single.${name}`, base);
  const shadowed: Record<string, unknown> = {
    self: { location: { hash: "", href: "" } },
    location: {},
    require: Object.assign(() => ({ isMainThread: true }), { main: null }),
    module: {},
    exports: {},
    // It looks like Node, whose branch exports the factory; without `process` it then asks nothing
    // of Node.
    global: { process: { [Symbol.toStringTag]: "process" } },
    process: undefined,
    fetch: undefined,
    onmessage: undefined,
    postMessage: undefined,
    window: undefined,
    document: undefined,
    importScripts: undefined,
    __filename: "",
    __dirname: "",
  };
  const script = await Deno.readTextFile(file("js"));
  new Function(...Object.keys(shadowed), script)(...Object.values(shadowed));
  const factory = (shadowed.module as {
    exports: () => (options: Record<string, unknown>) => Promise<Program>;
  }).exports;
  return await factory()({
    wasmBinary: await Deno.readFile(file("wasm")),
    locateFile: (path: string) => path,
    listener: (line: string) => printed.push(line),
  });
}

const died = (cause: unknown): Answer => {
  const error = cause as { message?: string; status?: number };
  const reason = error?.message ?? `exit code ${error?.status ?? "unknown"}`;
  return { died: [reason, ...printed].join("; ") };
};

const loading = loadProgram();
// A failure to load is answered to the first command, which waits for it.
loading.catch(() => {});

scope.onmessage = async ({ data: commands }) => {
  try {
    const program = await loading;
    for (const command of commands) {
      // A search of more than some milliseconds yields to the event loop and ends later.
      await program.ccall("command", null, ["string"], [command], { async: true });
    }
    scope.postMessage({ lines: printed });
  } catch (cause) {
    scope.postMessage(died(cause));
  }
  printed = [];
};
