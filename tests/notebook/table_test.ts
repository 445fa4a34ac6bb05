import assert from "node:assert/strict";
import { describe } from "@lib/notebook/display.ts";
import { formatNumber, sharedDecimals, table } from "@lib/notebook/table.ts";

const bundle = (...args: Parameters<typeof table>) => describe(table(...args)).data;

Deno.test("plain text is aligned, numbers to the right with the decimals their column needs", () => {
  const text = bundle([
    { name: "long name", n: 12345, loss: 1.5, p: 0.0312 },
    { name: "b", n: 7, loss: 12.25, p: null },
  ])["text/plain"];
  assert.equal(
    text,
    [
      "name            n   loss       p",
      "─────────  ──────  ─────  ──────",
      "long name  12,345   1.50  0.0312",
      "b               7  12.25       –",
    ].join("\n"),
  );
});

Deno.test("markup in values and headings is shown as text", () => {
  const markup = String(
    bundle([{ "<b>": "<script>alert('x')</script>" }], { caption: "<i>" })["text/html"],
  );
  assert.ok(!/<(script|b|i)>/.test(markup));
  assert.match(markup, /&#60;script&#62;alert\(&#39;x&#39;\)/);
  assert.ok(!/style|class/.test(markup), "it needs no style sheet");
});

Deno.test("columns are chosen, named and written by functions; an unknown one is an error", () => {
  const rows = [{ a: 1, b: 0.5 }];
  const text = bundle(rows, {
    columns: { b: "share", a: "n" },
    format: { b: (value) => `${100 * Number(value)} %`, a: 1 },
  })["text/plain"];
  assert.match(String(text), /^share +n\n.*\n 50 % +1\.0$/s);
  assert.throws(
    () => table(rows, { columns: ["c"] }),
    /RangeError: Cannot show the column "c": the rows have a, b/,
  );
});

Deno.test("rows left out are counted; an empty table has its headings", () => {
  const rows = Array.from({ length: 50 }, (_, i) => ({ i }));
  assert.match(String(bundle(rows, { limit: 10 })["text/plain"]), /… and 40 more rows$/);
  assert.match(String(bundle([], { columns: ["a"] })["text/html"]), /<th[^>]*>a<\/th>/);
});

Deno.test("numbers are written for people", () => {
  assert.deepEqual([[1, 0.75, 0.1], [0.123456], [1500.4, 1380.2], [1, 2]].map(sharedDecimals), [
    2,
    3,
    0,
    0,
  ]);
  const written = [1234567, 0.12345, 12.3456, -0.5, NaN, -Infinity, 0].map((x) => formatNumber(x));
  assert.deepEqual(written, ["1,234,567", "0.123", "12.35", "−0.500", "NaN", "−Infinity", "0"]);
});
