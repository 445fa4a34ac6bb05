import assert from "node:assert/strict";
import rate from "glicko2-lite";
import { chainedGlicko } from "@lib/play/glicko.ts";

const losses = (opponent: number) => Array.from({ length: 100 }, () => ({ opponent, score: 0 }));
const rounded = (...opponents: number[]) => {
  const { rating, rd } = chainedGlicko(opponents.flatMap(losses));
  return `${rating.toFixed(1)}/${rd.toFixed(1)}`;
};

Deno.test("a hundred losses give the golden values of the paper's constants", () => {
  for (const [opponent, golden] of [[1554, "846/115"], [1867, "1035/150"], [2148, "1174/211"]]) {
    const { rating, rd } = chainedGlicko(losses(Number(opponent)));
    assert.equal(`${rating.toFixed(0)}/${rd.toFixed(0)}`, golden);
  }
});

Deno.test("the paper's chain of three opponents, which depends on their order", () => {
  assert.equal(rounded(1552, 1842, 2142), "808.3/175.8");
  assert.equal(rounded(1842, 2142, 1552), "786.0/125.9");
});

// "Example of the Glicko-2 system", Mark E. Glickman, 2022: a period of three games.
Deno.test("the package reproduces Glickman's example", () => {
  const { rating, rd, vol } = rate(
    1500,
    200,
    0.06,
    [[1400, 30, 1], [1550, 100, 0], [1700, 300, 0]],
    {
      tau: 0.5,
    },
  );
  assert.equal(rating.toFixed(2), "1464.05");
  assert.equal(rd.toFixed(2), "151.52");
  assert.equal(vol.toFixed(5), "0.06000");
});

Deno.test("no games leave the start; a score that is none is refused", () => {
  assert.deepEqual(chainedGlicko([]), { rating: 1500, rd: 500, volatility: 0.06 });
  assert.throws(() => chainedGlicko([{ opponent: 1500, score: 2 }]), RangeError);
  assert.throws(() => chainedGlicko([{ opponent: NaN, score: 1 }]), RangeError);
});
