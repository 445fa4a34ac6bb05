import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "@lib/compute/backend.ts";
import { PAGE, type Page, pagesFor, type Reading } from "@lib/compute/paged_attention.ts";
import { backends, difference, normal } from "./routes.ts";

/** softmax(q·kᵀ/√D)·v of one row, in double precision; k and v are rows that it sees. */
function rowOf(q: Float32Array, k: Float32Array[], v: Float32Array[], heads: number): number[] {
  const D = q.length / heads, y: number[] = [];
  for (let from = 0; from < q.length; from += D) {
    const scores = k.map((key) => {
      let sum = 0;
      for (let d = from; d < from + D; d++) sum += q[d] * key[d];
      return sum / Math.sqrt(D);
    });
    const top = Math.max(...scores), weights = scores.map((s) => Math.exp(s - top));
    const z = weights.reduce((a, b) => a + b);
    for (let d = from; d < from + D; d++) {
      y.push(weights.reduce((sum, w, j) => sum + w * v[j][d], 0) / z);
    }
  }
  return y;
}

const SHAPES = [
  { layers: 2, heads: 3, width: 15 },
  { layers: 1, heads: 1, width: 1 },
  { layers: 3, heads: 2, width: 64 },
  { layers: 1, heads: 2, width: 130 },
  { layers: 1, heads: 1, width: 200 }, // wider than the kernels' scratch
];

/** What batches do to two texts: tokens kept of each, and a tree on top. */
const BATCHES: readonly (readonly { kept: number; parents: number[] }[])[] = [
  [{ kept: 70, parents: [] }, { kept: 1, parents: [-1] }],
  [{ kept: 1, parents: [] }, { kept: 0, parents: [-1, 0, 0, 1, -1, 4] }],
  [{ kept: 0, parents: [-1] }, { kept: 135, parents: [-1, 0, 1] }],
  [{ kept: 3, parents: Array.from({ length: 40 }, (_, i) => i - 1) }, { kept: 57, parents: [] }],
];

/** The largest error over all batches and layers, with the readings spoilt by `spoil`. */
function worst(shape: typeof SHAPES[number], spoil = (reading: Reading) => reading): number {
  const { layers, heads, width: C } = shape, before = tf.memory().numTensors;
  const pages = pagesFor(shape), texts: Page[][] = [[], []], lengths = [0, 0];
  const known = texts.map(() =>
    Array.from({ length: layers }, () => ({ k: [] as Float32Array[], v: [] as Float32Array[] }))
  );
  let error = 0;
  BATCHES.forEach((plans, b) => {
    const readings = plans.map(({ kept, parents }, t) => {
      while (texts[t].length * PAGE < lengths[t] + kept) texts[t].push(pages.make());
      return { pages: texts[t], cached: lengths[t], kept, parents };
    });
    const M = plans.reduce((sum, { kept, parents }) => sum + kept + parents.length, 0);
    using batch = pages.read(readings.map(spoil));
    for (let layer = 0; layer < layers; layer++) {
      const [q, k, v] = ["q", "k", "v"].map((name) => normal([M, C], `${name}${b}${layer}`, 2));
      const y = tf.tidy(() => {
        const [tq, tk, tv] = [q, k, v].map((x) => tf.tensor2d(x, [M, C]));
        return batch.attend(layer, tq, tk, tv);
      });
      const found = y.dataSync<"float32">();
      y.dispose();
      const rowAt = (x: Float32Array, i: number) => x.subarray(i * C, (i + 1) * C);
      const expected: number[] = [];
      let row = 0;
      readings.forEach(({ kept, parents }, t) => {
        const own = known[t][layer];
        for (let i = 0; i < kept; i++, row++) {
          own.k.push(rowAt(k, row));
          own.v.push(rowAt(v, row));
          expected.push(...rowOf(rowAt(q, row), own.k, own.v, heads));
        }
        parents.forEach((_, i) => {
          const chain: number[] = [];
          for (let up = i; up >= 0; up = parents[up]) chain.push(row + up);
          const keys = [...own.k, ...chain.map((c) => rowAt(k, c))];
          const values = [...own.v, ...chain.map((c) => rowAt(v, c))];
          expected.push(...rowOf(rowAt(q, row + i), keys, values, heads));
        });
        row += parents.length;
      });
      error = Math.max(error, difference(found, expected));
    }
    plans.forEach(({ kept }, t) => lengths[t] += kept);
  });
  for (const page of texts.flat()) page[Symbol.dispose]();
  assert.equal(tf.memory().numTensors, before, "tensors stayed behind");
  return error;
}

for (const backend of backends) {
  Deno.test(`${backend}: rows attend to pages and up their branch as written out`, async () => {
    await useBackend(backend);
    for (const shape of SHAPES) {
      const error = worst(shape);
      assert.ok(error < 1e-5, `${JSON.stringify(shape)}: off by ${error}`);
    }
  });

  Deno.test(`${backend}: the comparison notices a branch of the wrong parent, and a token too few`, async () => {
    await useBackend(backend);
    const other = (reading: Reading) => ({
      ...reading,
      parents: reading.parents.map((up) => up === 4 ? 3 : up),
    });
    assert.ok(worst(SHAPES[0], other) > 1e-3);
    const short = (reading: Reading) => ({
      ...reading,
      cached: reading.cached - (reading.kept === 57 ? 1 : 0),
    });
    assert.ok(worst(SHAPES[0], short) > 1e-3);
  });

  Deno.test(`${backend}: a copied page is a page of its own`, async () => {
    await useBackend(backend);
    const shape = { layers: 1, heads: 1, width: 4 }, pages = pagesFor(shape);
    const attend = (page: Page, cached: number, kept: number, value: number) => {
      using batch = pages.read([{ pages: [page], cached, kept, parents: kept ? [] : [-1] }]);
      return tf.tidy(() =>
        batch.attend(0, tf.zeros([1, 4]), tf.zeros([1, 4]), tf.fill([1, 4], value)).dataSync()[0]
      );
    };
    using page = pages.make();
    attend(page, 0, 1, 1);
    attend(page, 1, 1, 5);
    using copy = page.copy(1);
    assert.ok(Math.abs(attend(copy, 1, 1, 3) - 2) < 1e-6); // the mean of 1 and 3
    assert.ok(Math.abs(attend(copy, 2, 0, 8) - 4) < 1e-6);
    assert.ok(Math.abs(attend(page, 2, 0, 6) - 4) < 1e-6); // the mean of 1, 5 and 6
  });
}
