/**
 * The report: every claim, every notebook and its figures as one page that needs nothing else.
 *
 * @module
 */

import { basename, dirname, join, resolve } from "node:path";
import type { Claim } from "@lib/claims.ts";
import { ROOT } from "@lib/paths.ts";
import { escapeMarkup } from "@lib/notebook/display.ts";
import { markdownToHtml, notebookToHtml } from "@lib/notebook/html.ts";
import { type Notebook, textOf } from "@lib/notebook/ipynb.ts";
import { reportStyle } from "@lib/notebook/report_style.ts";
import { sharedDecimals, writeFixed } from "@lib/notebook/table.ts";

/** What a report is made of. */
export interface ReportParts {
  /** The page's title. */
  readonly title: string;
  /** Markdown below the title. */
  readonly introduction?: string;
  /** Rows of the ledger. */
  readonly claims: readonly Claim[];
  /** Notebooks in order, with the path of each. */
  readonly notebooks: readonly { readonly path: string; readonly notebook: Notebook }[];
}

/**
 * Writes the report as one HTML page: no scripts, nothing loaded, all data escaped.
 *
 * ```ts
 * import { reportPage } from "@lib/notebook/report.ts";
 * import assert from "node:assert/strict";
 *
 * const page = reportPage({ title: "<b>Report</b>", claims: [], notebooks: [] });
 * assert.match(page, /<h1>&#60;b&#62;Report/);
 * ```
 */
export function reportPage({ title, introduction, claims, notebooks }: ReportParts): string {
  const named = notebooks.map(({ path, notebook }) => ({
    path,
    notebook,
    id: `notebook-${basename(path, ".ipynb")}`,
    heading: titleOf(notebook) ?? basename(path, ".ipynb"),
  }));
  const contents = named.map(({ id, heading }) =>
    `<li><a href="#${escapeMarkup(id)}">${escapeMarkup(heading)}</a></li>`
  );
  const sections = named.map(({ path, notebook, id }) =>
    `<section id="${escapeMarkup(id)}"><p class="note">notebooks/${
      escapeMarkup(basename(path))
    }</p>\n${
      notebookToHtml(notebook, { demote: 1, picture: (source) => inlined(source, dirname(path)) })
    }</section>`
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>${escapeMarkup(title)}</title>
<style>${reportStyle}</style>
</head>
<body>
<header>
<h1>${escapeMarkup(title)}</h1>
${introduction ? markdownToHtml(introduction, { demote: 1 }) : ""}
<nav aria-label="Contents"><ol><li><a href="#claims">Claims</a></li>${contents.join("")}</ol></nav>
</header>
<main>
<section id="claims">
<h2>Claims</h2>
${claimsTable(claims, new Set(named.map(({ id }) => id)))}
</section>
${sections.join("\n")}
</main>
</body>
</html>
`;
}

const HEADINGS = ["claim", "measured [95 % interval]", "n", "foreseen", "verdict", "paper", "from"];

function claimsTable(claims: readonly Claim[], anchors: ReadonlySet<string>): string {
  if (claims.length === 0) {
    return "<p>No claims yet: <code>deno task reproduce</code> fills them.</p>";
  }
  const head = HEADINGS.map((heading) => `<th scope="col">${heading}</th>`).join("");
  const rows = claims.map((claim) => {
    const numbers = [claim.value, ...claim.ci95];
    const digits = sharedDecimals(numbers);
    const [value, low, high] = numbers.map((x) => writeFixed(x, digits));
    const anchor = `notebook-${claim.notebook}`;
    const source = escapeMarkup(claim.notebook);
    const seeds = claim.seeds.length > 0 ? `, seeds ${claim.seeds.join(", ")}` : "";
    const runs = claim.run.map((run) => `<br><code>${escapeMarkup(run)}</code>`).join("");
    const cells = [
      `<td>${escapeMarkup(claim.claim)}<br><code>${escapeMarkup(claim.id)}</code></td>`,
      `<td>${value} [${low}, ${high}]<br><small>${escapeMarkup(claim.unit)}</small></td>`,
      `<td>${claim.n.toLocaleString("en")}<br><small>${
        escapeMarkup(claim.n_unit + seeds)
      }</small></td>`,
      `<td>${escapeMarkup(claim.prediction ?? "–")}</td>`,
      `<td><span class="verdict ${escapeMarkup(claim.verdict)}">${
        escapeMarkup(claim.verdict)
      }</span></td>`,
      `<td>${escapeMarkup(claim.paper ?? "–")}</td>`,
      `<td>${
        anchors.has(anchor) ? `<a href="#${escapeMarkup(anchor)}">${source}</a>` : source
      }${runs}</td>`,
    ];
    return `<tr id="claim-${escapeMarkup(claim.id)}">${cells.join("")}</tr>`;
  });
  return `<div class="wide"><table><thead><tr>${head}</tr></thead><tbody>${
    rows.join("\n")
  }</tbody></table></div>`;
}

/** The first heading of a notebook, without its mark-up. */
function titleOf(notebook: Notebook): string | undefined {
  for (const cell of notebook.cells) {
    if (cell.cell_type !== "markdown") continue;
    const [, heading] = textOf(cell.source).match(/^#\s+(.+)$/m) ?? [];
    if (heading) return heading.replace(/[*_`]/g, "");
  }
  return undefined;
}

/** A picture file of the workspace as a data URL; others are not looked at. */
function inlined(source: string, folder: string): string | undefined {
  const file = resolve(join(folder, source));
  if (!file.startsWith(`${ROOT}/`) || !file.endsWith(".png")) return undefined;
  try {
    return `data:image/png;base64,${Deno.readFileSync(file).toBase64()}`;
  } catch {
    return undefined;
  }
}
