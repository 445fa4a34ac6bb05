/**
 * The speed of a game, as Lichess names it.
 *
 * @module
 */

/** The speeds, fastest first; `Games.speed` holds indices into this list. */
export const SPEEDS = [
  "ultraBullet",
  "bullet",
  "blitz",
  "rapid",
  "classical",
  "correspondence",
  "unknown",
] as const;

/** One of {@linkcode SPEEDS}. */
export type Speed = (typeof SPEEDS)[number];

/** The least estimated duration of a speed, in seconds, slowest first. */
const LIMITS: readonly (readonly [number, Speed])[] = [
  [1500, "classical"],
  [480, "rapid"],
  [180, "blitz"],
  [30, "bullet"],
  [0, "ultraBullet"],
];

/**
 * The speed of a game by Lichess's rule: the clock's base + 40 increments, in seconds, is below 30
 * for ultraBullet, 180 for bullet, 480 for blitz, 1500 for rapid. Where the time control is not
 * known, the word in the Event header ("Rated Blitz game") decides.
 *
 * Source: https://lichess.org/faq#time-controls (and `Speed.scala` in lichess-org/scalachess).
 *
 * ```ts
 * import { speedOf } from "@lib/data/speed.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(speedOf("180+2"), "blitz");
 * assert.equal(speedOf("?", "Rated Rapid game"), "rapid");
 * ```
 *
 * @param timeControl the TimeControl header: base and increment in seconds, "-" without a clock
 * @param event the Event header
 */
export function speedOf(timeControl: string | undefined, event = ""): Speed {
  if (timeControl === "-") return "correspondence";
  const clock = timeControl?.match(/^(\d+)(?:\+(\d+))?$/);
  if (clock) {
    const duration = Number(clock[1]) + 40 * Number(clock[2] ?? 0);
    return LIMITS.find(([least]) => duration >= least)![1];
  }
  const words = event.toLowerCase().split(/\s+/);
  return SPEEDS.find((speed) => words.includes(speed.toLowerCase())) ?? "unknown";
}
