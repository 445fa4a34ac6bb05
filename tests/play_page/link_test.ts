import assert from "node:assert/strict";
import { makeLink, type PageState, parseLink } from "../../play/link.ts";

const USUAL: PageState = { model: "a", tau: 1, you: "white", seed: 7, start: null, moves: [] };

Deno.test("a link brings back the game, the model, the side, the seed and the temperature", () => {
  const games: PageState[] = [
    USUAL,
    { model: "b", tau: 0.05, you: "both", seed: 4294967295, start: null, moves: ["e2e4", "e7e5"] },
    { ...USUAL, start: "8/P6k/8/8/8/8/8/K7 w - - 0 1", moves: ["a7a8n"] },
  ];
  for (const state of games) {
    assert.deepEqual(parseLink(`#${makeLink(state)}`, USUAL, ["a", "b"]), { state, problems: [] });
  }
});

Deno.test("what is wrong with a link is said, and the rest of it is taken", () => {
  const cases: [text: string, problem: RegExp, state: Partial<PageState>][] = [
    ["model=gone&tau=.5", /model “gone”/, { model: "a", tau: 0.5 }],
    ["tau=-1", /tau “-1”/, { tau: 1 }],
    ["tau=NaN", /tau “NaN”/, { tau: 1 }],
    ["tau=", /tau “”/, { tau: 1 }],
    ["you=red", /you “red”/, { you: "white" }],
    ["seed=1e99", /seed “1e99”/, { seed: 7 }],
    ["moves=e2e4.e2e4.d7d5", /move 2 of the link .* not a legal move/, { moves: ["e2e4"] }],
    ["moves=%3Cscript%3E", /move 1 of the link .* not a move in UCI/, { moves: [] }],
    ["fen=8/8/8/8/8/8/8/K7_w_-_-_0_1&moves=a1a2", /Black has 0 kings/, { start: null, moves: [] }],
  ];
  for (const [text, problem, state] of cases) {
    const read = parseLink(text, USUAL, ["a", "b"]);
    assert.equal(read.problems.length, 1, text);
    assert.match(read.problems[0], problem);
    assert.deepEqual(read.state, { ...USUAL, ...state });
  }
});
