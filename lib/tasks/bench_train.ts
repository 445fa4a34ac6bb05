/**
 * How fast a model trains and predicts on every backend here, beside PyTorch on the same machine in
 * the same run: the contestants take turns, and medians of the rounds are reported.
 *
 *     deno task bench:train                             # W and B, native, simd and PyTorch eager
 *     deno task bench:train --workloads W,W2,P,B --backends native,simd,simd-plain --rounds 9
 *     deno task bench:train --torch eager,compiled      # PyTorch from PYTHON, else python3
 *
 * Prints a table and writes `results/bench/train.json`.
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import * as tf from "@tensorflow/tfjs";
import { describeBackend, useBackend } from "@lib/compute/backend.ts";
import { crossEntropy } from "@lib/compute/ops.ts";
import { multiply } from "@lib/compute/products.ts";
import { registerShared } from "@lib/compute/register_shared.ts";
import { writeJson } from "@lib/files.ts";
import { POLICY_SIZE } from "@lib/data/board_encoding.ts";
import * as boardnet from "@lib/model/boardnet.ts";
import * as chessformer from "@lib/model/chessformer.ts";
import type { Params } from "@lib/model/params.ts";
import { RESULTS } from "@lib/paths.ts";
import {
  type Contestant,
  describeMachine,
  median,
  round2,
  serveOrders,
  startContestant,
} from "@lib/tasks/contest.ts";
import { optimizerStep, startOptimizer } from "@lib/train/optimizer.ts";

/** What is trained: layers, heads, width, vocabulary, context, batch; or BoardNet. */
const TEXT = {
  W: [4, 4, 128, 2048, 128, 32],
  W2: [8, 8, 256, 32, 256, 16],
  P: [8, 8, 256, 32, 1023, 4],
} as const;
const BOARD = { filters: 64, blocks: 5, squeeze: 0, keys: 32, batch: 256 } as const;

type Workload = keyof typeof TEXT | "B";

/** Tokens or positions a step takes, and the multiplications and additions of a forward pass. */
function sizeOf(workload: Workload): { items: number; flops: number } {
  if (workload === "B") {
    const { filters: F, blocks, keys: K, batch } = BOARD;
    const perSquare = 2 * (9 * (18 * F + 2 * blocks * F * F) + F * (2 * K + 9) + 64 * K);
    return { items: batch, flops: batch * 64 * perSquare };
  }
  const [L, , C, V, T, B] = TEXT[workload];
  return { items: B * T, flops: B * T * (2 * (12 * L * C * C + V * C) + 2 * L * T * C) };
}

// ---------------------------------------------------------------- a contestant

interface Steps {
  train(): Promise<void>;
  forward(): Promise<void>;
}

function prepare(workload: Workload): Steps {
  let params: Params, forward: (params: Params) => tf.Tensor;
  let loss: (logits: tf.Tensor) => tf.Scalar;
  if (workload === "B") {
    const { batch, ...shape } = BOARD;
    const config = boardnet.BoardNetConfig.parse({ model: "boardnet", ...shape });
    params = boardnet.initBoardNet(config, 1);
    const planes = tf.randomNormal([batch, 8, 8, 18], 0, 1, "float32", 1);
    const targets = tf.tensor1d(Int32Array.from({ length: batch }, (_, i) => i * 7 % POLICY_SIZE));
    const legal = tf.tensor2d(
      Float32Array.from({ length: batch * POLICY_SIZE }, (_, i) => {
        const row = Math.floor(i / POLICY_SIZE);
        return i % 13 === 0 || i - row * POLICY_SIZE === row * 7 % POLICY_SIZE ? 1 : 0;
      }),
      [batch, POLICY_SIZE],
    );
    forward = (params) => boardnet.forward(config, params, planes);
    loss = (logits) => crossEntropy(logits, targets.toInt(), legal);
  } else {
    const [layers, heads, width, vocabulary, block, batch] = TEXT[workload];
    const shape = { vocabulary, block, layers, heads, width, expansion: 4, bias: true };
    const config = { model: "chessformer", tokenizer: "uci", ...shape } as const;
    params = chessformer.initChessFormer(config, 1);
    const n = batch * block;
    const ids = (factor: number) =>
      Int32Array.from({ length: n }, (_, i) => i * factor % vocabulary);
    const tokens = tf.tensor2d(ids(7919), [batch, block], "int32");
    const targets = tf.tensor1d(ids(104729), "int32");
    forward = (params) => chessformer.forward(config, params, tokens);
    loss = (logits) => crossEntropy(logits.reshape([n, vocabulary]), targets);
  }
  const state = startOptimizer(params);
  const settings = { learningRate: 1e-3, beta1: 0.9, beta2: 0.95, weightDecay: 0.1, clip: 1 };
  let step = 0;
  return {
    train: async () => {
      await optimizerStep(state, (params) => loss(forward(params)), { ...settings, step: ++step });
    },
    forward: () => arrive(() => forward(state.params).min()),
  };
}

/** Computes a number and waits until it is there. */
async function arrive(compute: () => tf.Tensor): Promise<void> {
  const number = tf.tidy(compute);
  await number.data();
  number.dispose();
}

