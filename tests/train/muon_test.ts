import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "@lib/compute/backend.ts";
import { random, randomNormal } from "@lib/random.ts";
import { muon, orthogonalise } from "@lib/train/muon.ts";

await useBackend();

/** n orthonormal vectors of a length, by Gram and Schmidt. */
function orthonormal(seed: number, n: number, length: number): number[][] {
  const next = random(seed, "orthonormal"), vectors: number[][] = [];
  for (let i = 0; i < n; i++) {
    let v = Array.from({ length }, () => randomNormal(next));
    for (const u of [...vectors, ...vectors]) {
      const along = v.reduce((sum, x, k) => sum + x * u[k], 0);
      v = v.map((x, k) => x - along * u[k]);
    }
    const norm = Math.hypot(...v);
    vectors.push(v.map((x) => x / norm));
  }
  return vectors;
}

/** U diag(s) Vᵀ as a flat matrix of rows × columns. */
function compose(s: readonly number[], rows: number, columns: number, seed = 1): number[] {
  const u = orthonormal(seed, s.length, rows), v = orthonormal(seed + 1, s.length, columns);
  return Array.from({ length: rows * columns }, (_, i) => {
    const row = Math.floor(i / columns), column = i % columns;
    return s.reduce((sum, value, k) => sum + value * u[k][row] * v[k][column], 0);
  });
}

/** What the iteration makes of singular values: it leaves the vectors as they are. */
function iterated(s: readonly number[]): number[] {
  const norm = Math.hypot(...s);
  return s.map((value) => {
    let x = value / norm;
    for (let i = 0; i < 5; i++) x = 3.4445 * x - 4.775 * x ** 3 + 2.0315 * x ** 5;
    return x;
  });
}

function close(tensor: tf.Tensor, wanted: readonly number[], tolerance = 1e-4): void {
  const found = tensor.dataSync();
  assert.equal(found.length, wanted.length);
  found.forEach((value, i) => {
    assert.ok(Math.abs(value - wanted[i]) < tolerance, `entry ${i}: ${value}, not ${wanted[i]}`);
  });
}

Deno.test("singular values come near 1, singular vectors stay", () => {
  const s = [5, 3, 2, 0.9], after = iterated(s);
  for (const value of after) assert.ok(value > 0.68 && value < 1.21, String(value));
  for (const [rows, columns] of [[9, 4], [4, 4], [4, 9]]) {
    const other = [1, 1, 0.5, 0.3];
    const matrices = tf.tensor3d(
      [...compose(s, rows, columns), ...compose(other, rows, columns, 7)],
      [2, rows, columns],
    );
    close(orthogonalise(matrices), [
      ...compose(after, rows, columns),
      ...compose(iterated(other), rows, columns, 7),
    ]);
  }
});

Deno.test("steps follow momentum, decay and scale, each parameter by itself", () => {
  const shape = [3, 3, 2, 4], rows = 18, columns = 4; // a convolution
  const s = [4, 3, 2, 1], g = compose(s, rows, columns), h = compose(s, rows, columns, 5);
  const parameters = [1, 2].map((value) => tf.variable(tf.fill(shape, value)));
  const means = [1, 2].map(() => tf.variable(tf.zeros(shape)));
  const step = { learningRate: 0.1, weightDecay: 0.5 };
  const before = tf.memory().numTensors;
  const gradients = [g, h].map((values) => tf.tensor(values, shape));
  muon(parameters, gradients, means, step);
  muon(parameters, gradients, means, step);
  tf.dispose(gradients);
  assert.equal(tf.memory().numTensors, before);
  // The same gradient twice: momentum is along it, and the update is that of the gradient alone.
  const scale = 0.1 * 0.2 * Math.sqrt(18), after = iterated(s);
  [compose(after, rows, columns), compose(after, rows, columns, 5)].forEach((update, i) => {
    close(parameters[i], update.map((u) => ((i + 1) * 0.95 - scale * u) * 0.95 - scale * u));
    close(means[i], (i ? h : g).map((x) => (0.05 + 0.95 * 0.05) * x));
  });
  // Another gradient: the update looks ahead, .95 of the new momentum and .05 of the gradient.
  const single = tf.variable(tf.zeros([4, 4])), momentum = tf.variable(tf.zeros([4, 4]));
  const [a, b] = [[1, 2, 3, 4], [4, 1, 1, 2]];
  for (const values of [a, b]) {
    muon([single], [tf.diag(tf.tensor1d(values))], [momentum], { learningRate: 1, weightDecay: 0 });
  }
  const ahead = a.map((x, k) => 0.95 * (0.95 * 0.05 * x + 0.05 * b[k]) + 0.05 * b[k]);
  const [first, second] = [iterated(a), iterated(ahead)];
  const wanted = Array.from(
    { length: 16 },
    (_, i) => i % 5 ? 0 : -0.4 * (first[i / 5] + second[i / 5]),
  );
  close(single, wanted);
});
