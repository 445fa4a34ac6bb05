/**
 * The report's style sheet: readable by day, by night and on paper.
 *
 * @module
 */

/** The style sheet as text. */
export const reportStyle = `
:root {
  --text: #1c1e21; --soft: #5a6068; --ground: #fff; --panel: #f5f6f8; --line: #d9dde3;
  --link: #0059a8; --keyword: #8b2f97; --string: #1a6b3c; --number: #9a4a00; --comment: #6a737d;
  --good: #0b6b4f; --bad: #a3370f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e3e6ea; --soft: #a2a9b3; --ground: #16181c; --panel: #1f2329; --line: #363c45;
    --link: #7db8f0; --keyword: #d7a1e3; --string: #8fce9f; --number: #f0b072; --comment: #8d96a3;
    --good: #6fcfae; --bad: #f2916b;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2rem 1.25rem 6rem; max-width: 50rem; color: var(--text);
  background: var(--ground); overflow-wrap: break-word; font: 1.0625rem/1.6 Charter, "Bitstream Charter", Cambria, Georgia, serif;
}
h1, h2, h3, h4, table, nav, .note, .verdict {
  font-family: system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 0.5em; }
h2 { font-size: 1.55rem; line-height: 1.25; margin: 0 0 0.6em; }
main > * + h2 { margin-top: 1.8em; }
h3 { font-size: 1.2rem; margin: 1.8em 0 0.5em; }
h4 { font-size: 1rem; margin: 1.5em 0 0.4em; }
section { border-top: 1px solid var(--line); margin-top: 3rem; padding-top: 1.5rem; }
a { color: var(--link); }
nav { font-size: 0.95rem; }
nav ol { padding-left: 2rem; }
code, pre { font-family: ui-monospace, "Cascadia Code", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
code { font-size: 0.86em; overflow-wrap: anywhere; }
pre { font-size: 0.82rem; line-height: 1.5; overflow-x: auto; margin: 0; }
pre code { font-size: inherit; overflow-wrap: normal; }
pre.code { background: var(--panel); border-radius: 6px; padding: 0.8rem 1rem; margin: 1rem 0 0.5rem; }
.cell { margin: 1rem 0 1.5rem; }
.output { margin: 0.5rem 0; }
pre.output { padding: 0.3rem 1rem; color: var(--soft); }
pre.stderr { color: var(--bad); }
pre.error { border-left: 3px solid var(--bad); color: var(--bad); }
.note { color: var(--soft); font-size: 0.85rem; margin: 0; }
img { max-width: 100%; height: auto; border-radius: 4px; background: #fff; }
.wide, div.output { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.88rem; line-height: 1.45; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding-bottom: 0.4rem; }
th, td { padding: 0.4rem 0.75rem 0.4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
#claims td:first-child { min-width: 14rem; }
#claims td:nth-child(2) { min-width: 9rem; }
th { color: var(--soft); font-weight: 600; }
th:not([align]), td:not([align]) { text-align: left; }
small { color: var(--soft); }
.verdict { font-weight: 600; }
.verdict.holds { color: var(--good); }
.verdict.fails { color: var(--bad); }
.verdict.undecided, .verdict.measured { color: var(--soft); }
blockquote { margin: 1rem 0; padding-left: 1rem; border-left: 3px solid var(--line); color: var(--soft); }
.hljs-keyword, .hljs-literal, .hljs-built_in { color: var(--keyword); }
.hljs-string, .hljs-regexp { color: var(--string); }
.hljs-number { color: var(--number); }
.hljs-comment { color: var(--comment); font-style: italic; }
.hljs-title { color: var(--link); }
@media (max-width: 48rem) {
  main > table { display: block; overflow-x: auto; }
  main > table td:first-child { min-width: 10rem; }
}
@media (min-width: 75rem) { .wide { margin: 0 -9rem; } }
@media print { body { max-width: none; } nav { display: none; } .cell { break-inside: avoid; } }
`;
