import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { openBytes } from "@lib/data/bytes.ts";
import { FIXTURES } from "@lib/paths.ts";
import { makeFen, parseFen } from "@lib/chess/fen.ts";
import {
  type Game,
  makePgn,
  PgnError,
  type PgnOptions,
  readPgn,
  type Result,
} from "@lib/chess/pgn.ts";
import { MAX_GAME_BYTES, scanPgn, tagIs, tagNumber, tagText } from "@lib/chess/pgn_scanner.ts";
import { legalMoves, startPosition } from "@lib/chess/position.ts";
import { makeSan } from "@lib/chess/san.ts";

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) {
    await Promise.resolve();
    yield bytes.slice(i, i + size);
  }
}

interface Outcome {
  readonly games: Game[];
  readonly errors: PgnError[];
}

async function read(
  text: string | Uint8Array,
  options: PgnOptions = {},
  size = 1 << 20,
): Promise<Outcome> {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  const games: Game[] = [], errors: PgnError[] = [];
  const onError = (error: PgnError) => errors.push(error);
  for await (const game of readPgn(pieces(bytes, size), { onError, ...options })) games.push(game);
  return { games, errors };
}

function sans(game: Game): string {
  const position = game.start === undefined ? startPosition() : parseFen(game.start);
  return Array.from(game.moves, (move) => {
    const san = makeSan(position, move);
    position.play(move);
    return san;
  }).join(" ");
}

const path = join(FIXTURES, "messy.pgn");
const messy = Deno.readFileSync(path);

