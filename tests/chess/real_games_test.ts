import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Chess } from "chess.js";
import { openBytes } from "@lib/data/bytes.ts";
import { gamesFolder } from "@lib/paths.ts";
import { makeFen, parseFen } from "@lib/chess/fen.ts";
import { type Game, makePgn, PgnError, readPgn } from "@lib/chess/pgn.ts";
import { scanPgn, tagIs, tagText } from "@lib/chess/pgn_scanner.ts";
import { startPosition } from "@lib/chess/position.ts";

function realFile(name: string): { readonly path: string; readonly absent: boolean } {
  const path = join(gamesFolder(), name), absent = !existsSync(path);
  if (absent) {
    console.log(`Skipped where ${name} is needed: it is not in the games folder (GAMES_DIR)`);
  }
  return { path, absent };
}

const messy = realFile("messy_sample.pgn.zst");
const lichess = realFile("lichess_games.pgn.zst");

// chess.js parses the text of the game itself, so that reader and rules are both held against it; its
// grammar has no place for two comments after a move.
function finalFenOf(pgn: string): string {
  const oracle = new Chess();
  oracle.loadPgn(pgn.replace(/\{[^}]*\}/g, " "));
  return oracle.fen();
}

function finalFen(game: Game): string {
  const position = game.start === undefined ? startPosition() : parseFen(game.start);
  for (const move of game.moves) position.play(move);
  return makeFen(position);
}

// Holds every nth standard game against chess.js; returns how many there were. (Once, 4,558 games of
// the messy sample and 4,000 of the others were compared; chess.js takes about 5 ms a game.)
async function compare(path: string, every: number, most: number): Promise<number> {
  const texts: string[] = [];
  await scanPgn(openBytes(path), ({ bytes, index, start, end }) => {
    if (index % every !== 0 || texts.length === most) return;
    texts.push(new TextDecoder().decode(bytes.subarray(start, end)));
  });
  let compared = 0;
  const source = (text: string) => ReadableStream.from([new TextEncoder().encode(text)]);
  for (const text of texts) {
    for await (const game of readPgn(source(text), { onError: () => {} })) {
      assert.equal(finalFen(game), finalFenOf(text), text);
      compared++;
    }
  }
  return compared;
}

// The counts were found with python-chess 1.11.2, which also agreed with this reader on every game's
// final position, number of moves, result, evaluations and clocks.
Deno.test({
  name: "the messy sample gives 9,117 games and refuses 74 of other variants",
  ignore: messy.absent,
  async fn() {
    const variants: Record<string, number> = {};
    const onError = (error: PgnError) => {
      assert.equal(error.problem, "variant", error.message);
      const name = /the variant (.*) is not read/.exec(error.message)![1];
      variants[name] = (variants[name] ?? 0) + 1;
    };
    let games = 0, plies = 0, setUp = 0, evals = 0, clocks = 0, rewritten = 0;
    for await (const game of readPgn(openBytes(messy.path), { name: "messy", onError })) {
      games++;
      plies += game.moves.length;
      if (game.start !== undefined) setUp++;
      if (game.evals !== undefined) evals++;
      if (game.clocks !== undefined) clocks++;
      if (game.index % 20 !== 0) continue;
      const text = ReadableStream.from([new TextEncoder().encode(makePgn(game))]);
      for await (const back of readPgn(text)) {
        assert.deepEqual({ ...back, index: game.index, line: game.line }, game);
        rewritten++;
      }
    }
    assert.deepEqual({ games, plies, setUp, evals, clocks }, {
      games: 9117,
      plies: 591_670,
      setUp: 11,
      evals: 831,
      clocks: 844,
    });
    assert.deepEqual(variants, {
      Antichess: 36,
      Crazyhouse: 18,
      Atomic: 7,
      Chess960: 6,
      "Racing Kings": 4,
      Horde: 2,
      "Three-check": 1,
    });
    assert.ok(rewritten > 400);
  },
});

Deno.test({
  name: "300 games of the messy sample end where chess.js says",
  ignore: messy.absent,
  async fn() {
    assert.ok(await compare(messy.path, 30, 400) > 290);
  },
});

Deno.test({
  name: "300 Lichess games end where chess.js says",
  ignore: lichess.absent,
  async fn() {
    assert.equal(await compare(lichess.path, 1132, 300), 300);
  },
});

Deno.test({
  name: "the scanner finds all 339,619 Lichess games and their 13,445 draws",
  ignore: lichess.absent,
  async fn() {
    let draws = 0, first = "";
    const games = await scanPgn(openBytes(lichess.path), (game) => {
      first ||= tagText(game, "Site") ?? "";
      if (tagIs(game, "Result", "1/2-1/2")) draws++;
    });
    assert.equal(games, 339_619);
    assert.equal(draws, 13_445); // as grep counts them
    assert.equal(first, "https://lichess.org/0g60wkzj");
  },
});
