import assert from "node:assert/strict";
import { join } from "node:path";
import { makePgn } from "@lib/chess/pgn.ts";
import { ROOT } from "@lib/paths.ts";
import { taskPermissions } from "@lib/permissions.ts";
import { random } from "@lib/random.ts";
import { madeGames } from "../data/made_games.ts";
import { taskArguments } from "./run_task.ts";

const tasks: Record<string, { command: string }> =
  JSON.parse(Deno.readTextFileSync(join(ROOT, "deno.json"))).tasks;

/** A row of the table in SECURITY.md: what the line of a task lets it do. */
function rowOf(task: string, command: string): string {
  const line = /deno run ([^&]*)$/.exec(command)![1].replaceAll(/["']/g, "");
  const words = line.split(" ");
  const list = (...flags: readonly string[]) => {
    const word = words.find((word) => flags.some((flag) => word.split("=")[0] === flag));
    if (word === undefined) return "–";
    const [, values] = word.split("=");
    return values === undefined ? "any" : values.split(",").map((value) => NAMES[value] ?? value)
      .filter((value, i, all) => all.indexOf(value) === i).join(", ");
  };
  const cells = [
    `\`${task}\``,
    list("-W", "--allow-write"),
    list("-N", "--allow-net"),
    list("--allow-run"),
    list("--allow-ffi"),
  ];
  return `| ${cells.join(" | ")} |`;
}

/** Words for what a shell fills in. */
const NAMES: Readonly<Record<string, string>> = {
  ".": "the workspace",
  "$INIT_CWD": "here",
  "$DENO_DIR/npm": "npm's",
  "$HOME/.cache/deno/npm": "npm's",
  "$HOME/Library/Caches/deno/npm": "npm's",
  "$LOCALAPPDATA/deno/npm": "npm's",
  "$HOME/.local/share/jupyter": "Jupyter's",
  "$HOME/Library/Jupyter": "Jupyter's",
  "$XDG_DATA_HOME/jupyter": "Jupyter's",
  "$APPDATA/jupyter": "Jupyter's",
};

Deno.test("what a task may do is listed in SECURITY.md as in deno.json, and only tests may do all", () => {
  const text = Deno.readTextFileSync(join(ROOT, "SECURITY.md")).replaceAll(/ +/g, " ");
  const starting = Object.entries(tasks).filter(([, { command }]) => /deno run /.test(command));
  assert.ok(starting.length >= 20);
  for (const [task, { command }] of starting) {
    assert.doesNotMatch(command, / (-A|--allow-all) /, task);
    const row = rowOf(task, command);
    assert.ok(text.includes(row), `SECURITY.md lacks\n${row}`);
  }
  const all = Object.keys(tasks).filter((task) => / -A /.test(tasks[task].command));
  assert.ok(all.length > 0 && all.every((task) => /^test(:|$)/.test(task)), all.join(", "));
});

async function run(task: string, args: readonly string[], folder: string) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: taskArguments(task.replace("-", "_"), args, folder),
    env: {
      NO_COLOR: "1",
      INIT_CWD: folder,
      // The labels that are here stay as they are.
      ...(/^(human-curve|label)$/.test(task) && { LAB_RESULTS: folder }),
    },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, said: text(stdout) + text(stderr) };
}

Deno.test("a task writes here and nowhere else, and says so", async () => {
  const here = Deno.makeTempDirSync(), elsewhere = Deno.makeTempDirSync();
  const data = ["--games", "40", "--players", "2", "--split", "0.3,0.3", "--out"];
  const inside = await run("data", [...data, "./mine"], here);
  assert.equal(inside.code, 0, inside.said);
  const outside = await run("data", [...data, join(elsewhere, "mine")], here);
  assert.equal(outside.code, 1);
  assert.match(outside.said, /Requires write access to .*\nA task may do what its line/);
  assert.deepEqual([...Deno.readDirSync(elsewhere)], []);
  // The workspace's code is out of reach also for who calls it there.
  const code = await run("match", [
    ...["--a", "greedy", "--b", "random", "--games", "2", "--out", join(ROOT, "lib", "x.pgn")],
  ], ROOT);
  assert.match(code.said, /Requires write access to/);
});

Deno.test("every task starts with no more than these permissions", async () => {
  const files = Object.values(tasks).flatMap(({ command }) =>
    / -A /.test(command) ? [] : /lib\/tasks\/(\w+)\.ts$/.exec(command)?.[1] ?? []
  );
  const starting = files.filter((file) => !["play", "build_kernels"].includes(file)).values();
  await Promise.all(Array.from({ length: 2 }, async () => {
    for (const file of starting) {
      const { said } = await run(file, ["--help"], ROOT);
      assert.doesNotMatch(said, /NotCapable|Requires \w+ access/, file);
    }
  }));
});

Deno.test({
  name: "a task that computes knows the processor and the memory of its processes",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const here = Deno.makeTempDirSync();
    const code = `import { readProcFile } from "${import.meta.resolve("@lib/files.ts")}";
      console.log(readProcFile("/proc/cpuinfo").includes("processor"));`;
    Deno.writeTextFileSync(join(here, "look.ts"), code);
    for (const task of ["train", "label", "worker"]) {
      const { stdout } = await new Deno.Command(Deno.execPath(), {
        args: ["run", ...taskPermissions(task, here), "--no-check", join(here, "look.ts")],
        env: { NO_COLOR: "1" },
        cwd: ROOT,
      }).output();
      assert.equal(new TextDecoder().decode(stdout), "true\n", task);
    }
  },
});

Deno.test("with these permissions the tasks do their work, to the end", async () => {
  const here = Deno.makeTempDirSync();
  const rated = madeGames(random(1, "rated"), 40, 30).map(({ headers, moves }) =>
    makePgn({ headers, moves, result: "1-0" })
  );
  Deno.writeTextFileSync(join(here, "rated.pgn"), rated.join("\n"));
  const lines: [string, string][] = [
    ["match", "--a stockfish:skill=0:nodes=50 --b random --games 20 --out games.pgn"],
    ["data", "--source games.pgn --out ./data --split 0.3,0.3"],
    [
      "train",
      "--model boardnet --data ./data --name tiny --size 1 --steps 2 --batch 8 --results ./r",
    ],
    ["export", "games.pgn --to parquet --out games.parquet"],
    ["export", "boardnet-cap1300 --to onnx --out model.onnx"],
    ["export", "boardnet-cap1300 --to csv --out losses.csv"],
    ["human-curve", "--source games.pgn"],
    ["data", "--source rated.pgn --out ./rated --split 0.3,0.3"],
    ["label", "--dataset ./rated --name x --bands 0-4000 --positions 2 --plies 2-20 --depth 1"],
    ["compare", "boardnet-cap1300 boardnet-cap1000"],
    ["worker", "--help"],
  ];
  for (const [task, args] of lines) {
    const { code, said } = await run(task, args.split(" "), here);
    assert.equal(code, 0, `${task} ${args}\n${said}`);
    assert.doesNotMatch(said, /NotCapable|Requires \w+ access/);
  }
});
