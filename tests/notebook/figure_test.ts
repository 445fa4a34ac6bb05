import assert from "node:assert/strict";
import { inflateSync } from "node:zlib";
import { Chess } from "chess.js";
import { board, curve, figure, PALETTE, Plot, policyArrows, reference } from "@lib/notebook/mod.ts";
import { packMove } from "@lib/chess/position.ts";
import { encodePng } from "@lib/notebook/dom.ts";
import { figurePath } from "@lib/notebook/svg.ts";
import { textWidth, wrapText } from "@lib/notebook/fonts.ts";

/** Decodes an RGBA or RGB PNG of 8 bits without interlacing: what resvg writes. */
function decodePng(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const channels = bytes[25] === 6 ? 4 : 3;
  const parts: Uint8Array[] = [];
  for (let at = 8; at < bytes.length;) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (type === "IDAT") parts.push(bytes.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  const raw = inflateSync(new Uint8Array(parts.flatMap((part) => [...part])));
  const stride = width * channels;
  const pixels = new Uint8Array(height * stride);
  const at = (x: number, y: number) => x < 0 || y < 0 ? 0 : pixels[y * stride + x];
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (stride + 1)];
    for (let x = 0; x < stride; x++) {
      const [a, b, c] = [at(x - channels, y), at(x, y - 1), at(x - channels, y - 1)];
      const p = a + b - c;
      const paeth = Math.abs(p - a) <= Math.abs(p - b) && Math.abs(p - a) <= Math.abs(p - c)
        ? a
        : Math.abs(p - b) <= Math.abs(p - c)
        ? b
        : c;
      const add = [0, x < channels ? 0 : a, b, ((x < channels ? 0 : a) + b) >> 1, paeth][filter];
      pixels[y * stride + x] = raw[y * (stride + 1) + 1 + x] + add;
    }
  }
  const dark = (x0: number, y0: number, x1: number, y1: number) => {
    let count = 0;
    for (let y = y0; y < y1; y++) {
      for (let x = x0; x < x1; x++) if (pixels[y * stride + x * channels + 1] < 128) count++;
    }
    return count;
  };
  return { width, height, pixels, channels, dark };
}

const rows = ["a", "b"].flatMap((who) =>
  [0, 1, 2].map((x) => ({ who, x, value: x, low: x - 0.2, high: x + 0.2 }))
);

Deno.test("a figure is one flat SVG that holds its words, and a PNG of twice its size", () => {
  const drawn = figure({
    title: "Title < & one",
    subtitle: "Subtitle two",
    caption: "Caption three",
    color: { label: "legend four" },
    y: { label: "axis five" },
    marks: [...curve(rows, { x: "x", color: "who" }), ...reference(1, "line six")],
  });
  for (
    const word of ["Title &#60; &#38; one", "two", "three", "four", "five", "six", ">a<", ">b<"]
  ) {
    assert.ok(drawn.svg.includes(word), word);
  }
  assert.equal(drawn.svg.match(/<svg/g)?.length, 1);
  assert.ok(!/figure|<style|var\(|<script|http:\/\/(?!www\.w3\.org)/.test(drawn.svg));
  const png = decodePng(drawn.png());
  assert.deepEqual([png.width, png.height], [2 * drawn.width, 2 * drawn.height]);
  assert.ok(png.dark(0, 0, 600, 90) > 1000, "the title has pixels");
  assert.equal(png.dark(0, 0, 16, png.height), 0, "nothing is clipped at the left edge");
  assert.equal(png.dark(png.width - 8, 0, png.width, png.height), 0, "nor at the right");
  assert.equal(png.dark(0, png.height - 4, png.width, png.height), 0, "nor below");
});

Deno.test("the margin grows with the labels", () => {
  const label = "a player with quite a long name";
  const drawn = figure({ marks: [Plot.barX([{ label, n: 3 }], { y: "label", x: "n" })] });
  const png = decodePng(drawn.png());
  assert.equal(png.dark(0, 0, 24, png.height), 0);
  assert.ok(png.dark(24, 0, 60, png.height) > 0, "the label begins at the edge of the text");
});

Deno.test("panels' names have room at the right, and logarithmic axes plain numbers", () => {
  const panel = "a panel with a name";
  const drawn = figure({
    x: { type: "log", label: null },
    fy: { label: null },
    marks: [
      Plot.dot([{ panel, at: 0.02, n: 3 }, { panel, at: 2, n: 4 }], {
        x: "at",
        y: "n",
        fy: "panel",
      }),
    ],
  });
  const png = decodePng(drawn.png());
  assert.equal(png.dark(png.width - 6, 0, png.width, png.height), 0);
  const ticks = /aria-label="x-axis tick label"[^]*?<\/g>/.exec(drawn.svg)![0];
  assert.match(ticks, />0\.1</);
  assert.doesNotMatch(ticks, /\dm</);
});

Deno.test("categories get the palette, quantities a ramp with a legend, and choices are kept", () => {
  const categories = figure({ marks: [Plot.dot(rows, { x: "x", y: "value", fill: "who" })] });
  assert.ok(categories.svg.includes(PALETTE[0]) && categories.svg.includes(PALETTE[1]));
  const ramp = figure({ marks: [Plot.dot(rows, { x: "x", y: "value", fill: "value" })] });
  assert.match(ramp.svg, /linearGradient/);
  assert.match(ramp.svg, /rgb\(68, 1, 84\)|#440154/, "viridis begins dark violet");
  const chosen = figure({
    legend: false,
    color: { range: ["#123456", "#654321"] },
    marks: [Plot.dot(rows, { x: "x", y: "value", fill: "who" })],
  });
  assert.ok(chosen.svg.includes("#123456") && !chosen.svg.includes('aria-label="legend"'));
});

Deno.test("raster marks draw without a browser's canvas", () => {
  const drawn = figure({
    marks: [
      Plot.raster(
        { x1: 0, y1: 0, x2: 1, y2: 1, width: 4, height: 4, fill: (x: number) => x } as never,
      ),
    ],
  });
  assert.match(drawn.svg, /data:image\/png;base64,iVBOR/);
  assert.ok(decodePng(drawn.png()).dark(400, 200, 600, 400) > 10_000);
});

Deno.test("the own PNG writer keeps the pixels", () => {
  const pixels = Uint8Array.from({ length: 4 * 3 * 2 }, (_, i) => i * 10);
  const read = decodePng(encodePng(pixels, 3, 2));
  assert.deepEqual([read.width, read.height], [3, 2]);
  assert.deepEqual(read.pixels, pixels);
  assert.throws(
    () => encodePng(pixels, 3, 3),
    /RangeError: Cannot write a PNG of 3 × 3: needs 36 bytes, not 24/,
  );
});

Deno.test("colours stay apart for people who see no red or no green", () => {
  // Viénot, Brettel, Mollon 1999 in linear RGB
  const views = {
    normal: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    protan: [[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]],
    deutan: [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]],
  };
  const linear = (color: string) =>
    [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16) / 255)
      .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const lab = ([r, g, b]: number[]) => {
    const f = (t: number) => t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116;
    const x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505);
    const y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
    const z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089);
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
  };
  for (const [view, matrix] of Object.entries(views)) {
    const seen = PALETTE.map(linear).map((rgb) =>
      lab(matrix.map((row) => Math.max(0, row.reduce((sum, m, i) => sum + m * rgb[i], 0))))
    );
    seen.forEach((one, i) =>
      seen.slice(i + 1).forEach((other, j) => {
        const distance = Math.hypot(...one.map((v, k) => v - other[k]));
        assert.ok(distance > 15, `${view}: ${PALETTE[i]} and ${PALETTE[i + 1 + j]}: ${distance}`);
      })
    );
  }
});

