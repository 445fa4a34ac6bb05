/**
 * Rebuilds `kernels.wasm` and `kernels_plain.wasm` of `lib/compute/kernels/` byte for byte with
 * clang 19 and lld 19 (Debian: `apt install clang-19 lld-19`).
 *
 *     deno task kernels            # rebuild
 *     deno task kernels --check    # say whether the committed files are what the source gives
 *
 * @module
 */

import { join } from "node:path";
import { temporaryFolder, writeFileAtomic } from "@lib/files.ts";
import { ROOT } from "@lib/paths.ts";

const FLAGS = [
  "--target=wasm32",
  "-O3",
  "-ffp-contract=fast",
  "-fno-math-errno",
  "-fvisibility=hidden",
  "-nostdlib",
  "-matomics",
  "-mbulk-memory",
  "-mmutable-globals",
  "-mnontrapping-fptoint",
  "-msimd128",
  "-Wall",
  "-Wextra",
  "-Werror",
  "-Wl,--no-entry",
  "-Wl,--import-memory",
  "-Wl,--shared-memory",
  "-Wl,--max-memory=4294967296",
  "-Wl,--export=__stack_pointer",
  "-Wl,--export=__heap_base",
  "-Wl,--export-dynamic",
  "-Wl,-z,stack-size=1048576",
  "-Wl,--stack-first",
  "-Wl,--strip-all",
];

const TWINS = { "kernels.wasm": ["-mrelaxed-simd"], "kernels_plain.wasm": [] };

if (import.meta.main) {
  const folder = join(ROOT, "lib", "compute", "kernels"), check = Deno.args.includes("--check");
  let same = true;
  for (const [name, flags] of Object.entries(TWINS)) {
    const built = build(join(folder, "kernels.c"), flags);
    const path = join(folder, name);
    if (check) {
      const equal = equalBytes(built, Deno.readFileSync(path));
      console.log(`${name}: ${equal ? "as committed" : "differs from the committed file"}`);
      same &&= equal;
    } else {
      writeFileAtomic(path, built);
      console.log(`${name}: ${built.length} bytes`);
    }
  }
  if (!same) Deno.exit(1);
}

function build(source: string, flags: readonly string[]): Uint8Array {
  const folder = temporaryFolder("kernels-"), output = join(folder, "kernels.wasm");
  try {
    const { success } = new Deno.Command("clang-19", {
      args: [...FLAGS, ...flags, "-o", output, source],
      stdout: "inherit",
      stderr: "inherit",
    }).outputSync();
    if (!success) throw new Error(`Cannot build ${source}: clang-19 failed`);
    return Deno.readFileSync(output);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
