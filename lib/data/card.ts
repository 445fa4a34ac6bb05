/**
 * The card of a dataset: where its games come from, which were kept and why the others were not.
 *
 * @module
 */

import { z } from "zod";
import { selectionSchema } from "@lib/data/select.ts";

/** The parts of a dataset. */
export const SPLITS = ["train", "validation", "test"] as const;

/** One of {@linkcode SPLITS}. */
export type Split = (typeof SPLITS)[number];

/** Plies that an opening is told by, in {@linkcode Card}'s count of openings. */
export const OPENING_PLIES = 4;

const count = z.int().min(0);
const counts = z.record(z.string(), count);
const bySplit = z.strictObject({ train: count, validation: count, test: count });
const share = z.number().min(0).max(1);

/** The schema of card.json. */
export const cardSchema = z.strictObject({
  format: z.literal("games"),
  /** Version of the card and of the way datasets are built. */
  version: z.literal(1),
  name: z.string(),
  /** When it was built, ISO 8601; the only field that differs when it is built again. */
  created: z.string(),
  /** Deno's version. */
  deno: z.string(),
  source: z.strictObject({
    name: z.string(),
    /** What was read, compressed as it was; none for games that were made on the spot. */
    files: z.array(z.strictObject({ name: z.string(), bytes: count, sha256: z.string() })),
  }),
  licence: z.string(),
  selection: selectionSchema,
  split: z.strictObject({ validation: share, test: share, seed: z.int() }),
  /** Games whose headers could be read: kept, refused, or with an error in their moves. */
  read: count,
  games: bySplit,
  plies: bySplit,
  /** Games with evaluations, in all parts. */
  withEvals: count,
  /** Games refused, by the first rule that did. */
  rejected: counts,
  errors: z.strictObject({ count, first: z.array(z.string()) }),
  /** Players by the upper end of their rating's hundred: "1500" counts (1400, 1500]; "0" unknown. */
  ratings: counts,
  /** Players rated exactly 1500, where new accounts start. */
  ratedExactly1500: count,
  speeds: counts,
  /** Games by year, "0" where it is not known. */
  years: counts,
  results: counts,
  /** Players with a known name, and how many of them are both in train and in another part. */
  players: z.strictObject({ known: count, onBothSides: count }),
  /** Of the games to train on; older cards lack it. */
  diversity: z.strictObject({
    /** Effective number, 2^H, of players by games: as many of equally many games; 0 if unknown. */
    players: z.number().min(0),
    /** Effective number of openings: of the first {@linkcode OPENING_PLIES} plies. */
    openings: z.number().min(0),
    /** Mean of the known ratings. */
    rating: z.number().min(0),
    /** Standard deviation of the known ratings. */
    ratingSpread: z.number().min(0),
  }).exactOptional(),
  shards: z.array(z.strictObject({
    file: z.string(),
    split: z.enum(SPLITS),
    games: count,
    plies: count,
    /** Of the file without its 64-byte header. */
    sha256: z.string(),
  })),
  notes: z.array(z.string()),
});

/** What a dataset is made of. */
export type Card = z.output<typeof cardSchema>;

/**
 * Reads the card of a dataset.
 *
 * @throws {Error} when there is none, or it is not a card of this version
 */
export function readCard(directory: string): Card {
  const path = `${directory}/card.json`;
  let text;
  try {
    text = Deno.readTextFileSync(path);
  } catch (cause) {
    throw new Error(
      `Cannot open the dataset ${directory}: it has no card.json (build one with: deno task data)`,
      { cause },
    );
  }
  let value;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError(`Cannot open the dataset ${directory}: ${path} is not JSON`, { cause });
  }
  const parsed = cardSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.slice(0, 3)
    .map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new TypeError(
    `Cannot open the dataset ${directory}: ${path} is not a card of version 1 ` +
      `(${faults.join("; ")})`,
  );
}

/** A share as percents. */
function percent(part: number, whole: number): string {
  return `${(100 * part / Math.max(1, whole)).toFixed(1)} %`;
}

