import { existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { ROOT } from "@lib/paths.ts";

/**
 * A Python that has these modules: of the environment that `LAB_VENV` names, of the workspace's
 * `.venv`, or of PATH; null where none has them, and then it is said what is skipped.
 */
export function findPython(what: string, modules: readonly string[]): string | null {
  const folders = [
    Deno.env.get("LAB_VENV"),
    join(ROOT, ".venv"),
    ...(Deno.env.get("PATH") ?? "").split(delimiter).map(dirname),
  ];
  for (const folder of new Set(folders)) {
    const python = join(folder ?? "", "bin", "python3");
    if (!folder || !existsSync(python)) continue;
    const code = `import importlib.util as u; exit(not all(map(u.find_spec, ${
      JSON.stringify(modules)
    })))`;
    if (new Deno.Command(python, { args: ["-c", code] }).outputSync().success) return python;
  }
  console.log(`${what}: skipped, no Python here has ${modules.join(" and ")} (LAB_VENV names one)`);
  return null;
}

/**
 * A folder outside the workspace in which notebooks find the library, as a workspace of its own would:
 * by a `deno.json` with the import map.
 */
export function notebookFolder(): string {
  const folder = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "jupyter-" }));
  const { tasks: _, fmt: __, ...config } = JSON.parse(
    Deno.readTextFileSync(join(ROOT, "deno.json")),
  );
  config.imports["@lib/"] = `${ROOT}/lib/`;
  config.lock.path = join(ROOT, "deno.lock");
  Deno.writeTextFileSync(join(folder, "deno.json"), JSON.stringify(config));
  return folder;
}

/** Installs the kernel for this home alone, as `deno task lab` does; the environment it is found by. */
export async function installedKernel(home: string): Promise<Record<string, string>> {
  const env = {
    XDG_DATA_HOME: join(home, "share"),
    JUPYTER_DATA_DIR: join(home, "share", "jupyter"),
    JUPYTER_CONFIG_DIR: join(home, "config"),
    JUPYTER_RUNTIME_DIR: join(home, "runtime"),
    JUPYTERLAB_WORKSPACES_DIR: join(home, "workspaces"),
    JUPYTERLAB_SETTINGS_DIR: join(home, "settings"),
    NO_COLOR: "1",
  };
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "--config", join(ROOT, "deno.json"), "lab", "--no-open"],
    env,
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return env;
}
