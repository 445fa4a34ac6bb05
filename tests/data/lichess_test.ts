import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { downloadMonth, isMonth, monthFile } from "@lib/data/lichess.ts";

const CONTENT = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) >> 7);
const SHA256 = createHash("sha256").update(CONTENT).digest("hex");
const FILE = monthFile("2013-01");

/** What the server does with a request for the month. */
type Answer = (request: Request, n: number) => Response;

/** A whole or partial answer, as a web server gives it; `breakAfter` bytes the connection breaks. */
function serve(request: Request, breakAfter = Infinity): Response {
  const from = Number(request.headers.get("range")?.match(/bytes=(\d+)-/)?.[1] ?? 0);
  if (from >= CONTENT.length) {
    return new Response(null, {
      status: 416,
      headers: { "content-range": `bytes */${CONTENT.length}` },
    });
  }
  const rest = CONTENT.subarray(from);
  let sent = 0;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (sent >= breakAfter) return controller.error(new Error("broken"));
      const piece = rest.slice(sent, sent + 50_000);
      sent += piece.length;
      controller.enqueue(piece);
      if (sent >= rest.length) controller.close();
    },
  });
  const headers: Record<string, string> = { "content-length": String(rest.length) };
  if (from > 0) {
    headers["content-range"] = `bytes ${from}-${CONTENT.length - 1}/${CONTENT.length}`;
  }
  return new Response(body, { status: from > 0 ? 206 : 200, headers });
}

/** Runs a test against a local server; gives it the download's options and the requests seen. */
async function withServer(
  answer: Answer,
  body: (
    options: { url: string; directory: string; retryDelay: number },
    requests: (string | null)[],
  ) => Promise<void>,
  sums = `${SHA256}  ${FILE}\n`,
): Promise<void> {
  const requests: (string | null)[] = [];
  const directory = Deno.makeTempDirSync();
  const server = Deno.serve({
    port: 0,
    hostname: "127.0.0.1",
    onListen() {},
    onError: () => new Response(),
  }, (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/standard/sha256sums.txt") return new Response(sums);
    if (pathname !== `/standard/${FILE}`) return new Response("no", { status: 404 });
    requests.push(request.headers.get("range"));
    return answer(request, requests.length);
  });
  try {
    const url = `http://127.0.0.1:${server.addr.port}/standard`;
    await body({ url, directory, retryDelay: 1 }, requests);
  } finally {
    await server.shutdown();
    Deno.removeSync(directory, { recursive: true });
  }
}

Deno.test("a month is fetched, checked, and not fetched again", async () => {
  await withServer((request) => serve(request), async (options, requests) => {
    let last = [0, 0];
    const onProgress = (received: number, total: number) => last = [received, total];
    const path = await downloadMonth("2013-01", { ...options, onProgress });
    assert.deepEqual(Deno.readFileSync(path), CONTENT);
    assert.deepEqual(last, [CONTENT.length, CONTENT.length]);
    assert.equal(await downloadMonth("2013-01", options), path);
    assert.deepEqual(requests, [null]);
    assert.deepEqual([...Deno.readDirSync(options.directory)].map(({ name }) => name), [FILE]);
  });
});

Deno.test("a connection that breaks is taken up where it broke", async () => {
  const answer: Answer = (request, n) => serve(request, n <= 2 ? 100_000 : Infinity);
  await withServer(answer, async (options, requests) => {
    const path = await downloadMonth("2013-01", options);
    assert.deepEqual(Deno.readFileSync(path), CONTENT);
    assert.equal(requests.length, 3);
    const starts = requests.slice(1).map((range) => Number(range!.match(/\d+/)![0]));
    assert.ok(starts[0] > 0 && starts[1] > starts[0] && starts[1] <= 200_000, `${starts}`);
  });
});

