/**
 * Attention of new tokens to texts that were read before, whose keys and values are kept in pages of
 * 64 tokens: on a shared backend in place, by the kernels of `kernels/decode.h`; elsewhere by plain
 * tfjs operations.
 *
 * Shapes: `M` new tokens (rows) of all texts together, `C` channels, `H` heads, `D` = C/H.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { HEAD_LIMIT } from "./fused/attention.ts";
import { bits } from "./machine.ts";
import { launchFlat } from "./launch.ts";
import { currentShared, type SharedBackend } from "./shared_backend.ts";
import { type Rows, sharedLogits, type Transformer } from "./shared_transformer.ts";

/** Tokens of a page. */
export const PAGE = 64;

/** The keys and values of up to {@link PAGE} tokens in every layer. */
export interface Page extends Disposable {
  /** Those of the first tokens in a page of its own. */
  copy(tokens: number): Page;
}

/** What is new of a text: rows of a batch, first those that are kept, then those that are not. */
export interface Reading<P extends Page = Page> {
  /** The text's pages, with room for the kept rows. */
  readonly pages: readonly P[];
  /** Tokens that are in the pages, by an earlier batch or an earlier reading of this one. */
  readonly cached: number;
  /** Rows whose keys and values go into the pages, each seeing all before it. */
  readonly kept: number;
  /**
   * For each row that is not kept the earlier of these that it follows, −1 for the last token of the
   * pages: so several continuations of one text are read at once.
   */
  readonly parents: readonly number[];
}

/** Readings made ready for all layers. */
export interface Batch extends Disposable {
  /**
   * Keeps the kept rows' keys and values and attends, softmax(q·kᵀ/√D)·v over what each row sees:
   * q, k, v [M, C] → [M, C].
   */
  attend(layer: number, q: tf.Tensor, k: tf.Tensor, v: tf.Tensor): tf.Tensor;
  /**
   * The logits [W · V] of a whole transformer's wanted rows, on a shared backend, where that is
   * faster than one operation after the other.
   */
  logits?(transformer: Transformer, rows: Rows): Float32Array<ArrayBuffer>;
}

/** Makes pages, and reads with them, on the backend that was current when it was made. */
export interface Pages<P extends Page = Page> {
  /** Bytes of a page: 8 · layers · C · 64. */
  readonly bytes: number;
  /** An empty page. */
  make(): P;
  /** What a batch of readings needs. */
  read(readings: readonly Reading<P>[]): Batch;
}

/** The transformer whose keys and values are kept. */
export interface PageShape {
  /** Layers of the model. */
  readonly layers: number;
  /** Heads of a layer. */
  readonly heads: number;
  /** C */
  readonly width: number;
}

/**
 * Pages for a transformer.
 *
 * ```ts
 * import { pagesFor } from "@lib/compute/paged_attention.ts";
 * import * as tf from "@tensorflow/tfjs";
 * import assert from "node:assert/strict";
 *
 * await tf.setBackend("cpu");
 * const pages = pagesFor({ layers: 1, heads: 1, width: 2 });
 * using page = pages.make();
 * // Two tokens are kept; then one sees them and itself, all with equal scores.
 * for (const [cached, kept] of [[0, 2], [2, 0]]) {
 *   const parents = kept ? [] : [-1];
 *   using batch = pages.read([{ pages: [page], cached, kept, parents }]);
 *   const M = kept + parents.length;
 *   const v = tf.fill([M, 2], cached + 1), y = batch.attend(0, tf.zeros([M, 2]), tf.zeros([M, 2]), v);
 *   if (!kept) assert.deepEqual([...y.dataSync()].map((x) => x.toFixed(3)), ["1.667", "1.667"]);
 * }
 * ```
 */
export function pagesFor(shape: PageShape): Pages {
  const D = shape.width / shape.heads;
  return currentShared() && D <= HEAD_LIMIT ? sharedPages(shape) : plainPages(shape);
}

