import assert from "node:assert/strict";
import { join } from "node:path";
import { gamesOf } from "@lib/data/card.ts";
import { buildDataset, openDataset } from "@lib/data/dataset.ts";
import { concatGames, replay } from "@lib/data/games.ts";
import type { SelectionInput } from "@lib/data/select.ts";
import { gamesFolder } from "@lib/paths.ts";

const FILE = join(gamesFolder(), "lichess_games.pgn.zst");

function isPresent(): boolean {
  try {
    return Deno.statSync(FILE).isFile;
  } catch {
    console.log(`Tests on real games are skipped: there is no ${FILE} (set GAMES_DIR)`);
    return false;
  }
}

// Counted by a Python loop over the lines of the file, which knows nothing of this code: a game's
// plies are the words of its movetext without comments, move numbers and result.
const COUNTED: readonly {
  readonly selection: SelectionInput;
  readonly games: number;
  readonly plies: number;
  readonly withEvals: number;
  readonly speeds?: Record<string, number>;
}[] = [
  {
    selection: { cap: 1000 },
    games: 14186,
    plies: 758191,
    withEvals: 3979,
    speeds: { rapid: 4082, unknown: 8858, bullet: 250, blitz: 951, classical: 45 },
  },
  { selection: { cap: 1300 }, games: 29478, plies: 1761590, withEvals: 13398 },
  {
    selection: { cap: 1500 },
    games: 86497,
    plies: 5378728,
    withEvals: 24679,
    speeds: {
      ultraBullet: 1,
      bullet: 7633,
      blitz: 23301,
      rapid: 44439,
      classical: 2263,
      correspondence: 2,
      unknown: 8858,
    },
  },
];

for (const { selection, games, plies, withEvals, speeds } of COUNTED) {
  const name = `the games of ${JSON.stringify(selection)} are those an independent count finds`;
  Deno.test({ name, ignore: !isPresent() }, async () => {
    const folder = Deno.makeTempDirSync();
    try {
      const directory = join(folder, "real");
      const card = await buildDataset({ source: FILE, directory, selection });
      assert.equal(card.read, 339619);
      assert.equal(card.errors.count, 0);
      assert.equal(gamesOf(card), games);
      assert.equal(card.plies.train + card.plies.validation + card.plies.test, plies);
      assert.equal(card.withEvals, withEvals);
      if (speeds) assert.deepEqual(card.speeds, speeds);
      // Within 5 standard deviations of the shares.
      for (const split of ["validation", "test"] as const) {
        const spread = 5 * Math.sqrt(games * .05 * .95);
        assert.ok(Math.abs(card.games[split] - .05 * games) < spread, `${card.games[split]}`);
      }
      const { train, validation, test } = openDataset(directory);
      const all = concatGames([train, validation, test]);
      for (let i = 0; i < all.length; i++) {
        assert.ok(Math.max(all.white[i], all.black[i]) <= selection.cap!);
      }
      for (let i = 0; i < all.length; i += 100) replay(all, i);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  });
}
