/**
 * The guide to this library: one runnable example for each stage of the way that data take.
 *
 * games → dataset → training → checkpoint → player → match and analysis → figure → claim
 *
 * Import what you need from its own file (`@lib/analysis/reward.ts`); this module only explains.
 *
 * **The question in ten lines.** Experts that are wrong in different places; their mixture, which is
 * what a perfect imitator learns; and what a low temperature makes of it.
 *
 * ```ts
 * import { endgameExperts } from "@lib/experts/endgame_experts.ts";
 * import { solveEndgame } from "@lib/experts/endgame.ts";
 * import { mixture } from "@lib/analysis/reward.ts";
 * import { transcendence } from "@lib/analysis/transcendence.ts";
 * import assert from "node:assert/strict";
 *
 * const world = solveEndgame("KRvK");
 * const experts = [...endgameExperts(world, { k: 5, errorRate: 0.4, seed: 1, ties: "shared" })];
 * const imitator = mixture(experts);
 * const at = (tau: number) => transcendence(world.states, imitator, experts, { tau });
 * assert.equal(at(1).verdict, "does not transcend"); // no average exceeds its largest term
 * assert.equal(at(0).verdict, "transcends"); // the majority vote does
 * ```
 *
 * **The theorems** are functions that check them on any table of states, moves and experts.
 *
 * ```ts
 * import { proposition2 } from "@lib/theory/propositions.ts";
 * import { appendixExample } from "@lib/theory/worlds.ts";
 * import assert from "node:assert/strict";
 *
 * const { states, experts } = appendixExample(); // each right with probability .4
 * const { atZero, tauStar, holds } = proposition2(states, experts);
 * assert.ok(holds && tauStar > 0.999 && atZero > 0.599); // cooled, they are always right
 * ```
 *
 * **Games** are read as a stream, an error per game, or simulated.
 *
 * ```ts
 * import { collectGames, gameRow } from "@lib/data/games.ts";
 * import { simulateGames } from "@lib/experts/crowd.ts";
 * import assert from "node:assert/strict";
 *
 * const rows = [];
 * for await (const game of simulateGames({ players: 4, games: 3, seed: 1 })) rows.push(gameRow(game));
 * assert.equal(collectGames(rows).length, 3);
 * ```
 *
 * **A dataset** is made of them once, with a card, and drawn from in batches by seed and step.
 *
 * ```ts
 * import { positionBatch } from "@lib/data/batches.ts";
 * import { buildDataset, openDataset } from "@lib/data/dataset.ts";
 * import { simulateGames } from "@lib/experts/crowd.ts";
 * import assert from "node:assert/strict";
 *
 * const directory = `${Deno.makeTempDirSync()}/small`;
 * await buildDataset({
 *   source: { name: "simulated", games: simulateGames({ players: 4, games: 40, seed: 1 }) },
 *   directory,
 *   selection: { cap: 2000 },
 *   split: { validation: 0.2, test: 0.2 },
 * });
 * const { train } = openDataset(directory);
 * assert.equal(positionBatch(train, { seed: 1, step: 0, size: 8 }).target.length, 8);
 * ```
 *
 * **Training** is a run under `results/`, resumed where it stopped; **a checkpoint** is loaded by name.
 *
 * ```ts
 * import { solveEndgame } from "@lib/experts/endgame.ts";
 * import { endgamePolicy } from "@lib/model/policy.ts";
 * import { loadModel } from "@lib/model/model.ts";
 * import { train } from "@lib/train/loop.ts";
 * import assert from "node:assert/strict";
 *
 * const results = Deno.makeTempDirSync();
 * const run = await train({
 *   name: "guide",
 *   model: { model: "endgameformer", layers: 1, heads: 1, width: 8 },
 *   data: { kind: "endgame", ending: "KRvK", k: 5, errorRate: 0.4, seed: 1 },
 *   steps: 2, batch: 8, evaluationBatches: 1, seed: 1,
 * }, { results });
 * assert.equal(run.status, "complete");
 * using model = loadModel(`${results}/guide`, "endgameformer");
 * const world = solveEndgame("KRvK");
 * assert.equal((await endgamePolicy(model, world)).length, world.moves.length);
 * ```
 *
 * **Players** share one face; **a match** pairs colours and openings and gives an interval.
 *
 * ```ts
 * import { playMatch } from "@lib/play/match.ts";
 * import { greedyPlayer, randomPlayer } from "@lib/play/player.ts";
 * import assert from "node:assert/strict";
 *
 * const { score } = await playMatch({ a: greedyPlayer(), b: randomPlayer(), games: 20, seed: 1 });
 * assert.ok(score.low <= score.value && score.value <= score.high);
 * ```
 *
 * **A figure** shows its interval; **a claim** goes into the ledger, where the interval and a bound
 * stated beforehand give the verdict.
 *
 * ```ts
 * import { recordClaim } from "@lib/claims.ts";
 * import { meanInterval } from "@lib/analysis/stats.ts";
 * import { curve, figure } from "@lib/notebook/mod.ts";
 * import assert from "node:assert/strict";
 *
 * const gaps = [0.021, 0.018, 0.02];
 * const drawn = figure({ title: "A gap", marks: curve([{ tau: 0.1, ...meanInterval(gaps) }], { x: "tau" }) });
 * assert.match(drawn.svg, /A gap/);
 * const row = recordClaim({
 *   id: "guide.gap", claim: "The gap is above zero.", paper: null,
 *   measured: meanInterval(gaps), nUnit: "seeds", prediction: { above: 0 }, seeds: [1, 2, 3],
 *   unit: "expected reward", run: [], notebook: "00_quickstart",
 * }, `${Deno.makeTempDirSync()}/claims.json`);
 * assert.equal(row.verdict, "holds");
 * ```
 *
 * @module
 */

export {};
