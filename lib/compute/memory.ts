/**
 * The one memory that holds every tensor: a shared `WebAssembly.Memory` that the main thread, the
 * Workers and native code see alike, and an allocator over it.
 *
 * Its limit is 4 GiB, what 32-bit addresses reach; only what is used is taken from the system. At
 * 4 bytes a number that is a thousand million numbers for parameters, their gradients and moments,
 * and the activations of a step.
 *
 * @module
 */

const PAGE = 65536;

/** Every block starts at a multiple of this, and has at least as many readable bytes behind it. */
const ALIGNMENT = 64;

/** The most that 32-bit addresses reach, in bytes: 4 GiB. */
export const MEMORY_LIMIT: number = 65536 * PAGE;

interface Block {
  start: number;
  size: number;
}

/** A shared memory with an allocator. */
export interface SharedMemory {
  /** All of it. */
  readonly memory: WebAssembly.Memory;
  /** Bytes that it may grow to. */
  readonly limit: number;
  /** Bytes in blocks that are in use. */
  readonly used: number;
  /** Reserves `bytes` bytes and returns their address, a multiple of 64; they hold anything. */
  allocate(bytes: number): number;
  /** Gives a block back. */
  free(address: number): void;
  /** The whole memory as it is now; do not keep it: the memory grows. */
  float32(): Float32Array<SharedArrayBuffer>;
  /** The same as 32-bit integers. */
  int32(): Int32Array<SharedArrayBuffer>;
  /** The same as bytes. */
  bytes(): Uint8Array<SharedArrayBuffer>;
}

/**
 * Makes a memory whose first `reserved` bytes (stack, constants) are not for allocation.
 *
 * Freed blocks wait in a list for the next request of the same size, which is what a training loop
 * asks for; only before the memory would grow are neighbours joined and cut anew.
 *
 * @param limit bytes, at most and by default 4 GiB.
 * @throws {Error} where memory cannot be shared with threads, or the system gives no addresses.
 *
 * ```ts
 * import { sharedMemory } from "@lib/compute/memory.ts";
 * import assert from "node:assert/strict";
 *
 * const memory = sharedMemory(1024);
 * const a = memory.allocate(1000);
 * memory.free(a);
 * assert.equal(memory.allocate(1000), a);
 * ```
 */
export function sharedMemory(reserved: number, limit: number = MEMORY_LIMIT): SharedMemory {
  const maximum = Math.floor(Math.min(limit, MEMORY_LIMIT) / PAGE);
  const initial = Math.min(maximum, Math.ceil(reserved / PAGE) + 256);
  const memory = reserve(initial, maximum);
  let buffer = memory.buffer as unknown as SharedArrayBuffer;
  let float32 = new Float32Array(buffer), int32 = new Int32Array(buffer);
  let bytes = new Uint8Array(buffer);
  let top = roundUp(reserved), used = 0;
  const sizes = new Map<number, number>(); // of the blocks in use, by address
  const waiting = new Map<number, number[]>(); // addresses of free blocks, by exact size
  let holes: Block[] = []; // free blocks joined with their neighbours, by address

  const fromHoles = (size: number): number | undefined => {
    let best = -1;
    for (let i = 0; i < holes.length; i++) {
      if (holes[i].size >= size && (best < 0 || holes[i].size < holes[best].size)) best = i;
    }
    if (best < 0) return undefined;
    const hole = holes[best], start = hole.start;
    hole.start += size;
    hole.size -= size;
    if (hole.size === 0) holes.splice(best, 1);
    return start;
  };

  const join = () => {
    const free = holes;
    for (const [size, starts] of waiting) for (const start of starts) free.push({ start, size });
    waiting.clear();
    free.sort((a, b) => a.start - b.start);
    holes = [];
    for (const block of free) {
      const last = holes.at(-1);
      if (last && last.start + last.size === block.start) last.size += block.size;
      else holes.push(block);
    }
    const last = holes.at(-1);
    if (last && last.start + last.size === top) {
      top = last.start;
      holes.pop();
    }
  };

  let refused = false; // whether the system gave less than the limit
  const grow = (needed: number): boolean => {
    if (needed > maximum * PAGE) return false;
    const pages = Math.ceil(needed / PAGE) - buffer.byteLength / PAGE;
    const generous = Math.min(maximum - buffer.byteLength / PAGE, Math.ceil(pages * 1.5) + 256);
    for (const more of [generous, pages]) {
      try {
        memory.grow(more);
        buffer = memory.buffer as unknown as SharedArrayBuffer;
        float32 = new Float32Array(buffer);
        int32 = new Int32Array(buffer);
        bytes = new Uint8Array(buffer);
        refused = false;
        return true;
      } catch { /* the system gives no more; try less */ }
    }
    refused = true;
    return false;
  };

  /** The largest block that could be had, in bytes, neighbours joined already. */
  const largest = (): number => {
    const end = refused ? buffer.byteLength : maximum * PAGE;
    return Math.max(0, ...[end - top, ...holes.map(({ size }) => size)].map((n) => n - ALIGNMENT));
  };

  const fromTop = (size: number, mayGrow: boolean): number | undefined => {
    if (top + size > buffer.byteLength && !(mayGrow && grow(top + size))) return undefined;
    const start = top;
    top += size;
    return start;
  };

  const allocate = (wanted: number): number => {
    if (!Number.isSafeInteger(wanted) || wanted < 0) {
      throw new RangeError(`Cannot allocate ${wanted} bytes: must be a whole number, 0 or more`);
    }
    const size = roundUp(wanted) + ALIGNMENT;
    let start = waiting.get(size)?.pop() ?? fromHoles(size) ?? fromTop(size, false);
    if (start === undefined) {
      join();
      start = fromHoles(size) ?? fromTop(size, true);
    }
    if (start === undefined) {
      const room = refused
        ? `the system gives no more than ${megabytes(buffer.byteLength)}, of which`
        : `of ${megabytes(maximum * PAGE)}`;
      throw new RangeError(
        `Cannot allocate ${megabytes(wanted)}: ${room} ${megabytes(used)} are in use by ` +
          `${sizes.size} tensors, and the largest that would fit is ${megabytes(largest())}: use ` +
          "a smaller batch or model, or free tensors with tf.tidy",
      );
    }
    sizes.set(start, size);
    used += size;
    return start;
  };

  const free = (address: number): void => {
    const size = sizes.get(address);
    if (size === undefined) {
      throw new RangeError(`Cannot free the address ${address}: no block in use starts there`);
    }
    sizes.delete(address);
    used -= size;
    const starts = waiting.get(size);
    if (starts) starts.push(address);
    else waiting.set(size, [address]);
  };

  return {
    memory,
    limit: maximum * PAGE,
    get used() {
      return used;
    },
    allocate,
    free,
    float32: () => float32,
    int32: () => int32,
    bytes: () => bytes,
  };
}

/**
 * Where a memory begins for native code; its reserved address range never moves as it grows. Needs
 * --allow-ffi.
 */
export function baseAddress(memory: WebAssembly.Memory): bigint {
  return BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(new Uint8Array(memory.buffer))));
}

function reserve(initial: number, maximum: number): WebAssembly.Memory {
  if (typeof SharedArrayBuffer === "undefined") {
    throw new Error("Cannot share memory with threads: this runtime has no SharedArrayBuffer");
  }
  try {
    return new WebAssembly.Memory({ initial, maximum, shared: true });
  } catch (cause) {
    throw new Error(
      `Cannot reserve ${megabytes(maximum * PAGE)} of addresses for tensors: ` +
        (cause as Error).message,
      { cause },
    );
  }
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
