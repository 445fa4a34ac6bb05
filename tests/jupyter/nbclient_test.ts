import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { listNotebooks, readNotebook } from "@lib/notebook/ipynb.ts";
import { runNotebook } from "@lib/notebook/runner.ts";
import { NOTEBOOKS, RESULTS, ROOT } from "@lib/paths.ts";
import { copyInputs } from "@lib/tasks/notebooks.ts";
import { notebookFile } from "../notebook/cells.ts";
import { comparable } from "./comparable.ts";
import { findPython, installedKernel, notebookFolder } from "./python.ts";

const python = findPython("notebooks by nbclient", ["nbclient"]);

/** Executes a notebook by nbclient, as papermill, nbconvert and Binder's checks do. */
async function nbclient(
  notebook: string,
  output: string,
  folder: string,
  env: Record<string, string>,
): Promise<void> {
  const { success, stderr } = await new Deno.Command(python!, {
    args: [new URL("run_nbclient.py", import.meta.url).pathname, notebook, output, folder],
    env,
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

const EVERYTHING = [
  'import { board, figure, live, Plot, progress, show, table } from "@lib/notebook/mod.ts";',
  "# Prose",
  ...Array.from(
    { length: 20 },
    (_, i) =>
      `for (let k = 0; k < 4; k++) { console.log("out ${i}." + k); console.error("err ${i}." + k); }
await new Promise((resolve) => setTimeout(resolve, ${i % 3}));
"result ${i}"`,
  ),
  "for await (const x of progress([1, 2, 3], { label: 'counting' })) console.log(x);",
  "show(null, NaN, -0, 10n); show(table([{ a: 1 }]));",
  `const place = live();
for (let i = 0; i < 5; i++) { place.show("step " + i); await new Promise((r) => setTimeout(r, 5)); }
place.end(figure({ title: "T", marks: [Plot.dot([[1, 2]])] }))`,
  "board('8/8/8/8/8/8/8/K1k5 w - - 0 1')",
];

Deno.test({
  name: "nbclient's outputs are the runner's, cell by cell",
  ignore: !python,
  sanitizeResources: false, // fonts and resvg are loaded by what runs the notebooks
  fn: async () => {
    const folder = notebookFolder(), home = Deno.makeTempDirSync({ prefix: "home-" });
    const env = await installedKernel(home);
    const notebook = notebookFile(EVERYTHING);
    const [theirs, ours] = ["nbclient", "runner"].map((name) => join(folder, `${name}.ipynb`));
    await nbclient(notebook, theirs, folder, env);
    assert.equal((await runNotebook(notebook, { output: ours, cwd: folder })).status, "ok");
    assert.deepEqual(comparable(readNotebook(theirs)), comparable(readNotebook(ours)));
    for (const each of [folder, home]) Deno.removeSync(each, { recursive: true });
  },
});

/** A home with the kernel, and results of its own for what notebooks write. */
async function trial() {
  const home = Deno.makeTempDirSync({ prefix: "home-" });
  const results = join(home, "results");
  copyInputs(RESULTS, results);
  return { home, env: { ...await installedKernel(home), LAB_RESULTS: results } };
}

/** Notebooks of seconds whose outputs hold no measured time. */
const QUICK = ["02_tokens_and_batches", "12_human_strength"];

Deno.test({
  name: "nbclient executes quick notebooks of the repository with the runner's outputs",
  ignore: !python,
  sanitizeResources: false,
  fn: async (t) => {
    const { home, env } = await trial();
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", join(ROOT, "lib/tasks/notebooks.ts"), ...QUICK, "--output", home],
      env: { NO_COLOR: "1" },
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    for (const path of listNotebooks(QUICK)) {
      await t.step(basename(path), async () => {
        const [theirs, ours] = [join(home, "nbclient.ipynb"), join(home, basename(path))];
        await nbclient(path, theirs, NOTEBOOKS, env);
        assert.deepEqual(comparable(readNotebook(theirs)), comparable(readNotebook(ours)));
      });
    }
    Deno.removeSync(home, { recursive: true });
  },
});

const all = Deno.env.get("LAB_LONG") === "1";
if (python && !all) {
  console.log("every notebook by nbclient: skipped, deno task test:notebooks runs them all");
}

Deno.test({
  name: "nbclient executes every notebook, with outputs of the kinds that are stored",
  ignore: !python || !all,
  sanitizeResources: false,
  fn: async (t) => {
    const { home, env } = await trial();
    for (const path of listNotebooks()) {
      await t.step(basename(path), async () => {
        const output = join(home, basename(path));
        await nbclient(path, output, NOTEBOOKS, env);
        const kinds = (file: string) =>
          readNotebook(file).cells.map(({ outputs = [] }) => outputs.map(kindOf));
        assert.deepEqual(kinds(output), kinds(path));
      });
    }
    Deno.removeSync(home, { recursive: true });
  },
});

/** What an output is, without what differs from run to run: seconds, and what follows from them. */
function kindOf(output: { output_type: string; data?: object; name?: string }): string {
  return `${output.output_type} ${output.name ?? Object.keys(output.data ?? {}).sort().join()}`;
}
