/**
 * Along an axis in order: running sums and products, and the largest numbers with their places.
 *
 * @module
 */

import {
  axesOf,
  isFloat,
  isWord,
  type KernelTable,
  launchFlat,
  rowGrain,
  sizeOf,
} from "../launch.ts";
import type { SharedKernel } from "../shared_backend.ts";

const scanKernel = (product: boolean): SharedKernel => (backend, { x }, attrs) => {
  if (!isWord(x!) || x!.shape.length === 0) return undefined;
  const axis = axesOf(attrs["axis"], x!)[0], y = backend.make(x!.shape, x!.dtype as "float32");
  const outer = sizeOf(x!.shape.slice(0, axis)), columns = sizeOf(x!.shape.slice(axis + 1));
  const blocks = Math.ceil(columns / 256);
  backend.machine.launch(isFloat(x) ? "scan" : "scan_int", outer * blocks, [
    backend.address(x!),
    backend.address(y),
    x!.shape[axis],
    columns,
    blocks,
    attrs["exclusive"] ? 1 : 0,
    attrs["reverse"] ? 1 : 0,
    product ? 1 : 0,
  ]);
  return y;
};

/** tfjs's running sums and largest numbers. Of equal numbers the first counts more; NaN is least. */
export const ORDER: KernelTable = [
  ["Cumsum", scanKernel(false)],
  ["Cumprod", scanKernel(true)],
  ["TopK", (backend, { x }, { k }) => {
    const length = x!.shape.at(-1) ?? 0, few = k as number;
    if (!isFloat(x) || length === 0 || few === 0) return undefined;
    const rows = sizeOf(x!.shape) / length, shape = [...x!.shape.slice(0, -1), few];
    const values = backend.make(shape), places = backend.make(shape, "int32");
    launchFlat(backend, "top_rows", rows, rowGrain(length), [
      backend.address(x!),
      backend.address(values),
      backend.address(places),
      length,
      few,
    ]);
    return [values, places];
  }],
];
