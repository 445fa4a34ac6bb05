/**
 * Matches that are watched while they are played: the score with its interval, pair by pair of games,
 * or by temperature.
 *
 * @module
 */

import type { Interval } from "@lib/analysis/stats.ts";
import { live } from "@lib/notebook/display.ts";
import { figure, type FigureOptions } from "@lib/notebook/figure.ts";
import { forgetOldStop, stopSignal } from "@lib/notebook/kernel.ts";
import { curve, reference } from "@lib/notebook/marks.ts";
import type { Picture } from "@lib/notebook/svg.ts";
import { type MatchOptions, type MatchResult, playMatch, scoreInterval } from "@lib/play/match.ts";

/** What is said around the figure that stays; all optional. */
export type WatchOptions = Pick<FigureOptions, "title" | "name">;

/** The score after some games. */
export interface ScoreRow extends Interval {
  /** Games whose pair is complete. */
  readonly games: number;
}

/** The score at a temperature. */
export interface SweepRow extends Interval {
  /** The temperature. */
  readonly tau: number;
}

/**
 * Plays a match while a figure shows player a's points a game, with their 95 % interval; it stays as
 * a picture. Short games end first, so that only the last point is fair. Stop ends the match.
 *
 * @throws what `playMatch` throws; {Interrupted} after Stop.
 *
 * ```ts
 * import { watchMatch } from "@lib/notebook/mod.ts";
 * import { greedyPlayer, randomPlayer } from "@lib/play/player.ts";
 * import assert from "node:assert/strict";
 *
 * const { score } = await watchMatch({ a: greedyPlayer(), b: randomPlayer(), games: 8, seed: 1 });
 * assert.ok(score.low <= score.value && score.value <= score.high);
 * ```
 */
export async function watchMatch(
  options: MatchOptions,
  watch: WatchOptions = {},
): Promise<MatchResult> {
  const { a, b, games } = options;
  const rows: ScoreRow[] = [], place = live();
  const draw = (saved: WatchOptions) =>
    figure({
      title: `${a.name} against ${b.name}`,
      subtitle: `${2 * rows.length} of ${games} games (short ones end first); 95 % interval`,
      height: 300,
      x: { label: "games", domain: [0, games] },
      y: { label: "points a game", domain: [0, 1] },
      marks: [...reference(0.5, "even"), ...curve(rows, { x: "games" })],
      ...saved,
    });
  try {
    return await followed(options, rows, () => place.show(draw({})));
  } finally {
    place.end(draw(watch));
  }
}

/**
 * Plays a match at each temperature while a figure shows the score by temperature; it stays as a
 * picture. Stop ends the sweep.
 *
 * @param taus the temperatures, above 0, in any order
 * @param match the match at a temperature, from the view of player a
 * @throws what `playMatch` throws; {Interrupted} after Stop.
 *
 * ```ts
 * import { watchSweep } from "@lib/notebook/mod.ts";
 * import { epsilonPlayer, greedyPlayer, randomPlayer } from "@lib/play/player.ts";
 * import assert from "node:assert/strict";
 *
 * const rows = await watchSweep([1, 0.1], (tau) => ({
 *   a: epsilonPlayer(greedyPlayer(), tau), // in place of a model's temperature
 *   b: randomPlayer(),
 *   games: 4,
 *   seed: 1,
 * }));
 * assert.deepEqual(rows.map(({ tau, n }) => [tau, n]), [[1, 2], [0.1, 2]]);
 * ```
 */
export async function watchSweep(
  taus: readonly number[],
  match: (tau: number) => MatchOptions | Promise<MatchOptions>,
  watch: WatchOptions = {},
): Promise<SweepRow[]> {
  const done: SweepRow[] = [], place = live();
  let playing: SweepRow[] = [];
  const draw = (saved: WatchOptions): Picture =>
    figure({
      title: "Score by temperature",
      subtitle: `${done.length} of ${taus.length} matches; 95 % interval`,
      height: 300,
      x: { label: "temperature τ", type: "log", reverse: true, domain: bounds(taus) },
      y: { label: "points a game", domain: [0, 1] },
      marks: [...reference(0.5, "even"), ...curve([...done, ...playing].sort(byTau), { x: "tau" })],
      ...saved,
    });
  try {
    for (const tau of taus) {
      const rows: ScoreRow[] = [];
      const { score } = await followed(await match(tau), rows, () => {
        playing = rows.slice(-1).map((row) => ({ ...row, tau }));
        place.show(draw({}));
      });
      playing = [];
      done.push({ tau, ...score });
      place.show(draw({}));
    }
    return done;
  } finally {
    place.end(draw(watch));
  }
}

const PAUSE = 500; // milliseconds between two drawings

/** Plays a match; rows get the score after each complete pair, and `changed` is called now and then. */
function followed(options: MatchOptions, rows: ScoreRow[], changed: () => void) {
  const open = new Map<number, number>(), pairs: number[] = [];
  let drawn = -Infinity;
  forgetOldStop();
  return playMatch({
    ...options,
    signal: options.signal ?? stopSignal(),
    onGame(game, played, total) {
      options.onGame?.(game, played, total);
      const pair = game.index >> 1, other = open.get(pair);
      if (other === undefined) return void open.set(pair, game.score);
      pairs.push((other + game.score) / 2);
      rows.push({ games: 2 * pairs.length, ...scoreInterval(pairs) });
      if (performance.now() - drawn < PAUSE) return;
      drawn = performance.now();
      changed();
    },
  });
}

const byTau = (a: SweepRow, b: SweepRow) => a.tau - b.tau;

const bounds = (taus: readonly number[]) => [Math.min(...taus), Math.max(...taus)];
