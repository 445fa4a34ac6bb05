/**
 * The frame of every page that we write ourselves: no scripts, nothing loaded from elsewhere.
 *
 * @module
 */

import { escapeMarkup } from "@lib/notebook/display.ts";
import { reportStyle } from "@lib/notebook/report_style.ts";

/**
 * A whole HTML page around a body that is markup already.
 *
 * ```ts
 * import { htmlPage } from "@lib/notebook/page.ts";
 * import assert from "node:assert/strict";
 *
 * assert.match(htmlPage("a < b", "<main>x</main>"), /<title>a &#60; b<\/title>[^]*<main>x<\/main>/);
 * ```
 */
export function htmlPage(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>${escapeMarkup(title)}</title>
<style>${reportStyle}</style>
</head>
<body>
${body}
</body>
</html>
`;
}
