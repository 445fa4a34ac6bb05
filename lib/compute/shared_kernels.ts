/**
 * tfjs's own kernels on shared memory, by what they do. Each leaves what it does not know (rare
 * types, axes beyond its loops) to the cpu backend.
 *
 * | where | what |
 * |---|---|
 * | `plain/elementwise.ts` | functions of one number and of two, comparisons, types, where |
 * | `plain/moves.ts` | transpose, slice, concat, stack, split, tile, pad, reverse, fill, reshape, diag |
 * | `plain/indices.ts` | gather, scatter, counts, one-hot |
 * | `plain/reductions.ts` | sum, mean, max, min, prod, any, all, argmax, softmax |
 * | `plain/order.ts` | cumsum, cumprod, top-k |
 * | `plain/product.ts` | matrix products |
 * | `plain/images.ts` | convolution, pooling, batch norm, resizing |
 * | `fused/` | the models' operations (listed in `fused.ts`) |
 *
 * @module
 */

import type { SharedKernel } from "./shared_backend.ts";
import { ELEMENTWISE } from "./plain/elementwise.ts";
import { IMAGES } from "./plain/images.ts";
import { INDICES } from "./plain/indices.ts";
import { MOVES } from "./plain/moves.ts";
import { ORDER } from "./plain/order.ts";
import { PRODUCTS } from "./plain/product.ts";
import { REDUCTIONS } from "./plain/reductions.ts";

/** tfjs's kernels that run on shared memory. */
export const SHARED_KERNELS: ReadonlyMap<string, SharedKernel> = new Map<string, SharedKernel>([
  ...ELEMENTWISE,
  ...MOVES,
  ...INDICES,
  ...REDUCTIONS,
  ...ORDER,
  ...PRODUCTS,
  ...IMAGES,
]);
