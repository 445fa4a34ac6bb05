import { join } from "node:path";

/** Chromium's program, or null where there is none. */
export function findChromium(): string | null {
  const folders = (Deno.env.get("PATH") ?? "").split(":");
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    for (const folder of folders) {
      try {
        if (folder && Deno.statSync(join(folder, name)).isFile) return join(folder, name);
      } catch { /* not in this folder */ }
    }
  }
  return null;
}

/** Seconds until something is taken to have failed: a busy machine may be very slow. */
const PATIENCE = 180;

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** A page in headless Chromium, driven over the DevTools protocol. */
export interface Page extends AsyncDisposable {
  /** Errors and warnings that the page has printed or thrown. */
  readonly complaints: readonly string[];
  /** Addresses that the page has asked for. */
  readonly requests: readonly string[];
  goto(url: string): Promise<void>;
  /** The value of an expression in the page; promises are awaited. */
  run<T>(expression: string): Promise<T>;
  /** Waits until an expression is true. */
  until(expression: string, seconds?: number): Promise<void>;
  send(method: string, params?: Record<string, unknown>): Promise<Record<string, unknown>>;
  resize(width: number, height: number): Promise<void>;
  /** A PNG of the whole page. */
  screenshot(file: string): Promise<void>;
}

/** Opens a page in headless Chromium, with flags for its command line. */
export async function openPage(program: string, flags: readonly string[] = []): Promise<Page> {
  const profile = Deno.makeTempDirSync({ prefix: "chromium-" });
  const child = new Deno.Command(program, {
    args: [
      "--headless=new",
      "--no-sandbox",
      "--disable-dev-shm-usage",
      "--no-first-run",
      "--disable-background-networking",
      "--remote-debugging-port=0",
      `--user-data-dir=${profile}`,
      ...flags,
      "about:blank",
    ],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const port = await waitFor(() => {
    try {
      return Deno.readTextFileSync(join(profile, "DevToolsActivePort")).split("\n")[0];
    } catch {
      return undefined;
    }
  }, PATIENCE);
  const target = await waitFor(async () => {
    const targets = await (await fetch(`http://127.0.0.1:${port}/json`)).json();
    return targets.find(({ type }: { type: string }) => type === "page");
  }, PATIENCE);
  const socket = new WebSocket(target.webSocketDebuggerUrl);
  await new Promise((resolve) => socket.onopen = resolve);
  let count = 0;
  const pending = new Map<number, PromiseWithResolvers<Record<string, unknown>>>();
  const complaints: string[] = [], requests: string[] = [];
  socket.onmessage = ({ data }) => {
    const { id, method, params, result, error } = JSON.parse(data) as Message;
    if (id !== undefined) {
      if (error) pending.get(id)?.reject(new Error(error.message));
      else pending.get(id)?.resolve(result ?? {});
      pending.delete(id);
    }
    const about = params as Record<string, Record<string, unknown>>;
    if (method === "Network.requestWillBeSent") requests.push(String(about.request.url));
    if (method === "Runtime.exceptionThrown") complaints.push(JSON.stringify(params));
    if (method === "Log.entryAdded" && ["error", "warning"].includes(String(about.entry.level))) {
      complaints.push(`${about.entry.text} ${about.entry.url ?? ""}`);
    }
    if (
      method === "Runtime.consoleAPICalled" && ["error", "warning"].includes(String(params?.type))
    ) {
      complaints.push(JSON.stringify(params?.args));
    }
  };
  const send = (method: string, params: Record<string, unknown> = {}) => {
    const id = ++count, answer = Promise.withResolvers<Record<string, unknown>>();
    pending.set(id, answer);
    socket.send(JSON.stringify({ id, method, params }));
    const late = setTimeout(
      () => answer.reject(new Error(`${method}: no answer`)),
      1000 * PATIENCE,
    );
    return answer.promise.finally(() => clearTimeout(late));
  };
  for (const domain of ["Page", "Runtime", "Log", "Network"]) await send(`${domain}.enable`);
  const run = async <T>(expression: string): Promise<T> => {
    const { result, exceptionDetails } = await send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    }) as { result: { value: T }; exceptionDetails?: unknown };
    if (exceptionDetails) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return result.value;
  };
  return {
    complaints,
    requests,
    run,
    send,
    async goto(url) {
      await send("Page.navigate", { url: "about:blank" }); // else a change after # loads nothing
      await send("Page.navigate", { url });
    },
    async until(expression, seconds = PATIENCE) {
      // While a page loads, what is asked about may not be there yet.
      const look = () => run<boolean>(expression).catch(() => false);
      await waitFor(async () => await look() || undefined, seconds, expression);
    },
    async resize(width, height) {
      const mobile = width < 600;
      const deviceScaleFactor = mobile ? 2 : 1;
      await send("Emulation.setDeviceMetricsOverride", {
        width,
        height,
        deviceScaleFactor,
        mobile,
      });
    },
    async screenshot(file) {
      const { data } = await send("Page.captureScreenshot", { captureBeyondViewport: true });
      Deno.writeFileSync(file, Uint8Array.fromBase64(data as string));
    },
    async [Symbol.asyncDispose]() {
      await send("Browser.close").catch(() => {});
      socket.close();
      await child.status;
      Deno.removeSync(profile, { recursive: true });
    },
  };
}

async function waitFor<T>(
  look: () => T | undefined | Promise<T | undefined>,
  seconds: number,
  what = "Chromium",
): Promise<T> {
  for (const end = Date.now() + 1000 * seconds; Date.now() < end;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  throw new Error(`waited ${seconds} seconds for ${what}`);
}
