import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "@lib/paths.ts";
import { JUPYTERLAB } from "@lib/tasks/lab.ts";

/** Runs the task as somebody with a home of their own and only these programs. */
async function lab(home: string, args: readonly string[], path = join(home, "bin")) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "--config", join(ROOT, "deno.json"), "lab", ...args],
    env: {
      HOME: home,
      XDG_DATA_HOME: join(home, "share"),
      APPDATA: home,
      PATH: path,
      NO_COLOR: "1",
      DENO_DIR,
    },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

const DENO_DIR = JSON.parse(
  new TextDecoder().decode(
    new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).outputSync().stdout,
  ),
).denoDir;

Deno.test({
  name: "the lab installs the kernel with its environment, and opens JupyterLab on the quickstart",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const home = Deno.makeTempDirSync();
    const without = await lab(home, []);
    const venv = await Deno.stat(join(ROOT, ".venv/bin/jupyter-lab")).catch(() => null);
    if (venv === null) {
      assert.equal(without.code, 1);
      assert.match(
        without.stderr,
        /python3 -m venv \.venv && \.venv\/bin\/pip install jupyterlab==/,
      );
    }
    const file = /: (\S+kernel\.json)/.exec(without.stdout)![1];
    assert.ok(file.startsWith(home));
    const kernel = () => JSON.parse(Deno.readTextFileSync(file));
    assert.equal(kernel().argv[0], Deno.execPath());
    assert.equal(kernel().display_name, "Deno");
    assert.deepEqual(kernel().env, { NO_COLOR: "1" });

    assert.equal((await lab(home, ["--no-open", "--heap", "8192"])).code, 0);
    assert.equal(kernel().env.DENO_V8_FLAGS, "--max-old-space-size=8192");
    const bad = await lab(home, ["--heap", "much"]);
    assert.equal(bad.code, 1);
    assert.match(bad.stderr, /--heap much: must be an integer/);

    if (venv === null) {
      Deno.mkdirSync(join(home, "bin"));
      const program = join(home, "bin", "jupyter-lab");
      Deno.writeTextFileSync(program, '#!/bin/sh\necho "$PWD" "$@"\nexit 7\n', { mode: 0o755 });
      const opened = await lab(home, ["--", "--no-browser"]);
      assert.equal(opened.code, 7);
      assert.ok(
        opened.stdout.includes(
          `${ROOT} --ServerApp.root_dir=${ROOT} ` +
            "--LabApp.default_url=/lab/tree/notebooks/00_quickstart.ipynb --no-browser",
        ),
        opened.stdout,
      );
    }
    Deno.removeSync(home, { recursive: true });
  },
});

Deno.test("the editors', container's and Binder's files say the same versions, and can be read", () => {
  const read = (path: string) => Deno.readTextFileSync(join(ROOT, path));
  const requirements = read("binder/requirements.txt");
  const deno = /^deno==(.+)$/m.exec(requirements)![1];
  for (const text of [requirements, read(".ci/run")]) {
    assert.match(text, new RegExp(`\\bjupyterlab==${RegExp.escape(JUPYTERLAB)}\\s`));
  }
  for (const file of ["README.md", ".ci/run"]) {
    const told = [...read(file).matchAll(/deno@(\d+\.\d+\.\d+)/g)].map(([, version]) => version);
    assert.ok(told.length > 0 && told.every((version) => version === deno), `${file}: ${told}`);
  }
  const container = JSON.parse(read(".devcontainer/devcontainer.json"));
  const { recommendations } = JSON.parse(read(".vscode/extensions.json"));
  assert.deepEqual(container.customizations.vscode.extensions, recommendations);
  assert.equal(JSON.parse(read(".vscode/settings.json"))["deno.enable"], true);
  for (const path of container.postCreateCommand.match(/binder\/\S+/g)) {
    assert.ok(Deno.statSync(join(ROOT, path)).isFile, path);
  }
  if (Deno.build.os !== "windows") {
    assert.ok(Deno.statSync(join(ROOT, "binder/postBuild")).mode! & 0o100, "must be executable");
  }
});
