import assert from "node:assert/strict";
import { join } from "node:path";
import { readTextIfPresent, writeFileAtomic } from "@lib/files.ts";

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
