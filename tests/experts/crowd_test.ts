import assert from "node:assert/strict";
import { parseFen } from "@lib/chess/fen.ts";
import { makePgn, readPgn } from "@lib/chess/pgn.ts";
import { legalMoves, startPosition } from "@lib/chess/position.ts";
import { makeUci } from "@lib/chess/san.ts";
import {
  crowdMixture,
  crowdPolicies,
  crowdPolicy,
  makeCrowd,
  type SimulatedGame,
  simulateGames,
} from "@lib/experts/crowd.ts";
import { COMMON, moveTerms, scoreMoves, TERMS, weighTerms } from "@lib/experts/crowd_score.ts";

function bestMove(fen: string, player?: Parameters<typeof scoreMoves>[1]): string {
  const position = parseFen(fen), scores = scoreMoves(position, player);
  return makeUci(legalMoves(position)[scores.indexOf(Math.max(...scores))]);
}

async function play(options: Parameters<typeof simulateGames>[0]): Promise<SimulatedGame[]> {
  const games: SimulatedGame[] = [];
  for await (const game of simulateGames(options)) games.push(game);
  return games;
}

Deno.test("the common score mates, takes what hangs, and does not leave a piece hanging", () => {
  assert.equal(bestMove("6k1/5ppp/8/8/8/8/8/R3K3 w - - 0 1"), "a1a8");
  assert.equal(bestMove("4k3/8/8/3q4/4P3/8/8/4K3 w - - 0 1"), "e4d5");
  // The knight on d5 is attacked by a pawn and must go, though a check looks tempting.
  const scores = scoreMoves(parseFen("4k3/8/2p5/3N4/8/8/8/4K3 w - - 0 1"));
  const moves = legalMoves(parseFen("4k3/8/2p5/3N4/8/8/8/4K3 w - - 0 1")).map(makeUci);
  const at = (uci: string) => scores[moves.indexOf(uci)];
  assert.ok(at("d5f4") > at("e1e2") + 2);
});

Deno.test("a blind spot hides the attacks of that piece, and of no other", () => {
  // White's rook on a4 can go to h4, where the bishop on e7 takes it, or stay safe.
  const fen = "4k3/4b3/8/8/R7/8/8/4K3 w - - 0 1";
  const position = parseFen(fen);
  const at = (blindSpot: number) =>
    scoreMoves(position, { weights: COMMON, blindSpot })[
      legalMoves(position).map(makeUci).indexOf("a4h4")
    ];
  assert.ok(at(0) < -4 && at(4) < -4); // 4: rooks, of which Black has none
  assert.ok(at(3) > -1); // 3: bishops
});

Deno.test("choice probabilities are the softmax of the scores over the noise", () => {
  const [sharp, dull] = makeCrowd({ players: 2, seed: 1, noise: [0.1, 10], preference: 0 });
  const position = parseFen("4k3/8/8/3q4/4P3/8/8/4K3 w - - 0 1");
  for (const player of [sharp, dull]) {
    const { p, moves } = crowdPolicy(player, position);
    assert.equal(moves.length, p.length);
    assert.ok(Math.abs(p.reduce((a, b) => a + b) - 1) < 1e-12);
    const scores = scoreMoves(position, player);
    const ratio = Math.log(p[0] / p[1]) * player.noise;
    assert.ok(Math.abs(ratio - (scores[0] - scores[1])) < 1e-6);
  }
  const top = (noise: number) => Math.max(...crowdPolicy({ ...sharp, noise }, position).p);
  assert.ok(top(0.1) > 0.99 && top(10) < 0.5);
});

