/**
 * A ChessFormer that remembers what it has read: a text that goes on from one it knows costs only
 * its new tokens.
 *
 * Shapes: `M` new tokens of all texts together, `C` width, `V` vocabulary, `W` wanted logits.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { embedding, linear } from "@lib/compute/ops.ts";
import { PAGE, type Page, pagesFor, type Reading } from "@lib/compute/paged_attention.ts";
import type { Layer, Norm, Rows, Transformer } from "@lib/compute/shared_transformer.ts";
import { type ChessFormerConfig, type Mix, norm, transformer } from "@lib/model/chessformer.ts";
import type { Model } from "@lib/model/model.ts";
import type { Params } from "@lib/model/params.ts";
import { prefixTree } from "@lib/model/prefix_tree.ts";

/** Tokens that are evaluated together: large enough for speed, small in memory. */
const CHUNK = 8192;

/** Bytes for what was read, unless told otherwise: 1 GiB. */
const MEMORY = 2 ** 30;

/** A text and ways in which it may go on. */
export interface Prompt {
  /** Tokens, at least one. */
  readonly text: ArrayLike<number>;
  /** Each at least one token; shared beginnings are read once. */
  readonly continuations: readonly ArrayLike<number>[];
}

/**
 * A ChessFormer with a memory of keys and values, found by text: whoever asks needs to keep no
 * account of games. Several games with one opening share it, and a game taken back or tried again
 * costs what differs.
 *
 * A token takes 8 · layers · width bytes (256 KiB a page of 64 tokens at 4 layers of 128; a game of
 * 600 characters at 8 layers of 256 takes 10 MiB). The longest unused makes room.
 */
export interface Decoder extends Disposable {
  /** What the model is. */
  readonly config: ChessFormerConfig;
  /** Bytes of keys and values now. */
  readonly bytes: number;
  /** Tokens evaluated since it was made. */
  readonly evaluated: number;
  /**
   * The logits of the token that follows each text, [V] each. Of a text longer than the model's
   * block only the end is read, as the paper's code does; since every token of it has another
   * position then than a token before, all of it is read again each time.
   *
   * @param texts tokens, at least one each.
   */
  next(texts: readonly ArrayLike<number>[]): Promise<Float32Array[]>;
  /**
   * For each prompt and continuation the logits that predict each of its tokens and then what follows
   * them, [tokens + 1][V]. Texts are cut as for {@link Decoder.next}, so that the longest of their
   * continuations fits into the block; continuations are not kept.
   *
   * @throws {RangeError} for a continuation that leaves no room for the text.
   */
  continue(prompts: readonly Prompt[]): Promise<Float32Array[][][]>;
}

/**
 * Opens a decoder on the backend that is current. The model must outlive it, and its parameters must
 * not change meanwhile.
 *
 * @param options `memory`: bytes for keys and values, 1 GiB by default.
 *
 * ```ts
 * import { openDecoder } from "@lib/model/decoder.ts";
 * import { ChessFormerConfig, chessFormerShape } from "@lib/model/chessformer.ts";
 * import { initModel } from "@lib/model/model.ts";
 * import { encodeText } from "@lib/data/tokenizer.ts";
 * import assert from "node:assert/strict";
 *
 * using model = initModel(ChessFormerConfig.parse({
 *   model: "chessformer", tokenizer: "pgn", vocabulary: 32, block: 64, ...chessFormerShape(1),
 * }), 1);
 * using decoder = openDecoder(model);
 * await decoder.next([encodeText(";1.e4")]);
 * await decoder.next([encodeText(";1.e4 e5 2.Nf3")]);
 * assert.equal(decoder.evaluated, 14); // not 5 + 14
 * ```
 */
