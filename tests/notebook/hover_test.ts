import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { ROOT } from "@lib/paths.ts";

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly items?: readonly unknown[] };
  readonly result?: unknown;
}

/** Deno's language server, as VS Code's extension talks to it. */
function languageServer() {
  const server = new Deno.Command(Deno.execPath(), {
    args: ["lsp"],
    cwd: ROOT,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = server.stdin.getWriter(), answers = new Map<number, (result: unknown) => void>();
  const send = (message: object) => {
    const body = new TextEncoder().encode(JSON.stringify({ jsonrpc: "2.0", ...message }));
    const head = new TextEncoder().encode(`Content-Length: ${body.length}\r\n\r\n`);
    return writer.write(new Uint8Array([...head, ...body]));
  };
  const take = ({ id, method, params, result }: Message) => {
    if (id === undefined) return;
    if (method === undefined) answers.get(id)?.(result);
    else send({ id, result: params?.items?.map(() => ({ enable: true })) ?? null });
  };
  const reading = (async () => {
    let text = ""; // a character a byte, as lengths are counted
    for await (const chunk of server.stdout) {
      text += Array.from(chunk, (byte) => String.fromCharCode(byte)).join("");
      for (;;) {
        const [head, length] = /^[^]*?Content-Length: (\d+)\r\n(?:.+\r\n)*\r\n/.exec(text) ?? [];
        if (head === undefined || text.length < head.length + Number(length)) break;
        const end = head.length + Number(length);
        const body = Uint8Array.from(text.slice(head.length, end), (c) => c.charCodeAt(0));
        text = text.slice(end);
        take(JSON.parse(new TextDecoder().decode(body)));
      }
    }
  })();
  let count = 0;
  return {
    tell: (method: string, params: object) => send({ method, params }),
    ask(method: string, params: object): Promise<unknown> {
      const id = ++count, { promise, resolve, reject } = Promise.withResolvers<unknown>();
      answers.set(id, resolve);
      send({ id, method, params });
      const late = setTimeout(() => reject(new Error(`${method}: no answer`)), 300_000);
      return promise.finally(() => clearTimeout(late));
    },
    async [Symbol.asyncDispose]() {
      server.kill("SIGKILL");
      await server.status;
      await reading.catch(() => {});
      await writer.abort().catch(() => {});
    },
  };
}

Deno.test("in a cell, documentation and types appear on hover, also of what an earlier cell imports", async () => {
  await using server = languageServer();
  const rootUri = String(pathToFileURL(ROOT));
  await server.ask("initialize", {
    processId: Deno.pid,
    rootUri,
    workspaceFolders: [{ uri: rootUri, name: "lab" }],
    initializationOptions: { enable: true },
    capabilities: {
      notebookDocument: { synchronization: {} },
      workspace: { configuration: true, workspaceFolders: true },
    },
  });
  await server.tell("initialized", {});
  const texts = [
    'import { figure } from "@lib/notebook/mod.ts";',
    "const drawn = figure({ marks: [] });",
  ];
  const cell = (i: number) => `vscode-notebook-cell:${ROOT}/notebooks/new.ipynb#cell-${i}`;
  await server.tell("notebookDocument/didOpen", {
    notebookDocument: {
      uri: `${rootUri}/notebooks/new.ipynb`,
      notebookType: "jupyter-notebook",
      version: 1,
      cells: texts.map((_, i) => ({ kind: 2, document: cell(i) })),
    },
    cellTextDocuments: texts.map((text, i) => ({
      uri: cell(i),
      languageId: "typescript",
      version: 1,
      text,
    })),
  });
  for (const [i, text] of texts.entries()) {
    const hover = await server.ask("textDocument/hover", {
      textDocument: { uri: cell(i) },
      position: { line: 0, character: text.indexOf("figure") },
    });
    assert.match(JSON.stringify(hover), /FigureOptions.*Draws a figure: Plot's marks/);
  }
});
