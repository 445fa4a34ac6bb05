import assert from "node:assert/strict";
import { join } from "node:path";
import { staticFile } from "@lib/tasks/play.ts";
import { buildSite } from "@lib/tasks/site.ts";

Deno.test("a site holds all that its page names, and nothing that only Deno or Node knows", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const paths = (await buildSite(folder)).map(({ path }) => path);
    const read = (path: string) => Deno.readTextFileSync(join(folder, path));
    const named = [...read("index.html").matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, to]) => to);
    assert.ok(named.length >= 6);
    for (const path of named) assert.ok(paths.includes(path), path);
    const { length } = JSON.parse(read("models.json"));
    assert.equal(paths.filter((path) => /^models\/.*\.safetensors$/.test(path)).length, length);
    for (const path of paths.filter((path) => path.endsWith(".js") && !path.includes("/"))) {
      assert.doesNotMatch(read(path), /from ?"node:|import ?"node:/, path);
    }
    // Building again replaces it; a folder with other things in it is left alone.
    Deno.writeTextFileSync(join(folder, "old.js"), "");
    assert.ok(!(await buildSite(folder)).some(({ path }) => path === "old.js"));
    Deno.removeSync(join(folder, "models.json"));
    await assert.rejects(buildSite(folder), /it holds other things, must be empty/);
  } finally {
    Deno.removeSync(folder, { recursive: true });
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
    const others = ["/", "/run.sh", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/%", "/a%00.js"];
    for (const path of [...others, "/..%5csecret.txt"]) {
      assert.equal((await ask(path)).status, 404, path);
    }
    assert.equal((await ask("/main.js", "POST")).status, 405);
  } finally {
    Deno.removeSync(outside, { recursive: true });
  }
});
