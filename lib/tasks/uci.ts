/**
 * `deno task uci`: a trained model as a UCI engine on stdin and stdout.
 *
 * @module
 */

import { basename } from "node:path";
import { parseArgs } from "node:util";
import { readLines } from "@lib/data/lines.ts";
import { modelName } from "@lib/paths.ts";
import { openModelPlayer } from "@lib/play/model_player.ts";
import { serveUci } from "@lib/play/uci_engine.ts";
import { parseCount, parseNumber, runCommand } from "@lib/tasks/command.ts";

const HELP = `A trained model as a UCI engine, for chess programs, tournament managers and bots.

  deno task uci --model boardnet-cap1500 [options]

Options
  --model <run>        a run's id, or its folder or .safetensors file with a slash
  --temperature <tau>  at which it plays; also the engine's option Temperature (1)
  --seed <n>           fixes its moves (drawn, and said at the start)
  --help               this text

A program that starts engines wants a command: deno, and as its arguments
  run -A <this workspace>/lib/tasks/uci.ts --model boardnet-cap1500 --temperature 0.1
`;

async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      model: { type: "string" },
      temperature: { type: "string", default: "1" },
      seed: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(HELP);
  if (values.model === undefined) throw new TypeError(`Cannot play without --model\n\n${HELP}`);
  const model = modelName(values.model);
  const temperature = parseNumber("temperature", values.temperature);
  // Without a seed each session is another one, as opponents expect; its seed is said, so that a
  // game can be had again.
  const seed = values.seed === undefined
    ? crypto.getRandomValues(new Uint32Array(1))[0]
    : parseCount("seed", values.seed, 0);
  const write = (line: string) => {
    const bytes = new TextEncoder().encode(`${line}\n`);
    for (let sent = 0; sent < bytes.length;) sent += Deno.stdout.writeSync(bytes.subarray(sent));
  };
  write(`info string seed ${seed}`);
  await serveUci(readLines(Deno.stdin.readable), write, {
    name: `Transcendence Lab ${basename(model)}`,
    open: (temperature) => openModelPlayer(model, { temperature }),
    temperature,
    seed,
  });
}

if (import.meta.main) await runCommand(main);
