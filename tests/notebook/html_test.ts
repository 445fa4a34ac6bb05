import assert from "node:assert/strict";
import { parseHTML } from "linkedom";
import type { Claim } from "@lib/claims.ts";
import { DISPLAY } from "@lib/notebook/display.ts";
import { markdownToHtml, outputToHtml, safeMarkup } from "@lib/notebook/html.ts";
import { readPgn } from "@lib/chess/pgn.ts";
import { reportPage } from "@lib/notebook/report.ts";
import { table } from "@lib/notebook/table.ts";
import { notebookOf } from "./cells.ts";

const EVIL = `</pre><script>alert("x")</script><img src=x onerror='alert(1)'>`;

const claim: Claim = {
  id: "endgame.gap",
  claim: `The gap is ${EVIL}`,
  paper: EVIL,
  value: 0.0312,
  ci95: [0.021, 0.041],
  n: 1234,
  n_unit: EVIL,
  seeds: [1, 2],
  unit: EVIL,
  run: [EVIL],
  notebook: "00_evil",
  prediction: "> 0",
  verdict: "holds",
};

function evilNotebook() {
  const notebook = notebookOf([
    `# Title ${EVIL}\n\n[link](javascript:alert(1)) ${EVIL}`,
    `"${EVIL}"`,
  ]);
  const metadata = {};
  notebook.cells[1].outputs = [
    { output_type: "stream", name: "stdout", text: EVIL },
    { output_type: "error", ename: EVIL, evalue: EVIL, traceback: ["", EVIL] },
    { output_type: "display_data", data: { "text/html": EVIL }, metadata },
    { output_type: "display_data", data: { "text/markdown": EVIL }, metadata },
    {
      output_type: "display_data",
      data: { "image/png": `"${EVIL}`, "text/plain": EVIL },
      metadata,
    },
    { output_type: "display_data", data: { "image/svg+xml": `<svg>${EVIL}</svg>` }, metadata },
    { output_type: "execute_result", data: { "text/plain": EVIL }, metadata, execution_count: 1 },
  ];
  return notebook;
}

Deno.test("markup in claims, cells and outputs is shown as text", () => {
  const notebooks = [{ path: "/x/00_evil.ipynb", notebook: evilNotebook() }];
  const page = reportPage({ title: EVIL, introduction: EVIL, claims: [claim], notebooks });
  const { document } = parseHTML(page);
  assert.equal(document.querySelectorAll("script").length, 0);
  for (const element of document.querySelectorAll("*")) {
    for (const { name, value } of element.attributes) {
      assert.ok(!name.startsWith("on"), `${element.localName} has ${name}`);
      assert.ok(!/^\s*javascript:/i.test(value), `${name}=${value}`);
    }
  }
  const images = [...document.querySelectorAll("img")];
  assert.equal(images.length, 2);
  assert.ok(images.every((image) => image.getAttribute("src")?.startsWith("data:image/")));
  assert.ok(
    document.querySelector("pre.stdout")?.textContent?.includes("<script>alert"),
    "as text",
  );
});

