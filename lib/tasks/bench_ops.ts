/**
 * How fast tfjs's own operations run on this workspace's backends beside tfjs-wasm: every kernel
 * that tfjs-wasm has, at a small, a medium and a large shape. The backends take turns within each
 * round, so that a busy machine slows all alike; medians and the shortest times are both kept, and
 * what is called slower takes longer by both.
 *
 *     deno task bench:ops                              # all, native and simd beside wasm
 *     deno task bench:ops --only TopK,Cumsum --rounds 9
 *     deno task bench:ops --backends simd-plain
 *
 * Prints where a backend takes longer than tfjs-wasm, and writes `results/bench/ops.json`.
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "@lib/compute/backend.ts";
import { writeJson } from "@lib/files.ts";
import { RESULTS } from "@lib/paths.ts";
import {
  type Inputs,
  inputs,
  type Operation,
  OPERATIONS,
  type Size,
  SIZES,
} from "@lib/tasks/bench_operations.ts";
import { parseCount, runCommand } from "@lib/tasks/command.ts";

/** Kernels of tfjs-wasm that have no operation. */
function missing(): string[] {
  const have = new Set(Object.keys(OPERATIONS).map((name) => name.split(" ")[0]));
  return tf.getKernelsForBackend("wasm").map(({ kernelName }) => kernelName)
    .filter((name) => !have.has(name));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b), middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Microseconds that a call takes, over `count` calls. */
function time(operation: Operation, tensors: Inputs, count: number): number {
  const start = performance.now();
  for (let i = 0; i < count; i++) {
    tf.tidy(() => {
      operation(tensors);
    });
  }
  return 1000 * (performance.now() - start) / count;
}

interface Row {
  readonly operation: string;
  readonly size: Size;
  /** Medians in microseconds a call, or why the backend cannot. */
  readonly microseconds: Record<string, number | string>;
  /** The shortest round, likewise. */
  readonly shortest: Record<string, number>;
  /** Median and shortest divided by tfjs-wasm's; below 1 is faster. */
  readonly ratio: Record<string, { readonly median: number; readonly shortest: number }>;
}

function measure(
  name: string,
  size: Size,
  backends: readonly string[],
  tensors: ReadonlyMap<string, Inputs>,
  rounds: number,
  milliseconds: number,
): Row {
  const operation = OPERATIONS[name], times = new Map<string, number[]>();
  const counts = new Map<string, number>(), failures: Record<string, string> = {};
  for (const backend of backends) {
    tf.setBackend(backend);
    try {
      time(operation, tensors.get(backend)!, 2);
      let count = 1, spent = 0;
      // As many calls as fill the time.
      while (
        (spent = time(operation, tensors.get(backend)!, count) * count / 1000) < milliseconds
      ) {
        count = Math.max(count + 1, Math.ceil(Math.min(10, milliseconds / (spent + 0.01)) * count));
      }
      counts.set(backend, count);
      times.set(backend, []);
    } catch (error) {
      failures[backend] = (error as Error).message.split("\n")[0];
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const [backend, count] of counts) {
      tf.setBackend(backend);
      times.get(backend)!.push(time(operation, tensors.get(backend)!, count));
    }
  }
  const summary = (of: (all: readonly number[]) => number) =>
    Object.fromEntries([...times].map(([backend, all]) => [backend, round(of(all))]));
  const medians = summary(median), shortest = summary((all) => Math.min(...all));
  const others = [...times.keys()].filter((backend) => times.has("wasm") && backend !== "wasm");
  return {
    operation: name,
    size,
    microseconds: { ...medians, ...failures },
    shortest,
    ratio: Object.fromEntries(others.map((backend) => [backend, {
      median: round(medians[backend] / medians["wasm"]),
      shortest: round(shortest[backend] / shortest["wasm"]),
    }])),
  };
}

