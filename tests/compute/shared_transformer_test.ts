import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { embedding, gelu, layerNorm, linear } from "@lib/compute/ops.ts";
import { currentShared } from "@lib/compute/shared_backend.ts";
import { sharedLogits } from "@lib/compute/shared_transformer.ts";
import { difference, normal, routes } from "./routes.ts";

/** A transformer whose rows do not see each other: each is mixed with its own q + k − v. */
function compare(M: number, C: number, hidden: number, V: number, bias: boolean): number {
  const make = (name: string, ...shape: number[]) => tf.tensor(normal(shape, name, 0.5), shape);
  return tf.tidy(() => {
    const norm = (name: string) => ({
      gain: make(`${name}g`, C),
      bias: bias ? make(`${name}b`, C) : undefined,
    });
    const map = (name: string, from: number, to: number) => ({
      weight: make(`${name}w`, from, to),
      bias: bias ? make(`${name}b`, to) : undefined,
    });
    const layers = [0, 1].map((i) => ({
      norm1: norm(`${i}n1`),
      norm2: norm(`${i}n2`),
      query: map(`${i}q`, C, C),
      key: map(`${i}k`, C, C),
      value: map(`${i}v`, C, C),
      project: map(`${i}p`, C, C),
      expand: map(`${i}e`, C, hidden),
      contract: map(`${i}c`, hidden, C),
    }));
    const tokens = make("tokens", V, C), positions = make("positions", 2 * M, C);
    const last = norm("last"), unembedding = make("unembedding", C, V);
    const rows = {
      tokens: Array.from({ length: M }, (_, i) => i * 7 % V),
      positions: Array.from({ length: M }, (_, i) => 2 * i + 1),
      wanted: Array.from({ length: M }, (_, i) => i).filter((i) => i % 3 !== 1),
    };
    const backend = currentShared()!, before = backend.numDataIds();
    const actual = sharedLogits(
      backend,
      { tokens, positions, layers, norm: last, unembedding },
      rows,
      (_, q, k, v) => {
        const y = backend.make([M, C]), [a, b, c] = [q, k, v].map((t) => backend.view(t));
        backend.view(y).forEach((_, i, to) => to[i] = a[i] + b[i] - c[i]);
        return y;
      },
    );
    assert.equal(backend.numDataIds(), before, "tensors stayed behind");

    const ids = (list: number[]) => tf.tensor1d(list, "int32");
    const normed = ({ gain, bias }: ReturnType<typeof norm>, x: tf.Tensor) =>
      layerNorm(x, gain, bias);
    const mapped = ({ weight, bias }: ReturnType<typeof map>, x: tf.Tensor) =>
      linear(x, weight, bias);
    let x = embedding(tokens, ids(rows.tokens)).add(embedding(positions, ids(rows.positions)));
    for (const layer of layers) {
      const seen = normed(layer.norm1, x);
      const mixed = mapped(layer.query, seen).add(mapped(layer.key, seen))
        .sub(mapped(layer.value, seen));
      x = x.add(mapped(layer.project, mixed));
      const wide = gelu(mapped(layer.expand, normed(layer.norm2, x)));
      x = x.add(mapped(layer.contract, wide));
    }
    const expected = linear(normed(last, tf.gather(x, ids(rows.wanted))), unembedding);
    return difference(actual, expected.dataSync());
  });
}

for (const route of routes) {
  Deno.test(`${route}: few rows and many go through a transformer as operation by operation`, () => {
    tf.setBackend(route);
    for (const M of [1, 2, 7, 8, 9, 40]) {
      for (const [C, hidden, V] of [[24, 50, 33], [1, 1, 2], [130, 500, 1969]]) {
        for (const bias of [true, false]) {
          const d = compare(M, C, hidden, V, bias);
          assert.ok(d < 1e-5, `${M} rows of ${C}, hidden ${hidden}, bias ${bias}: off by ${d}`);
        }
      }
    }
  });
}
