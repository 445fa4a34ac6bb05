import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "@lib/paths.ts";

/** What `deno doc --lint` has against the library, as "rule file:line: what it says". */
async function documentationFaults(): Promise<string[]> {
  const { stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--lint", ...sources("lib")],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdout: "null",
    stderr: "piped",
  }).output();
  const text = new TextDecoder().decode(stderr);
  assert.match(text, /Checked \d+ files|documentation lint errors/);
  return [...text.matchAll(/^error\[([\w-]+)\]: (.*)\n *--> (\S+?):(\d+)/gm)]
    .filter(([, , , file]) => file.startsWith(join(ROOT, "lib")))
    .map(([, rule, said, file, line]) => `${rule} ${file.slice(ROOT.length + 1)}:${line}: ${said}`);
}

function sources(folder: string): string[] {
  return [...Deno.readDirSync(join(ROOT, folder))].flatMap(({ name, isDirectory }) =>
    isDirectory ? sources(`${folder}/${name}`) : name.endsWith(".ts") ? [`${folder}/${name}`] : []
  );
}

Deno.test("every exported symbol and each of its members is documented, with its types", async () => {
  const faults = (await documentationFaults()).filter((fault) => {
    if (fault.startsWith("private-type-ref ")) return false; // a package's types count as private
    const [, file, line] = /^\S+ (\S+):(\d+):/.exec(fault)!;
    const source = Deno.readTextFileSync(join(ROOT, file)).split("\n")[Number(line) - 1];
    return !/^missing-explicit-type/.test(fault) || !/ = z\./.test(source); // zod infers a schema's
  });
  assert.deepEqual(faults, []);
});