Deno.test("a download that was stopped goes on in the next call", async () => {
  await withServer((request) => serve(request), async (options, requests) => {
    const stop = new AbortController();
    const onProgress = (received: number) => received >= 100_000 && stop.abort();
    await assert.rejects(
      downloadMonth("2013-01", { ...options, onProgress, signal: stop.signal }),
      { name: "AbortError" },
    );
    const kept = Deno.statSync(`${options.directory}/${FILE}.part`).size;
    assert.ok(kept >= 100_000 && kept < CONTENT.length);
    const path = await downloadMonth("2013-01", options);
    assert.deepEqual(Deno.readFileSync(path), CONTENT);
    assert.deepEqual(requests, [null, `bytes=${kept}-`]);
  });
});

Deno.test("a server without ranges sends all of it again", async () => {
  const answer: Answer = (request) => serve(new Request(request.url));
  await withServer(answer, async (options) => {
    Deno.writeFileSync(`${options.directory}/${FILE}.part`, CONTENT.subarray(0, 1000));
    assert.deepEqual(Deno.readFileSync(await downloadMonth("2013-01", options)), CONTENT);
  });
});

Deno.test("a part that is complete is checked, one that is too long begun anew", async () => {
  await withServer((request) => serve(request), async (options, requests) => {
    const part = `${options.directory}/${FILE}.part`;
    Deno.writeFileSync(part, CONTENT);
    Deno.removeSync(await downloadMonth("2013-01", options));
    Deno.writeFileSync(part, new Uint8Array(CONTENT.length + 5));
    assert.deepEqual(Deno.readFileSync(await downloadMonth("2013-01", options)), CONTENT);
    assert.equal(requests.length, 3);
  });
});

Deno.test("a wrong checksum is an error and the file is removed", async () => {
  await withServer((request) => serve(request), async (options) => {
    await assert.rejects(downloadMonth("2013-01", options), /SHA-256 is [0-9a-f]{64}, must be 00/);
    assert.deepEqual([...Deno.readDirSync(options.directory)], []);
  }, `${"0".repeat(64)}  ${FILE}\n`);
});

Deno.test("a file on disk that is not what is published is fetched anew", async () => {
  await withServer((request) => serve(request), async (options) => {
    Deno.writeTextFileSync(`${options.directory}/${FILE}`, "something else");
    assert.deepEqual(Deno.readFileSync(await downloadMonth("2013-01", options)), CONTENT);
  });
});

Deno.test("a month that is not listed, or listed but gone, is named", async () => {
  await withServer((request) => serve(request), async (options) => {
    await assert.rejects(downloadMonth("2024-02", options), /2024-02.*does not list it/);
  });
  await withServer(() => new Response("gone", { status: 404 }), async (options) => {
    await assert.rejects(downloadMonth("2013-01", options), /there is no such file \(404\)/);
  });
});

Deno.test("a busy server is asked again, a dead one given up", async () => {
  const busy: Answer = (request, n) => n < 3 ? new Response(null, { status: 503 }) : serve(request);
  await withServer(busy, async (options) => {
    assert.deepEqual(Deno.readFileSync(await downloadMonth("2013-01", options)), CONTENT);
  });
  const dead: Answer = () => new Response(null, { status: 500 });
  await withServer(dead, async (options, requests) => {
    await assert.rejects(downloadMonth("2013-01", { ...options, retries: 2 }), /it answers 500/);
    assert.equal(requests.length, 3);
  });
});

Deno.test("offline, the error says what to do", async () => {
  const options = { url: "http://127.0.0.1:9/standard", retries: 1, retryDelay: 1 };
  await assert.rejects(
    downloadMonth("2013-01", { ...options, directory: Deno.makeTempDirSync() }),
    /Cannot reach .*sha256sums.txt: are you online\?.*by its path/,
  );
});

Deno.test("only months from 2013-01 on have a file", () => {
  assert.equal(FILE, "lichess_db_standard_rated_2013-01.pgn.zst");
  for (const month of ["2012-12", "2013", "2013-13", "2013-1", "x"]) {
    assert.throws(() => monthFile(month), /must be a year and month from "2013-01" on/);
  }
  assert.deepEqual(["2013-01", "2013-00", "games"].map(isMonth), [true, false, false]);
});
