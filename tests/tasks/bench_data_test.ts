import assert from "node:assert/strict";
import { makePgn } from "@lib/chess/pgn.ts";
import { packMove } from "@lib/chess/position.ts";
import { benchData } from "@lib/tasks/bench_data.ts";

Deno.test("the benchmark's programs agree on the games and give a speed", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const path = `${folder}/games.pgn`;
    const game = (white: string, black: string) =>
      makePgn({
        headers: { Event: "e", WhiteElo: white, BlackElo: black },
        moves: [packMove(12, 28)],
        result: "*",
      });
    Deno.writeTextFileSync(path, game("1500", "1400") + game("1501", "900") + game("?", "900"));
    const { bytes, plies, rows } = await benchData({ path, megabytes: 1, runs: 1 });
    assert.equal(bytes, Deno.statSync(path).size);
    assert.equal(plies, 3);
    const [filter, replay, python, extract] = rows;
    assert.equal(filter.games, 1);
    assert.equal(replay.games, 3);
    if (python.absent === undefined) assert.equal(python.games, 1);
    if (extract.absent === undefined) assert.equal(extract.games, 3);
    for (const row of rows) {
      assert.ok(row.absent !== undefined || row.megabytesPerSecond > 0, row.name);
    }
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
