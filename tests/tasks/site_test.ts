import assert from "node:assert/strict";
import { join, posix } from "node:path";
import { parseHTML } from "linkedom";
import { listNotebooks } from "@lib/notebook/ipynb.ts";
import { readClaims } from "@lib/claims.ts";
import { ROOT } from "@lib/paths.ts";
import { staticFile } from "@lib/tasks/play.ts";
import { buildSite } from "@lib/tasks/site.ts";
import { offeredModels } from "@lib/tasks/site_play.ts";
import { findChromium, openPage } from "../play_page/chromium.ts";

Deno.test("every link of a site leads to something in it, and nothing knows this machine", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const paths = new Set((await buildSite(folder)).map(({ path }) => path));
    const read = (path: string) => Deno.readTextFileSync(join(folder, path));
    const targets = new Map<string, Set<string>>(); // page → the ids that lead into it
    let count = 0;
    for (const path of paths) {
      if (!/\.(html|js|css)$/.test(path)) continue;
      const text = read(path);
      assert.ok(!text.includes(ROOT), path);
      if (!path.endsWith(".html")) continue;
      assert.doesNotMatch(text, /(href|src)="file:/, path);
      for (const [, encoded] of text.matchAll(/\s(?:href|src)="([^"]*)"/g)) {
        const href = decodeEntities(encoded);
        if (/^(https?:|mailto:|data:)/.test(href)) continue;
        count++;
        const [file, id] = href.split("#");
        const to = file ? posix.join(posix.dirname(path), decodeURIComponent(file)) : path;
        assert.ok(paths.has(to), `${path} links to ${href}`);
        if (id) targets.set(to, (targets.get(to) ?? new Set()).add(id));
      }
    }
    for (const [path, ids] of targets) {
      const found = new Set(
        [...read(path).matchAll(/\sid="([^"]*)"/g)].map(([, id]) => decodeEntities(id)),
      );
      for (const id of ids) assert.ok(found.has(id), `${path} has nothing called ${id}`);
    }
    assert.ok(count > 10_000 && targets.size > 100, `${count} links, ${targets.size} pages`);
    for (const part of ["play/index.html", "docs/bring_your_own.html", "reference/index.html"]) {
      assert.ok(read("index.html").includes(`href="${part}"`), part);
    }

    // The report holds every notebook and every claim, and runs nothing.
    const report = read("report.html");
    for (const path of listNotebooks()) {
      const id = `notebook-${path.slice(path.lastIndexOf("/") + 1, -".ipynb".length)}`;
      assert.ok(report.includes(`id="${id}"`), id);
    }
    for (const { id } of readClaims()) assert.ok(report.includes(`id="claim-${id}"`), id);
    for (const path of paths) {
      if (!/^(index|report|docs\/.*)\.html$/.test(path)) continue;
      const { document } = parseHTML(read(path));
      assert.equal(document.querySelectorAll("script, [onclick], [onerror]").length, 0, path);
      const policy = document.querySelector("meta[http-equiv=Content-Security-Policy]")!;
      assert.match(policy.getAttribute("content")!, /^default-src 'none'; img-src data:/, path);
    }

    // The page to play on has its models, and nothing that only Deno or Node knows.
    const models = JSON.parse(read("play/models.json"));
    assert.deepEqual(models, offeredModels());
    for (const { id } of models) assert.ok(paths.has(`play/models/${id}.safetensors`), id);
    for (const path of paths) {
      if (!/^play\/[^/]+\.js$/.test(path)) continue;
      assert.doesNotMatch(read(path), /from ?"node:|import ?"node:/, path);
    }

    await fitsPhone(folder, [
      "index.html",
      "report.html",
      "docs/claims.html",
      "docs/notebooks.html",
      "docs/bring_your_own.html",
      "reference/mod.ts/index.html",
    ]);

    // A folder with other things in it is left alone.
    Deno.removeSync(join(folder, "report.html"));
    await assert.rejects(buildSite(folder), /it holds other things, must be empty/);
    assert.ok(Deno.statSync(join(folder, "index.html")).isFile);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

/** No page is wider than a phone's screen, where there is a browser to tell. */
async function fitsPhone(folder: string, paths: readonly string[]): Promise<void> {
  const chromium = findChromium();
  if (!chromium) return console.log("pages on a phone: skipped, there is no Chromium on the PATH");
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => staticFile(folder, request),
  );
  try {
    await using page = await openPage(chromium);
    await page.resize(390, 844);
    for (const path of paths) {
      const url = `http://127.0.0.1:${server.addr.port}/${path}`;
      await page.goto(url);
      await page.until(`location.href === "${url}" && document.readyState === "complete"`);
      assert.equal(await page.run("document.documentElement.scrollWidth"), 390, path);
    }
  } finally {
    await server.shutdown();
  }
}

