/**
 * Players by name, as the command line writes them: `stockfish:skill=0:nodes=1000`.
 *
 * @module
 */

import { join } from "node:path";
import { modelName, RESULTS } from "@lib/paths.ts";
import { makeCrowd } from "@lib/experts/crowd.ts";
import { crowdPlayer } from "@lib/play/crowd_player.ts";
import { epsilonPlayer, greedyPlayer, type Player, randomPlayer } from "@lib/play/player.ts";
import { stockfishPlayer } from "@lib/play/stockfish_player.ts";

/** What a name consists of. */
interface Words {
  /** The words without `=` after the kind. */
  readonly names: readonly string[];
  readonly options: ReadonlyMap<string, string>;
}

interface Kind {
  /** How it is written, and what it is. */
  readonly usage: string;
  readonly help: string;
  /** The options it takes, beside `epsilon`. */
  readonly options: readonly string[];
  /** Whether a name follows the kind, as in `model:cap1500`. */
  readonly named?: string;
  open(words: Words): Player | Promise<Player>;
}

const KINDS: Readonly<Record<string, Kind>> = {
  random: {
    usage: "random",
    help: "every legal move equally often",
    options: [],
    open: randomPlayer,
  },
  greedy: {
    usage: "greedy",
    help: "takes what is worth most, else random",
    options: [],
    open: greedyPlayer,
  },
  stockfish: {
    usage: "stockfish:skill=0:nodes=1000",
    help: "also depth=, seeded (reproducible skill), engine=wasm|native|<path>, count= (engines)",
    options: ["skill", "nodes", "depth", "engine", "count", "seeded"],
    open: ({ names, options }) =>
      stockfishPlayer({
        skill: numberOf(options, "skill"),
        nodes: numberOf(options, "nodes"),
        depth: numberOf(options, "depth"),
        count: numberOf(options, "count"),
        engine: options.get("engine"),
        seeded: names.includes("seeded"),
      }),
  },
  crowd: {
    usage: "crowd:1:players=10:seed=1:tau=1",
    help: "a simulated expert: 1 is the least noisy of its crowd",
    options: ["players", "seed", "tau"],
    named: "the number of a player",
    open({ names: [name], options }) {
      const players = numberOf(options, "players") ?? 10;
      const crowd = makeCrowd({ players, seed: numberOf(options, "seed") ?? 1 });
      const expert = crowd[Number(name) - 1];
      if (expert === undefined) {
        throw new RangeError(
          `Cannot play player ${name} of a crowd of ${players}: must be 1 to ${players}`,
        );
      }
      const named = { ...expert, name: `${expert.name} of ${players}` };
      return crowdPlayer(named, { temperature: numberOf(options, "tau") ?? 1 });
    },
  },
  model: {
    usage: "model:<run>:tau=0.1",
    help:
      "a trained model: a run's id, or folder with a slash; τ is 1 unless given; tries=5: by the " +
      "paper's rule a ChessFormer may fail to move legally",
    options: ["tau", "tries"],
    named: "a run's id, or its folder with a slash",
    async open({ names: [name], options }) {
      // Only a model needs the tensors, which take a while to load.
      const { openModelPlayer } = await import("./model_player.ts");
      try {
        return await openModelPlayer(modelName(name), {
          temperature: numberOf(options, "tau") ?? 1,
          tries: numberOf(options, "tries"),
        });
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
        const runs = trainedModels();
        const known = runs.length === 0 ? "none is trained yet" : `there are ${runs.join(", ")}`;
        throw new Deno.errors.NotFound(`${error.message}; ${known}`, { cause: error });
      }
    },
  },
};

/** The runs that hold a model. */
function trainedModels(): string[] {
  try {
    return Deno.readDirSync(RESULTS).map((entry) => entry.name).filter((run) => {
      try {
        return Deno.statSync(join(RESULTS, run, "model.safetensors")).isFile;
      } catch {
        return false;
      }
    }).toArray().sort();
  } catch {
    return [];
  }
}

/** The players there are, one a line, for `--help` and for errors. */
export const PLAYER_HELP: string = [
  ...Object.values(KINDS).map(({ usage, help }) => `  ${usage.padEnd(32)} ${help}`),
  `  ${"<any>:epsilon=0.3".padEnd(32)} plays a random move with this probability`,
].join("\n");

/**
 * Makes the player of a name: a kind, for some a name, then options, with colons between.
 *
 * @throws {TypeError} for an unknown kind or option, listing those there are.
 * @throws whatever the player's own maker throws, such as for a temperature below 0.
 *
 * ```ts
 * import { openPlayer } from "@lib/play/named_player.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal((await openPlayer("greedy:epsilon=0.25")).name, "greedy ε=0.25");
 * await assert.rejects(openPlayer("kasparov"), /there are/);
 * ```
 */
export async function openPlayer(text: string): Promise<Player> {
  const [kindName, ...rest] = text.split(":");
  const kind = Object.hasOwn(KINDS, kindName) ? KINDS[kindName] : undefined;
  if (kind === undefined) {
    throw new TypeError(
      `Cannot play "${text}": no player "${kindName}"; there are\n${PLAYER_HELP}`,
    );
  }
  const options = new Map<string, string>();
  const names: string[] = [];
  for (const word of rest) {
    const [key, ...value] = word.split("=");
    if (value.length > 0) options.set(key, value.join("="));
    else names.push(word);
  }
  const allowed = [...kind.options, "epsilon"];
  const flags = kind.named === undefined ? names : names.slice(1);
  const unknown = [...options.keys(), ...flags].find((key) => !allowed.includes(key));
  if (unknown !== undefined) {
    throw new TypeError(
      `Cannot play "${text}": no option "${unknown}"; ${kindName} takes ${allowed.join(", ")}`,
    );
  }
  if (kind.named !== undefined && names.length === 0) {
    throw new TypeError(`Cannot play "${text}": it needs ${kind.named}, as in ${kind.usage}`);
  }
  const epsilon = numberOf(options, "epsilon");
  const player = await kind.open({ names, options });
  return epsilon === undefined ? player : epsilonPlayer(player, epsilon);
}

function numberOf(options: ReadonlyMap<string, string>, key: string): number | undefined {
  const text = options.get(key);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === "" || Number.isNaN(value)) {
    throw new TypeError(`Cannot play with ${key}=${text}: must be a number`);
  }
  return value;
}
