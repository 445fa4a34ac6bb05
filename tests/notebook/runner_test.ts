import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { readNotebook } from "@lib/notebook/ipynb.ts";
import { type Parameter, runNotebook } from "@lib/notebook/runner.ts";
import { notebookFile, said } from "./cells.ts";

const IMPORT = 'import { progress, show } from "@lib/notebook/mod.ts";';

/** Cells that write to both streams in turn, show and return something, all naming their number. */
function chatter(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, j) => {
    const i = from + j;
    return `for (let k = 0; k < 5; k++) { console.log("out ${i}." + k); console.error("err ${i}." + k); }
await new Promise((resolve) => setTimeout(resolve, ${i % 3}));
console.log("end ${i}"); "result ${i}"`;
  });
}

function expected(i: number): string[] {
  const lines = [0, 1, 2, 3, 4].flatMap((
    k,
  ) => [`stdout: out ${i}.${k}\n`, `stderr: err ${i}.${k}\n`]);
  return [...lines, `stdout: end ${i}\n`, `execute_result: "result ${i}"`];
}

for (const mended of [true, false]) {
  const how = mended ? "with" : "without";
  Deno.test(`40 cells lose and misplace nothing ${how} the kernel mended`, async () => {
    const first = mended ? IMPORT : "1;";
    const path = notebookFile([first, ...chatter(1, 40)]);
    assert.equal((await runNotebook(path)).status, "ok");
    const { cells } = readNotebook(path);
    for (let i = 1; i < 40; i++) {
      assert.deepEqual(said(cells[i].outputs), expected(i));
      assert.equal(cells[i].execution_count, i + 1);
    }
  });
}

Deno.test("the same run gives the same file, byte for byte", async () => {
  const path = notebookFile([
    IMPORT,
    'for await (const x of progress([1, 2, 3], { label: "counting" })) console.log(x);',
    "show(null, NaN, -0, 10n);",
  ]);
  await runNotebook(path);
  const once = Deno.readTextFileSync(path);
  await runNotebook(path);
  assert.equal(Deno.readTextFileSync(path), once);
  const { cells } = readNotebook(path);
  assert.deepEqual(said(cells[1].outputs), ["display_data: counting: 3", "stdout: 1\n2\n3\n"]);
  const shown = ["null", "NaN", "-0", "10n"].map((text) => `display_data: ${text}`);
  assert.deepEqual(said(cells[2].outputs), shown);
});

Deno.test("an error ends the run; the notebook is written up to it", async () => {
  const path = notebookFile([
    "# Title",
    "1",
    'console.log("before"); throw new RangeError("bad")',
    "3",
  ]);
  const report = await runNotebook(path);
  assert.deepEqual([report.status, report.cell, report.message], ["error", 3, "RangeError: bad"]);
  const { cells } = readNotebook(path);
  assert.deepEqual(said(cells[1].outputs), ["execute_result: 1"]);
  assert.deepEqual(said(cells[2].outputs), ["stdout: before\n", "error: RangeError: bad"]);
  assert.deepEqual([cells[3].execution_count, cells[3].outputs], [null, []]);
});

Deno.test("code that does not parse is explained with its line", async () => {
  const path = notebookFile(["const good = 1;\nconst = 3;"]);
  const report = await runNotebook(path);
  assert.match(report.message ?? "", /^SyntaxError: Unexpected token.*\(line 2:7\)$/);
  assert.equal(readNotebook(path).cells[0].outputs?.length, 1);
});

Deno.test("an import that cannot be resolved is explained", async () => {
  const report = await runNotebook(notebookFile(['import { x } from "@lib/nowhere.ts";']));
  assert.equal(report.status, "error");
  assert.match(report.message ?? "", /Module not found.*lib\/nowhere\.ts/);
});

Deno.test("parameters replace those declared and leave the notebook as it was", async () => {
  const cells = [
    "%parameters\nlet games = 1000, cap = 1500;\nlet name = 'a';",
    "[games, cap, name]",
  ];
  const path = notebookFile(cells);
  const before = Deno.readTextFileSync(path);
  const output = join(dirname(path), "out", "x.ipynb");
  const parameters = { games: 5, name: 'b "quoted"' };
  assert.equal((await runNotebook(path, { parameters, output })).status, "ok");
  assert.equal(Deno.readTextFileSync(path), before);
  const run = readNotebook(output);
  assert.deepEqual(run.cells[1].metadata.tags, ["injected-parameters"]);
  assert.deepEqual(said(run.cells[2].outputs), [`execute_result: [ 5, 1500, 'b "quoted"' ]`]);
  await assert.rejects(
    runNotebook(path, { parameters: { gmaes: 5 } }),
    /RangeError: Cannot set the parameter gmaes of x.ipynb: .* it declares games, name/,
  );
});

