import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "@lib/paths.ts";

const text = Deno.readTextFileSync(join(ROOT, "docs", "workers.md"));
const block = (language: string) =>
  new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, "m").exec(text)![1];

Deno.test({
  name: "the script for Slurm starts a worker with the node's cores",
  ignore: Deno.build.os === "windows",
  fn() {
    const folder = Deno.makeTempDirSync();
    const program = (name: string, lines: string) =>
      Deno.writeTextFileSync(join(folder, name), `#!/bin/bash\n${lines}\n`, { mode: 0o755 });
    program("srun", 'exec "$@"');
    program("deno", "printf '%s\\n' \"$@\"");
    program("worker.sbatch", block("sbatch"));
    const { success, stdout } = new Deno.Command("bash", {
      args: [join(folder, "worker.sbatch")],
      env: {
        PATH: `${folder}:${Deno.env.get("PATH")}`,
        HOME: folder,
        LAB_HOME: folder,
        LAB_QUEUE: "redis://head:6379",
        SLURM_CPUS_PER_TASK: "16",
      },
    }).outputSync();
    assert.ok(success);
    assert.deepEqual(new TextDecoder().decode(stdout).trim().split("\n"), [
      ...["task", "worker", "--queue", "redis://head:6379", "--jobs", join(folder, "lab-jobs")],
      ...["--processes", "16"],
    ]);
  },
});

/** The manifests as JSON, by a Python that has yaml; undefined where there is none. */
function manifests(): Record<string, never>[] | undefined {
  const code = "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(sys.argv[1]))))";
  try {
    const { success, stdout } = new Deno.Command("python3", {
      args: ["-c", code, block("yaml")],
      stderr: "null",
    }).outputSync();
    if (success) return JSON.parse(new TextDecoder().decode(stdout));
  } catch { /* no Python */ }
  console.log("skipped: no python3 with yaml");
  return undefined;
}

const parsed = manifests();

Deno.test({
  name: "the manifests for Kubernetes parse, fit each other, and start a worker as it is started",
  ignore: parsed === undefined,
  async fn() {
    // deno-lint-ignore no-explicit-any
    const [service, redis, worker] = parsed as any[];
    assert.deepEqual([service.kind, redis.kind, worker.kind], [
      "Service",
      "StatefulSet",
      "Deployment",
    ]);
    assert.deepEqual(service.spec.selector, redis.spec.template.metadata.labels);
    for (const { spec } of [redis, worker]) {
      assert.deepEqual(spec.selector.matchLabels, spec.template.metadata.labels);
      const [container] = spec.template.spec.containers;
      const volumes = spec.template.spec.volumes.map(({ name }: { name: string }) => name);
      for (const { name } of container.volumeMounts) assert.ok(volumes.includes(name));
    }
    const [container] = worker.spec.template.spec.containers;
    assert.match(container.image, new RegExp(`:${Deno.version.deno.replaceAll(".", "\\.")}$`));
    const [task, name, ...args] = container.args as string[];
    assert.deepEqual([task, name], ["task", "worker"]);
    assert.ok(args.includes(`redis://${service.metadata.name}:6379`));
    // The arguments are the task's own: it reads them all before it prints its help.
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: ["task", "--config", join(ROOT, "deno.json"), name, ...args, "--help"],
      stderr: "null",
      stdout: "null",
    }).output();
    assert.ok(success);
  },
});
