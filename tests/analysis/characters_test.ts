import assert from "node:assert/strict";
import { sharpenCharacters } from "@lib/analysis/characters.ts";
import { sharpen } from "@lib/analysis/temperature.ts";

// The paper's board (§ 2.2): the other rook moves are taken together.
const texts = ["Re8", "Nf4", "Qg6", "Rg4", "Rd8", "Nf6"];
const p = Float64Array.of(0.14, 0.34, 0.1, 0.09, 0.16, 0.17);

Deno.test("at τ = 1 characters and moves are the same", () => {
  sharpenCharacters(texts, p, 1).forEach((q, i) => assert.ok(Math.abs(q - p[i]) < 1e-12));
});

Deno.test("temperature on characters multiplies the sharpened conditionals", () => {
  const tau = 0.5, q = sharpenCharacters(texts, p, tau);
  const piece = sharpen(Float64Array.of(0.39, 0.51, 0.1), tau); // R, N, Q
  const square = sharpen(Float64Array.of(0.14, 0.09, 0.16), tau); // e, g, d after R
  assert.ok(Math.abs(q[0] - piece[0] * square[0]) < 1e-12);
  assert.ok(Math.abs(q.reduce((a, b) => a + b) - 1) < 1e-12);
});

Deno.test("the end of a text is a choice, and a text must occur once", () => {
  assert.deepEqual(
    sharpenCharacters(["Re1", "Re1+"], Float64Array.of(0.4, 0.6), 0),
    Float64Array.of(0, 1),
  );
  assert.throws(() => sharpenCharacters(["e4", "e4"], Float64Array.of(0.5, 0.5), 1), RangeError);
});
