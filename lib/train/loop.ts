/**
 * The training loop: evaluate → save → stop? → step → log.
 *
 * @module
 */

import { join } from "node:path";
import process from "node:process";
import * as tf from "@tensorflow/tfjs";
import { describeBackend, useBackend } from "@lib/compute/backend.ts";
import { countParameters } from "@lib/model/params.ts";
import {
  initModel,
  makeModel,
  makeParams,
  parametersOf,
  readParams,
  saveModel,
} from "@lib/model/model.ts";
import { RESULTS } from "@lib/paths.ts";
import { configHash, parseTrainConfig, type TrainConfigInput } from "@lib/train/config.ts";
import {
  disposeOptimizer,
  type OptimizerState,
  optimizerStep,
  startOptimizer,
} from "@lib/train/optimizer.ts";
import {
  appendMetrics,
  cutMetrics,
  lockRun,
  type Metrics,
  type Progress,
  provenance,
  readCheckpoint,
  readManifest,
  runFiles,
  type RunManifest,
  writeCheckpoint,
  writeManifest,
} from "@lib/train/run.ts";
import { learningRateAt } from "@lib/train/schedule.ts";
import { makeTask, type Task } from "@lib/train/task.ts";

/** How a run is carried out; nothing here changes its result, only when it stops. */
export interface TrainOptions {
  /** The folder of runs (default: `results`). */
  readonly results?: string;
  /** Starts over, whatever is there. */
  readonly fresh?: boolean;
  /** Seconds of this session after which the run stops, to be resumed. */
  readonly budget?: number;
  /** Stops the run after the step in progress, with a checkpoint. */
  readonly signal?: AbortSignal;
  /** Called with every line of `metrics.jsonl`. */
  readonly onMetrics?: (metrics: Metrics, manifest: RunManifest) => void;
}

const LOG_EVERY = 10; // steps a line of metrics

/**
 * Trains a model, or goes on with a run that was interrupted: the outcome is then bit for bit that
 * of a run without the interruption. A run that is complete is returned as it is.
 *
 * @throws {TypeError} for a wrong configuration, or a run of this name with another one.
 * @throws {SyntaxError} when the run's checkpoint is damaged.
 * @throws {RangeError} when the loss is no longer a finite number; the last checkpoint is kept.
 * @throws {Error} when a file cannot be written (the last checkpoint is kept), or when another
 * process is training the run.
 *
 * ```ts
 * import { train } from "@lib/train/loop.ts";
 * import assert from "node:assert/strict";
 *
 * const run = await train({
 *   name: "tiny",
 *   model: { model: "endgameformer", layers: 1, heads: 1, width: 8 },
 *   data: { kind: "endgame", ending: "KRvK", k: 2, errorRate: 0.4, seed: 1 },
 *   steps: 3, batch: 8, evaluationBatches: 1, seed: 1,
 * }, { results: Deno.makeTempDirSync() });
 * assert.equal(run.status, "complete");
 * ```
 */
