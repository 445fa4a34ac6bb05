/**
 * Compiles `kernels/kernels.c` for this very CPU the first time it is wanted, keeps the library in the
 * user's cache folder, and calls it through FFI.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { readProcFile, temporaryFolder, writeFileAtomic } from "../files.ts";
import { CACHE } from "../paths.ts";
import { BUILD, type Entry } from "./machine.ts";
import { baseAddress } from "./memory.ts";

const FLAGS = [
  "-O3",
  "-march=native",
  ...(Deno.build.arch === "x86_64" ? ["-mprefer-vector-width=512"] : []),
  "-ffp-contract=fast",
  "-fno-math-errno",
  "-fvisibility=hidden",
  "-shared",
  "-fPIC",
  "-pthread",
];

/** The compiled kernels, ready to be called. */
export interface NativeKernels extends Entry {
  /** What compiled them. */
  readonly compiler: string;
  /** How many compute. */
  readonly threads: number;
  /** The vectors it was compiled for: `AVX-512, AMX`. */
  readonly vectors: string;
  /** Ends the threads and lets the library go. */
  close(): void;
}

/**
 * Opens the native kernels over a shared memory, compiling them first if the cache has none for
 * this source, compiler and CPU, or a damaged one.
 *
 * The compiler is the one that the environment variable `CC` names, else the first of clang,
 * clang-22 … clang-16, gcc and cc on the PATH.
 *
 * @param limit bytes that the memory may grow to.
 * @throws {Error} in one line, why there can be none here.
 */
export function openNative(
  memory: WebAssembly.Memory,
  limit: number,
  threads: number,
): NativeKernels {
  if (!["linux", "darwin"].includes(Deno.build.os)) {
    throw new Error(`Cannot compile the kernels on ${Deno.build.os}: only on Linux and macOS`);
  }
  const needed = [
    { name: "ffi" },
    { name: "run" },
    { name: "write", path: cacheFolder() },
  ] as const;
  for (const permission of needed) {
    if (Deno.permissions.querySync(permission).state !== "granted") {
      throw new Error(`Cannot compile the kernels: needs --allow-${permission.name}`);
    }
  }
  const { path, compiler } = compiledLibrary();
  const library = openLibrary(path);
  const { symbols } = library;
  const pool = symbols.open_pool(baseAddress(memory), BigInt(limit), threads);
  if (pool === null) throw new Error("Cannot start the native kernels: the system has no memory");
  const lanes = symbols.describe(BUILD.lanes), tiles = symbols.describe(BUILD.tiles) ? ", AMX" : "";
  return {
    compiler,
    threads: symbols.count_threads(pool),
    vectors: (lanes === 16 ? "AVX-512" : lanes === 8 ? "AVX" : "128-bit vectors") + tiles,
    run: (op, args, chunks) => symbols.run(pool, op, args, chunks),
    describe: symbols.describe,
    close: () => {
      symbols.close_pool(pool);
      library.close();
    },
  };
}

function openLibrary(path: string) {
  try {
    return Deno.dlopen(
      path,
      {
        open_pool: { parameters: ["usize", "usize", "i32"], result: "pointer" },
        close_pool: { parameters: ["pointer"], result: "void" },
        count_threads: { parameters: ["pointer"], result: "i32" },
        run: { parameters: ["pointer", "i32", "u32", "i32"], result: "i32" },
        describe: { parameters: ["i32"], result: "i32" },
      } as const,
    );
  } catch (cause) {
    throw new Error(`Cannot open the compiled kernels: ${(cause as Error).message}`, { cause });
  }
}

/** The C files by name, in order; what is hashed is what is compiled. */
type Source = ReadonlyMap<string, string>;

function readSource(): Source {
  const folder = new URL("kernels/", import.meta.url);
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => /\.[ch]$/.test(name)).sort();
  return new Map(names.map((name) => [name, Deno.readTextFileSync(new URL(name, folder))]));
}

/** The library's path in the cache, compiled if need be. */
function compiledLibrary(): { path: string; compiler: string } {
  const source = readSource();
  const [command, compiler] = findCompiler();
  const hash = createHash("sha256");
  for (const part of [JSON.stringify([...source]), command, compiler, cpu(), ...FLAGS]) {
    hash.update(`${part}\0`);
  }
  const folder = cacheFolder();
  const path = join(folder, `kernels-${hash.digest("hex").slice(0, 16)}.so`);
  if (!isWhole(path)) compile(command, source, path);
  return { path, compiler };
}

function findCompiler(): [command: string, version: string] {
  const asked = Deno.env.get("CC");
  // Newer clangs make the matrix product a tenth faster than gcc 12 does.
  const numbered = [22, 21, 20, 19, 18, 17, 16].map((version) => `clang-${version}`);
  for (const command of asked ? [asked] : ["clang", ...numbered, "gcc", "cc"]) {
    try {
      const { success, stdout } = new Deno.Command(command, { args: ["--version"] }).outputSync();
      if (success) return [command, new TextDecoder().decode(stdout).split("\n")[0].trim()];
    } catch { /* not there */ }
  }
  throw new Error(
    `Cannot compile the kernels: ${asked ? `CC=${asked} does not run` : "no C compiler is here"}`,
  );
}

/** What -march=native depends on. */
function cpu(): string {
  try {
    const lines = readProcFile("/proc/cpuinfo").split("\n");
    return lines.filter((line) => /^(model name|flags|Features|CPU part)\s/.test(line)).slice(0, 2)
      .join("\n");
  } catch {
    return `${Deno.build.os} ${Deno.build.arch}`;
  }
}

/** Where the compiled libraries lie: `LAB_KERNELS`, or else in the workspace's cache. */
function cacheFolder(): string {
  return Deno.env.get("LAB_KERNELS") ?? join(CACHE, "kernels");
}

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** Whether the library is there and has the checksum written beside it. */
function isWhole(path: string): boolean {
  try {
    return sha256(Deno.readFileSync(path)) === Deno.readTextFileSync(`${path}.sha256`);
  } catch {
    return false;
  }
}

function compile(command: string, source: Source, path: string): void {
  const folder = temporaryFolder("kernels-");
  try {
    for (const [name, text] of source) Deno.writeTextFileSync(join(folder, name), text);
    const output = join(folder, "kernels.so");
    const { success, stderr } = new Deno.Command(command, {
      args: [...FLAGS, "-o", output, join(folder, "kernels.c")],
      stdout: "null",
      stderr: "piped",
    }).outputSync();
    if (!success) {
      const lines = new TextDecoder().decode(stderr).split("\n");
      const error = lines.find((line) => line.includes("error")) ?? lines[0];
      throw new Error(`Cannot compile the kernels: ${command} failed: ${error}`);
    }
    const library = Deno.readFileSync(output);
    writeFileAtomic(path, library);
    writeFileAtomic(`${path}.sha256`, sha256(library));
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
