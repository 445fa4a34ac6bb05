/**
 * A model's parameters: tensors by name. A model lists what it needs once, and initialisation,
 * counting and the check of a checkpoint all read that list.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { hashText, random, randomNormal } from "@lib/random.ts";

/** Tensors by name. */
export type Params = Readonly<Record<string, tf.Tensor>>;

/** One parameter: its shape, and how it starts. */
export interface Parameter {
  /** Its name in files. */
  readonly name: string;
  /** Its size along each axis. */
  readonly shape: readonly number[];
  /** The standard deviation of a normal start around 0, or the constant to start from. */
  readonly start: { readonly deviation: number } | 0 | 1;
}

/**
 * New parameters. Each has its own random stream, by name: adding one changes none of the others.
 *
 * ```ts
 * import { initialise } from "@lib/model/params.ts";
 * import assert from "node:assert/strict";
 *
 * const { w } = initialise([{ name: "w", shape: [200, 50], start: { deviation: 0.02 } }], 1);
 * assert.ok(Math.abs(w.square().mean().sqrt().dataSync()[0] - 0.02) < 0.001);
 * ```
 */
export function initialise(list: readonly Parameter[], seed: number): Params {
  const params: Record<string, tf.Tensor> = {};
  for (const { name, shape, start } of list) {
    const values = new Float32Array(tf.util.sizeFromShape([...shape]));
    if (typeof start === "number") values.fill(start);
    else {
      const next = random(seed, "init", hashText(name));
      for (let i = 0; i < values.length; i++) values[i] = start.deviation * randomNormal(next);
    }
    params[name] = tf.tensor(values, [...shape], "float32");
  }
  return params;
}

/** How many numbers the parameters hold together. */
export function countParameters(list: readonly Parameter[]): number {
  return list.reduce((sum, { shape }) => sum + tf.util.sizeFromShape([...shape]), 0);
}
