/**
 * The workspace's documents as pages of the site, and its first page.
 *
 * @module
 */

import { basename, dirname, join, posix, relative } from "node:path";
import { readClaims } from "@lib/claims.ts";
import { headlineClaims } from "@lib/claims_table.ts";
import { markdownToHtml } from "@lib/notebook/html.ts";
import { htmlPage } from "@lib/notebook/page.ts";
import { claimsMarkup, inlinePicture } from "@lib/notebook/report.ts";
import { ROOT } from "@lib/paths.ts";

/** Documents of the workspace beside those of `docs/`, and their pages in the site's `docs/`. */
const DOCUMENTS: Readonly<Record<string, string>> = {
  "README.md": "readme",
  "CONTRIBUTING.md": "contributing",
  "SECURITY.md": "security",
  "CHANGELOG.md": "changelog",
  "LOG.md": "log",
  "data/README.md": "data",
  "notebooks/README.md": "notebooks",
};

/** Writes the documents into the site's folder `docs`, links between them included. */
export function writeDocuments(site: string): void {
  const pages = new Map(Object.entries(DOCUMENTS));
  for (const { name } of Deno.readDirSync(join(ROOT, "docs"))) {
    if (name.endsWith(".md")) pages.set(`docs/${name}`, basename(name, ".md"));
  }
  Deno.mkdirSync(join(site, "docs"), { recursive: true });
  for (const [path, page] of pages) {
    const text = Deno.readTextFileSync(join(ROOT, path));
    const body = markdownToHtml(text, {
      anchors: true,
      picture: (source) => inlinePicture(join(ROOT, dirname(path), source)),
      link: (href) => siteLink(href, path, pages, site),
    });
    const title = /^# (.+)$/m.exec(text)?.[1] ?? path;
    const home = `<p class="note"><a href="../index.html">Home</a></p>`;
    const markup = htmlPage(title, `<nav aria-label="Site">${home}</nav>\n<main>\n${body}</main>`);
    Deno.writeTextFileSync(join(site, "docs", `${page}.html`), markup);
  }
}

/**
 * Where a link of a document leads on the site, seen from its folder `docs`; what the site does not
 * have has no link.
 */
function siteLink(
  href: string,
  from: string,
  pages: ReadonlyMap<string, string>,
  site: string,
): string | undefined {
  if (/^(https?:|mailto:|#)/i.test(href)) return href;
  const [target, anchor] = href.split("#");
  const path = posix.normalize(posix.join(posix.dirname(from), target));
  const page = pages.get(path);
  if (page) return `${page}.html${anchor ? `#${anchor}` : ""}`;
  if (path === "results/report.html" || path === "notebooks") return "../report.html";
  const notebook = /^notebooks\/([^/]+)\.ipynb$/.exec(path)?.[1];
  if (notebook) return `../report.html#notebook-${notebook}`;
  const source = /^lib\/(.+\.ts)$/.exec(path)?.[1];
  const reference = source && join(site, "reference", source, "index.html");
  return reference && isFile(reference) ? relative(join(site, "docs"), reference) : undefined;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** The figures of the first page, with their words for those who do not see them. */
const SHOWN: Readonly<Record<string, string>> = {
  "00-transcendence": "Cooled, the model passes every expert it was trained on",
  "13-gap-by-band":
    "Models of human games against their players, by the players' rating, for three caps",
};

/** Writes the site's first page, which leads to what was written before it. */
export function writeHome(site: string): void {
  const pictures = Object.entries(SHOWN).flatMap(([name, alt]) => {
    const picture = inlinePicture(join(ROOT, "results", "figures", `${name}.png`));
    return picture ? [`<p><img src="${picture}" alt="${alt}"></p>`] : [];
  });
  const body = `<main>
<h1>Transcendence Lab</h1>
<p>When does a model that was trained to imitate experts out-play every one of them? A workspace of
notebooks that reproduces, checks and extends the paper
<a href="https://arxiv.org/abs/2406.11741">Transcendence</a> (arXiv 2406.11741).</p>
${pictures[0] ?? ""}
<ul>
<li><a href="play/index.html">Play the crowd</a>: a game against the models in this browser, at any
temperature. This one page needs a server, such as the one that you read this from.</li>
<li><a href="report.html">The report</a>: every notebook with its figures, and every claim.</li>
<li><a href="docs/readme.html">How to run it</a>, <a href="docs/notebooks.html">open the notebooks</a>,
<a href="docs/bring_your_own.html">bring your own
games, experts, reward, model or game</a>, <a href="docs/glossary.html">glossary</a>,
<a href="docs/log.html">log</a>.</li>
${
    isFile(join(site, "reference", "index.html"))
      ? `<li><a href="reference/index.html">The reference</a> of the library.</li>`
      : ""
  }
</ul>
${pictures.slice(1).join("\n")}
<section id="claims">
<h2>What is claimed</h2>
<p>The headlines; <a href="report.html#claims">all claims</a> are in the report.</p>
${claimsMarkup(headlineClaims(readClaims()), (notebook) => `report.html#notebook-${notebook}`)}
</section>
</main>`;
  Deno.writeTextFileSync(join(site, "index.html"), htmlPage("Transcendence Lab", body));
}
