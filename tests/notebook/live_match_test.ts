import assert from "node:assert/strict";
import { startKernel } from "@lib/notebook/client.ts";
import { watchMatch, watchSweep } from "@lib/notebook/mod.ts";
import { playMatch } from "@lib/play/match.ts";
import { greedyPlayer, randomPlayer } from "@lib/play/player.ts";
import { said } from "./cells.ts";

const match = { a: greedyPlayer(), b: randomPlayer(), games: 12, seed: 3 };

Deno.test("a watched match is the match that is played unseen", async () => {
  const games: number[] = [];
  const watched = await watchMatch({ ...match, onGame: (_, played) => games.push(played) });
  assert.deepEqual(watched, await playMatch(match));
  assert.deepEqual(games, Array.from({ length: 12 }, (_, i) => i + 1));
});

Deno.test("a sweep has the score of each temperature, in the order that was asked for", async () => {
  const rows = await watchSweep([0.1, 1], (tau) => ({ ...match, seed: 10 * tau }));
  assert.deepEqual(rows.map(({ tau }) => tau), [0.1, 1]);
  assert.deepEqual(rows[1], { tau: 1, ...(await playMatch({ ...match, seed: 10 })).score });
  await assert.rejects(watchSweep([1], () => ({ ...match, games: 3 })), /must be even/);
});

Deno.test("in the kernel the figure of a match lives, ends as a PNG, and Stop ends the match", async () => {
  await using kernel = await startKernel();
  await kernel.execute(`import { watchMatch } from "@lib/notebook/mod.ts";
    import { greedyPlayer, randomPlayer } from "@lib/play/player.ts";
    const [a, b] = [greedyPlayer(), randomPlayer()];`);
  const seen = new Set<string>();
  const ended = await kernel.execute(
    "(await watchMatch({ a, b, games: 40, seed: 1 })).games.length",
    {
      onOutput: (outputs) => {
        for (const each of outputs) {
          if (each.output_type === "display_data") seen.add(Object.keys(each.data).sort().join());
        }
      },
    },
  );
  assert.deepEqual([...seen], ["image/svg+xml,text/plain", "image/png,text/plain"]);
  assert.match(said(ended.outputs).join("\n"), /greedy against random\n.*40 of 40 games[^]*40$/);
  let pressed = false; // twice would end the kernel
  const stopped = await kernel.execute("await watchMatch({ a, b, games: 100_000, seed: 1 })", {
    onOutput() {
      if (!pressed) kernel.interrupt();
      pressed = true;
    },
  });
  assert.match(said(stopped.outputs).join("\n"), /error: Interrupted: Stopped; variables are kept/);
  const alive = await kernel.execute("a.name");
  assert.deepEqual(said(alive.outputs), ['execute_result: "greedy"']);
});
