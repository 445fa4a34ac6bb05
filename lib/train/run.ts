/**
 * A run on disk: `results/<id>/` with `run.json` (what, how, from what), `metrics.jsonl`,
 * `checkpoint.safetensors` while it is unfinished, and in the end `model.safetensors` and `card.md`.
 *
 * @module
 */

import { join } from "node:path";
import { readProcFile, readTextIfPresent, writeFileAtomic, writeJson } from "@lib/files.ts";
import { ROOT } from "@lib/paths.ts";
import {
  decodeTensors,
  encodeTensors,
  type NamedTensor,
  type TensorFile,
} from "@lib/model/safetensors.ts";
import { configHash, type TrainConfig } from "@lib/train/config.ts";

/** `run.json`: where a result comes from. */
export interface RunManifest {
  /** The folder under `results/`. */
  readonly id: string;
  /** How far it is. */
  readonly status: "running" | "stopped" | "complete";
  /** All that was told. */
  readonly config: TrainConfig;
  /** Of the configuration. */
  readonly configHash: string;
  /** Of the data. */
  readonly dataHash: string;
  /** What the examples are, in the plural: positions, or tokens. */
  readonly unit: string;
  /** Positions or tokens of a step. */
  readonly unitsPerBatch: number;
  /** Commit of the workspace, and whether files differed from it. */
  readonly git: { readonly commit: string; readonly dirty: boolean };
  /** Of Deno and tfjs. */
  readonly versions: Readonly<Record<string, string>>;
  /** What computed. */
  readonly backend: string;
  /** Where. */
  readonly host: { readonly os: string; readonly cpu: string; readonly cores: number };
  /** How many numbers the model has. */
  readonly parameters: number;
  /** When, in ISO. */
  readonly started: string;
  /** When last written, in ISO. */
  readonly updated: string;
  /** Steps done, and seconds that they took over all sessions. */
  readonly step: number;
  /** Of training, without pauses. */
  readonly seconds: number;
  /** Seconds of processor time, of all threads; older runs lack it. */
  readonly cpuSeconds?: number;
  /** Mean cross-entropy on the validation set at the last evaluation, nats. */
  readonly validationLoss: number | null;
  /** SHA-256 of `model.safetensors` in hex, once complete; older runs lack it. */
  readonly weights?: string;
}

/** A line of `metrics.jsonl`. */
export interface Metrics {
  /** Optimizer steps done. */
  readonly step: number;
  /** Mean training loss since the line before, nats. */
  readonly loss?: number;
  /** Nats; on lines of an evaluation. */
  readonly validation_loss?: number;
  /** Of this step. */
  readonly learning_rate?: number;
  /** Before it is clipped. */
  readonly gradient_norm?: number;
  /** Examples (or tokens) a second since the line before. */
  readonly rate?: number;
  /** Seconds of training so far, over all sessions. */
  readonly seconds: number;
}

/** Where a run stands. */
export interface Progress {
  /** Steps done. */
  readonly step: number;
  /** Seconds of training so far, over all sessions. */
  readonly seconds: number;
  /** Seconds of processor time so far; a checkpoint of an older version lacks it. */
  readonly cpuSeconds?: number;
  /** Sum of the losses since the last line of `metrics.jsonl`: the next line needs it. */
  readonly losses: number;
  /** At the last evaluation, nats. */
  readonly validationLoss: number | null;
}

/** What is needed to go on as if nothing had happened. */
export interface Checkpoint extends Progress {
  /** What is trained. */
  readonly params: Readonly<Record<string, NamedTensor>>;
  /** The optimizer's means. */
  readonly means: Readonly<Record<string, NamedTensor>>;
  /** The optimizer's means of squares. */
  readonly squares: Readonly<Record<string, NamedTensor>>;
}

const GROUPS = ["params", "means", "squares"] as const;

/** The files of a run. */
export function runFiles(
  directory: string,
): Readonly<Record<"manifest" | "metrics" | "checkpoint" | "model" | "card", string>> {
  return {
    manifest: join(directory, "run.json"),
    metrics: join(directory, "metrics.jsonl"),
    checkpoint: join(directory, "checkpoint.safetensors"),
    model: join(directory, "model.safetensors"),
    card: join(directory, "card.md"),
  };
}

