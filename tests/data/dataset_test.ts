import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { makeSan } from "@lib/chess/san.ts";
import { startPosition } from "@lib/chess/position.ts";
import { OPENING_PLIES, readCard } from "@lib/data/card.ts";
import { buildDataset, type DatasetOptions, openDataset } from "@lib/data/dataset.ts";
import { concatGames, eachGame, gameRow, type GameSource } from "@lib/data/games.ts";
import { splitOf } from "@lib/data/split.ts";
import { random } from "@lib/random.ts";
import { madeGames } from "./made_games.ts";

const made = madeGames(random(1, "dataset"), 400, 30);

/** Games as the text of a PGN file. */
function pgnOf(games: readonly GameSource[]): string {
  return games.map(({ headers, moves, result }) => {
    const position = startPosition();
    const lines = Object.entries({ ...headers, Result: result }).map(([k, v]) => `[${k} "${v}"]`);
    const sans = Array.from(moves, (move, ply) => {
      const san = makeSan(position, move);
      position.play(move);
      return (ply % 2 === 0 ? `${ply / 2 + 1}. ` : "") + san;
    });
    return `${lines.join("\n")}\n\n${sans.join(" ")} ${result}\n`;
  }).join("\n");
}

/** A folder for one test, removed after it. */
class Folder implements Disposable {
  readonly path = Deno.makeTempDirSync();

  /** The path of a name in it. */
  at(name: string): string {
    return join(this.path, name);
  }

