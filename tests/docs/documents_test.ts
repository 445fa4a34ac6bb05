import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { ROOT } from "@lib/paths.ts";

const read = (path: string) => Deno.readTextFileSync(join(ROOT, path));

Deno.test("every name in the glossary is exported by the file beside it", () => {
  const rows = [...read("docs/glossary.md").matchAll(/\| `([\w.]+)` +\| `(lib\/[\w/.]+)` +\|$/gm)];
  assert.ok(rows.length >= 38, `${rows.length} rows are read`);
  for (const [, name, file] of rows) {
    const [symbol, field] = name.split("."), source = read(file);
    const declared = new RegExp(
      `^export (async )?(function\\*?|const|class|interface|type) ${symbol}\\b`,
      "m",
    );
    const at = source.search(declared);
    assert.ok(at >= 0, `${file} exports no ${symbol}`);
    if (field === undefined) continue;
    const body = source.slice(at, source.indexOf("\n}", at));
    assert.match(body, new RegExp(`^ {2}readonly ${field}\\??:`, "m"), `${name} of ${file}`);
  }
});

Deno.test("no row of the glossary escapes the check", () => {
  const rows = read("docs/glossary.md").split("\n").filter((line) => line.startsWith("|"));
  const named = rows.filter((line) => /`lib\//.test(line));
  assert.equal(named.length, rows.length - 4); // two heads with their rules
});

Deno.test("links and tasks named in the documents exist", () => {
  const tasks = Object.keys(JSON.parse(read("deno.json")).tasks);
  for (
    const file of ["CONTRIBUTING.md", "SECURITY.md", "docs/glossary.md", "notebooks/README.md"]
  ) {
    const text = read(file);
    for (const [, target] of text.matchAll(/\]\((?!https?:)([^)#]+)/g)) {
      assert.ok(Deno.statSync(join(ROOT, dirname(file), target)), `${file}: ${target}`);
    }
    for (const [, task] of text.matchAll(/deno(?:@[\d.]+)? task ([a-z][\w:-]*)/g)) {
      assert.ok(tasks.includes(task), `${file}: deno task ${task}`);
    }
  }
});