Deno.test("terms do not depend on weights, and scores are linear in them", () => {
  // A mate on a8, castling, and a pawn on h7 that costs a rook.
  const position = parseFen("6k1/5ppp/8/8/8/8/8/R3K2R w KQ - 0 1");
  const moves = legalMoves(position), uci = moves.map(makeUci), terms = moveTerms(position);
  const row = (move: string) => {
    const width = TERMS.length + 1, m = uci.indexOf(move);
    return [...terms.subarray(m * width, (m + 1) * width)];
  };
  assert.deepEqual(row("a1a8"), [0, 0, 0, 0, 0, 0, 1]); // a mate and nothing else
  assert.equal(row("e1g1")[TERMS.indexOf("development")], 2);
  assert.equal(row("h1h7")[TERMS.indexOf("material")], 1); // the pawn
  assert.equal(row("h1h7")[TERMS.indexOf("safety")], -5); // and the king takes the rook
  const double = Object.fromEntries(TERMS.map((term) => [term, 2 * COMMON[term]])) as typeof COMMON;
  const once = weighTerms(terms, COMMON), twice = weighTerms(terms, double);
  assert.deepEqual(once, scoreMoves(position));
  moves.forEach((_, m) => assert.ok(uci[m] === "a1a8" || twice[m] === 2 * once[m]));
});

Deno.test("a crowd's policies are its players', and the mixture is their mean", () => {
  const crowd = makeCrowd({ players: 5, seed: 4, blindness: 0.6 });
  assert.ok(new Set(crowd.map(({ blindSpot }) => blindSpot)).size > 1);
  const position = parseFen("r1bqkbnr/pppp1ppp/2n5/4p3/2B1P3/5Q2/PPPP1PPP/RNB1K1NR w KQkq - 2 3");
  const policies = crowdPolicies(crowd, position);
  policies.forEach((policy, i) => assert.deepEqual(policy, crowdPolicy(crowd[i], position)));
  const { moves, p } = crowdMixture(crowd, position);
  assert.deepEqual(moves, legalMoves(position));
  p.forEach((f, y) => {
    const mean = policies.reduce((sum, policy) => sum + policy.p[y], 0) / crowd.length;
    assert.ok(Math.abs(f - mean) < 1e-15);
  });
  assert.throws(() => crowdMixture([], position), /Cannot mix 0 policies/);
});

Deno.test("games are legal, end by the rules, and the same for the same seed", async () => {
  const games = await play({ players: 6, games: 12, seed: 3 });
  assert.deepEqual(games, await play({ players: 6, games: 12, seed: 3 }));
  assert.notDeepEqual(games, await play({ players: 6, games: 12, seed: 4 }));
  for (const game of games) {
    // The reader replays each move and refuses an illegal one.
    const bytes = new TextEncoder().encode(makePgn(game));
    const read = (async function* () {
      yield bytes;
    })();
    for await (const { moves, result, headers } of readPgn(read)) {
      assert.deepEqual([...moves], [...game.moves]);
      assert.equal(result, game.result);
      assert.equal(headers.WhiteElo, game.headers.WhiteElo);
    }
  }
});

Deno.test("without hurry no game is fast", async () => {
  const players = makeCrowd({ players: 2, seed: 1, noise: [1e-6, 1e-6], preference: 0 });
  const games = await play({ players, games: 3, seed: 1, hurry: false });
  assert.ok(games.every(({ headers }) => headers.TimeControl === "600+0"));
  const controls = (await play({ players: 2, games: 30, seed: 1 })).map((g) =>
    g.headers.TimeControl
  );
  assert.equal(new Set(controls).size, 3);
});

Deno.test("stronger players earn higher ratings", async () => {
  const ratings = new Map<string, number>();
  for (const { headers } of await play({ players: 10, games: 150, seed: 5 })) {
    ratings.set(headers.White, Number(headers.WhiteElo));
  }
  const mean = (from: number, to: number) => {
    const names = Array.from({ length: to - from }, (_, i) => `player ${from + i + 1}`);
    return names.reduce((sum, name) => sum + ratings.get(name)!, 0) / names.length;
  };
  assert.ok(mean(0, 5) > mean(5, 10) + 60, `${mean(0, 5)} and ${mean(5, 10)}`);
});

Deno.test("dials out of range are refused", async () => {
  assert.throws(() => makeCrowd({ players: 1, seed: 1 }), /Cannot make a crowd of 1/);
  assert.throws(() => makeCrowd({ players: 2, seed: 1, noise: [0, 1] }), /must rise from more/);
  assert.throws(() => makeCrowd({ players: 2, seed: 1, blindness: 2 }), /blindness 2/);
  await assert.rejects(play({ players: 2, games: 0, seed: 1 }), /Cannot simulate 0 games/);
  assert.equal(scoreMoves(startPosition()).length, 20);
});
