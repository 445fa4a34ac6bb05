import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Kernel, startKernel } from "@lib/notebook/client.ts";
import type { Output } from "@lib/notebook/ipynb.ts";
import { isMended, mendKernel } from "@lib/notebook/kernel.ts";
import { notebookFolder } from "../jupyter/python.ts";
import { said } from "./cells.ts";

const IMPORT = 'import { progress, show } from "@lib/notebook/mod.ts";';

async function mended(): Promise<Kernel> {
  const kernel = await startKernel();
  assert.equal((await kernel.execute(IMPORT)).status, "ok");
  return kernel;
}

Deno.test("outside the kernel nothing is mended", () => {
  const { log } = console;
  mendKernel();
  assert.equal(isMended(), false);
  assert.equal(console.log, log);
});

Deno.test("the kernel still has the internal names that the mending relies on", async () => {
  await using kernel = await startKernel();
  const { outputs } = await kernel.execute(
    `const inner = Deno[Deno.internal];
     [typeof inner.Console, typeof inner.jupyter.broadcastResult, inner.jupyter.broadcastResult.length]`,
  );
  assert.deepEqual(said(outputs), ['execute_result: [ "function", "function", 2 ]']);
});

Deno.test("the end of a cell waits for its outputs to leave, if it has some", async () => {
  await using kernel = await mended();
  const { outputs } = await kernel.execute(
    `const end = Deno[Deno.internal].jupyter.broadcastResult; // what the kernel awaits after a cell
     await end(0, undefined);
     let quiet = Infinity; // the shortest of some: the machine may be busy
     for (let time = 0; time < 10; time++) {
       const begun = performance.now();
       await end(0, undefined);
       quiet = Math.min(quiet, performance.now() - begun);
     }
     const begun = performance.now();
     for (let i = 0; i < 300; i++) { console.log("x".repeat(10_000)); await 0; }
     await end(0, undefined);
     const waited = performance.now();
     show([quiet < 20 || quiet, waited - begun < 9000]);`,
  );
  assert.equal(said(outputs).at(-1), "display_data: [ true, true ]");
  assert.equal(
    said(outputs).filter((line) => line.startsWith("stdout")).join("").match(/x/g)!.length,
    3e6,
  );
});

Deno.test("a kernel without the parts that are mended is told of", async () => {
  await using kernel = await startKernel();
  await kernel.execute("Deno[Deno.internal].jupyter.broadcastResult = undefined;");
  const { outputs } = await kernel.execute(IMPORT);
  assert.match(said(outputs).join(), /stderr: The kernel of Deno .* not the one that is mended/);
});

Deno.test("from another folder, without a network and the system's fonts, a figure is the same", async () => {
  const folder = notebookFolder(), gone = "http://127.0.0.1:1"; // nothing listens there
  const env = { http_proxy: gone, https_proxy: gone, FONTCONFIG_FILE: join(folder, "no.conf") };
  const pictures = [];
  for (const options of [{}, { cwd: folder, env }]) {
    await using kernel = await startKernel(options);
    await kernel.execute('import { figure, Plot } from "@lib/notebook/mod.ts";');
    const { outputs } = await kernel.execute(
      'figure({ title: "At τ → 0", marks: [Plot.dot([[1, 2], [2, 3]])] })',
    );
    const [output] = outputs as [Extract<Output, { data: unknown }>];
    pictures.push(output.data["image/png"]);
  }
  assert.ok(String(pictures[0]).length > 1000);
  assert.equal(pictures[0], pictures[1]);
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("an edited file of the library is loaded anew under another query", async () => {
  await using kernel = await startKernel();
  const file = join(Deno.makeTempDirSync(), "gain.ts");
  const write = (gain: number) =>
    Deno.writeTextFileSync(file, `export const gain: number = ${gain};`);
  const take = async (query: string) => {
    const code = `import { gain } from ${JSON.stringify(pathToFileURL(file) + query)}; gain`;
    return said((await kernel.execute(code)).outputs).join();
  };
  write(1);
  await kernel.execute("const kept = 7;");
  assert.equal(await take(""), "execute_result: 1");
  write(2);
  assert.equal(await take(""), "execute_result: 1");
  assert.equal(await take("?2"), "execute_result: 2");
  assert.deepEqual(said((await kernel.execute("kept")).outputs), ["execute_result: 7"]);
  const own = 'import { random } from "@lib/random.ts?2"; random(1, "x")() < 1';
  assert.deepEqual(said((await kernel.execute(own)).outputs), ["execute_result: true"]);
  Deno.removeSync(dirname(file), { recursive: true });
});

Deno.test("console output of one turn leaves in one message a run of a stream", async () => {
  await using kernel = await mended();
  let messages = 0;
  const cell = `for (let i = 0; i < 50; i++) console.log(i); console.error("e"); console.log("z")`;
  await kernel.execute(cell, { onOutput: () => messages++ });
  assert.equal(messages, 3);
});

Deno.test("errors in timers and forgotten promises are shown, and the next await does not hang", async () => {
  await using kernel = await mended();
  const wait = "await new Promise((resolve) => setTimeout(resolve, 30));";
  const timer = await kernel.execute(`setTimeout(() => { throw new Error("late") }, 5); ${wait}`);
  assert.deepEqual(said(timer.outputs), ["error: Error: late"]);
  const promise = await kernel.execute(`Promise.reject(new TypeError("forgotten")); ${wait}`);
  assert.deepEqual(said(promise.outputs), ["error: TypeError: forgotten"]);
  assert.equal((await kernel.execute(`${wait} 1`, { timeout: 5000 })).status, "ok");
});

Deno.test("Stop ends a progress loop and keeps the variables", async () => {
  await using kernel = await mended();
  const loop = `let steps = 0;
    for await (const _ of progress(Array(10_000).keys())) { steps++; await new Promise((r) => setTimeout(r, 5)); }`;
  let pressed = false;
  const { status, outputs } = await kernel.execute(loop, {
    onOutput: () => {
      if (!pressed) kernel.interrupt();
      pressed = true;
    },
  });
  assert.equal(status, "error");
  assert.equal(said(outputs).at(-1), "error: Interrupted: Stopped; variables are kept");
  const { outputs: kept } = await kernel.execute("steps > 0 && steps < 10_000");
  assert.deepEqual(said(kept), ["execute_result: true"]);
});

Deno.test("figures as the last expression carry the width at which they are shown", async () => {
  await using kernel = await startKernel();
  await kernel.execute('import { figure, live, Plot } from "@lib/notebook/mod.ts";');
  const draw = 'figure({ title: "T", marks: [Plot.dot([[1, 2]])] })';
  const { outputs: [result] } = await kernel.execute(draw);
  assert.ok(result.output_type === "execute_result");
  assert.deepEqual(Object.keys(result.data), ["image/png", "text/plain"]);
  assert.equal((result.metadata["image/png"] as { width: number }).width, 680);
  // live: SVG while it changes, PNG at the end, in one place
  const shown: string[] = [];
  const { outputs } = await kernel.execute(
    `const place = live(); place.show(${draw}); await new Promise((r) => setTimeout(r, 50)); place.end();`,
    { onOutput: ([place]) => shown.push(Object.keys("data" in place ? place.data : {})[0]) },
  );
  assert.deepEqual(shown, ["image/svg+xml", "image/png"]);
  assert.equal(outputs.length, 1);
});
