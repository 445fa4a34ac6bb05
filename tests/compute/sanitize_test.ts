import assert from "node:assert/strict";
import { join } from "node:path";

const source = new URL("sanitize.c", import.meta.url).pathname;
const folder = Deno.makeTempDirSync();

/** Compiles the harness with the sanitizers; null where no compiler has them. */
function build(name: string, ...flags: string[]): string | null {
  const output = join(folder, name);
  const sanitize = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"];
  const args = ["-O1", "-ffp-contract=fast", "-fno-math-errno", "-pthread", ...sanitize, ...flags];
  for (const compiler of ["clang", "clang-19", "gcc", "cc"]) {
    try {
      const { success } = new Deno.Command(compiler, {
        args: [...args, "-march=native", "-o", output, source],
        stderr: "null",
      }).outputSync();
      if (success) return output;
    } catch { /* not there */ }
  }
  return null;
}

const run = (program: string) => new Deno.Command(program).outputSync();
const program = build("sanitize");
if (!program) console.log("no C compiler with sanitizers is here: that test is left out");

Deno.test("the kernels touch nothing but their tensors, over hundreds of random shapes", {
  ignore: !program,
}, () => {
  const { success, stderr } = run(program!);
  assert.ok(success, new TextDecoder().decode(stderr).slice(0, 2000));
});

Deno.test("the sanitizers notice a tensor without the readable bytes behind it", {
  ignore: !program,
}, () => {
  const { success, stderr } = run(build("careless", "-DREADABLE=0")!);
  assert.ok(!success);
  assert.match(new TextDecoder().decode(stderr), /AddressSanitizer: use-after-poison/);
});
