import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { readNotebook } from "@lib/notebook/ipynb.ts";
import { runNotebook } from "@lib/notebook/runner.ts";
import { CACHE } from "@lib/paths.ts";
import { notebookOf } from "../notebook/cells.ts";
import { findChromium, openPage, type Page } from "../play_page/chromium.ts";
import { comparable } from "./comparable.ts";
import { findPython, installedKernel, notebookFolder } from "./python.ts";

const chromium = findChromium();
const python = chromium && findPython("notebooks in JupyterLab", ["jupyterlab"]);
if (!chromium) console.log("notebooks in JupyterLab: skipped, there is no Chromium on the PATH");

const IMPORT = 'import { figure, live, Plot, progress, show } from "@lib/notebook/mod.ts";';
const KERNEL = { display_name: "Deno", language: "typescript", name: "deno" };

const RUN_ALL = [
  IMPORT,
  "# Prose between the cells",
  ...[1, 2, 3, 4, 5, 6].map((i) =>
    `for (let k = 0; k < 3; k++) { console.log("out ${i}." + k); console.error("err ${i}." + k); }
await new Promise((resolve) => setTimeout(resolve, ${i}));
"result ${i}"`
  ),
  "show(null, NaN, 10n)",
  `figure({ title: "A figure as the last expression", marks: [Plot.dot([[1, 2], [2, 3]])] })`,
];

const LIVE = [
  IMPORT,
  `const losses = [];
const place = live();
const draw = () => figure({
  title: "Loss after " + losses.length + " steps",
  marks: [Plot.lineY(losses, { x: "step", y: "loss" })],
});
for await (const step of progress(Array(100_000).keys(), { label: "training" })) {
  losses.push({ step, loss: 1 / (1 + step / 20) });
  if (step % 4 === 0) place.show(draw());
  await new Promise((resolve) => setTimeout(resolve, 25));
}`,
  `place.end(draw())
losses.length > 0 && losses.length < 100_000`,
];

