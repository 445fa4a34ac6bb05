import assert from "node:assert/strict";
import { join } from "node:path";
import { type Claim, readClaims } from "@lib/claims.ts";
import {
  claimsPage,
  claimsTable,
  headlineClaims,
  HEADLINES,
  withClaimsTable,
} from "@lib/claims_table.ts";
import { ROOT } from "@lib/paths.ts";

const read = (...path: string[]) => Deno.readTextFileSync(join(ROOT, ...path));
const rowsOf = (markdown: string) =>
  markdown.split("\n").filter((line) => /^\| (?!claim )[^-]/.test(line));

Deno.test("the README and the page of claims state the ledger's numbers and no others", () => {
  const readme = read("README.md"), claims = readClaims();
  assert.equal(withClaimsTable(readme, claims), readme, "run deno task report");
  assert.equal(claimsPage(claims), read("docs", "claims.md"), "run deno task report");
  assert.throws(() => withClaimsTable("no marks", []), /must hold/);
});

Deno.test("the page has every claim once, and the README the headlines of every verdict", () => {
  const claims = readClaims(), headlines = headlineClaims(claims);
  assert.equal(rowsOf(claimsPage(claims)).length, claims.length);
  for (const pattern of HEADLINES) {
    const one = new RegExp(`^${pattern.replaceAll(".", "\\.").replaceAll("*", "[^.]+")}$`);
    assert.ok(headlines.some(({ id }) => one.test(id)), `no claim is ${pattern}`);
  }
  // A verdict decides nothing: were all to fail, the same rows would stand there.
  const failed = claims.map((row) => ({ ...row, verdict: "fails" as const }));
  assert.deepEqual(headlineClaims(failed).map(({ id }) => id), headlines.map(({ id }) => id));
});

Deno.test("text of a claim stays one cell and no markup", () => {
  const [row] = readClaims();
  const evil: Claim = { ...row, claim: "a | b <script>x</script>\n| c < d", paper: "<img src=x>" };
  const [line] = rowsOf(claimsTable([evil]));
  assert.match(line, /a \\\| b &lt;script>x&lt;\/script> \\\| c < d/);
  assert.doesNotMatch(line, /<[a-z/]/i);
});
