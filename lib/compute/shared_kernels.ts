/**
 * tfjs's own kernels on shared memory, by what they do. Each leaves what it does not know (rare
 * types, axes beyond its loops) to the cpu backend.
 *
 * | where | what |
 * |---|---|
 * | `plain/elementwise.ts` | functions of one number and of two, comparisons, types, where |
 * | `plain/moves.ts` | transpose, slice, concat, stack, split, tile, pad, reverse, fill, reshape |
 * | `plain/indices.ts` | gather, scatter, one-hot |
 * | `plain/reductions.ts` | sum, mean, max, min, prod, argmax, softmax |
 * | `plain/product.ts` | matrix products |
 * | `fused.ts` | the models' operations |
 *
 * @module
 */

import type { SharedKernel } from "./shared_backend.ts";
import { ELEMENTWISE } from "./plain/elementwise.ts";
import { INDICES } from "./plain/indices.ts";
import { MOVES } from "./plain/moves.ts";
import { PRODUCTS } from "./plain/product.ts";
import { REDUCTIONS } from "./plain/reductions.ts";

/** tfjs's kernels that run on shared memory. */
export const SHARED_KERNELS: ReadonlyMap<string, SharedKernel> = new Map<string, SharedKernel>([
  ...ELEMENTWISE,
  ...MOVES,
  ...INDICES,
  ...REDUCTIONS,
  ...PRODUCTS,
]);
