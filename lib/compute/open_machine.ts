/**
 * Starts what runs the kernels of `kernels/kernels.c`: WebAssembly with Workers, or the same source
 * compiled for this CPU, on one shared memory.
 *
 * @module
 */

import { Worker } from "node:worker_threads";
import { findBlas } from "./blas.ts";
import { BUILD, type Entry, type Kernel, KERNELS, type Machine, type Route } from "./machine.ts";
import { sharedMemory } from "./memory.ts";
import { openNative } from "./native.ts";

const NUMBER = new Map<Kernel, number>(KERNELS.map((kernel, i) => [kernel, i]));

/** Arguments that fit in the block that kernels read them from. */
const ARGUMENTS = 64;

/** How a machine is started. */
export interface MachineOptions {
  /** By default what `LAB_THREADS` says, else the number of cores. */
  readonly threads?: number;
  /** Bytes of memory, at most and by default 4 GiB. */
  readonly limit?: number;
  /**
   * The library that makes large products for WebAssembly: its name or path, or false for none; by
   * default what `LAB_BLAS` says, else the first that is found. With one, results may depend in
   * their last bits on the number of threads.
   */
  readonly blas?: string | false | undefined;
}

/**
 * Starts a machine. WebAssembly's Workers do not keep the process alive.
 *
 * @throws {Error} when the route does not exist here, or the BLAS asked for; the message says why.
 *
 * ```ts
 * import { bits } from "@lib/compute/machine.ts";
 * import { openMachine } from "@lib/compute/open_machine.ts";
 * import assert from "node:assert/strict";
 *
 * using machine = openMachine("simd", { threads: 1 });
 * const block = machine.memory.allocate(40);
 * // 10 numbers, 5 a chunk, the address, the value.
 * machine.launch("fill", 2, [10, 5, block, bits(1.5)]);
 * assert.equal(machine.memory.float32()[block / 4 + 9], 1.5);
 * ```
 */
export function openMachine(
  route: Route,
  { threads = threadsAsked(), limit, blas }: MachineOptions = {},
): Machine {
  if (!Number.isInteger(threads) || threads < 1 || threads > 256) {
    throw new RangeError(`Cannot compute with ${threads} threads: must be 1 to 256`);
  }
  return route === "native"
    ? nativeMachine(threads, limit)
    : wasmMachine(route, threads, limit, blas);
}

/**
 * The threads that the environment variable `LAB_THREADS` asks for, else the number of cores.
 *
 * @throws {RangeError} unless it is a whole number from 1 to 256.
 */
export function threadsAsked(): number {
  const asked = Deno.env.get("LAB_THREADS");
  if (!asked) return Math.min(256, navigator.hardwareConcurrency);
  const threads = Number(asked);
  if (!Number.isInteger(threads) || threads < 1 || threads > 256) {
    throw new RangeError(
      `Cannot compute with LAB_THREADS="${asked}": must be a whole number from 1 to 256`,
    );
  }
  return threads;
}

/** Checks the build and wraps its entry. */
function machine(
  about: Pick<Machine, "route" | "features" | "memory" | "threads" | "blas">,
  entry: Entry,
  failure: () => string,
  close: () => void,
): Machine {
  const kernels = entry.describe(BUILD.kernels);
  if (kernels !== KERNELS.length) {
    throw new Error(
      `Cannot use the kernels of the route ${about.route}: the build has ${kernels}, ` +
        `this version needs ${KERNELS.length}; run \`deno task kernels\``,
    );
  }
  const { memory } = about, block = memory.allocate(4 * ARGUMENTS);
  return {
    ...about,
    rows: entry.describe(BUILD.rows),
    tiles: entry.describe(BUILD.tiles) === 1,
    launch(kernel, chunks, args) {
      if (args.length > ARGUMENTS) {
        throw new RangeError(`Cannot pass ${args.length} arguments: must be ${ARGUMENTS} or fewer`);
      }
      if (chunks === 0) return;
      memory.int32().set(args, block >>> 2);
      const status = entry.run(NUMBER.get(kernel)!, block, chunks);
      if (status !== 0) {
        const why = status === 1
          ? `a helper thread died${failure()}`
          : status === 2
          ? "a helper thread has been silent for a minute"
          : "the build has no such kernel";
        throw new Error(`Cannot run the kernel ${kernel}: ${why}; results are lost, start again`);
      }
    },
    [Symbol.dispose]: close,
  };
}

interface WasmExports {
  readonly run: Entry["run"];
  readonly describe: Entry["describe"];
  readonly died: () => void;
  readonly set_threads: (n: number) => void;
  readonly __heap_base: WebAssembly.Global;
}

/** The stack of a helper: the matrix product keeps about 300 KB there. */
const STACK = 2 ** 20;

const HELPER = `
const { code, memory, stack, thread } = require("node:worker_threads").workerData;
const kernels = new WebAssembly.Instance(code, { env: { memory } }).exports;
kernels.__stack_pointer.value = stack;
try { kernels.work(thread); } catch (error) { kernels.died(); throw error; }
`;

function wasmMachine(
  route: Exclude<Route, "native">,
  threads: number,
  limit: number | undefined,
  library: string | false | undefined,
): Machine {
  const file = route === "simd" ? "kernels.wasm" : "kernels_plain.wasm";
  const code = Deno.readFileSync(new URL(`kernels/${file}`, import.meta.url));
  if (!WebAssembly.validate(code)) {
    throw new Error(`Cannot use the route ${route}: this V8 does not know the SIMD in ${file}`);
  }
  const module = new WebAssembly.Module(code);
  const memory = sharedMemory(RESERVED, limit), blas = findBlas(memory, threads, library);
  const instance = new WebAssembly.Instance(module, { env: { memory: memory.memory } });
  const exports = instance.exports as unknown as WasmExports;
  if (exports.__heap_base.value > RESERVED) {
    throw new Error(
      `Cannot use ${file}: its constants end at ${exports.__heap_base.value}, not by ${RESERVED}`,
    );
  }
  exports.set_threads(threads);
  let failure = "", closed = false;
  for (let thread = 1; thread < threads; thread++) {
    const stack = memory.allocate(STACK) + STACK;
    const worker = new Worker(HELPER, {
      eval: true,
      workerData: { code: module, memory: memory.memory, stack, thread },
    });
    worker.on("error", (error: Error) => {
      failure = `: ${error.message}`;
      exports.died();
    });
    worker.on("exit", () => {
      if (!closed) exports.died();
    });
    worker.unref();
  }
  const features = `${route === "simd" ? "relaxed SIMD" : "SIMD"}, ${count(threads, "thread")}` +
    (blas ? `, products by ${blas.name}` : "");
  return machine({ route, features, memory, threads, blas }, exports, () => failure, () => {
    closed = true;
    exports.set_threads(0);
    blas?.close();
  });
}

/** Below this the wasm module keeps its stack and constants. */
const RESERVED = 2 * 2 ** 20;

function nativeMachine(threads: number, limit?: number): Machine {
  const memory = sharedMemory(64, limit);
  const library = openNative(memory.memory, memory.limit, threads);
  const features = `${library.vectors}, ${count(library.threads, "thread")}, ${library.compiler}`;
  return machine(
    { route: "native", features, memory, threads: library.threads },
    library,
    () => "",
    () => library.close(),
  );
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}
