import assert from "node:assert/strict";
import { join } from "node:path";
import { readTextIfPresent, writeFileAtomic, writeLinesAtomic } from "@lib/files.ts";

Deno.test("a write that fails keeps the old file and leaves nothing behind", () => {
  const folder = Deno.makeTempDirSync();
  const path = join(folder, "taken");
  Deno.mkdirSync(join(path, "inside"), { recursive: true });
  assert.throws(() => writeFileAtomic(path, "new"), /Cannot write .*taken.*is kept/);
  assert.deepEqual([...Deno.readDirSync(folder)].map((entry) => entry.name), ["taken"]);
});

Deno.test("a write replaces the whole file, in a folder that need not exist", () => {
  const path = join(Deno.makeTempDirSync(), "a", "b.txt");
  writeFileAtomic(path, "a long first version");
  writeFileAtomic(path, "short");
  assert.equal(Deno.readTextFileSync(path), "short");
});

Deno.test("a file that is not there has no text; one that cannot be read is an error", () => {
  const folder = Deno.makeTempDirSync();
  assert.equal(readTextIfPresent(join(folder, "none")), undefined);
  writeFileAtomic(join(folder, "one"), "text");
  assert.equal(readTextIfPresent(join(folder, "one")), "text");
  assert.throws(() => readTextIfPresent(folder));
});

Deno.test("lines appear together or not at all, and nothing else is left in the folder", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "lines-" }), path = `${folder}/lines.txt`;
  await writeLinesAtomic(path, ["one"]);
  const failing = (async function* () {
    yield "two";
    assert.equal(Deno.readTextFileSync(path), "one\n"); // not before the last is written
    throw new RangeError("no third line");
  })();
  await assert.rejects(writeLinesAtomic(path, failing), /^RangeError: no third line$/);
  assert.equal(Deno.readTextFileSync(path), "one\n");
  assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["lines.txt"]);
  Deno.mkdirSync(`${folder}/taken`);
  await assert.rejects(
    writeLinesAtomic(`${folder}/taken`, ["a"]),
    /Cannot write .*taken: .* is kept/,
  );
  assert.deepEqual([...Deno.readDirSync(folder)].length, 2);
  Deno.removeSync(folder, { recursive: true });
});