Deno.test("a messy file gives every readable game and an error for each other", async () => {
  const { games, errors } = await read(messy, { name: "messy.pgn" });
  assert.deepEqual(games.map((game) => [game.index, game.line, game.result, sans(game)]), [
    [1, 2, "1-0", "e4 e5 Nf3 Nc6 Bb5 a6 Ba4 Nf6 O-O Nxe4 d4 b5 Bb3 d5"],
    [2, 18, "0-1", "f3 e5 g4 Qh4#"],
    [4, 31, "*", "O-O O-O-O Rf1"],
    [6, 44, "1/2-1/2", "d4 d5"],
    [8, 56, "1-0", "a4 a5"],
    [9, 62, "0-1", ""],
    [12, 75, "1/2-1/2", "Nf3 Nc6 e4 e5 Bb5 a6 Bxc6 dxc6"],
    [13, 78, "*", "e4 e5 Nf3"],
    [14, 80, "0-1", "d4 d5"],
  ]);
  assert.deepEqual(
    errors.map(({ game, line, problem }) => [game, line, problem]),
    [
      [3, 25, "variant"],
      [5, 42, "moves"],
      [7, 54, "moves"],
      [10, 65, "tags"],
      [11, 70, "set-up"],
    ],
  );
  for (const error of errors) {
    assert.ok(error instanceof SyntaxError);
    assert.ok(error.message.startsWith(`messy.pgn, line ${error.line}, game ${error.game}: `));
  }
  assert.match(errors[0].message, /the variant Atomic is not read/);
  assert.match(errors[1].message, /"Ke3" is not legal for White in rnbqkbnr\/pppp1ppp/);
  assert.match(errors[2].message, /a comment is never closed/);
  assert.match(errors[3].message, /unreadable tag \[Event "Broken tag\]/);
  assert.match(errors[4].message, /White has 0 kings/);
});

Deno.test("tags, evaluations and clocks are read", async () => {
  const { games: [first, , setUp] } = await read(messy);
  assert.equal(first.headers.White, 'Quote "Q" Backslash \\');
  assert.equal(first.headers.Black, "Łukasz");
  assert.equal(first.headers.WhiteElo, "1500");
  const plies = first.moves.length;
  const evals = Array<number>(plies).fill(NaN), clocks = evals.slice();
  [evals[0], evals[1], evals[6], evals[9]] = [17, 30, -9997, 9988];
  [clocks[0], clocks[1]] = [300, 298.5];
  assert.deepEqual(Array.from(first.evals!), evals);
  assert.deepEqual(Array.from(first.clocks!), clocks);
  assert.equal(first.start, undefined);
  assert.equal(setUp.start, "r3k2r/8/8/8/8/8/8/R3K2R b KQkq - 3 20");
  assert.ok(!("evals" in setUp) && !("clocks" in setUp));
});

Deno.test("where the stream is cut into pieces makes no difference", async () => {
  const whole = await read(messy);
  for (const size of [1, 3, 50, 997]) assert.deepEqual(await read(messy, {}, size), whole);
});

Deno.test("line ends of Windows and byte-order marks make no difference", async () => {
  const whole = await read(messy);
  const text = new TextDecoder().decode(messy);
  for (const other of [text.replaceAll("\n", "\r\n"), "\ufeff" + text]) {
    assert.deepEqual(await read(other), whole);
  }
  const joined = await read(`\ufeff${text}\ufeff${text}`);
  assert.equal(joined.games.length, 2 * whole.games.length);
  assert.equal(joined.errors.length, 2 * whole.errors.length);
});

Deno.test("Latin-1 tags are read as such", async () => {
  const text = '[White "M\xfcller"]\n\n1. e4 *\n';
  const { games } = await read(Uint8Array.from(text, (c) => c.charCodeAt(0)));
  assert.equal(games[0].headers.White, "Müller");
});

Deno.test("without onError the first bad game is thrown and the stream is closed", async () => {
  let closed = false;
  async function* source() {
    try {
      yield messy;
      yield messy;
    } finally {
      closed = true;
    }
  }
  let games = 0;
  await assert.rejects(async () => {
    for await (const _ of readPgn(source())) games++;
  }, PgnError);
  assert.equal(games, 2);
  assert.ok(closed);
  closed = false;
  for await (const _ of readPgn(source())) break;
  assert.ok(closed, "break closes the stream");
});

Deno.test("filter and accept decide before the moves are read", async () => {
  const accepted = await read(messy, { accept: ({ Result }) => Result === "1/2-1/2" });
  assert.deepEqual(accepted.games.map(({ index }) => index), [6]);
  assert.deepEqual(accepted.errors.map(({ game }) => game), [5, 10]);
  const filtered = await read(messy, { filter: (game) => tagIs(game, "Result", "1/2-1/2") });
  assert.deepEqual(filtered.games, accepted.games);
});

Deno.test("a file cut anywhere is read up to the cut, and the cut game is an error", async () => {
  const text = '[Event "a"]\n[Result "1-0"]\n\n1. e4 e5 {[%eval 0.1]} 1-0\n\n' +
    '[Event "b"]\n[Result "1-0"]\n\n1. d4 (1. c4 c5) d5 {so} 2. c4 1-0\n';
  const second = text.lastIndexOf("[Event");
  for (let cut = second + 2; cut < text.length - 1; cut++) {
    const { games, errors } = await read(text.slice(0, cut));
    const shown = JSON.stringify(text.slice(second, cut));
    assert.equal(games.length, 1, shown);
    assert.equal(errors.length, 1, shown);
    assert.equal(errors[0].game, 2, shown);
    assert.equal(errors[0].problem, "truncated", shown);
  }
});

Deno.test("a missing result is the tag's, or unknown", async () => {
  const results: readonly (readonly [string, Result])[] = [
    ['[Result "1-0"]\n\n1. e4\n', "1-0"],
    ['[Result "?"]\n\n1. e4\n', "*"],
    ["1. e4\n", "*"],
    ["1. e4", "*"],
    ['[Result "*"]\n\n1. e4 e5', "*"],
    ['[Result "1-0"]\n\n1. e4 0-1', "0-1"],
  ];
  for (const [text, result] of results) {
    const { games, errors } = await read(text);
    assert.deepEqual(errors, [], text);
    assert.equal(games[0].result, result, text);
  }
});

Deno.test("text that is no PGN is an error, not silence", async () => {
  const texts = [
    "Dear reader,\nthis is prose.\n",
    "id,rating\n1,1500\n",
    "\0\x01\xff\xfe\x80 junk",
  ];
  for (const text of texts) {
    const { games, errors } = await read(Uint8Array.from(text, (c) => c.charCodeAt(0)));
    assert.equal(games.length, 0);
    assert.equal(errors[0].problem, "moves");
    assert.equal(errors[0].line, 1);
  }
  for (const text of ["", "\n \n", "% nothing but an escaped line"]) {
    const { games, errors } = await read(text);
    assert.equal(games.length, 0);
    assert.deepEqual(errors.map(({ problem }) => problem), ["no games"]);
    await assert.rejects(
      read(text, {
        onError: (error) => {
          throw error;
        },
      }),
      /no game in it/,
    );
  }
  const { errors } = await read("1. e4 -- 2. d4 *");
  assert.match(errors[0].message, /null move/);
});

Deno.test("variants are refused by name, standard chess under any of its names is read", async () => {
  for (const name of ["Chess960", "Antichess", "Crazyhouse", "Three-check"]) {
    const { games, errors } = await read(`[Variant "${name}"]\n\n1. e4 *\n`);
    assert.equal(games.length, 0);
    assert.equal(errors[0].problem, "variant");
    assert.ok(errors[0].message.includes(`the variant ${name} is not read`));
  }
  for (const name of ["Standard", "standard", "chess", "From Position", ""]) {
    assert.equal((await read(`[Variant "${name}"]\n\n1. e4 *\n`)).games.length, 1, name);
  }
});

Deno.test("megabytes of moves without a line end are read", async () => {
  const words = ['[Event "long"]\n\n'];
  for (let n = 1; n < 60_000; n += 2) {
    words.push(`${n}. Nf3 Nf6 {${" comment".repeat(5)}} ${n + 1}. Ng1 Ng8 `);
  }
  const text = words.join("") + "1/2-1/2\n\n1. e4 1-0\n";
  assert.ok(text.length > 2e6);
  const { games, errors } = await read(text);
  assert.deepEqual(errors, []);
  assert.deepEqual(games.map((game) => game.moves.length), [120_000, 1]);
});

Deno.test("a game longer than the limit is an error; memory stays bounded", async () => {
  let largest = 0;
  async function* source() {
    const line = new TextEncoder().encode("{ no end ".repeat(100_000) + "\n");
    yield new TextEncoder().encode('[Event "a"]\n\n1. e4 *\n\n[Event "b"]\n\n1. e4 ');
    for (let sent = 0; sent < 3 * MAX_GAME_BYTES; sent += line.length) {
      yield line;
      largest = Math.max(largest, Deno.memoryUsage().external);
    }
    yield new TextEncoder().encode('\n[Event "c"]\n\n1. d4 *\n');
  }
  const games: Game[] = [], errors: PgnError[] = [];
  const start = Deno.memoryUsage().external;
  for await (const game of readPgn(source(), { onError: (error) => errors.push(error) })) {
    games.push(game);
  }
  assert.deepEqual(games.map((game) => game.headers.Event), ["a", "c"]);
  assert.deepEqual(errors.map(({ game, problem }) => [game, problem]), [[2, "size"]]);
  assert.ok(games[1].line > 50);
  assert.ok(largest - start < 8 * MAX_GAME_BYTES, `${largest - start} bytes were held`);
});

Deno.test("the scanner finds the games and their tags", async () => {
  const events: (string | undefined)[] = [], ratings: number[] = [];
  const count = await scanPgn(pieces(messy, 100), (game) => {
    events.push(tagText(game, "Event"));
    ratings.push(tagNumber(game, "WhiteElo"), tagNumber(game, "BlackElo"));
  });
  assert.equal(count, 12, "games without tags hang on to the one before");
  assert.equal(events[0], "Comments, marks and variations");
  assert.equal(events[5], "A comment that looks like a tag");
  assert.deepEqual(ratings.slice(0, 3), [1500, NaN, NaN]);
});

Deno.test("a written game is as PGN wants it", async () => {
  const text = makePgn({
    headers: { Result: "0-1", BlackElo: "9", Black: 'a "b" \\', Event: "x\ny" },
    moves: (await read("1. f3 e5 2. g4 Qh4#")).games[0].moves,
    result: "0-1",
    evals: [-50, NaN, -9999, NaN],
    clocks: [300, 3599.5, NaN, NaN],
    comments: [undefined, "not } good", "", undefined],
  });
  assert.equal(
    text,
    '[Event "x y"]\n[Black "a \\"b\\" \\\\"]\n[Result "0-1"]\n[BlackElo "9"]\n\n' +
      "1. f3 { [%eval -0.50] [%clk 0:05:00] } 1... e5 { [%clk 0:59:59.5] not ) good }\n" +
      "2. g4 { [%eval #-1] } 2... Qh4# 0-1\n\n",
  );
  assert.throws(
    () => makePgn({ headers: { "A B": "" }, moves: [], result: "*" }),
    /TypeError: Cannot write the tag "A B"/,
  );
});

Deno.test("games survive being written and read", async () => {
  const value = fc.string({ unit: "grapheme", maxLength: 30 }).map((text) =>
    text.replace(/\p{Cc}|\p{Cs}/gu, " ")
  );
  const words = fc.constantFrom("good", "{", "[White", '"x"]', "%", ";", "(", "$3", "1-0", "\n");
  const comment = fc.option(fc.array(words).map((list) => list.join(" ")), { nil: undefined });
  const score = fc.oneof(fc.integer({ min: -9000, max: 9000 }), fc.constantFrom(NaN, 9999, -9990));
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        white: value,
        choices: fc.array(fc.nat(), { maxLength: 120 }),
        start: fc.constantFrom(undefined, "r3k2r/8/8/8/8/8/8/R3K2R b KQkq - 3 20"),
        result: fc.constantFrom<Result>("1-0", "0-1", "1/2-1/2", "*"),
        evals: fc.array(score, { minLength: 120, maxLength: 120 }),
        comments: fc.array(comment, { minLength: 120, maxLength: 120 }),
      }),
      async ({ white, choices, start, result, evals, comments }) => {
        const position = start === undefined ? startPosition() : parseFen(start);
        const moves: number[] = [];
        for (const choice of choices) {
          const legal = legalMoves(position);
          if (legal.length === 0) break;
          moves.push(legal[choice % legal.length]);
          position.play(moves.at(-1)!);
        }
        const game = {
          headers: { Event: "e", White: white },
          moves,
          result,
          evals,
          comments,
          ...(start !== undefined && { start }),
        };
        const text = makePgn(game);
        assert.ok(text.split("\n").every((line) => line.startsWith("[") || line.length <= 82));
        const twice = await read(text + text);
        assert.deepEqual(twice.errors, []);
        assert.equal(twice.games.length, 2);
        for (const back of twice.games) {
          assert.deepEqual(Array.from(back.moves), moves);
          assert.equal(back.headers.White, white);
          assert.equal(back.result, result);
          assert.equal(back.start, start);
          const some = evals.slice(0, moves.length).some((score) => !Number.isNaN(score));
          const written = Array.from(evals.slice(0, moves.length), Math.fround);
          if (some) assert.deepEqual(Array.from(back.evals!), written.map((x) => x === 0 ? 0 : x));
          else assert.equal(back.evals, undefined);
          assert.equal(makePgn({ ...back, comments }), makePgn({ ...game, headers: back.headers }));
        }
      },
    ),
    { seed: 5, numRuns: 100 },
  );
  const { games } = await read(messy);
  for (const game of games) {
    const { games: [back] } = await read(makePgn(game));
    assert.deepEqual(back.moves, game.moves);
    assert.deepEqual(back.evals, game.evals);
    assert.deepEqual(back.clocks, game.clocks);
  }
});

Deno.test("a compressed file that is cut off gives its games and then the error", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const { zstdCompressSync } = await import("node:zlib");
    const text = '[Event "a"]\n\n1. e4 e5 1-0\n\n'.repeat(200_000);
    const packed = zstdCompressSync(text);
    const cut = `${folder}/cut.pgn.zst`;
    Deno.writeFileSync(cut, packed.subarray(0, packed.length - 3));
    let games = 0;
    await assert.rejects(async () => {
      for await (const _ of readPgn(openBytes(cut))) games++;
    }, /cut\.pgn\.zst: it is cut off/);
    assert.ok(games > 10_000);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("final positions carry the whole game", async () => {
  const { games: [first] } = await read(messy);
  const position = startPosition();
  for (const move of first.moves) position.play(move);
  assert.equal(
    makeFen(position),
    "r1bqkb1r/2p2ppp/p1n5/1p1pp3/3Pn3/1B3N2/PPP2PPP/RNBQ1RK1 w kq - 0 8",
  );
});
