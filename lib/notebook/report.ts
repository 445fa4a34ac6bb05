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
import { htmlPage } from "@lib/notebook/page.ts";
import { sharedDecimals, writeFixed } from "@lib/notebook/table.ts";

/** What a report is made of. */
export interface ReportParts {
  /** The page's title. */
  readonly title: string;
  /** Markdown below the title. */
  readonly introduction?: string;
  /** Rows of the ledger. */
  readonly claims: readonly Claim[];
  /** Where a link at the top leads, such as a site's first page; none: there is no such link. */
  readonly home?: string;
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
export function reportPage(parts: ReportParts): string {
  const { title, introduction, home, claims, notebooks } = parts;
  const named = notebooks.map(({ path, notebook }) => ({
    path,
    notebook,
    id: `notebook-${basename(path, ".ipynb")}`,
    heading: titleOf(notebook) ?? basename(path, ".ipynb"),
  }));
  const anchors = new Set(notebooks.map(({ path }) => basename(path, ".ipynb")));
  const contents = named.map(({ id, heading }) =>
    `<li><a href="#${escapeMarkup(id)}">${escapeMarkup(heading)}</a></li>`
  );
  const sections = named.map(({ path, notebook, id }) =>
    `<section id="${escapeMarkup(id)}"><p class="note">notebooks/${
      escapeMarkup(basename(path))
    }</p>\n${
      notebookToHtml(notebook, {
        demote: 1,
        picture: (source) => inlinePicture(join(dirname(path), source)),
        link: (href) => withinReport(href, named),
      })
    }</section>`
  );
  return htmlPage(
    title,
    `<header>
${home ? `<p class="note"><a href="${escapeMarkup(home)}">Home</a></p>` : ""}
<h1>${escapeMarkup(title)}</h1>
${introduction ? markdownToHtml(introduction, { demote: 1 }) : ""}
<nav aria-label="Contents"><ol><li><a href="#claims">Claims</a></li>${contents.join("")}</ol></nav>
</header>
<main>
<section id="claims">
<h2>Claims</h2>
${claimsMarkup(claims, (notebook) => anchors.has(notebook) ? `#notebook-${notebook}` : undefined)}
</section>
${sections.join("\n")}
</main>`,
  );
}

const HEADINGS = ["claim", "measured [95 % interval]", "n", "foreseen", "verdict", "paper", "from"];

/**
 * Claims as an HTML table, all data escaped.
 *
 * @param link where a claim's notebook is; none: it is only named.
 */
export function claimsMarkup(
  claims: readonly Claim[],
  link: (notebook: string) => string | undefined,
): string {
  if (claims.length === 0) {
    return "<p>No claims yet: <code>deno task reproduce</code> fills them.</p>";
  }
  const head = HEADINGS.map((heading) => `<th scope="col">${heading}</th>`).join("");
  const rows = claims.map((claim) => {
    const numbers = [claim.value, ...claim.ci95];
    const digits = sharedDecimals(numbers);
    const [value, low, high] = numbers.map((x) => writeFixed(x, digits));
    const to = link(claim.notebook), source = escapeMarkup(claim.notebook);
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
      `<td>${to ? `<a href="${escapeMarkup(to)}">${source}</a>` : source}${runs}</td>`,
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

/** Where a link of a notebook leads on the page; what is not on it has no link. */
function withinReport(
  href: string,
  notebooks: readonly { readonly path: string; readonly id: string }[],
): string | undefined {
  if (/^(https?:|mailto:)/i.test(href)) return href;
  const name = basename(href.replace(/[?#].*$/, ""));
  const found = notebooks.find(({ path }) => basename(path) === name);
  return found && `#${found.id}`;
}

/** A picture of the workspace as a data URL; other files are not looked at. */
export function inlinePicture(path: string): string | undefined {
  const file = resolve(path);
  if (!file.startsWith(`${ROOT}/`) || !file.endsWith(".png")) return undefined;
  try {
    return `data:image/png;base64,${Deno.readFileSync(file).toBase64()}`;
  } catch {
    return undefined;
  }
}
