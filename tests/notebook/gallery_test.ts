import assert from "node:assert/strict";
import { board } from "@lib/notebook/board.ts";
import * as Plot from "@observablehq/plot";
import { figure } from "@lib/notebook/figure.ts";
import { gallery } from "@lib/notebook/gallery.ts";

Deno.test("pictures stand in rows and columns, with the words of all of them", () => {
  const small = board("8/8/8/3k4/8/8/8/R3K3 w - - 0 1", { size: 160, title: "small" });
  const large = board("8/8/8/3k4/8/8/8/Q3K3 w - - 0 1", { size: 240, title: "large" });
  const drawn = gallery([[small, large], [large]], {
    title: "Three boards",
    legend: [{ color: "#0072b2", label: "good" }],
    caption: "Of two sizes.",
  });
  assert.equal(drawn.width, 2 * large.width);
  assert.ok(drawn.height > small.height + large.height);
  assert.match(drawn.text, /Three boards\nsmall\n.*rook a1[^]*large\n.*queen a1[^]*Of two sizes/);
  const places = [...drawn.svg.matchAll(/<svg x="(\d+)" y="([\d.]+)"/g)].map((
    [, x, y],
  ) => [+x, +y]);
  assert.deepEqual(places.map(([x]) => x), [0, large.width, 0]);
  assert.ok(places[2][1] >= places[0][1] + large.height);
  assert.throws(() => gallery([[]]), /0 pictures/);
});

Deno.test("ramps of different colours keep them side by side", () => {
  const rows = [{ x: 1, value: 0 }, { x: 2, value: 3 }];
  const ramp = (scheme: "viridis" | "greys") =>
    figure({ color: { scheme }, marks: [Plot.dot(rows, { x: "x", y: "value", fill: "value" })] });
  const { svg } = gallery([[ramp("viridis"), ramp("greys")]]);
  const names = [...svg.matchAll(/linearGradient id="([^"]+)"/g)].map(([, name]) => name);
  assert.equal(new Set(names).size, 2);
  for (const name of names) assert.ok(svg.includes(`url(#${name})`));
});
