/**
 * Strides: how a loop over axes walks through tensors that are permuted, sliced or broadcast.
 *
 * @module
 */

/** An axis of a loop: how far each tensor advances along it. */
export interface Axis {
  /** Entries along it. */
  size: number;
  /** How far apart they are, one number a tensor. */
  strides: number[];
}

/** Strides, in numbers, of a tensor without gaps. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  for (let i = shape.length - 1, stride = 1; i >= 0; stride *= shape[i--]) strides[i] = stride;
  return strides;
}

/** The strides at which a tensor is read along the axes of the shape it's broadcast to. */
export function broadcastStrides(from: readonly number[], to: readonly number[]): number[] {
  const own = stridesOf(from), lacking = to.length - from.length;
  return to.map((_, i) => i < lacking || from[i - lacking] === 1 ? 0 : own[i - lacking]);
}

/** The axes without those of size 1, neighbours joined where every tensor runs through them. */
export function merged(
  shape: readonly number[],
  ...strides: readonly (readonly number[])[]
): Axis[] {
  const axes: Axis[] = [];
  shape.forEach((size, i) => {
    if (size === 1) return;
    const here = strides.map((s) => s[i]), last = axes.at(-1);
    if (last && here.every((stride, j) => last.strides[j] === stride * size)) {
      last.size *= size;
      last.strides = here;
    } else axes.push({ size, strides: here });
  });
  return axes;
}

/** Outer axes as the kernels read them: sizes, then the strides of each tensor, padded to `room`. */
export function loop(axes: readonly Axis[], room: number): number[] {
  const pad = (
    numbers: number[],
    filler: number,
  ) => [...numbers, ...new Array<number>(room - numbers.length).fill(filler)];
  return [
    ...pad(axes.map(({ size }) => size), 1),
    ...pad(axes.map(({ strides }) => strides[0]), 0),
    ...pad(axes.map(({ strides }) => strides[1]), 0),
  ];
}
