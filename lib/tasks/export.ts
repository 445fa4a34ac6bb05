/**
 * `deno task export`: models, games and results in formats that other programs read.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { parseArgs } from "node:util";
import { useBackend } from "@lib/compute/backend.ts";
import { eachGame } from "@lib/data/games.ts";
import { pgnOfGame } from "@lib/data/pgn_games.ts";
import { writeFileAtomic } from "@lib/files.ts";
import { loadModel, saveModel } from "@lib/model/model.ts";
import { onnxModel } from "@lib/model/onnx_models.ts";
import { RESULTS, userPath } from "@lib/paths.ts";
import { queryClaims } from "@lib/query/claims.ts";
import { loadGames, queryLabels } from "@lib/query/games.ts";
import { queryLosses } from "@lib/query/runs.ts";
import type { TableSource } from "@lib/query/tables.ts";
import { writeTable } from "@lib/query/write_table.ts";
import { runCommand } from "@lib/tasks/command.ts";

const MODELS = ["onnx", "safetensors"], TABLES = ["csv", "parquet", "jsonl"];

const HELP = `Write models, games and results in formats that other programs read.

  deno task export boardnet-cap1500 --to onnx          a run's model: onnx, safetensors
  deno task export boardnet-cap1500 --to csv           its losses: csv, parquet, jsonl
  deno task export claims --to parquet                 the ledger
  deno task export labels/human-test --to csv        labelled moves, and what each cost
  deno task export data/cap1500 --to pgn --part test   a dataset's games: pgn, csv, parquet, jsonl
  deno task export games.pgn.zst --to parquet          the games of a file

Options
  --to <format>    ${[...MODELS, "pgn", ...TABLES].join(", ")}
  --part <part>    of a dataset: train, validation or test (test)
  --precision <p>  of safetensors: float32 or float16 (float32)
  --out <file>     what is written (the name and the format, in this folder)
  --help           this text
`;

/**
 * Runs the task.
 *
 * @param args the command line.
 * @param print where the text goes.
 * @returns the file that was written, or null after `--help`.
 * @throws {TypeError | RangeError | Deno.errors.NotFound} for what there is not, or has no such format.
 */
export async function exportTask(
  args: readonly string[],
  print: (text: string) => void = console.log,
): Promise<string | null> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      to: { type: "string" },
      part: { type: "string", default: "test" },
      precision: { type: "string", default: "float32" },
      out: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    print(HELP);
    return null;
  }
  const { to, part, precision } = values;
  if (positionals.length !== 1 || to === undefined) {
    throw new TypeError(`Cannot export: name one thing, and a format by --to\n\n${HELP}`);
  }
  choose("to", to, [...MODELS, "pgn", ...TABLES]);
  choose("part", part, ["train", "validation", "test"]);
  choose("precision", precision, ["float32", "float16"]);
  const [what] = positionals;
  const name = basename(what).replace(/\.pgn(\.zst|\.gz)?$/, "");
  const file = userPath(values.out ?? `${name}.${to}`);
  if (existsSync(file)) {
    throw new TypeError(`Cannot write ${file}: it is there already; name another by --out`);
  }
  const said = MODELS.includes(to)
    ? await exportModel(what, to, precision as "float32" | "float16", file)
    : await exportRows(what, to, part as "train", file);
  print(`Written: ${relative(userPath("."), file)}, ${said}`);
  return file;
}

async function exportModel(
  run: string,
  to: string,
  precision: "float32" | "float16",
  file: string,
): Promise<string> {
  if (!existsSync(join(RESULTS, run, "model.safetensors"))) {
    const [first] = /^(claims$|labels\/|data\/)|\.pgn/.exec(run) ?? [];
    if (first) throw new TypeError(`Cannot write ${run} as ${to}: only a run has a model`);
  }
  await useBackend("cpu"); // nothing is computed
  using model = loadModel(run);
  if (to === "onnx") writeFileAtomic(file, await onnxModel(model));
  else await saveModel(file, model, precision);
  return `the ${model.config.model} of ${run}, ${(Deno.statSync(file).size / 1e6).toFixed(1)} MB`;
}

async function exportRows(
  what: string,
  to: string,
  part: "train" | "validation" | "test",
  file: string,
): Promise<string> {
  const [, dataset] = /^data\/(.+)$/.exec(what) ?? [];
  if (dataset !== undefined || /\.pgn(\.zst|\.gz)?$/.test(what)) {
    const games = await loadGames(dataset ?? what, { part });
    if (to !== "pgn") return `${await writeTable(games, file)} games`;
    const partial = `${file}.tmp`;
    {
      using out = await Deno.open(partial, { write: true, create: true, truncate: true });
      const writer = out.writable.getWriter();
      const encoder = new TextEncoder();
      for (const game of eachGame(games)) await writer.write(encoder.encode(pgnOfGame(game)));
      await writer.close();
    }
    Deno.renameSync(partial, file);
    return `${games.length} games`;
  }
  if (to === "pgn") throw new TypeError(`Cannot write ${what} as pgn: must be games, data/NAME`);
  const rows: TableSource = what === "claims"
    ? queryClaims()
    : what.startsWith("labels/")
    ? queryLabels(what.slice("labels/".length))
    : queryLosses(what);
  return `${await writeTable(rows, file)} rows`;
}

function choose(flag: string, value: string, known: readonly string[]): void {
  if (known.includes(value)) return;
  throw new TypeError(`Cannot read --${flag} ${value}: must be ${known.join(", ")}`);
}

if (import.meta.main) await runCommand((args) => exportTask(args).then(() => 0));