export function openDecoder(
  { config, params }: Model<ChessFormerConfig>,
  { memory = MEMORY }: { readonly memory?: number } = {},
): Decoder {
  const { block, vocabulary: V } = config, backend = tf.getBackend();
  const pages = pagesFor(config), tree = prefixTree(pages, memory);
  const unembedding = tf.keep(tf.transpose(params["tokens"])); // [C, V]
  const weights: Transformer = {
    tokens: params["tokens"],
    positions: params["positions"],
    layers: Array.from({ length: config.layers }, (_, i) => layerOf(params, i)),
    norm: normOf(params, "norm"),
    unembedding,
  };
  let evaluated = 0;

  /** The logits [W · V] after the wanted rows. */
  const evaluate = (
    rows: Rows,
    readings: readonly Reading[],
  ): Float32Array | Promise<Float32Array> => {
    const wrong = rows.tokens.find((token) => !(token >= 0 && token < V));
    if (wrong !== undefined) {
      throw new RangeError(`Cannot read the token ${wrong}: must be 0 to ${V - 1}`);
    }
    evaluated += rows.tokens.length;
    using batch = pages.read(readings);
    if (batch.logits) return batch.logits(weights, rows);
    const output = tf.tidy(() => {
      const ids = (list: readonly number[]) => tf.tensor1d([...list], "int32");
      const x = embedding(params["tokens"], ids(rows.tokens))
        .add(embedding(params["positions"], ids(rows.positions))); // [M, C]
      const mix: Mix = (qkv, layer) => {
        const [q, k, v] = tf.split(qkv, 3, 1);
        return batch.attend(layer, q, k, v);
      };
      const wanted = tf.gather(transformer(config, params, x, mix), ids(rows.wanted)); // [W, C]
      return linear(norm(params, "norm", wanted), unembedding);
    });
    return output.data<"float32">().finally(() => output.dispose());
  };

  const run = async (tasks: readonly Task[]): Promise<Float32Array[][]> => {
    if (tf.getBackend() !== backend) {
      throw new Error(
        `Cannot decode on ${tf.getBackend()}: the decoder was opened on ${backend}; open another`,
      );
    }
    const found: Float32Array[][] = [];
    for (let first = 0; first < tasks.length;) {
      const rows = { tokens: [], positions: [], wanted: [] };
      const readings: Reading[] = [], passing: Page[] = [], counts: number[] = [];
      let output: Float32Array | Promise<Float32Array>;
      try {
        for (; first < tasks.length && rows.tokens.length < CHUNK; first++) {
          const { text, keep, tokens, parents } = tasks[first];
          let place: Pick<Reading, "pages" | "cached">;
          if (keep) place = tree.enter(text);
          else {
            const own = Array.from({ length: Math.ceil(text.length / PAGE) }, () => pages.make());
            passing.push(...own);
            place = { pages: own, cached: 0 };
          }
          counts.push(addRows(rows, readings, place, text, tokens, parents));
        }
        output = evaluate(rows, readings);
        tree.settle();
      } catch (error) {
        // Pages may have been entered that nothing was written to.
        tree.clear();
        throw error;
      } finally {
        for (const page of passing) page[Symbol.dispose]();
      }
      const logits = await output;
      let w = 0;
      for (const count of counts) {
        found.push(Array.from({ length: count }, () => logits.subarray(w * V, ++w * V)));
      }
    }
    return found;
  };

  return {
    config,
    get bytes() {
      return tree.bytes;
    },
    get evaluated() {
      return evaluated;
    },
    async next(texts) {
      const found = await run(texts.map((text) => task(text, block)));
      return found.map(([logits]) => logits);
    },
    async continue(prompts) {
      const branches = prompts.map(({ continuations }) => mergeBeginnings(continuations));
      const found = await run(prompts.map(({ text, continuations }, i) => {
        const longest = Math.max(0, ...continuations.map(({ length }) => length));
        if (longest >= block) {
          throw new RangeError(
            `Cannot continue by ${longest} tokens: must be fewer than the block's ${block}`,
          );
        }
        return { ...task(text, block - longest), ...branches[i] };
      }));
      return found.map((logits, i) => branches[i].places.map((rows) => rows.map((r) => logits[r])));
    },
    [Symbol.dispose]() {
      tree[Symbol.dispose]();
      unembedding.dispose();
    },
  };
}

const normOf = (params: Params, name: string): Norm => ({
  gain: params[`${name}.gain`],
  bias: params[`${name}.bias`],
});

/** The parameters of a layer. */
function layerOf(params: Params, i: number): Layer {
  const norm = (name: string) => normOf(params, `layer${i}.${name}`);
  const linear = (name: string) => ({
    weight: params[`layer${i}.${name}.weight`],
    bias: params[`layer${i}.${name}.bias`],
  });
  return {
    ...{ norm1: norm("norm1"), norm2: norm("norm2") },
    ...{ query: linear("query"), key: linear("key"), value: linear("value") },
    ...{ project: linear("project"), expand: linear("expand"), contract: linear("contract") },
  };
}

interface Task {
  readonly text: number[];
  /** Whether what is read may be needed again. */
  readonly keep: boolean;
  /** Tokens on top of the text, and which of them each follows; −1 for the text. */
  readonly tokens: readonly number[];
  readonly parents: readonly number[];
}

function task(text: ArrayLike<number>, longest: number): Task {
  if (text.length === 0) {
    throw new RangeError("Cannot predict what follows 0 tokens: must be 1 or more");
  }
  const keep = text.length <= longest;
  return { text: Array.from(text).slice(-longest), keep, tokens: [], parents: [] };
}

/** Adds what is to be evaluated of a text; returns the number of logits: its own, its branches'. */
function addRows(
  { tokens, positions, wanted }: Record<keyof Rows, number[]>,
  readings: Reading[],
  { pages, cached }: Pick<Reading, "pages" | "cached">,
  text: readonly number[],
  branchTokens: readonly number[],
  branchParents: readonly number[],
): number {
  // Where all is known the last token is evaluated again, for its logits, beside the branches.
  const L = text.length, again = cached === L;
  for (let place = again ? L - 1 : cached; place < L; place++) {
    tokens.push(text[place]);
    positions.push(place);
  }
  wanted.push(tokens.length - 1);
  const shift = again ? 1 : 0, depths: number[] = [];
  branchTokens.forEach((token, i) => {
    const parent = branchParents[i];
    depths.push(parent < 0 ? 0 : depths[parent] + 1);
    wanted.push(tokens.length);
    tokens.push(token);
    positions.push(L + depths[i]);
  });
  const parents = branchParents.map((parent) => parent + shift);
  readings.push({
    pages,
    cached: cached - shift,
    kept: L - cached,
    parents: again ? [-1, ...parents] : parents,
  });
  return 1 + branchTokens.length;
}

/**
 * Continuations as a tree: its tokens, each after its parent (−1 for the text); and for each
 * continuation the logits that predict its tokens and what follows, 0 the text's and 1 + i token i's.
 */
function mergeBeginnings(
  continuations: readonly ArrayLike<number>[],
): { tokens: number[]; parents: number[]; places: number[][] } {
  const tokens: number[] = [], parents: number[] = [];
  const places = continuations.map((continuation) => {
    const rows = [0];
    let parent = -1;
    for (let i = 0; i < continuation.length; i++) {
      let at = parent + 1;
      while (at < tokens.length && !(parents[at] === parent && tokens[at] === continuation[i])) {
        at++;
      }
      if (at === tokens.length) {
        tokens.push(continuation[i]);
        parents.push(parent);
      }
      parent = at;
      rows.push(1 + at);
    }
    return rows;
  });
  return { tokens, parents, places };
}
