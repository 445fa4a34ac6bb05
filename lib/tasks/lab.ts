/**
 * `deno task lab`: installs the notebooks' kernel and opens JupyterLab.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { parseArgs } from "node:util";
import { writeJson } from "@lib/files.ts";
import { ROOT } from "@lib/paths.ts";
import { parseCount, runCommand } from "@lib/tasks/command.ts";

const HELP = `Install the kernel "Deno" for Jupyter, then open JupyterLab with the quickstart.

  deno task lab
  deno task lab -- --no-browser --port 9000    what follows -- goes to JupyterLab

JupyterLab is looked for in .venv of the workspace, then on PATH; where there is none, the line that
installs it is said.

Options
  --no-open    only install the kernel: for VS Code, or another Jupyter
  --heap <MB>  memory of the kernel for plain objects (Deno's default: about 4 GB); run again to change
  --help       this text
`;

/** The version that is tested, and that Binder and the dev container install. */
export const JUPYTERLAB = "4.6.6";

const WINDOWS = Deno.build.os === "windows";

/** How the kernel is installed; all optional. */
export interface KernelEnvironment {
  /** Megabytes of heap (default: Deno's own). */
  readonly heap?: number;
}

/**
 * Installs this Deno as the user's Jupyter kernel "deno", in place of one that is there, and gives it
 * the environment that the notebooks want: no colour codes in outputs, and the heap asked for.
 *
 * @returns the file `kernel.json`
 * @throws {Error} with Deno's own words when it cannot be installed.
 */
export async function installKernel({ heap }: KernelEnvironment = {}): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["jupyter", "--install", "--force"],
    env: { NO_COLOR: "1" },
  }).output();
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  const directory = /installed successfully at (.+?)\.?\s*$/m.exec(said)?.[1];
  if (!success || directory === undefined) {
    throw new Error(`Cannot install the kernel: deno jupyter --install said\n${said.trim()}`);
  }
  const file = join(directory, "kernel.json");
  const kernel = JSON.parse(Deno.readTextFileSync(file));
  const heapFlag = heap === undefined ? {} : { DENO_V8_FLAGS: `--max-old-space-size=${heap}` };
  writeJson(file, { ...kernel, env: { NO_COLOR: "1", ...heapFlag } });
  return file;
}

/** The program `jupyter-lab` of the workspace's `.venv`, else of PATH; undefined where there is none. */
export function findJupyterLab(path: string = Deno.env.get("PATH") ?? ""): string | undefined {
  const program = WINDOWS ? "jupyter-lab.exe" : "jupyter-lab";
  const own = join(ROOT, ".venv", WINDOWS ? "Scripts" : "bin");
  return [own, ...path.split(delimiter).filter(Boolean)]
    .map((folder) => join(folder, program)).find((file) => existsSync(file));
}

/** The one line that installs JupyterLab where `deno task lab` finds it. */
export function installLine(): string {
  return WINDOWS
    ? `py -m venv .venv; .venv\\Scripts\\pip install jupyterlab==${JUPYTERLAB}`
    : `python3 -m venv .venv && .venv/bin/pip install jupyterlab==${JUPYTERLAB}`;
}

async function main(args: readonly string[], signal: AbortSignal): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      "no-open": { type: "boolean", default: false },
      heap: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const heap = values.heap === undefined ? {} : { heap: parseCount("heap", values.heap, 64) };
  console.log(`Kernel "Deno" ${Deno.version.deno}: ${await installKernel(heap)}`);
  if (values["no-open"]) return 0;
  const program = findJupyterLab();
  if (program === undefined) {
    console.error(
      `JupyterLab is not here. In the workspace's folder, this line installs it:\n  ${installLine()}`,
    );
    return 1;
  }
  const child = new Deno.Command(program, {
    args: [
      `--ServerApp.root_dir=${ROOT}`,
      "--LabApp.default_url=/lab/tree/notebooks/00_quickstart.ipynb",
      ...positionals,
    ],
    cwd: ROOT,
  }).spawn();
  // Ctrl-C reaches JupyterLab from the terminal; a signal to this task alone is passed on.
  signal.addEventListener("abort", () => child.kill("SIGTERM"));
  return (await child.status).code;
}

if (import.meta.main) await runCommand(main);