Deno.test("a parameter is of the kind that its declaration shows", async () => {
  const declared =
    'let seeds: number[] = [1, 2];\nlet name = "x", n = -1;\nlet full = false;\nlet any = null;';
  const path = notebookFile([`%parameters\n${declared}`, "[seeds, name, full, any]"]);
  const wrong: [Record<string, Parameter>, RegExp][] = [
    [{ seeds: 1 }, /Cannot set the parameter seeds of x\.ipynb to 1: must be a list/],
    [{ name: 2 }, /name of x\.ipynb to 2: must be a text/],
    [{ full: "yes" }, /full of x\.ipynb to "yes": must be true or false/],
  ];
  for (const [parameters, why] of wrong) {
    await assert.rejects(runNotebook(path, { parameters }), why);
  }
  const parameters = { seeds: [3], name: "y", full: true, any: 4 };
  assert.equal((await runNotebook(path, { parameters })).status, "ok");
  assert.deepEqual(said(readNotebook(path).cells.at(-1)!.outputs), [
    'execute_result: [ [ 3 ], "y", true, 4 ]',
  ]);
});

Deno.test("a cell that takes too long is ended, even when it never awaits", async () => {
  const path = notebookFile(['console.log("begun"); await 0; while (true);', "2"]);
  const report = await runNotebook(path, { timeout: 0.5 });
  assert.deepEqual([report.status, report.message], ["timeout", "Timeout: longer than 0.5 s"]);
  assert.deepEqual(
    said(readNotebook(path).cells[0].outputs).at(-1),
    "error: Timeout: longer than 0.5 s",
  );
});

Deno.test("a kernel that is killed ends the run with what came before", async () => {
  const path = notebookFile([
    "1",
    'console.log("last words"); await new Promise((r) => setTimeout(r, 100)); Deno.kill(Deno.pid, "SIGKILL"); await new Promise(() => {})',
  ]);
  const report = await runNotebook(path);
  assert.equal(report.status, "dead");
  const { cells } = readNotebook(path);
  assert.deepEqual(said(cells[0].outputs), ["execute_result: 1"]);
  const words = [
    "stdout: last words\n",
    "error: KernelDied: the kernel ended while it ran this cell",
  ];
  assert.deepEqual(said(cells[1].outputs), words);
});

Deno.test("a run that is stopped writes what it has", async () => {
  const stop = new AbortController();
  const path = notebookFile([
    IMPORT,
    "for await (const i of progress(Array(1000).keys(), { total: 1000 })) await new Promise((r) => setTimeout(r, 20));",
    "3",
  ]);
  const report = await runNotebook(path, {
    signal: stop.signal,
    onProgress: (cell, _, outputs) => {
      if (cell === 2 && outputs) stop.abort();
    },
  });
  assert.deepEqual([report.status, report.cell], ["interrupted", 2]);
  const { cells } = readNotebook(path);
  const texts = said(cells[1].outputs);
  assert.match(texts[0], /progress: stopped after \d+ of 1,000/);
  assert.equal(texts.at(-1), "error: Interrupted: Stopped; variables are kept");
  assert.equal(cells[2].execution_count, null);
});

Deno.test("a file that is no notebook is refused with the reason", async () => {
  const path = notebookFile([]);
  Deno.writeTextFileSync(path, "{");
  await assert.rejects(runNotebook(path), /SyntaxError: Cannot read .*x\.ipynb: it is not JSON/);
  Deno.writeTextFileSync(path, '{"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": []}');
  await assert.rejects(runNotebook(path), /nbformat is 4\.4, must be 4\.5/);
});

Deno.test("the task runs from any folder and its exit code tells the outcome", async () => {
  const script = new URL("../../lib/tasks/notebooks.ts", import.meta.url).pathname;
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--config",
      new URL("../../deno.json", import.meta.url).pathname,
      script,
      "no-such",
    ],
    cwd: Deno.makeTempDirSync(),
    env: { NO_COLOR: "1" },
  }).output();
  assert.equal(code, 1);
  assert.match(new TextDecoder().decode(stderr), /Cannot find the notebook "no-such"/);
});
