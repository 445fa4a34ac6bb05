import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "@lib/paths.ts";
import { dependencyFaults, listDependencies } from "@lib/tasks/audit.ts";

const { npmCache } = JSON.parse(
  new TextDecoder().decode(
    new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).outputSync().stdout,
  ),
);
const { imports } = JSON.parse(Deno.readTextFileSync(join(ROOT, "deno.json")));

Deno.test("every dependency is pinned, hashed and under a licence that is permitted", () => {
  const all = listDependencies(npmCache);
  assert.deepEqual(dependencyFaults(all, imports), []);
  const direct = all.filter(({ direct }) => direct);
  assert.equal(
    direct.length,
    Object.values<string>(imports).filter((to) => to.startsWith("npm:")).length,
  );
  assert.ok(direct.every(({ licence }) => licence !== undefined), "all that are named are here");
});

Deno.test("a new licence, a range and a missing hash are faults", () => {
  const [first, ...others] = listDependencies(npmCache);
  const bad = [{ ...first, licence: "AGPL-3.0", hashed: false }, ...others];
  assert.equal(dependencyFaults(bad, { ...imports, zod: "npm:zod@4" }).length, 3);
});