Deno.test("text is measured and wrapped by the shipped font", () => {
  assert.ok(textWidth("bold", 12, "bold") > textWidth("bold", 12));
  assert.equal(textWidth("", 12), 0);
  assert.ok(textWidth("τ♚↑", 12) > 15, "Greek, pieces and arrows are in it");
  const lines = wrapText("one two three four five six seven", 12, 80);
  assert.ok(lines.length > 1 && lines.every((line) => textWidth(line, 12) <= 80));
  assert.equal(lines.join(" "), "one two three four five six seven");
});

Deno.test("figures are saved under plain names only", () => {
  assert.match(figurePath("loss-by-step"), /results\/figures\/loss-by-step\.png$/);
  assert.throws(
    () => figurePath("../escape"),
    /RangeError: Cannot save a figure as "\.\.\/escape"/,
  );
});

Deno.test("a board shows every piece, both ways round, with arrows and heat", () => {
  const white = board(new Chess(), { arrows: [{ move: "e2e4", weight: 0.5, label: "50 %" }] });
  assert.equal(white.svg.match(/[♟♞♝♜♛♚]/g)?.length, 32);
  assert.match(white.text, /White: king e1, queen d1, rook a1.*White to move/s);
  assert.match(white.svg, />50 %</);
  const king = (orientation: "white" | "black") => {
    const { svg } = board("7k/8/8/8/8/8/8/K7 w - - 0 1", { orientation });
    return svg.match(/<text x="([\d.]+)" y="([\d.]+)"[^>]*fill="#fff"[^>]*>♚/)!.slice(1).map(
      Number,
    );
  };
  const [below, above] = [king("white"), king("black")];
  assert.ok(below[0] < 45 && below[1] > 315, `White's king stands left below: ${below}`);
  assert.ok(above[0] > 315 && above[1] < 45, `and right above from Black's side: ${above}`);
  const heat = new Float64Array(64);
  heat[63] = 2;
  assert.match(board("7k/8/8/8/8/8/8/K7 w - - 0 1", { heat }).svg, /fill-opacity="0\.850"/);
  const png = decodePng(white.png());
  assert.deepEqual([png.width, png.height], [800, 800]);
});

Deno.test("boards refuse what they cannot draw", () => {
  assert.throws(() => board("nonsense"), /SyntaxError: Cannot read the FEN/);
  assert.throws(
    () => board(new Chess(), { heat: [1] }),
    /RangeError: Cannot draw the heat of 1 squares/,
  );
  assert.throws(() => board(new Chess(), { arrows: [{ move: "e2z4" }] }), /the square "z4"/);
});

Deno.test("a policy's arrows are its likeliest moves, in order", () => {
  const moves = [packMove(0, 1), packMove(0, 8), packMove(0, 2)];
  const arrows = policyArrows({ moves, p: [0.3, 0.695, 0.005] });
  assert.deepEqual(arrows.map(({ move, label }) => [move, label]), [
    [moves[1], "70 %"],
    [moves[0], "30 %"],
  ]);
});