Deno.test("the page needs nothing else: no link, style or picture is loaded", () => {
  const page = reportPage({ title: "T", claims: [claim], notebooks: [] });
  assert.ok(!/<link|@import|url\(|src="(?!data:)/.test(page));
  assert.match(page, /Content-Security-Policy" content="default-src 'none'/);
  assert.match(page, /prefers-color-scheme: dark/);
});

Deno.test("a claim's row has value, interval, n, verdict and a link to its notebook", () => {
  const notebooks = [{ path: "/x/00_evil.ipynb", notebook: notebookOf(["# Safe"]) }];
  const { document } = parseHTML(reportPage({ title: "T", claims: [claim], notebooks }));
  const cells = [...document.querySelectorAll("#claims tbody td")].map((td) => td.textContent);
  assert.match(cells[1] ?? "", /^0\.0312 \[0\.0210, 0\.0410\]/);
  assert.match(cells[2] ?? "", /^1,234/);
  assert.equal(cells[3], "> 0");
  assert.equal(cells[4], "holds");
  const link = document.querySelector("#claims tbody a")?.getAttribute("href");
  assert.ok(link && document.querySelector(link), `${link} exists`);
});

Deno.test("tables keep their shape, other markup becomes its text", () => {
  const table = '<table><tr><td align="right" style="x" onclick="y">1</td></tr></table>';
  assert.equal(safeMarkup(table), '<table><tr><td align="right">1</td></tr></table>');
  assert.equal(safeMarkup("<iframe>a</iframe><b>c</b>").replace(/^[^<]*/, ""), "<b>c</b>");
  assert.equal(safeMarkup('<a href="javascript:x">a</a>'), "<a>a</a>");
});

Deno.test("pictures are shown at their size, live ones that stayed SVG as pictures", () => {
  const metadata = { "image/png": { width: 680, height: 400 } };
  const data = { "image/png": "iVBOR", "text/plain": "a figure" };
  const shown = outputToHtml({ output_type: "display_data", data, metadata });
  assert.match(
    shown,
    /<img src="data:image\/png;base64,iVBOR" width="680" height="400" alt="a figure">/,
  );
});

Deno.test("Markdown: code is coloured, headings are demoted, pictures inlined or named", () => {
  assert.match(markdownToHtml("```ts\nconst a = 1;\n```"), /hljs-keyword">const/);
  assert.equal(markdownToHtml("# T", { demote: 2 }), "<h3>T</h3>\n");
  const picture = (path: string) => path === "a.png" ? "data:image/png;base64,AA" : undefined;
  assert.match(
    markdownToHtml("![A](a.png)", { picture }),
    /src="data:image\/png;base64,AA" alt="A"/,
  );
  assert.match(markdownToHtml("![B](b.png)", { picture }), /<em>B<\/em>/);
});

Deno.test("a player's name that is markup stays text, from the PGN to the report", async () => {
  const name = `<img src=x onerror='alert(1)'>`;
  const pgn = new TextEncoder().encode(`[White "${name}"]\n[Black "B"]\n\n1. e4 e5 *\n`);
  const rows = [];
  for await (const { headers } of readPgn(ReadableStream.from([pgn]), { name: "x" })) {
    rows.push({ white: headers.White, black: headers.Black });
  }
  assert.equal(rows[0].white, name);
  const shown = table(rows, { caption: name })[DISPLAY]();
  const notebook = notebookOf(["1"]);
  notebook.cells[0].outputs = [
    { output_type: "display_data", data: { ...shown }, metadata: {} },
    { output_type: "stream", name: "stdout", text: rows[0].white },
  ];
  const page = reportPage({
    title: name,
    claims: [],
    notebooks: [{ path: "/x/0.ipynb", notebook }],
  });
  const { document } = parseHTML(page);
  assert.equal(document.querySelectorAll("img, [onerror]").length, 0);
  for (const place of ["h1", "title", "td", "caption", "pre.stdout"]) {
    assert.equal(document.querySelector(place)?.textContent?.trim(), name, place);
  }
});

Deno.test("a notebook's links stay within the report, or are words", () => {
  const source =
    "# A\n\n[b](01_b.ipynb) [c](../lib/c.ts) [d](https://d.example/) [e](02_gone.ipynb)";
  const notebooks = [
    { path: "/x/00_a.ipynb", notebook: notebookOf([source]) },
    { path: "/x/01_b.ipynb", notebook: notebookOf(["# B"]) },
  ];
  const page = reportPage({ title: "T", claims: [], notebooks, home: "index.html" });
  const { document } = parseHTML(page);
  const links = [...document.querySelectorAll("a")].map((a) => a.getAttribute("href"));
  assert.deepEqual(links, [
    "index.html",
    "#claims",
    "#notebook-00_a",
    "#notebook-01_b",
    "#notebook-01_b",
    "https://d.example/",
  ]);
});

Deno.test("Markdown: links are rewritten, headings found, comments gone, other markup shown", () => {
  const link = (href: string) => href === "a.md" ? "a.html" : undefined;
  assert.equal(
    markdownToHtml("[a](a.md) [b](b.md)", { link }),
    '<p><a href="a.html">a</a> b</p>\n',
  );
  assert.match(markdownToHtml("## What is `x`?", { anchors: true }), /^<h2 id="what-is-x">/);
  assert.equal(markdownToHtml("<!-- a -->\n\nb"), "<p>b</p>\n");
  assert.match(markdownToHtml("<!-- a --><script>x</script>"), /^&#60;!--.*&#60;script/);
});