// ---------------------------------------------------------------- on shared memory

/** Numbers behind a page that its kernels may read. */
const BEYOND = 32;

/** Numbers of a row of the plan; see `kernels/decode.h`. */
const ROW = 5;

interface SharedPage extends Page {
  /** [layers · 2 · C · PAGE + BEYOND] */
  readonly numbers: tf.Tensor;
}

function sharedPages({ layers, heads, width: C }: PageShape): Pages<SharedPage> {
  const size = layers * 2 * C * PAGE;
  const page = (numbers: tf.Tensor): SharedPage => ({
    numbers: tf.keep(numbers),
    copy: () => page(tf.tidy(() => numbers.add(0))),
    [Symbol.dispose]: () => numbers.dispose(),
  });
  return {
    bytes: 4 * (size + BEYOND),
    make: () => page(tf.zeros([size + BEYOND])),
    read(readings) {
      const plan = planOf(readings);
      return {
        attend(layer, q, k, v) {
          const y = attendPages(currentShared()!, q, k, v, plan, layer, heads);
          return tf.engine().makeTensorFromTensorInfo(y);
        },
        logits: (transformer, rows) => {
          const backend = currentShared()!;
          return sharedLogits(
            backend,
            transformer,
            rows,
            (layer, q, k, v) => attendPages(backend, q, k, v, plan, layer, heads),
          );
        },
        [Symbol.dispose]: () => plan.dispose(),
      };
    },
  };
}

const rowsOf = (readings: readonly Reading[]): number =>
  readings.reduce((sum, { kept, parents }) => sum + kept + parents.length, 0);

/** The readings as `kernels/decode.h` wants them: int32 [5 · M + pages]. */
function planOf(readings: readonly Reading<SharedPage>[]): tf.Tensor1D {
  const backend = currentShared()!;
  const M = rowsOf(readings);
  const size = readings.reduce((sum, { pages }) => sum + pages.length, M * ROW);
  const plan = new Int32Array(size);
  let row = 0, list = M * ROW;
  for (const { pages, cached, kept, parents } of readings) {
    const addresses = pages.map(({ numbers }) => backend.address(numbers));
    plan.set(addresses, list);
    for (let i = 0; i < kept; i++) {
      const place = cached + i;
      const words = [place + 1, list, addresses[Math.floor(place / PAGE)], place % PAGE, -1];
      plan.set(words, ROW * row++);
    }
    const first = row;
    for (const parent of parents) {
      plan.set([cached + kept, list, 0, 0, parent < 0 ? -1 : first + parent], ROW * row++);
    }
    list += pages.length;
  }
  return tf.tensor1d(plan, "int32");
}

/** Rows whose keys and values a chunk keeps, and rows of one head that a chunk attends from. */
const KEPT_ROWS = 16, ATTENDING_ROWS = 4;

function attendPages(
  backend: SharedBackend,
  q: tf.TensorInfo,
  k: tf.TensorInfo,
  v: tf.TensorInfo,
  plan: tf.TensorInfo,
  layer: number,
  heads: number,
): tf.TensorInfo {
  const [M, C] = q.shape, D = C / heads;
  for (const t of [q, k, v]) {
    if (t.dtype !== "float32" || t.shape.length !== 2 || t.shape[0] !== M || t.shape[1] !== C) {
      throw new RangeError(
        `Cannot attend to pages: must be float32 [${M}, ${C}], not ${t.dtype} [${t.shape}]`,
      );
    }
  }
  if (plan.dtype !== "int32" || plan.shape[0] < M * ROW || D % 1 || D > HEAD_LIMIT) {
    throw new RangeError(`Cannot attend from ${M} rows by a plan of ${plan.shape} numbers`);
  }
  const y = backend.make([M, C]);
  const args = [
    ...[plan, k, v, q, y].map((t) => backend.address(t)),
    ...[heads, D, layer, bits(1 / Math.sqrt(D))],
  ];
  launchFlat(backend, "keep_rows", M, KEPT_ROWS, args);
  launchFlat(backend, "attend_pages", M * heads, ATTENDING_ROWS, args);
  return y;
}