/** All games of a card. */
export function gamesOf(card: Pick<Card, "games">): number {
  return SPLITS.reduce((sum, split) => sum + card.games[split], 0);
}

/** What a reader of the numbers should know beforehand. */
export function cardNotes(card: Omit<Card, "notes">): string[] {
  const games = gamesOf(card);
  const notes = [
    "Split by game, by a hash of its moves: games with the same moves are on the same side.",
    card.players.known === 0
      ? "Player names are not known: a player may be both in train and in another part."
      : `${card.players.onBothSides} of ${card.players.known} known players are both in train and ` +
        "in another part: the split is by game, not by player.",
  ];
  const years = Object.entries(card.years).filter(([year]) => year !== "0");
  if (years.length > 1) {
    const [year, most] = years.reduce((a, b) => (b[1] > a[1] ? b : a));
    notes.push(
      `${percent(most, games)} of the games are of ${year}. Ratings of different years belong to ` +
        "different pools of players and do not mean the same strength.",
    );
  }
  if (card.ratedExactly1500 > 0.01 * 2 * games) {
    notes.push(
      `${
        percent(card.ratedExactly1500, 2 * games)
      } of the ratings are exactly 1500, the rating a ` +
        "new account starts with: they say little about strength.",
    );
  }
  if (card.speeds.unknown > 0) {
    notes.push(`The speed of ${percent(card.speeds.unknown, games)} of the games is not known.`);
  }
  if (card.errors.count > 0) {
    notes.push(`${card.errors.count} games could not be read and are left out.`);
  }
  return notes;
}

/** How diverse the games are, for people. */
function diversityText({ diversity }: Card): string {
  if (!diversity) return "";
  const { players, openings, rating, ratingSpread } = diversity;
  return `## Diversity

Of the games to train on: rating ${rating.toFixed(0)} ± ${
    ratingSpread.toFixed(0)
  } (standard deviation),
as diverse as ${openings.toFixed(0)} equally frequent openings of ${OPENING_PLIES} plies` +
    (players > 0 ? ` and ${players.toFixed(0)} players of equally many games` : "") + ".\n\n";
}

/** The card for people, as Markdown. */
export function makeCardText(card: Card): string {
  const table = (head: string, rows: Record<string, number>, whole: number) =>
    [`| ${head} | n | |`, "|---|---|---|"].concat(
      Object.entries(rows).map(([key, n]) => `| ${key} | ${n} | ${percent(n, whole)} |`),
    ).join("\n");
  const games = gamesOf(card);
  const { seed, ...rules } = card.selection;
  const selection = Object.entries(rules).map(([key, value]) =>
    `- ${key}: ${JSON.stringify(value)}`
  );
  if (rules.maxGames !== undefined) selection.push(`- seed: ${seed}`);
  const files = card.source.files.map(({ name, bytes, sha256 }) =>
    `- \`${name}\`, ${bytes} bytes, SHA-256 \`${sha256}\``
  );
  return `# ${card.name}

Made ${card.created} from ${card.source.name}. Licence of the games: ${card.licence}.

${files.join("\n")}

| part | games | plies |
|---|---|---|
${SPLITS.map((split) => `| ${split} | ${card.games[split]} | ${card.plies[split]} |`).join("\n")}

${card.read} games read, ${games} kept, ${card.withEvals} of them with evaluations.
Split: ${percent(card.split.validation, 1)} validation, ${
    percent(card.split.test, 1)
  } test, seed ${card.split.seed}.

## Notes

${card.notes.map((note) => `- ${note}`).join("\n")}

## Selection

${selection.join("\n")}

${diversityText(card)}## Not kept

${table("rule", card.rejected, card.read)}

${card.errors.count} games with errors${card.errors.count > 0 ? ", the first:" : "."}

${card.errors.first.map((error) => `- ${error}`).join("\n")}

## Ratings

${table("players rated up to", card.ratings, 2 * games)}

## Speeds

${table("speed", card.speeds, games)}

## Years

${table("year", card.years, games)}

## Results

${table("result", card.results, games)}
`.replace(/\n{3,}/g, "\n\n");
}
