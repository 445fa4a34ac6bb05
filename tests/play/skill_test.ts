import assert from "node:assert/strict";
import { random } from "@lib/random.ts";
import { chooseBySkill } from "@lib/play/skill.ts";

const best = [
  { move: 1, score: 60 },
  { move: 2, score: 50 },
  { move: 3, score: 20 },
  { move: 4, score: -20 },
];

function shares(level: number): number[] {
  const next = random(3, "skill");
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 4000; i++) counts[chooseBySkill(best, level, next).move - 1]++;
  return counts.map((count) => count / 4000);
}

Deno.test("a weak level plays worse moves more often than a strong one", () => {
  const mean = (level: number) => shares(level).reduce((sum, p, i) => sum + p * best[i].score, 0);
  assert.ok(mean(0) + 5 < mean(10), `level 0 ${mean(0)}, level 10 ${mean(10)}`);
  assert.ok(mean(10) + 5 < mean(19), `level 10 ${mean(10)}, level 19 ${mean(19)}`);
  assert.ok(shares(0).every((p) => p > 0.05));
  assert.deepEqual(shares(20), [1, 0, 0, 0]);
});

Deno.test("a move further behind than the weakness makes up for is never played", () => {
  const next = random(4, "skill");
  const lost = [{ move: 1, score: 0 }, { move: 2, score: -1500 }];
  for (let i = 0; i < 1000; i++) assert.equal(chooseBySkill(lost, 0, next).move, 1);
});

Deno.test("no moves to choose from is an error", () => {
  assert.throws(() => chooseBySkill([], 0, random(1, "skill")), RangeError);
});