/**
 * Writes a checkpoint as one file, atomically: a crash leaves the one before. Its header tells in plain
 * JSON where the run stands and its configuration. There is no random state to keep: every random
 * number is a function of the seed and the step.
 */
export function writeCheckpoint(
  directory: string,
  config: TrainConfig,
  { params, means, squares, ...progress }: Checkpoint,
): void {
  const groups = { params, means, squares };
  const tensors = Object.fromEntries(
    GROUPS.flatMap((group) =>
      Object.entries(groups[group]).map(([name, tensor]) => [`${group}/${name}`, tensor])
    ),
  );
  const metadata = {
    progress: JSON.stringify(progress),
    config_hash: configHash(config),
    config: JSON.stringify(config),
  };
  writeFileAtomic(runFiles(directory).checkpoint, encodeTensors({ tensors, metadata }));
}

/**
 * Reads the checkpoint of a run; null where there is none.
 *
 * @throws {SyntaxError} for a corrupt file, naming it.
 * @throws {TypeError} when it was written by another configuration.
 */
export function readCheckpoint(directory: string, config: TrainConfig): Checkpoint | null {
  const file = runFiles(directory).checkpoint;
  let bytes: Uint8Array;
  try {
    bytes = Deno.readFileSync(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  const { tensors, metadata, progress } = decodeCheckpoint(bytes, file, config.name);
  if (metadata.config_hash !== configHash(config)) {
    throw new TypeError(
      `Cannot resume ${config.name}: its checkpoint is of configuration ${metadata.config_hash}, ` +
        `this one is ${configHash(config)}; give it another name, or start it afresh (--fresh)`,
    );
  }
  const group = (prefix: string) =>
    Object.fromEntries(
      Object.entries(tensors).filter(([name]) => name.startsWith(`${prefix}/`))
        .map(([name, tensor]) => [name.slice(prefix.length + 1), tensor]),
    );
  return {
    ...progress,
    params: group("params"),
    means: group("means"),
    squares: group("squares"),
  };
}

function decodeCheckpoint(
  bytes: Uint8Array,
  file: string,
  name: string,
): TensorFile & { readonly progress: Progress } {
  try {
    const { tensors, metadata } = decodeTensors(bytes, file);
    return { tensors, metadata, progress: JSON.parse(metadata.progress) };
  } catch (error) {
    throw new SyntaxError(
      `Cannot resume ${name}, its checkpoint ${file} is damaged (--fresh starts over): ` +
        (error as Error).message,
      { cause: error },
    );
  }
}

/** Reads `run.json`; null where there is none. */
export function readManifest(directory: string): RunManifest | null {
  try {
    return JSON.parse(Deno.readTextFileSync(runFiles(directory).manifest));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw new SyntaxError(
      `Cannot read ${runFiles(directory).manifest}: ${(error as Error).message}`,
    );
  }
}

/** Writes `run.json` and the card that says the same to people. */
export function writeManifest(directory: string, manifest: RunManifest): void {
  const files = runFiles(directory);
  writeJson(files.manifest, manifest);
  writeFileAtomic(files.card, makeCard(manifest));
}

/**
 * Takes a run for this process until disposed of, and clears away what a killed one left half-written.
 *
 * @throws {Error} when another process is training it.
 */
export function lockRun(directory: string): Disposable {
  Deno.mkdirSync(directory, { recursive: true });
  const path = join(directory, "lock.tmp");
  const file = Deno.openSync(path, { write: true, create: true });
  // The system lets go of the lock when the process ends, however it ends.
  if (!file.tryLockSync(true)) {
    file.close();
    throw new Error(`Cannot train ${directory}: another process is training it`);
  }
  for (const { name } of Deno.readDirSync(directory)) {
    if (name.endsWith(".tmp") && name !== "lock.tmp") Deno.removeSync(join(directory, name));
  }
  return {
    [Symbol.dispose]() {
      Deno.removeSync(path);
      file.close();
      try {
        Deno.removeSync(directory); // only where nothing came of the run: a full folder stays
      } catch { /* the run's files are in it */ }
    },
  };
}

/**
 * Appends a line to `metrics.jsonl`.
 *
 * @throws {Error} naming the file and the cause, when the disk is full or the folder not writable.
 */
export function appendMetrics(directory: string, line: Metrics): void {
  const { metrics } = runFiles(directory);
  try {
    Deno.writeTextFileSync(metrics, JSON.stringify(line) + "\n", { append: true });
  } catch (cause) {
    throw new Error(
      `Cannot write ${metrics}: ${(cause as Error).message}; the last checkpoint is kept`,
      { cause },
    );
  }
}

/** Cuts `metrics.jsonl` back to the lines up to a step, where a resumed run goes on. */
export function cutMetrics(directory: string, step: number): void {
  const { metrics } = runFiles(directory);
  const lines = (readTextIfPresent(metrics) ?? "").split("\n");
  const kept = lines.filter((line) => line.endsWith("}") && JSON.parse(line).step <= step);
  writeFileAtomic(metrics, kept.map((line) => line + "\n").join(""));
}

/** Where the code and the machine stand. */
export function provenance(): Pick<RunManifest, "git" | "host"> {
  const git = (...args: string[]) => {
    try {
      const { success, stdout } = new Deno.Command("git", {
        args: ["-C", ROOT, ...args],
        stderr: "null",
      }).outputSync();
      return success ? new TextDecoder().decode(stdout).trim() : null;
    } catch {
      return null; // no git on this machine
    }
  };
  const cpu = cpuName();
  return {
    git: {
      commit: git("rev-parse", "HEAD") ?? "unknown",
      dirty: git("status", "--porcelain", "--untracked-files=no", "--", "lib", "deno.json") !== "",
    },
    host: {
      os: `${Deno.build.os} ${Deno.build.arch}`,
      cpu,
      cores: navigator.hardwareConcurrency,
    },
  };
}

function cpuName(): string {
  try {
    return /model name\s*:\s*(.+)/.exec(readProcFile("/proc/cpuinfo"))?.[1] ?? "unknown";
  } catch {
    return "unknown";
  }
}

/** The dials that are set, in words: the fields' names are the words. */
function describeDials(data: Extract<TrainConfig["data"], { kind: "endgame" }>): string {
  const { kind: _, ending: _ending, k: _k, seed, ...dials } = data;
  return [...Object.entries(dials), ["seed", seed] as const]
    .map(([name, value]) => `${name.replace(/[A-Z]/g, (a) => " " + a.toLowerCase())} ${value}`)
    .join(", ");
}

function makeCard(run: RunManifest): string {
  const { config } = run;
  const examples = run.step * run.unitsPerBatch;
  const data = config.data.kind === "endgame"
    ? `${config.data.ending} labelled by ${config.data.k} simulated experts, ` +
      describeDials(config.data)
    : `the dataset ${config.data.dataset} (${run.dataHash})` +
      (config.data.minPly === undefined ? "" : `, from ply ${config.data.minPly} on`) +
      (config.data.band ? `, by players rated in (${config.data.band.join(", ")}]` : "");
  const loss = run.validationLoss === null
    ? "not measured"
    : `${run.validationLoss.toFixed(4)} nats`;
  return `# ${run.id}

${config.model.model === "endgameformer" ? "An" : "A"} ${config.model.model} of ${
    run.parameters.toLocaleString("en")
  } parameters, trained on ${data}.

- Status: ${run.status} after ${run.step.toLocaleString("en")} of ${
    config.steps.toLocaleString("en")
  } steps, ${examples.toLocaleString("en")} ${run.unit}, ${Math.round(run.seconds)} s.
- Validation loss: ${loss}.
- Seed ${config.seed}; configuration ${run.configHash}; code ${run.git.commit.slice(0, 12)}${
    run.git.dirty ? " with changes" : ""
  }.
- Made with ${run.backend} on ${run.host.cores} cores (${run.host.cpu}).
${
    run.weights === undefined
      ? ""
      : `- Weights: SHA-256 ${run.weights}.\n`
  }- Load it: \`loadModel("${run.id}")\` of \`@lib/model/model.ts\`.
- Licence of the weights: CC0.
`;
}