/** JupyterLab on a folder; ends with the scope. */
async function startLab(folder: string, env: Record<string, string>) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  const token = crypto.randomUUID();
  // It asks no other host, and not for leave to do so.
  const settings = join(env.JUPYTERLAB_SETTINGS_DIR, "@jupyterlab", "apputils-extension");
  Deno.mkdirSync(settings, { recursive: true });
  Deno.writeTextFileSync(
    join(settings, "notification.jupyterlab-settings"),
    '{"fetchNews": "false", "checkForUpdates": false}',
  );
  const child = new Deno.Command(python!, {
    args: [
      ...["-m", "jupyterlab", "--no-browser", "--allow-root"],
      ...[`--ServerApp.port=${port}`, `--IdentityProvider.token=${token}`],
      ...[`--ServerApp.root_dir=${folder}`, "--LabApp.expose_app_in_browser=True"],
      "--LabApp.extension_manager=readonly",
    ],
    env,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const said = new Response(child.stderr).text();
  const address = (path: string) => `http://127.0.0.1:${port}/lab/tree/${path}?token=${token}`;
  let ended = false;
  child.status.then(() => ended = true);
  for (let tries = 0;; tries++) {
    const up = await fetch(`http://127.0.0.1:${port}/api`).then(async (answer) => {
      await answer.body?.cancel();
      return answer.ok;
    }, () => false);
    if (up) break;
    if (ended || tries > 6000) throw new Error(`JupyterLab did not start: ${await said}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    address,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await Promise.all([child.status, said]);
    },
  };
}

/** The first visible element of a selector, with a text if one is told, as an expression. */
const visible = (selector: string, text = "") =>
  `[...document.querySelectorAll(${JSON.stringify(selector)})].find((each) =>
    each.getBoundingClientRect().width > 0 && each.textContent.includes(${JSON.stringify(text)}))`;

/** Clicks with the mouse on such an element. */
async function click(page: Page, selector: string, text = ""): Promise<void> {
  const find = visible(selector, text);
  await page.until(`!!${find}`);
  const { x, y } = await page.run<{ x: number; y: number }>(`(() => {
    const { left, top, width, height } = ${find}.getBoundingClientRect();
    return { x: left + width / 2, y: top + height / 2 };
  })()`);
  await page.send("Input.dispatchMouseEvent", { type: "mouseMoved", x, y });
  for (const type of ["mousePressed", "mouseReleased"]) {
    await page.send("Input.dispatchMouseEvent", { type, x, y, button: "left", clickCount: 1 });
  }
}

const widget = (name: string) =>
  `[...jupyterapp.shell.widgets("main")].find(({ context }) => context?.path === "${name}")`;

/** Opens a notebook in JupyterLab; again where the page or its kernel did not come up. */
async function open(page: Page, address: string, name: string): Promise<void> {
  const ready = `${widget(name)}?.context.isReady &&
    ${widget(name)}.sessionContext?.session?.kernel?.status === "idle"`;
  for (let left = 3; left > 0; left--) {
    await page.goto(address);
    const came = await page.until(ready, 240).then(() => true, (error) => {
      if (left === 1) throw error;
    });
    if (came) break;
  }
  await page.run(`jupyterapp.shell.activateById(${widget(name)}.id)`);
}

/** Chooses Run → Run All Cells with the mouse: the menu closes when an entry is taken. */
async function runAll(page: Page): Promise<void> {
  const entry = [".lm-Menu-itemLabel", "Run All Cells"] as const;
  const shown = visible(...entry);
  for (let tries = 0; tries < 5; tries++) {
    if (!await page.run(`!!${shown}`)) await click(page, ".lm-MenuBar-itemLabel", "Run");
    if (!await page.until(`!!${shown}`, 30).then(() => true, () => false)) continue;
    await click(page, ...entry);
    if (await page.until(`!${shown}`, 30).then(() => true, () => false)) return;
  }
  throw new Error("Run All Cells is not to be chosen");
}

/** A cell of a notebook, as an expression in the page. */
const cell = (name: string, i: number) => `${widget(name)}.content.widgets[${i}].model`;
/** The outputs of a cell of live.ipynb as JSON text. */
const outputs = (i: number) => `JSON.stringify(${cell("live.ipynb", i)}.outputs.toJSON())`;

Deno.test({
  name:
    "in JupyterLab: Run All keeps outputs with their cells, Stop keeps variables, a live figure",
  ignore: !python,
  sanitizeResources: false, // fonts and resvg are loaded by what runs the notebooks
  fn: async (t) => {
    const shots = join(CACHE, "screenshots");
    Deno.mkdirSync(shots, { recursive: true });
    const home = Deno.makeTempDirSync({ prefix: "home-" });
    const folder = notebookFolder();
    for (const [name, cells] of Object.entries({ all: RUN_ALL, live: LIVE })) {
      const notebook = { ...notebookOf(cells), metadata: { kernelspec: KERNEL } };
      Deno.writeTextFileSync(join(folder, `${name}.ipynb`), JSON.stringify(notebook));
    }
    const env = await installedKernel(home);
    await using lab = await startLab(folder, env);
    await using page = await openPage(chromium!);
    await page.resize(1280, 1000);

    // The screen as it was tells why a step failed.
    const step = (name: string, fn: () => Promise<void>) =>
      t.step(name, async () => {
        const begun = performance.now();
        try {
          await fn();
        } catch (error) {
          await page.screenshot(join(shots, "jupyterlab-failed.png")).catch(() => {});
          throw error;
        }
        console.log(`${((performance.now() - begun) / 1000).toFixed(0)} s: ${name}`);
      });

    await step(
      "Run All: each output stands under its own cell, as the runner has it",
      async () => {
        await open(page, lab.address("all.ipynb"), "all.ipynb");
        await runAll(page);
        await page.until(`${cell("all.ipynb", RUN_ALL.length - 1)}.executionCount > 0`, 600);
        await page.until("document.querySelector('.jp-RenderedImage img')?.naturalWidth === 1360");
        assert.equal(
          await page.run(
            "document.querySelector('.jp-RenderedImage img').getBoundingClientRect().width",
          ),
          680,
        );
        await page.screenshot(join(shots, "jupyterlab-run-all.png"));
        await page.run(`jupyterapp.commands.execute("docmanager:save")`);
        const path = join(folder, "all.ipynb"), expected = join(folder, "runner.ipynb");
        const saved = readNotebook(path);
        assert.equal((await runNotebook(path, { output: expected, cwd: folder })).status, "ok");
        assert.deepEqual(comparable(saved), comparable(readNotebook(expected)));
      },
    );

    await step("a figure lives, Stop ends the cell, the variables stay", async () => {
      await open(page, lab.address("live.ipynb"), "live.ipynb");
      await runAll(page);
      await page.until(
        `/Loss after \\d\\d/.test(${outputs(1)}) && /image.svg/.test(${outputs(1)})`,
      );
      const frame = await page.run<string>(outputs(1));
      await page.until(`${outputs(1)} !== ${JSON.stringify(frame)}`);
      await page.until("!!document.querySelector('.jp-RenderedSVG')");
      await page.screenshot(join(shots, "jupyterlab-live.png"));
      await click(page, "[data-command='notebook:interrupt-kernel']");
      await page.until(`/Interrupted/.test(${outputs(1)})`);
      assert.match(await page.run(outputs(1)), /Stopped; variables are kept/);
      assert.match(await page.run(outputs(1)), /training: stopped after \d+/);
    });

    await step("the live figure ends as a PNG in its place", async () => {
      await page.run(`${widget("live.ipynb")}.content.activeCellIndex = 2;
        jupyterapp.commands.execute("notebook:run-cell")`);
      await page.until(`/image.png/.test(${outputs(1)}) && /"true"/.test(${outputs(2)})`);
      assert.doesNotMatch(await page.run(outputs(1)), /image.svg/);
      await page.until("document.querySelector('.jp-RenderedImage img')?.naturalWidth === 1360");
      await page.screenshot(join(shots, "jupyterlab-stopped.png"));
    });
    console.log(`screenshots: ${dirname(join(shots, "x"))}`);
    Deno.removeSync(home, { recursive: true });
    Deno.removeSync(folder, { recursive: true });
  },
});
