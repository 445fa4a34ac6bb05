/**
 * A BLAS of the system, which makes large matrix products on the shared memory where the kernels run
 * as WebAssembly: OpenBLAS on Linux, Accelerate on macOS.
 *
 * Its results may depend in their last bits on the number of threads, unlike those of our kernels.
 *
 * @module
 */

import { baseAddress, type SharedMemory } from "./memory.ts";

/** A BLAS over a shared memory. */
export interface Blas {
  /** For people: `OpenBLAS 0.3.21`. */
  readonly name: string;
  /** C[M, N] = op(A) op(B), or plus it; A, B and C by their byte addresses in the memory. */
  multiply(a: number, b: number, c: number, sizes: BlasProduct): void;
  /** Lets the library go. */
  close(): void;
}

/** What {@link Blas.multiply} computes; all rows lie without gaps. */
export interface BlasProduct {
  /** Rows of A and C. */
  readonly M: number;
  /** Columns of B and C. */
  readonly N: number;
  /** Columns of A, rows of B. */
  readonly K: number;
  /** A is [K, M]. */
  readonly turnA: boolean;
  /** B is [N, K]. */
  readonly turnB: boolean;
  /** Whether the product is added to what C holds. */
  readonly accumulate: boolean;
}

const ACCELERATE = "/System/Library/Frameworks/Accelerate.framework/Accelerate";

/** Where a BLAS is looked for; those ending in p and o are Fedora's with threads and with OpenMP. */
const LIBRARIES: Partial<Record<typeof Deno.build.os, readonly string[]>> = {
  linux: ["libopenblas.so.0", "libopenblasp.so.0", "libopenblaso.so.0", "libopenblas.so"],
  darwin: [ACCELERATE],
};

/** The order, and the transposes, of the C interface to BLAS. */
const ROW_MAJOR = 101, AS_IT_IS = 111, TURNED = 112;

const SGEMM = {
  cblas_sgemm: {
    // order, transposes, M, N, K, alpha, A, lda, B, ldb, beta, C, ldc
    // deno-fmt-ignore
    parameters: [
      "i32", "i32", "i32", "i32", "i32", "i32", "f32",
      "usize", "i32", "usize", "i32", "f32", "usize", "i32",
    ],
    result: "void",
  },
} as const;

const OPENBLAS = {
  ...SGEMM,
  openblas_get_config: { parameters: [], result: "pointer" },
  openblas_set_num_threads: { parameters: ["i32"], result: "void" },
} as const;

/**
 * The BLAS that the environment variable `LAB_BLAS` asks for: false for `0`, a library's name or
 * path, undefined for whatever is here.
 */
export function blasAsked(): string | false | undefined {
  const asked = Deno.env.get("LAB_BLAS");
  return asked === "0" ? false : asked || undefined;
}

/**
 * Opens the BLAS that is asked for, else the first that is found; nothing where there is none, or
 * no permission to call it.
 *
 * @param threads that a product takes; Accelerate chooses them itself.
 * @param asked a library's name or path, or false for none.
 * @throws {Error} when the library asked for cannot be used; the message says why.
 *
 * ```ts
 * import { findBlas } from "@lib/compute/blas.ts";
 * import { sharedMemory } from "@lib/compute/memory.ts";
 * import assert from "node:assert/strict";
 *
 * const memory = sharedMemory(64), blas = findBlas(memory, 1);
 * if (blas) {
 *   const [a, b, c] = [6, 6, 4].map((size) => memory.allocate(4 * size));
 *   memory.float32().set([1, 2, 3, 4, 5, 6], a / 4);
 *   memory.float32().set([1, 0, 0, 1, 1, 1], b / 4);
 *   const sizes = { M: 2, N: 2, K: 3, turnA: false, turnB: false, accumulate: false };
 *   blas.multiply(a, b, c, sizes);
 *   assert.deepEqual([...memory.float32().subarray(c / 4, c / 4 + 4)], [4, 5, 10, 11]);
 *   blas.close();
 * }
 * ```
 */