  /** The names in it. */
  names(): string[] {
    return [...Deno.readDirSync(this.path)].map(({ name }) => name).sort();
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

const stream = (games: readonly GameSource[]): DatasetOptions["source"] => ({
  name: "made",
  games,
});
const asText = (row: ReturnType<typeof gameRow>) =>
  [Array.from(row.moves).join(" "), row.white, row.black, row.result, row.speed, row.year].join(
    "|",
  );

Deno.test("a dataset holds the games that fit, each in one part, and counts the others", async () => {
  using folder = new Folder();
  const directory = folder.at("capped");
  const card = await buildDataset({ source: stream(made), directory, selection: { cap: 1600 } });
  const fits = made.filter(({ headers }) => Math.max(+headers.WhiteElo, +headers.BlackElo) <= 1600);
  const { train, validation, test } = openDataset(directory);
  const all = concatGames([train, validation, test]);
  assert.deepEqual(
    [...eachGame(all)].map(asText).toSorted(),
    fits.map(gameRow).map(asText).toSorted(),
  );
  assert.equal(card.read, 400);
  assert.deepEqual(card.rejected, { cap: 400 - fits.length });
  assert.deepEqual(card.games, {
    train: train.length,
    validation: validation.length,
    test: test.length,
  });
  assert.equal(card.plies.train, train.moves.length);
  const counts = Object.values(card.ratings).reduce((a, b) => a + b);
  assert.equal(counts, 2 * fits.length);
  const in1400 = fits.flatMap(({ headers }) => [+headers.WhiteElo, +headers.BlackElo])
    .filter((rating) => rating > 1300 && rating <= 1400).length;
  assert.equal(card.ratings["1400"], in1400);
  assert.deepEqual(readCard(directory), card);
  assert.match(Deno.readTextFileSync(join(directory, "card.md")), /\| cap \| \d+ \| \d+\.\d % \|/);
  assert.deepEqual(folder.names(), ["capped"]);
});

Deno.test("the same source and seeds give the same shards, another split seed others", async () => {
  using folder = new Folder();
  const build = async (name: string, seed: number) => {
    const options = { source: stream(made), directory: folder.at(name), seed };
    return (await buildDataset(options)).shards.map(({ sha256 }) => sha256);
  };
  const first = await build("a", 1);
  assert.deepEqual(await build("b", 1), first);
  assert.notDeepEqual(await build("c", 2), first);
});

Deno.test("a file, its gzipped copy and a folder of two halves give the same games", async () => {
  using folder = new Folder();
  Deno.mkdirSync(folder.at("halves/deeper"), { recursive: true });
  Deno.writeTextFileSync(folder.at("games.pgn"), pgnOf(made));
  Deno.writeFileSync(folder.at("games.pgn.gz"), gzipSync(pgnOf(made)));
  Deno.writeTextFileSync(folder.at("halves/a.pgn"), pgnOf(made.slice(0, 150)));
  Deno.writeFileSync(folder.at("halves/deeper/b.pgn.gz"), gzipSync(pgnOf(made.slice(150))));
  Deno.writeTextFileSync(folder.at("halves/readme.txt"), "not games");
  const shards = [];
  for (const source of ["games.pgn", "games.pgn.gz", "halves"]) {
    const directory = folder.at(`of-${source}`);
    const card = await buildDataset({ source: folder.at(source), directory });
    shards.push(card.shards.map(({ sha256 }) => sha256));
    for (const { name, bytes, sha256 } of card.source.files) {
      const content = Deno.readFileSync(folder.at(source === "halves" ? `halves/${name}` : name));
      assert.equal(bytes, content.length);
      assert.equal(sha256, createHash("sha256").update(content).digest("hex"));
    }
  }
  assert.deepEqual(shards[1], shards[0]);
  assert.deepEqual(shards[2], shards[0]);
});

Deno.test("the number of shards changes nothing for the reader", async () => {
  using folder = new Folder();
  const [one, many] = await Promise.all([1e6, 500].map(async (shardPlies, i) => {
    const directory = folder.at(String(i));
    const card = await buildDataset({ source: stream(made), directory, shardPlies });
    return { shards: card.shards, games: [...eachGame(openDataset(directory).train)].map(asText) };
  }));
  assert.equal(one.shards.length, 3);
  const inTrain = many.shards.filter(({ split }) => split === "train");
  assert.ok(inTrain.length > 5);
  assert.equal(inTrain.reduce((sum, { games }) => sum + games, 0), one.games.length);
  assert.deepEqual(many.games, one.games);
});

Deno.test("the split follows the moves: copies of a game fall to one side", () => {
  const row = gameRow(made[0]);
  const shares = { validation: 0.3, test: 0.3 };
  const counts = { train: 0, validation: 0, test: 0 };
  for (const game of made) counts[splitOf(gameRow(game), shares, 1)]++;
  // 400 games, shares .4 .3 .3: within 5 standard deviations (48)
  for (const [part, share] of [["train", .4], ["validation", .3], ["test", .3]] as const) {
    assert.ok(Math.abs(counts[part] - 400 * share) < 48, `${part} ${counts[part]}`);
  }
  for (let seed = 0; seed < 20; seed++) {
    const copy = { ...row, white: 1, black: 2, year: 1999 };
    assert.equal(splitOf(copy, shares, seed), splitOf(row, shares, seed));
  }
});

Deno.test("an equal-n sample has n games, is nested, and does not depend on the order", async () => {
  using folder = new Folder();
  const sample = async (maxGames: number, games: readonly GameSource[], name: string) => {
    const directory = folder.at(name);
    const selection = { maxGames, seed: 3 };
    const card = await buildDataset({ source: stream(games), directory, selection });
    assert.equal(card.rejected.maxGames, 400 - maxGames);
    const { train, validation, test } = openDataset(directory);
    return [...eachGame(concatGames([train, validation, test]))].map(asText).toSorted();
  };
  const small = await sample(100, made, "small");
  const large = await sample(200, made, "large");
  assert.equal(small.length, 100);
  assert.ok(small.every((game) => large.includes(game)));
  assert.deepEqual(await sample(100, made.toReversed(), "reversed"), small);
});

Deno.test("the card counts players that are known, and those on both sides", async () => {
  using folder = new Folder();
  const games = made.map((game, i) => ({
    ...game,
    headers: { ...game.headers, White: "Ada", Black: i === 0 ? "once" : "?" },
  }));
  const card = await buildDataset({ source: stream(games), directory: folder.at("a") });
  assert.deepEqual(card.players, { known: 2, onBothSides: 1 });
  assert.ok(card.notes.some((note) => note.startsWith("1 of 2 known players")));
});

Deno.test("one side's moves alone: the other's rating is unknown, and the card tells the diversity", async () => {
  using folder = new Folder();
  const directory = folder.at("ada");
  const selection = { player: "ada", movesOf: "player" } as const;
  const card = await buildDataset({ source: stream(made), directory, selection });
  const hers = made.filter(({ headers }) => headers.White === "ada");
  const games = openDataset(directory).train;
  assert.ok(games.length > 0 && games.black.every((rating) => rating === 0));
  assert.equal(card.rejected.player, made.length - hers.length);
  const { players, openings, rating, ratingSpread } = card.diversity!;
  assert.equal(players, 1);
  const mean = games.white.reduce((sum, each) => sum + each) / games.length;
  const spread = games.white.reduce((sum, each) => sum + (each - mean) ** 2, 0) / games.length;
  assert.ok(Math.abs(rating - mean) < 1e-6 && Math.abs(ratingSpread - Math.sqrt(spread)) < 1e-6);
  // Random games seldom share an opening.
  const lines = new Set(
    [...eachGame(games)].map(({ moves }) => Array.from(moves).slice(0, OPENING_PLIES).join(" ")),
  );
  assert.ok(openings > 0.9 * lines.size && openings <= lines.size + 1e-9, `${openings}`);
  assert.match(
    Deno.readTextFileSync(join(directory, "card.md")),
    /1 players of equally many games/,
  );
});

Deno.test("evaluations are kept where they are, and counted", async () => {
  using folder = new Folder();
  const games = made.map((game, i) =>
    i < 100 ? { ...game, evals: Array.from(game.moves, (_, ply) => 10 * ply) } : game
  );
  const split = { validation: 0, test: 0 };
  const card = await buildDataset({ source: stream(games), directory: folder.at("a"), split });
  assert.equal(card.withEvals, 100);
  const { train, validation } = openDataset(folder.at("a"));
  assert.equal(train.evals![2], 20);
  assert.equal(train.evals!.at(-1), -32768);
  assert.equal(validation.length, 0);
});

Deno.test("games with errors are counted and quoted, the others kept", async () => {
  using folder = new Folder();
  const path = folder.at("games.pgn");
  const broken = '[Event "x"]\n[Result "1-0"]\n\n1. e4 e5 2. Ke5 1-0\n\n';
  Deno.writeTextFileSync(path, pgnOf(made.slice(0, 200)) + "\n" + broken + pgnOf(made.slice(200)));
  const card = await buildDataset({ source: path, directory: folder.at("a") });
  assert.equal(card.errors.count, 1);
  assert.match(card.errors.first[0], /Ke5/);
  assert.equal(card.games.train + card.games.validation + card.games.test, 400);
  Deno.writeTextFileSync(path, broken + broken);
  await assert.rejects(
    buildDataset({ source: path, directory: folder.at("b") }),
    /2 games none is left \(2 could not be read: .*Ke5/,
  );
});

Deno.test("moves without headers after a game do not slip past the rules", async () => {
  using folder = new Folder();
  const path = folder.at("games.pgn");
  Deno.writeTextFileSync(path, pgnOf(made) + "\n1. e4 e5 2. Nf3 1-0\n");
  const all = await buildDataset({ source: path, directory: folder.at("all") });
  assert.equal(all.read, 401);
  assert.equal(all.games.train + all.games.validation + all.games.test, 401);
  const selection = { cap: 3000 };
  const card = await buildDataset({ source: path, directory: folder.at("capped"), selection });
  assert.deepEqual(card.rejected, { "rating unknown": 1 });
});

Deno.test("a rating that is marked as provisional is read, one that is none is unknown", async () => {
  using folder = new Folder();
  const path = folder.at("games.pgn");
  const rated = (white: string, i: number) =>
    pgnOf([{ ...made[i], headers: { WhiteElo: white, BlackElo: "1400" } }]);
  Deno.writeTextFileSync(path, ["1450?", "?", "1450", "99999"].map(rated).join("\n"));
  const options = { source: path, directory: folder.at("a"), split: { validation: 0, test: 0 } };
  const card = await buildDataset({ ...options, selection: { cap: 1500 } });
  assert.deepEqual([card.games.train, card.rejected], [2, { "rating unknown": 2 }]);
});

Deno.test("a selection that keeps nothing says which rule removed how many", async () => {
  using folder = new Folder();
  const selection = { cap: 1500, from: "2030" };
  const above = made.filter(({ headers }) => Math.max(+headers.WhiteElo, +headers.BlackElo) > 1500);
  await assert.rejects(
    buildDataset({ source: stream(made), directory: folder.at("a"), selection }),
    (error: Error) =>
      error instanceof RangeError && error.message.includes(`of its 400 games none is left`) &&
      error.message.includes(`${above.length} by "cap"`) &&
      error.message.includes(`${400 - above.length} by "date"`),
  );
  await assert.rejects(
    buildDataset({ source: stream([]), directory: folder.at("a") }),
    /made: it holds no games/,
  );
  assert.deepEqual(folder.names(), []);
});

Deno.test("a split that leaves a part empty is refused", async () => {
  using folder = new Folder();
  const few = { source: stream(made.slice(0, 2)), directory: folder.at("a") };
  await assert.rejects(
    buildDataset(few),
    /Cannot split 2 games .*(validation|test|train) got none/,
  );
  for (const split of [{ validation: .5, test: .5 }, { validation: -1, test: 0 }]) {
    await assert.rejects(buildDataset({ ...few, split }), /must be shares of 0 or more/);
  }
  assert.deepEqual(folder.names(), []);
});

Deno.test("sources that are missing, empty, cut short or hold no games are named", async () => {
  using folder = new Folder();
  const directory = folder.at("out");
  const fails = (source: string, why: RegExp) =>
    assert.rejects(buildDataset({ source: folder.at(source), directory }), why);
  Deno.writeTextFileSync(folder.at("empty.pgn"), "");
  const zipped = gzipSync(pgnOf(made));
  Deno.writeFileSync(folder.at("cut.pgn.gz"), zipped.subarray(0, zipped.length / 2));
  Deno.mkdirSync(folder.at("folder"));
  Deno.writeTextFileSync(folder.at("other.pgn"), "\n\n");
  await fails("missing.pgn", /missing\.pgn: there is no such file/);
  await fails("empty.pgn", /empty\.pgn/);
  await fails("cut.pgn.gz", /cut\.pgn\.gz/);
  await fails("other.pgn", /other\.pgn: it holds no games/);
  await fails("folder", /the folder has no \.pgn/);
  assert.deepEqual(folder.names(), ["cut.pgn.gz", "empty.pgn", "folder", "other.pgn"]);
});

Deno.test("a dataset is not overwritten unless told, other files never", async () => {
  using folder = new Folder();
  const options = { source: stream(made), directory: folder.at("a") };
  const first = await buildDataset(options);
  await assert.rejects(buildDataset(options), /it holds one already/);
  const selection = { cap: 1600 };
  await assert.rejects(
    buildDataset({ ...options, selection: { cap: 1 }, replace: true }),
    /none is left/,
  );
  assert.deepEqual(readCard(folder.at("a")), first); // a failed build leaves the old one
  const second = await buildDataset({ ...options, selection, replace: true });
  assert.ok(second.games.train < first.games.train);
  assert.deepEqual(openDataset(folder.at("a")).card, second);
  assert.deepEqual(folder.names(), ["a"]);
  Deno.mkdirSync(folder.at("b"));
  Deno.writeTextFileSync(folder.at("b/thesis.txt"), "precious");
  await assert.rejects(
    buildDataset({ ...options, directory: folder.at("b"), replace: true }),
    /it holds other files/,
  );
});

Deno.test("a build that is stopped leaves nothing", async () => {
  using folder = new Folder();
  Deno.writeTextFileSync(folder.at("games.pgn"), pgnOf(made));
  for (const source of [stream(made), folder.at("games.pgn")]) {
    const stop = new AbortController();
    const onProgress = () => stop.abort();
    const directory = folder.at("a");
    await assert.rejects(
      buildDataset({ source, directory, onProgress, signal: stop.signal }),
      { name: "AbortError" },
    );
    assert.deepEqual(folder.names(), ["games.pgn"]);
  }
});

Deno.test("what a killed build left behind is no hindrance", async () => {
  using folder = new Folder();
  Deno.mkdirSync(folder.at("a.partial"));
  Deno.writeTextFileSync(folder.at("a.partial/train-0007.games"), "half");
  const options = { source: stream(made), directory: folder.at("a") };
  await buildDataset(options);
  Deno.mkdirSync(folder.at("a.replaced"));
  Deno.writeTextFileSync(folder.at("a.replaced/train-0007.games"), "replaced");
  await buildDataset({ ...options, replace: true });
  assert.deepEqual(folder.names(), ["a"]);
  assert.ok(![...Deno.readDirSync(folder.at("a"))].some(({ name }) => name.includes("0007")));
});

Deno.test("a part of a dataset is read when it is first used, and once", async () => {
  using folder = new Folder();
  const directory = folder.at("a");
  const { games } = await buildDataset({ source: stream(made), directory });
  const dataset = openDataset(directory);
  Deno.removeSync(join(directory, "train-0000.games"));
  assert.equal(dataset.test.length, games.test);
  Deno.removeSync(join(directory, "test-0000.games"));
  assert.equal(dataset.test.length, games.test);
  assert.throws(() => dataset.train, /train-0000\.games: there is no such file/);
});

Deno.test("a dataset with a missing or changed file is not opened", async () => {
  using folder = new Folder();
  const directory = folder.at("a");
  await buildDataset({ source: stream(made), directory });
  assert.throws(() => openDataset(folder.at("b")), /it has no card\.json/);
  const shard = join(directory, "test-0000.games");
  const bytes = Deno.readFileSync(shard);
  Deno.copyFileSync(join(directory, "validation-0000.games"), shard);
  assert.throws(() => openDataset(directory).test, /its SHA-256 is .*, must be/);
  Deno.writeFileSync(shard, bytes.subarray(0, bytes.length - 3));
  assert.throws(() => openDataset(directory).test, /cut short/);
  Deno.removeSync(shard);
  assert.throws(() => openDataset(directory).test, /there is no such file/);
  const card = join(directory, "card.json");
  Deno.writeTextFileSync(card, Deno.readTextFileSync(card).replace('"version": 1', '"version": 2'));
  assert.throws(() => openDataset(directory), /not a card of version 1/);
  Deno.writeTextFileSync(card, "{");
  assert.throws(() => openDataset(directory), /is not JSON/);
});

Deno.test("files read at once, by Workers, give the shards and counts of one after the other", async () => {
  using folder = new Folder();
  Deno.mkdirSync(folder.at("games"));
  const broken = `${pgnOf(made.slice(0, 3))}\n[White "x"]\n\n1. e4 e5 2. Ke3 1-0\n`;
  Deno.writeTextFileSync(folder.at("games/1.pgn"), pgnOf(made.slice(0, 150)) + broken);
  Deno.writeFileSync(folder.at("games/2.pgn.gz"), gzipSync(pgnOf(made.slice(150, 155))));
  Deno.writeTextFileSync(folder.at("games/3.pgn"), pgnOf(made.slice(155)));
  for (const selection of [{}, { cap: 1700, maxGames: 100, seed: 3 }]) {
    const build = (workers: number) =>
      buildDataset({
        source: folder.at("games"),
        directory: folder.at(`built-${workers}`),
        replace: true,
        split: { validation: 0.2, test: 0.2 },
        shardPlies: 2000,
        selection,
        workers,
      });
    const { name: _, created: _created, ...one } = await build(1);
    const { name: _name, created: _again, ...three } = await build(3);
    assert.deepEqual(three, one);
    for (const { file } of one.shards) {
      const [a, b] = [1, 3].map((n) => Deno.readFileSync(folder.at(`built-${n}/${file}`)));
      assert.deepEqual(a, b);
    }
  }
  assert.deepEqual(folder.names(), ["built-1", "built-3", "games"]);
});

Deno.test("a file that is cut short fails a parallel build by name, and nothing is left", async () => {
  using folder = new Folder();
  Deno.mkdirSync(folder.at("games"));
  Deno.writeTextFileSync(folder.at("games/1.pgn"), pgnOf(made.slice(0, 100)));
  Deno.writeFileSync(folder.at("games/2.pgn.gz"), gzipSync(pgnOf(made)).slice(0, 2000));
  const source = folder.at("games"), directory = folder.at("built");
  await assert.rejects(
    buildDataset({ source, directory, workers: 2 }),
    /Cannot read .*2\.pgn\.gz: it is cut off/,
  );
  assert.deepEqual(folder.names(), ["games"]);
});
