import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { markdownToHtml } from "@lib/notebook/html.ts";
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

/** The documents that people read. */
const DOCUMENTS = [
  "README.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  "data/README.md",
  "notebooks/README.md",
  ...[...Deno.readDirSync(join(ROOT, "docs"))].map(({ name }) => `docs/${name}`).sort(),
];

Deno.test("links and tasks named in the documents exist", () => {
  const tasks = Object.keys(JSON.parse(read("deno.json")).tasks);
  for (const file of DOCUMENTS) {
    const text = read(file);
    for (const [, target, id] of text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)) {
      const to = target ? join(dirname(file), target) : file;
      assert.ok(Deno.statSync(join(ROOT, to)), `${file}: ${target}`);
      if (id) assert.ok(markdownToHtml(read(to), { anchors: true }).includes(` id="${id}"`), id);
    }
    for (const [, task] of text.matchAll(/deno(?:@[\d.]+)? task ([a-z][\w:-]*)/g)) {
      assert.ok(tasks.includes(task), `${file}: deno task ${task}`);
    }
  }
});

/** Lines that are not run here, and why. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  "deno task play": "serves until Ctrl-C; tests/play_page",
  "deno task lab": "opens JupyterLab; tests/tasks/lab_test.ts",
  "deno task reproduce": "minutes; the last step of .ci/run",
  "deno task test": "runs this",
};

for (const file of ["README.md", "docs/bring_your_own.md"]) {
  Deno.test(`the shell lines of ${file} do as they are written`, async () => {
    const blocks = [...read(file).matchAll(/^```sh\n([^]*?)^```/gm)].map(([, block]) => block);
    const lines = blocks.join("").split("\n").map((line) => line.replace(/ +#.*/, ""))
      .filter((line) => line && !(line in ELSEWHERE));
    assert.ok(lines.length >= 4, `${lines.length} lines`);
    const folder = Deno.makeTempDirSync(), results = join(folder, "results");
    const shown = "boardnet-cap1300"; // what a line compares with
    Deno.mkdirSync(join(results, shown), { recursive: true });
    for (const name of ["run.json", "metrics.jsonl"]) {
      Deno.copyFileSync(join(ROOT, "results", shown, name), join(results, shown, name));
    }
    try {
      for (const line of lines) {
        const [deno, task, ...args] = line.split(/ +/);
        assert.deepEqual([deno, task], ["deno", "task"], line);
        const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
          args: ["task", "--config", join(ROOT, "deno.json"), ...args],
          cwd: folder,
          // A task inside a task keeps the folder in which the outer one was called.
          env: { LAB_RESULTS: results, NO_COLOR: "1", INIT_CWD: folder },
          stdout: "piped",
          stderr: "piped",
        }).output();
        const said = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("\n");
        assert.ok(success, `${line}\n${said}`);
      }
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  });
}