function decodeEntities(text: string): string {
  return text.replace(/&#x([0-9a-f]+);/gi, (_, code) => String.fromCodePoint(parseInt(code, 16)))
    .replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
    .replaceAll("&quot;", '"').replaceAll("&amp;", "&");
}

Deno.test("a page offers the models that there are, named by whom they learned from", () => {
  const results = Deno.makeTempDirSync();
  const add = (id: string, selection: Record<string, unknown> | null, status = "complete") => {
    const from = join(ROOT, "results", "boardnet-cap1000"), to = join(results, id);
    Deno.mkdirSync(to);
    const run = JSON.parse(Deno.readTextFileSync(join(from, "run.json")));
    Deno.writeTextFileSync(join(to, "run.json"), JSON.stringify({ ...run, id, status }));
    if (!selection) return;
    Deno.writeTextFileSync(join(to, "dataset.json"), JSON.stringify({ selection }));
  };
  try {
    assert.throws(() => offeredModels(undefined, results), /has no trained boardnet/);
    add("boardnet-uncapped", {});
    add("boardnet-cap1300", { cap: 1300 });
    add("boardnet-cap900", { cap: 900 });
    add("boardnet-cap1500", { cap: 1500 }, "running");
    add("mine", { band: [1400, 1500] });
    add("crowd", null);
    assert.deepEqual(offeredModels(undefined, results).map(({ id, crowd }) => [id, crowd]), [
      ["boardnet-cap900", "players rated up to 900"],
      ["boardnet-cap1300", "players rated up to 1300"],
      ["boardnet-uncapped", "players of all ratings"],
    ]);
    assert.deepEqual(offeredModels(["mine", "cr*"], results).map(({ crowd }) => crowd), [
      "players rated 1400 to 1500",
      "the players of crowd",
    ]);
    assert.throws(() => offeredModels(["mime"], results), /mime/);
    assert.throws(() => offeredModels(["boardnet-cap1500"], results), /no trained boardnet among/);
  } finally {
    Deno.removeSync(results, { recursive: true });
  }
});

Deno.test("the server gives the site's files and nothing else", async () => {
  const outside = Deno.makeTempDirSync(), folder = join(outside, "site");
  try {
    Deno.mkdirSync(folder);
    Deno.writeTextFileSync(join(outside, "secret.txt"), "secret");
    Deno.writeTextFileSync(join(folder, "main.js"), "1");
    Deno.writeTextFileSync(join(folder, "run.sh"), "1");
    const ask = (path: string, method = "GET") =>
      staticFile(folder, new Request(`http://localhost${path}`, { method }));
    const found = await ask("/main.js");
    assert.match(found.headers.get("content-type")!, /^text\/javascript/);
    assert.equal(await found.text(), "1");
    assert.equal((await ask("/main.js", "HEAD")).status, 200);
    const others = ["/", "/run.sh", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/%", "/a%00.js"];
    for (const path of [...others, "/..%5csecret.txt"]) {
      assert.equal((await ask(path)).status, 404, path);
    }
    assert.equal((await ask("/main.js", "POST")).status, 405);
  } finally {
    Deno.removeSync(outside, { recursive: true });
  }
});
