import assert from "node:assert/strict";
import { clock, progress, progressLine } from "@lib/notebook/progress.ts";

Deno.test("progress passes on every item, of plain and asynchronous iterables", async () => {
  const seen: number[] = [];
  for await (const x of progress(new Set([1, 2]))) seen.push(x);
  async function* later() {
    yield await Promise.resolve(3);
  }
  for await (const x of progress(later())) seen.push(x);
  assert.deepEqual(seen, [1, 2, 3]);
});

Deno.test("leaving the loop early closes the iterable", async () => {
  let closed = false;
  function* items() {
    try {
      yield 1;
      yield 2;
    } finally {
      closed = true;
    }
  }
  for await (const _ of progress(items())) break;
  assert.ok(closed);
});

Deno.test("a line without a total names what is known", () => {
  const line = progressLine({ label: "games", done: 1500, seconds: 3 });
  assert.equal(line, "games  1,500 · 500/s · 0:03");
  const begun = progressLine({ label: "games", done: 0, total: 10, seconds: 0 });
  assert.match(begun, /0 of 10 · 0\.0\/s · – left$/);
});

Deno.test("times read as clocks", () => {
  assert.deepEqual([0, 59.6, 125, 3725].map(clock), ["0:00", "1:00", "2:05", "1:02:05"]);
});
