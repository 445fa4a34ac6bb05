/**
 * Locating the place where something stops being true.
 *
 * @module
 */

/**
 * The border between `inside`, where the condition holds, and `outside`, where it does not, to the
 * last digit or so; with several borders, one of them.
 *
 * ```ts
 * import { bisect } from "@lib/theory/bisect.ts";
 * import assert from "node:assert/strict";
 *
 * assert.ok(Math.abs(bisect((x) => x * x < 2, 0, 2) - Math.SQRT2) < 1e-15);
 * ```
 */
export function bisect(condition: (x: number) => boolean, inside: number, outside: number): number {
  for (let step = 0; step < 60; step++) {
    const middle = (inside + outside) / 2;
    if (condition(middle)) inside = middle;
    else outside = middle;
  }
  return inside;
}