/** Obeys the orders `train n` and `forward n` on stdin. */
async function serve(backend: string, workload: Workload): Promise<void> {
  const report = await useBackend(backend);
  const steps = prepare(workload);
  await steps.train();
  await steps.train();
  await steps.forward();
  await serveOrders(describeBackend(report), async (line) => {
    const [what, count] = line.split(" ");
    const start = performance.now();
    for (let i = 0; i < Number(count); i++) await steps[what as keyof Steps]();
    return (performance.now() - start) / Number(count);
  });
}

// ---------------------------------------------------------------- the match

/** The best rate of our own matrix product, in multiplications and additions a second. */
function productRate(route: "native" | "simd" | "simd-plain", threads: number): number {
  const backend = registerShared(route, { threads }), [M, N, K] = [4096, 512, 128];
  const a = backend.make([M, K]), b = backend.make([K, N]), c = backend.make([M, N]);
  for (const factor of [a, b]) (backend.view(factor) as Float32Array).fill(1);
  let best = Infinity;
  for (let i = 0; i < 60; i++) {
    const start = performance.now();
    multiply(backend, a, b, c, { M, N, K });
    best = Math.min(best, performance.now() - start);
  }
  return 2 * M * N * K / (best / 1000);
}

async function main(): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      workloads: { type: "string", default: "W,B" },
      backends: { type: "string", default: "native,simd" },
      torch: { type: "string", default: "eager" },
      rounds: { type: "string", default: "5" },
      seconds: { type: "string", default: "1.5" },
      output: { type: "string", default: join(RESULTS, "bench", "train.json") },
    },
  });
  const rounds = Number(options.rounds), threads = navigator.hardwareConcurrency;
  const python = Deno.env.get("PYTHON") ?? "python3";
  const split = (text: string) => text.split(",").filter((word) => word);
  const report: Record<string, unknown> = {
    ...describeMachine(tf.version_core),
    rounds,
    measured: new Date().toISOString(),
  };
  for (const workload of split(options.workloads) as Workload[]) {
    const { items, flops } = sizeOf(workload);
    const entrants: [string, string, string[]][] = [
      ...split(options.backends).map((backend): [string, string, string[]] => [
        backend,
        Deno.execPath(),
        ["run", "-A", import.meta.filename!, "--serve", backend, workload],
      ]),
      ...split(options.torch).map((mode): [string, string, string[]] => [
        `torch ${mode}`,
        python,
        [join(import.meta.dirname!, "bench_torch.py"), workload, mode, String(threads)],
      ]),
    ];
    const contestants: Contestant[] = [];
    for (const entrant of entrants) {
      try {
        contestants.push(await startContestant(...entrant));
      } catch (error) {
        console.log(`${entrant[0]} takes no part: ${(error as Error).message}`);
      }
    }
    const times = new Map(
      contestants.map((
        { name },
      ) => [name, { train: [], forward: [] } as Record<keyof Steps, number[]>]),
    );
    const counts = new Map<string, number>();
    for (let round = 0; round <= rounds; round++) {
      for (const contestant of contestants) {
        for (const what of ["train", "forward"] as const) {
          const key = contestant.name + what, count = counts.get(key) ?? 2;
          const ms = await contestant.order(`${what} ${count}`);
          // The first round only says how many steps fill the time.
          if (round === 0) {
            counts.set(key, Math.max(2, Math.ceil(Number(options.seconds) * 1000 / ms)));
          } else times.get(contestant.name)![what].push(ms);
        }
      }
    }
    const rate = (name: string, what: keyof Steps) => 1000 * items / median(times.get(name)![what]);
    const torch = contestants.map(({ name }) => name).filter((name) => name.startsWith("torch"));
    const best = (what: keyof Steps) => Math.max(...torch.map((name) => rate(name, what)));
    const rows = contestants.map(({ name, about }) => {
      const peak = name.startsWith("torch") || !["native", "simd", "simd-plain"].includes(name)
        ? undefined
        : productRate(name as "native", threads);
      return {
        name,
        about,
        [workload === "B" ? "positions_per_s" : "tokens_per_s"]: Math.round(rate(name, "train")),
        ratio_vs_torch: torch.length ? round2(rate(name, "train") / best("train")) : null,
        forward_per_s: Math.round(rate(name, "forward")),
        forward_ratio_vs_torch: torch.length
          ? round2(rate(name, "forward") / best("forward"))
          : null,
        share_of_product_rate: peak
          ? round2(3 * flops / (median(times.get(name)!.train) / 1000) / peak)
          : null,
        train_ms: times.get(name)!.train.map(round2),
        forward_ms: times.get(name)!.forward.map(round2),
      };
    });
    report[workload] = Object.fromEntries(rows.map(({ name, ...row }) => [name, row]));
    console.log(`\n${workload}: ${items} ${workload === "B" ? "positions" : "tokens"} a step`);
    console.table(rows.map(({ train_ms: _, forward_ms: __, about: ___, ...row }) => row));
    for (const contestant of contestants) await contestant.close();
    writeJson(options.output, report);
  }
  console.log(`written: ${options.output}`);
}

if (import.meta.main) {
  if (Deno.args[0] === "--serve") await serve(Deno.args[1], Deno.args[2] as Workload);
  else await main();
}