export async function train(
  input: TrainConfigInput,
  { results = RESULTS, fresh = false, budget = Infinity, signal, onMetrics }: TrainOptions = {},
): Promise<RunManifest> {
  const config = parseTrainConfig(input);
  const directory = join(results, config.name), files = runFiles(directory);
  using _lock = lockRun(directory);
  if (fresh) { for (const file of Object.values(files)) removeFile(file); }
  const before = readManifest(directory);
  if (before && before.configHash !== configHash(config)) {
    throw new TypeError(
      `Cannot train ${config.name}: a run of that name has configuration ${before.configHash}, ` +
        `this one is ${configHash(config)}; give it another name, or start it afresh (--fresh)`,
    );
  }
  if (before?.status === "complete") return before;

  const backend = describeBackend(await useBackend());
  const task = makeTask(config);
  if (before && before.dataHash !== task.dataHash) {
    throw new TypeError(
      `Cannot go on with ${config.name}: it was trained on data ${before.dataHash}, these are ` +
        `${task.dataHash}; start it afresh (--fresh)`,
    );
  }
  const checkpoint = readCheckpoint(directory, config);
  const load = (tensors: NonNullable<typeof checkpoint>["params"]) =>
    makeParams(config.model, tensors, files.checkpoint);
  const state = checkpoint
    ? startOptimizer(load(checkpoint.params), load(checkpoint.means), load(checkpoint.squares))
    : startOptimizer(initModel(config.model, config.seed).params);
  cutMetrics(directory, checkpoint?.step ?? -1);

  let { step, losses, validationLoss, seconds: secondsBefore }: Progress = checkpoint ??
    { step: 0, losses: 0, validationLoss: null, seconds: 0 };
  const session = performance.now();
  const elapsed = () => (performance.now() - session) / 1000;
  const seconds = () => Number((secondsBefore + elapsed()).toFixed(2));
  const cpuBefore = checkpoint?.cpuSeconds ?? 0, cpu = process.cpuUsage();
  const cpuSeconds = () => {
    const { user, system } = process.cpuUsage(cpu); // microseconds of this session
    return Number((cpuBefore + (user + system) / 1e6).toFixed(2));
  };
  let manifest: RunManifest = {
    id: config.name,
    status: "running",
    config,
    configHash: configHash(config),
    dataHash: task.dataHash,
    unit: task.unit,
    unitsPerBatch: task.unitsPerBatch,
    ...provenance(),
    versions: { deno: Deno.version.deno, tfjs: tf.version_core },
    backend: checkpoint && before ? addBackend(before.backend, backend) : backend,
    parameters: countParameters(parametersOf(config.model)),
    started: before?.started ?? new Date().toISOString(),
    updated: new Date().toISOString(),
    step,
    seconds: secondsBefore,
    validationLoss,
  };
  const record = (change: Partial<RunManifest>) => {
    const updated = new Date().toISOString();
    manifest = {
      ...manifest,
      seconds: seconds(),
      cpuSeconds: cpuSeconds(),
      validationLoss,
      updated,
      ...change,
    };
    writeManifest(directory, manifest);
  };
  const log = (metrics: Omit<Metrics, "seconds">) => {
    const line = { ...metrics, seconds: seconds() };
    appendMetrics(directory, line);
    onMetrics?.(line, manifest);
  };
  const save = async () => {
    const params = await readParams(state.params);
    const means = await readParams(state.means), squares = await readParams(state.squares);
    const progress = {
      step,
      losses,
      validationLoss,
      seconds: seconds(),
      cpuSeconds: cpuSeconds(),
    };
    writeCheckpoint(directory, config, { ...progress, params, means, squares });
    record({ step });
  };

  record({});
  let logged = elapsed();
  try {
    while (true) {
      const last = step === config.steps;
      const stops = signal?.aborted || elapsed() > budget;
      if (step !== checkpoint?.step) { // else evaluated and saved before the interruption
        if (step % config.evaluateEvery === 0 || last) {
          validationLoss = await evaluate(task, state);
          log({ step, validation_loss: validationLoss });
        }
        if ((step % config.checkpointEvery === 0 && step > 0) || stops || last) await save();
      }
      if (last) break;
      if (stops) {
        record({ status: "stopped" });
        return manifest;
      }

      const learningRate = learningRateAt(step, config);
      const batch = task.batch(step);
      const { loss, gradientNorm } = await optimizerStep(
        state,
        (params) => task.loss(params, batch),
        { ...config, learningRate, step: step + 1 },
      );
      if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
        throw new RangeError(
          `Cannot go on with ${config.name}: at step ${step} the loss is ${loss} and the gradient's ` +
            `norm ${gradientNorm}; the checkpoint before is kept. Try a smaller learning rate than ` +
            `${config.learningRate}`,
        );
      }
      step++;
      losses += loss;
      if (step % LOG_EVERY === 0) {
        log({
          step,
          loss: losses / LOG_EVERY,
          learning_rate: learningRate,
          gradient_norm: gradientNorm,
          rate: Math.round(LOG_EVERY * task.unitsPerBatch / (elapsed() - logged)),
        });
        losses = 0;
        logged = elapsed();
      }
      await new Promise((resolve) => setTimeout(resolve, 0)); // lets Ctrl-C through
    }
    const model = makeModel(config.name, config.model, state.params);
    const weights = await saveModel(files.model, model, config.precision);
    record({ status: "complete", step, weights });
    removeFile(files.checkpoint);
    return manifest;
  } catch (error) {
    try {
      record({ status: "stopped" });
    } catch { /* what went wrong first is what to tell */ }
    throw error;
  } finally {
    disposeOptimizer(state);
  }
}

/**
 * The backends of a run, in order: another one rounds otherwise, so that a run that changed in the
 * middle is no longer bit for bit that of either.
 */
function addBackend(before: string, now: string): string {
  return before.endsWith(now) ? before : `${before}, then ${now}`;
}

/** Mean loss over the fixed validation batches. */
async function evaluate(task: Task, { params }: OptimizerState): Promise<number> {
  let total = 0, batches = 0;
  for (const batch of task.validation()) {
    const loss = tf.tidy(() => task.loss(params, batch));
    total += (await loss.data())[0];
    loss.dispose();
    batches++;
  }
  return total / batches;
}

function removeFile(file: string): void {
  try {
    Deno.removeSync(file);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