export function findBlas(
  memory: SharedMemory,
  threads: number,
  asked: string | false | undefined = blasAsked(),
): Blas | undefined {
  if (asked === false) return undefined;
  if (asked !== undefined) return openBlas(asked, memory, threads);
  for (const library of LIBRARIES[Deno.build.os] ?? []) {
    try {
      return openBlas(library, memory, threads);
    } catch { /* not here, or not one of ours */ }
  }
  return undefined;
}

/**
 * Opens and closes the library that `LAB_BLAS` names, if it names one.
 *
 * @throws {Error} when it cannot be used; the message says why.
 */
export function checkBlas(): void {
  const asked = blasAsked();
  if (asked) openLibrary(asked, 1).close();
}

/** A library by its name or path. */
function openLibrary(library: string, threads: number) {
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") {
    throw new Error(`Cannot use the BLAS ${library}: needs --allow-ffi`);
  }
  return library.endsWith("/Accelerate") ? openAccelerate(library) : openOpenBlas(library, threads);
}

function openBlas(library: string, memory: SharedMemory, threads: number): Blas {
  const { name, sgemm, close } = openLibrary(library, threads);
  const base = baseAddress(memory.memory);
  return {
    name,
    multiply(a, b, c, { M, N, K, turnA, turnB, accumulate }) {
      for (const size of [M, N, K]) {
        if (!Number.isInteger(size) || size < 1 || size >= 2 ** 31) {
          throw new RangeError(
            `Cannot multiply [${M}, ${K}] by [${K}, ${N}]: sizes must be from 1 to 2^31 - 1`,
          );
        }
      }
      const end = memory.bytes().length;
      for (const [address, size] of [[a, M * K], [b, K * N], [c, M * N]]) {
        if (!(Number.isInteger(address / 4) && address >= 0 && address + 4 * size <= end)) {
          throw new RangeError(
            `Cannot multiply: ${size} numbers at ${address} must lie in the ${end} bytes of memory`,
          );
        }
      }
      sgemm(
        ROW_MAJOR,
        turnA ? TURNED : AS_IT_IS,
        turnB ? TURNED : AS_IT_IS,
        M,
        N,
        K,
        1,
        base + BigInt(a),
        turnA ? M : K,
        base + BigInt(b),
        turnB ? K : N,
        accumulate ? 1 : 0,
        base + BigInt(c),
        N,
      );
    },
    close,
  };
}

function openAccelerate(path: string) {
  const library = open(path, SGEMM);
  return {
    name: "Accelerate",
    sgemm: library.symbols.cblas_sgemm,
    close: () => library.close(),
  };
}

function openOpenBlas(path: string, threads: number) {
  const library = open(path, OPENBLAS), { symbols } = library;
  const pointer = symbols.openblas_get_config();
  const config = pointer ? Deno.UnsafePointerView.getCString(pointer) : "";
  if (/USE64BITINT/.test(config)) {
    library.close();
    throw new Error(`Cannot use the BLAS ${path}: its sizes must be 32 bits wide, not 64`);
  }
  const sgemm: typeof symbols.cblas_sgemm = (...product) => {
    symbols.openblas_set_num_threads(threads); // the process's, so perhaps another machine's by now
    symbols.cblas_sgemm(...product);
  };
  return {
    name: config.match(/^OpenBLAS [\d.]+/)?.[0] ?? "OpenBLAS",
    sgemm,
    close: () => library.close(),
  };
}

function open<const S extends Deno.ForeignLibraryInterface>(
  library: string,
  symbols: S,
): Deno.DynamicLibrary<S> {
  try {
    return Deno.dlopen(library, symbols);
  } catch (cause) {
    throw new Error(`Cannot use the BLAS ${library}: ${(cause as Error).message}`, { cause });
  }
}
