/**
 * Games in portions: what a dataset keeps of a file, read here or, several files at once, in Workers.
 * The portions of a source are the same either way, and in the same order.
 *
 * @module
 */

import { gameRow, type Games, gamesBuilder, type GameSource } from "@lib/data/games.ts";
import {
  headerTest,
  moversOf,
  ratingTest,
  rowTest,
  type Rule,
  type Selection,
} from "@lib/data/select.ts";
import {
  type GameFile,
  type GameStream,
  readGames,
  type ReadOptions,
  readStream,
} from "@lib/data/sources.ts";
import { contentHash, sampleKey } from "@lib/data/split.ts";

/** The counts of a stretch of games. */
export interface Tally {
  /** Games read. */
  read: number;
  /** Games that passed all rules. */
  kept: number;
  /** Those that did not, by the rule that refused them. */
  rejected: Partial<Record<Rule, number>>;
  /** Games that could not be read, and why the first of them. */
  errors: { count: number; first: string[] };
}

/** What is kept of a stretch of games. */
export interface Portion {
  /** In the order of the source. */
  readonly games: Games;
  /** Of each game: the players whose names are known. */
  readonly players: readonly (readonly string[])[];
  /** Of each game: the key by which a sample draws it. */
  readonly keys: readonly number[];
  /** What was counted since the portion before. */
  readonly tally: Tally;
}

/** How a source is read in portions. */
export interface PortionOptions {
  /** Which games are kept. */
  readonly selection: Selection;
  /** Told how much of the source is read, 0 … 1, and what was counted since the portion before. */
  readonly onPiece?: (fraction: number, tally: Readonly<Tally>) => void;
  /** Ends the reading. */
  readonly signal?: AbortSignal | undefined;
  /** Games of a portion at most (default 1000). */
  readonly games?: number;
}

const ERRORS_SHOWN = 5;

/** Nothing counted yet. */
export const emptyTally = (): Tally => ({
  read: 0,
  kept: 0,
  rejected: {},
  errors: { count: 0, first: [] },
});

/** The portions of games that `open` reads by the tests it is given; the last may be empty. */
async function* portionsOf(
  open: (options: ReadOptions) => AsyncIterable<GameSource>,
  { selection, signal, onPiece, games: most = 1000 }: PortionOptions,
): AsyncGenerator<Portion> {
  const [refusesRatings, refusesHeaders, refusesRow] = [
    ratingTest(selection),
    headerTest(selection),
    rowTest(selection),
  ];
  let tally = emptyTally(), builder = gamesBuilder();
  let players: string[][] = [], keys: number[] = [];
  const accepts = (rule: Rule | null, games = 1) => {
    if (rule !== null) tally.rejected[rule] = (tally.rejected[rule] ?? 0) + games;
    return rule === null;
  };
  const take = () => {
    const portion = { games: builder.games(), players, keys, tally };
    [tally, builder, players, keys] = [emptyTally(), gamesBuilder(), [], []];
    return portion;
  };
  const games = open({
    acceptRatings(white, black) {
      tally.read++;
      return accepts(refusesRatings(white, black));
    },
    accept: (headers) => accepts(refusesHeaders(headers)),
    selection,
    onSkipped(rule, games) {
      tally.read += games;
      accepts(rule, games);
    },
    onError({ message }) {
      if (tally.errors.count++ < ERRORS_SHOWN) tally.errors.first.push(message);
    },
    onPiece: (fraction) => onPiece?.(fraction, tally),
    signal,
  });
  for await (const game of games) {
    const whole = gameRow(game);
    if (!accepts(refusesRow(whole))) continue;
    tally.kept++;
    const movers = moversOf(selection, game.headers, contentHash(whole)[0]);
    const row = {
      ...whole,
      ...(!movers.white && { white: 0 }),
      ...(!movers.black && { black: 0 }),
    };
    builder.add(row);
    players.push(playersOf(game.headers, movers));
    keys.push(selection.maxGames === undefined ? 0 : sampleKey(row, game.headers, selection.seed));
    if (builder.length === most) yield take();
  }
  yield take();
}

/**
 * The portions of a file.
 *
 * @throws {Error} (from the loop) when it is missing, empty, cut short or corrupt
 */
export function portionsOfFile(
  file: GameFile,
  options: PortionOptions,
): AsyncGenerator<Portion> {
  return portionsOf((reading) => readGames(file, reading), options);
}

/** The portions of several files, one after the other. */
export async function* portionsOfFiles(
  files: readonly GameFile[],
  { onPiece, ...options }: PortionOptions,
): AsyncGenerator<Portion> {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  for (const file of files) {
    yield* portionsOfFile(file, {
      ...options,
      onPiece: (fraction, tally) => onPiece?.((done + fraction * file.bytes) / total, tally),
    });
    done += file.bytes;
  }
}

/** The portions of games that do not come from a file. */
export function portionsOfStream(
  stream: GameStream,
  options: PortionOptions,
): AsyncGenerator<Portion> {
  return portionsOf((reading) => readStream(stream, reading), options);
}

/** The names of the players whose moves count, where they are known. */
function playersOf(
  { White, Black }: GameSource["headers"],
  { white, black }: ReturnType<typeof moversOf>,
): string[] {
  const names = [...(white ? [White] : []), ...(black ? [Black] : [])];
  return names.filter((name) => name && !/^(\?|anonymous|ai\b.*)$/i.test(name));
}