/** How much longer than tfjs-wasm, by the kinder of the two measures. */
const surplus = ({ ratio }: Row, backend: string): number =>
  backend in ratio ? Math.min(ratio[backend].median, ratio[backend].shortest) : 0;
const SLOWER = 1.1;

const round = (x: number): number => Number(x.toPrecision(3));

const HELP = `Times tfjs's own operations on this workspace's backends beside tfjs-wasm.

  --only TopK,Cumsum     operations whose names begin so (default: all; then the file is written)
  --sizes small,large    of small, medium and large
  --backends simd        beside wasm (default: native,simd)
  --rounds 7             rounds in which the backends take turns
  --milliseconds 2       a backend's turn
  --output FILE          (default: results/bench/ops.json)`;

async function main(args: readonly string[], signal: AbortSignal): Promise<void> {
  const { values: options } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean", default: false },
      only: { type: "string", default: "" },
      sizes: { type: "string", default: Object.keys(SIZES).join(",") },
      backends: { type: "string", default: "native,simd" },
      rounds: { type: "string", default: "7" },
      milliseconds: { type: "string", default: "2" },
      output: { type: "string", default: join(RESULTS, "bench", "ops.json") },
    },
  });
  if (options.help) return console.log(HELP);
  const rounds = parseCount("rounds", options.rounds);
  const milliseconds = parseCount("milliseconds", options.milliseconds);
  for (const size of options.sizes.split(",")) {
    if (!(size in SIZES)) {
      throw new RangeError(`Cannot use --sizes ${size}: must be of ${Object.keys(SIZES)}`);
    }
  }
  const backends = [...options.backends.split(","), "wasm"];
  const about: Record<string, string> = {};
  for (const name of backends) about[name] = (await useBackend(name)).features;
  if (missing().length > 0) console.log(`no operation for: ${missing().join(", ")}`);
  const only = options.only.split(",").filter((word) => word);
  const names = Object.keys(OPERATIONS)
    .filter((name) => only.length === 0 || only.some((word) => name.startsWith(word)));
  const rows: Row[] = [];
  for (const size of options.sizes.split(",") as Size[]) {
    const tensors = new Map<string, Inputs>();
    for (const backend of backends) {
      tf.setBackend(backend);
      tensors.set(backend, tf.tidy(() => inputs(...(SIZES[size] as readonly [number, number]))));
    }
    for (const name of names) {
      await new Promise((resolve) => setTimeout(resolve)); // lets Ctrl-C in
      signal.throwIfAborted();
      rows.push(
        measure(name, size, backends, tensors, rounds, milliseconds),
      );
    }
    for (const [backend, all] of tensors) {
      tf.setBackend(backend);
      tf.dispose(all);
    }
  }
  const ours = backends.slice(0, -1);
  const slower = rows.filter((row) => ours.some((name) => surplus(row, name) > SLOWER));
  console.table(slower.map((row) => ({
    operation: row.operation,
    size: row.size,
    ...row.shortest,
    ...Object.fromEntries(ours.map((name) => [`${name} / wasm`, surplus(row, name)])),
  })));
  const compared = Object.fromEntries(ours.map((name) => {
    const all = rows.filter(({ ratio }) => name in ratio);
    const worse = all.filter((row) => surplus(row, name) > SLOWER).length;
    const typical = round(median(all.map(({ ratio }) => ratio[name].median)));
    console.log(
      `${name}: ${worse} of ${all.length} take over ${SLOWER} times tfjs-wasm's time;` +
        ` median ratio ${typical}`,
    );
    return [name, { operations: all.length, slower: worse, median_ratio: typical }];
  }));
  if (only.length > 0) return;
  writeJson(options.output, {
    backends: about,
    versions: { deno: Deno.version.deno, tfjs: tf.version_core },
    cores: navigator.hardwareConcurrency,
    rounds,
    sizes: SIZES,
    measured: new Date().toISOString(),
    compared,
    rows,
  });
  console.log(`written: ${options.output}`);
}

if (import.meta.main) await runCommand(main);