// ---------------------------------------------------------------- elsewhere

interface PlainPage extends Page {
  /** By layer, [tokens, C] each; empty before the first token. */
  readonly keys: tf.Tensor[];
  readonly values: tf.Tensor[];
}

function plainPages({ layers, heads: H, width: C }: PageShape): Pages<PlainPage> {
  const page = (keys: tf.Tensor[], values: tf.Tensor[]): PlainPage => ({
    keys,
    values,
    copy(tokens) {
      const first = (t: tf.Tensor) => tf.keep(t.slice([0, 0], [tokens, C]));
      return page(keys.map(first), values.map(first));
    },
    [Symbol.dispose]: () => tf.dispose([keys, values]),
  });
  /** Puts rows behind those of a page. */
  const append = (kept: tf.Tensor[], layer: number, rows: tf.Tensor) => {
    const before = kept[layer];
    kept[layer] = tf.keep(before ? tf.concat([before, rows]) : rows.clone());
    before?.dispose();
  };
  /** [N, C] → [H, N, C/H] */
  const split = (t: tf.Tensor) => t.reshape([t.shape[0], H, C / H]).transpose([1, 0, 2]);

  const attend = (
    { pages, cached, kept, parents }: Reading<PlainPage>,
    layer: number,
    [q, k, v]: readonly tf.Tensor[],
    mask: tf.Tensor,
  ): tf.Tensor => {
    // What the pages hold may be more than this text: another may have gone on in the last of them.
    const seen = (of: "keys" | "values", rows: tf.Tensor) => {
      const before = pages.slice(0, Math.ceil(cached / PAGE)).map((page, i) =>
        page[of][layer].slice([0, 0], [Math.min(PAGE, cached - i * PAGE), C])
      );
      return split(tf.concat([...before, rows])); // [H, S, D]
    };
    const scores = tf.matMul(split(q).mul(1 / Math.sqrt(C / H)), seen("keys", k), false, true);
    const mixed = tf.matMul(tf.softmax(scores.add(mask)), seen("values", v)); // [H, rows, D]
    for (let from = 0; from < kept;) {
      const place = cached + from, count = Math.min(kept - from, PAGE - place % PAGE);
      const { keys, values } = pages[Math.floor(place / PAGE)];
      append(keys, layer, k.slice([from, 0], [count, C]));
      append(values, layer, v.slice([from, 0], [count, C]));
      from += count;
    }
    return mixed.transpose([1, 0, 2]).reshape([kept + parents.length, C]);
  };

  return {
    bytes: 4 * layers * 2 * C * PAGE,
    make: () => page([], []),
    read(readings) {
      const masks = readings.map(maskOf);
      return {
        attend: (layer, q, k, v) =>
          tf.tidy(() => {
            let row = 0;
            return tf.concat(readings.map((reading, i) => {
              const rows = reading.kept + reading.parents.length;
              const own = [q, k, v].map((t) => t.slice([row, 0], [rows, C]));
              row += rows;
              return attend(reading, layer, own, masks[i]);
            }));
          }),
        [Symbol.dispose]: () => tf.dispose(masks),
      };
    },
  };
}

/** [rows, cached + rows]: 0 where a row may look, −10⁹ where it may not. */
function maskOf({ cached, kept, parents }: Reading): tf.Tensor {
  const rows = kept + parents.length, S = cached + rows;
  const mask = new Float32Array(rows * S).fill(-1e9);
  for (let i = 0; i < rows; i++) {
    mask.fill(0, i * S, i * S + cached + Math.min(i + 1, kept));
    for (let up = i - kept; up >= 0; up = parents[up]) mask[i * S + cached + kept + up] = 0;
  }
  return tf.tensor2d(mask, [rows, S]);
}
