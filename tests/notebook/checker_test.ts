import assert from "node:assert/strict";
import { cellsToModule, checkNotebooks, faultText, verifyNotebook } from "@lib/notebook/checker.ts";
import { notebookFile, notebookOf } from "./cells.ts";

Deno.test("planted errors are reported with their cell and line", async () => {
  const wrong = notebookFile([
    "# Title",
    'import { random } from "@lib/random.ts";\nconst next = random(1, "x");',
    "next();\nconst text: string = next();",
    'import {\n  missing,\n} from "@lib/random.ts";',
    "debugger;",
  ], "wrong.ipynb");
  const right = notebookFile(["const a = await Promise.resolve(1);\na + 1"], "right.ipynb");
  const faults = await checkNotebooks([right, wrong]);
  const texts = faults.map((fault) => faultText({ ...fault, file: fault.file.split("/").at(-1)! }));
  assert.deepEqual(texts.sort(), [
    "wrong.ipynb cell 3, line 2:7: Type 'number' is not assignable to type 'string'.",
    `wrong.ipynb cell 4, line 2:3: Module '"${new URL(
      "../../lib/random.ts",
      import.meta.url,
    )}"' has no exported member 'missing'.`,
    "wrong.ipynb cell 5, line 1:1: `debugger` statement is not allowed (no-debugger)",
  ]);
});

Deno.test("a cell that does not parse does not keep the others from being checked", async () => {
  const broken = notebookFile(["1", "const ok = 1;\nconst = 3;"], "broken.ipynb");
  const wrong = notebookFile(["const n: number = 'x';"], "wrong.ipynb");
  const faults = await checkNotebooks([broken, wrong]);
  const places = faults.map(({ file, cell, line }) => `${file.split("/").at(-1)} ${cell} ${line}`);
  assert.ok(places.includes("broken.ipynb 2 2"), places.join());
  assert.ok(places.includes("wrong.ipynb 1 1"), places.join());
});

Deno.test("later cells may declare names anew, and see the latest", async () => {
  const file = notebookFile([
    "const rows = [1];\nconst kept = 2;",
    'const { rows, more: [x] } = { rows: ["a"], more: [1] };',
    "rows[0].toUpperCase();\nkept.toFixed();\nx.toFixed();",
    "let rows = 5;\nrows = 6;",
    "function f() {\n  const rows = 1;\n  return rows;\n}",
  ]);
  assert.deepEqual(await checkNotebooks([file]), []);
});

Deno.test("injected parameters are left out, a cell without a semicolon ends at its end", () => {
  const { source } = cellsToModule(
    notebookOf(["const a = 1", "%injected-parameters\na = 2", "(1)"]),
  );
  assert.equal(source, "const a = 1\n;\n(1)\n;\n\nexport {};\n");
});

Deno.test("a notebook is verified: title, question, counts, errors, formats", () => {
  const file = notebookFile(["# Title\n\nDoes it work?", "1", "2"]);
  const unrun = verifyNotebook(file).map(faultText).map((text) => text.replace(file, "x"));
  assert.deepEqual(unrun, [
    "x cell 2: must have run as number 1, has not run",
    "x cell 3: must have run as number 2, has not run",
  ]);
  const notebook = JSON.parse(Deno.readTextFileSync(file));
  notebook.cells[1].execution_count = 1;
  notebook.cells[2].execution_count = 2;
  Deno.writeTextFileSync(file, JSON.stringify(notebook));
  assert.deepEqual(verifyNotebook(file), []);
  notebook.cells[0].source = "no title";
  notebook.cells[1].outputs = [{ output_type: "error", ename: "E", evalue: "v", traceback: [] }];
  const data = { "image/svg+xml": "<svg/>" };
  notebook.cells[2].outputs = [{ output_type: "display_data", data, metadata: {} }];
  Deno.writeTextFileSync(file, JSON.stringify(notebook));
  assert.equal(verifyNotebook(file).length, 4);
  delete notebook.cells[2].id;
  Deno.writeTextFileSync(file, JSON.stringify(notebook));
  assert.match(verifyNotebook(file)[0].message, /cell 3: it has no id/);
});
