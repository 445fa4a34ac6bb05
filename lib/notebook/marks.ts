/**
 * Marks that show a value with its uncertainty: the interval is the default, not an extra.
 *
 * @module
 */

import * as Plot from "@observablehq/plot";

/** A field of the data, by name or by function; or a constant colour where a colour is asked for. */
export type Field<T> = (keyof T & string) | ((row: T) => unknown);

/** Which fields of a row are what; `value`, `low` and `high` are the defaults of a result row. */
export interface IntervalOptions<T> {
  /** Horizontal place. */
  readonly x: Field<T>;
  /** The estimate (default the field `value`). */
  readonly value?: Field<T>;
  /** Lower end of the interval (default the field `low`). */
  readonly low?: Field<T>;
  /** Upper end of the interval (default the field `high`). */
  readonly high?: Field<T>;
  /** The series: a field, whose values get a colour each and a place in the legend; or a CSS colour. */
  readonly color?: Field<T> | `#${string}`;
  /** Side by side panels: one for each value of this field. */
  readonly fx?: Field<T>;
  /** Panels above each other: one for each value of this field. */
  readonly fy?: Field<T>;
}

/**
 * The interval of each x as a band, one a series.
 *
 * ```ts
 * import { band, figure } from "@lib/notebook/mod.ts";
 * import assert from "node:assert/strict";
 *
 * const rows = [{ step: 1, low: 0, high: 2 }, { step: 2, low: 1, high: 2 }];
 * assert.match(figure({ marks: [band(rows, { x: "step" })] }).svg, /aria-label="area"/);
 * ```
 */
export function band<T>(rows: Iterable<T>, options: IntervalOptions<T>): Plot.Markish {
  const { low, high, fill, place } = channels(options);
  return Plot.areaY(kept(rows), { ...place, y1: low, y2: high, fill, fillOpacity: 0.18 } as never);
}

/**
 * The interval of each x as a thin line with the estimate as a dot: for few or separate points.
 *
 * ```ts
 * import { figure, whiskers } from "@lib/notebook/mod.ts";
 * import assert from "node:assert/strict";
 *
 * const rows = [{ tau: 1, value: 2, low: 1, high: 3 }, { tau: 0.1, value: 4, low: 3, high: 5 }];
 * assert.match(figure({ marks: whiskers(rows, { x: "tau" }) }).svg, /aria-label="dot"/);
 * ```
 */
export function whiskers<T>(rows: Iterable<T>, options: IntervalOptions<T>): Plot.Markish[] {
  const { value, low, high, fill, place } = channels(options);
  const data = kept(rows);
  return [
    Plot.ruleX(data, { ...place, y1: low, y2: high, stroke: fill, strokeWidth: 1.5 } as never),
    Plot.dot(
      data,
      { ...place, y: value, fill, r: 3.5, stroke: "white", strokeWidth: 0.75 } as never,
    ),
  ];
}

/**
 * The estimate as a line with a dot at each point, over the band of its interval.
 *
 * ```ts
 * import { figure, curve } from "@lib/notebook/mod.ts";
 * import assert from "node:assert/strict";
 *
 * const rows = [{ tau: 1, value: 2, low: 1, high: 3 }, { tau: 0.1, value: 4, low: 3, high: 5 }];
 * assert.match(figure({ marks: curve(rows, { x: "tau" }) }).svg, /aria-label="line"/);
 * ```
 */
export function curve<T>(rows: Iterable<T>, options: IntervalOptions<T>): Plot.Markish[] {
  const { value, fill, place } = channels(options);
  const data = kept(rows);
  const dots = data.length <= 120;
  return [
    band(data, options),
    Plot.lineY(data, { ...place, y: value, stroke: fill, strokeWidth: 2 } as never),
    ...(dots
      ? [
        Plot.dot(
          data,
          { ...place, y: value, fill, r: 3, stroke: "white", strokeWidth: 0.75 } as never,
        ),
      ]
      : []),
  ];
}

/**
 * A horizontal line at a value to compare with, such as the best expert, with its name on it.
 *
 * ```ts
 * import { figure, reference } from "@lib/notebook/mod.ts";
 * import assert from "node:assert/strict";
 *
 * const drawn = figure({ marks: reference(0.5, "best expert") });
 * assert.match(drawn.svg, />best expert</);
 * ```
 */
export function reference(value: number, name: string, color = "#5d5d5d"): Plot.Markish[] {
  return [
    Plot.ruleY([value], { stroke: color, strokeWidth: 1.25, strokeDasharray: "5,4" }),
    Plot.text([value], {
      y: (y: number) => y,
      text: () => name,
      frameAnchor: "right",
      textAnchor: "end",
      dy: -8,
      fill: color,
      stroke: "white",
      strokeWidth: 4,
    }),
  ];
}

function kept<T>(rows: Iterable<T>): T[] {
  return Array.isArray(rows) ? rows : [...rows];
}

function channels<T>(options: IntervalOptions<T>) {
  return {
    place: {
      x: options.x,
      ...(options.fx && { fx: options.fx }),
      ...(options.fy && { fy: options.fy }),
    },
    value: options.value ?? "value",
    low: options.low ?? "low",
    high: options.high ?? "high",
    fill: options.color ?? "#0072b2",
  };
}
