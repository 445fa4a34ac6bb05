/**
 * The ledger in words: the README's table of headlines and the page `docs/claims.md` of all claims,
 * both written by `deno task report`.
 *
 * @module
 */

import type { Claim } from "@lib/claims.ts";

/**
 * The claims that the README shows, by id, in this order; `*` stands for one part of an id. Of each
 * question that the README asks these are the answers, chosen whatever the verdict: does a model of
 * people pass them, does more training move that, does diversity, does a model of simulated players
 * pass them, what if errors are shared, do the theorems hold, is training as fast as elsewhere. Those
 * of the later pool, fresh games, training and diversity were added when their verdicts were known.
 */
export const HEADLINES: readonly string[] = [
  "human.*.boardnet.gap",
  "human.*.boardnet.later",
  "human.*.chessformer.gap",
  "match.*.boardnet.again.0.001",
  "scaling.1500.positions.gap",
  "ablation.players.gap",
  "ablation.bands.gap",
  "ablation.openings.gap",
  "crowd.transcends",
  "crowd.tau1",
  "crowd.match",
  "endgame.transcends",
  "endgame.tau1",
  "endgame.shared-errors",
  "theory.prop1",
  "theory.prop2",
  "speed.w.native",
];

/** The claims that are headlines, in the order of {@link HEADLINES}. */
export function headlineClaims(claims: readonly Claim[]): Claim[] {
  return HEADLINES.flatMap((pattern) => claims.filter(({ id }) => matches(id, pattern)));
}

function matches(id: string, pattern: string): boolean {
  const parts = id.split("."), wanted = pattern.split(".");
  return parts.length === wanted.length && wanted.every((w, i) => w === "*" || w === parts[i]);
}

/**
 * Claims as a Markdown table: number with interval and n, what was foreseen, the paper's.
 *
 * @param notebooks the folder of the notebooks as a link from the text.
 */
export function claimsTable(claims: readonly Claim[], notebooks = "notebooks"): string {
  const rows = claims.map(({ claim, value, ci95, unit, n, n_unit, prediction, paper, ...row }) =>
    [
      claim,
      `${short(value)} [${short(ci95[0])}, ${short(ci95[1])}] ${unit}; n = ${n} ${n_unit}`,
      prediction ?? "–",
      row.verdict,
      paper ?? "–",
      `[${row.notebook.slice(0, 2)}](${notebooks}/${row.notebook}.ipynb)`,
    ].map(escapeCell)
  );
  const head = ["claim", "value [95 % interval]", "foreseen", "verdict", "the paper", "in"];
  const table = [head, ...rows];
  const widths = table[0].map((_, c) => Math.max(...table.map((row) => row[c].length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((text, c) => text.padEnd(widths[c])).join(" | ")} |`;
  return [line(table[0]), line(widths.map((w) => "-".repeat(w))), ...table.slice(1).map(line)]
    .join("\n");
}

const BEGIN = "<!-- claims:begin -->", END = "<!-- claims:end -->";

/**
 * Puts the table of the headlines between the marks of a Markdown text.
 *
 * @throws {SyntaxError} when the text has no such marks.
 */
export function withClaimsTable(markdown: string, claims: readonly Claim[]): string {
  const begin = markdown.indexOf(BEGIN), end = markdown.indexOf(END);
  if (begin < 0 || end < begin) {
    throw new SyntaxError(`Cannot place the claims: the text must hold ${BEGIN} and ${END}`);
  }
  return markdown.slice(0, begin + BEGIN.length) + "\n\n" + claimsTable(headlineClaims(claims)) +
    "\n\n" + markdown.slice(end);
}

/** All claims as a page of Markdown in `docs/`, a table for each first part of the ids. */
export function claimsPage(claims: readonly Claim[]): string {
  const groups = Map.groupBy(claims, ({ id }) => id.slice(0, id.indexOf(".")));
  const counts = Object.entries(Object.groupBy(claims, ({ verdict }) => verdict))
    .map(([verdict, rows]) => `${rows!.length} ${verdict}`).sort().join(", ");
  const sections = [...groups].map(([name, rows]) =>
    `## ${name}\n\n${claimsTable(rows, "../notebooks")}\n`
  );
  return `# All claims

Every number that the project states, from [\`results/claims.json\`](../results/claims.json): written
by the notebook that measures it, brought here by \`deno task report\`.

${claims.length} claims: ${counts}.

${sections.join("\n")}`;
}

/** Text that stays one cell and is shown as it is. */
function escapeCell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll(
    "<",
    (_, at, all) => /^<[a-z!/?]/i.test(all.slice(at)) ? "&lt;" : "<",
  ).replaceAll("\n", " ");
}

function short(x: number): string {
  return String(Number(x.toPrecision(3)));
}
