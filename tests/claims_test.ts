import assert from "node:assert/strict";
import { join } from "node:path";
import { CLAIMS_FILE, judge, readClaims, recordClaim } from "@lib/claims.ts";
import { NOTEBOOKS, RESULTS } from "@lib/paths.ts";

const example = {
  id: "example.gap",
  claim: "The cooled model is above its best expert.",
  paper: null,
  measured: { value: 0.02, low: 0.01, high: 0.03, n: 5 },
  nUnit: "training seeds",
  seeds: [1, 2, 3, 4, 5],
  unit: "expected reward",
  run: [],
  notebook: "00_quickstart",
};

Deno.test("a verdict needs the whole interval on one side of the bound", () => {
  const interval = (low: number, high: number) => ({ value: (low + high) / 2, low, high, n: 5 });
  assert.equal(judge(interval(0.01, 0.03), { above: 0 }), "holds");
  assert.equal(judge(interval(-0.01, 0.03), { above: 0 }), "undecided");
  assert.equal(judge(interval(0, 0.03), { above: 0 }), "undecided");
  assert.equal(judge(interval(-0.03, -0.01), { above: 0 }), "fails");
  assert.equal(judge(interval(-0.03, -0.01), { below: 0 }), "holds");
  assert.equal(judge(interval(0.01, 0.03), { below: 0 }), "fails");
  assert.equal(judge(interval(0.01, 0.03)), "measured");
});

Deno.test("recording a claim again replaces its row and keeps the others in order", () => {
  const file = join(Deno.makeTempDirSync(), "claims.json");
  recordClaim({ ...example, id: "b.second" }, file);
  recordClaim({ ...example, id: "a.first" }, file);
  recordClaim({ ...example, id: "b.second", measured: { value: 1, low: 0, high: 2, n: 7 } }, file);
  const rows = readClaims(file);
  assert.deepEqual(rows.map((row) => row.id), ["a.first", "b.second"]);
  assert.equal(rows[1]!.n, 7);
});

Deno.test("a ledger that breaks a rule is refused with its row and rule", () => {
  const file = join(Deno.makeTempDirSync(), "claims.json");
  recordClaim(example, file);
  const rows = JSON.parse(Deno.readTextFileSync(file));
  rows[0].ci95 = [0.03, 0.01];
  Deno.writeTextFileSync(file, JSON.stringify(rows));
  assert.throws(() => readClaims(file), /example\.gap.*wrong order/s);
  Deno.writeTextFileSync(file, "[{");
  assert.throws(() => readClaims(file), SyntaxError);
  assert.throws(() => recordClaim({ ...example, measured: { value: NaN, low: 0, high: 1, n: 3 } }));
});

Deno.test("every claim of the committed ledger resolves to its notebook and its runs", () => {
  for (const row of readClaims(CLAIMS_FILE)) {
    const notebook = join(NOTEBOOKS, `${row.notebook}.ipynb`);
    assert.ok(Deno.statSync(notebook).isFile, `${row.id}: ${notebook}`);
    // The notebook writes the id itself, its later parts perhaps filled in: the cap, 0.001 or 1.5.
    const [first, ...rest] = row.id.split(/(?<!\.\d)\.|\.(?!\d)/);
    const parts = [first, ...rest.map((part) => `(${part}|(\\$\\{[^}]+\\}-?)+)`)];
    assert.match(Deno.readTextFileSync(notebook), new RegExp(parts.join("\\.")), row.id);
    for (const run of row.run) {
      assert.ok(Deno.statSync(join(RESULTS, run, "run.json")).isFile, `${row.id}: ${run}`);
    }
  }
});
