/**
 * From an SVG to what a notebook keeps: a PNG drawn at twice the size with the shipped fonts, which
 * every viewer shows (SVG outputs are emptied by several).
 *
 * @module
 */

import { join } from "node:path";
import { Resvg } from "@resvg/resvg-js";
import { writeFileAtomic } from "@lib/files.ts";
import { RESULTS } from "@lib/paths.ts";
import { DISPLAY, type Displayable } from "@lib/notebook/display.ts";
import { fontFiles } from "@lib/notebook/fonts.ts";

/** A picture: shown as PNG, while it still changes as SVG. */
export interface Picture extends Displayable {
  /** The whole picture as one SVG without anything outside it. */
  readonly svg: string;
  /** Width in pixels at which it is shown. */
  readonly width: number;
  /** Height in pixels at which it is shown. */
  readonly height: number;
  /** What it shows, in words: for screen readers and viewers without images. */
  readonly text: string;
  /** The picture as PNG at twice the size; drawn at the first call. */
  png(): Uint8Array;
}

/**
 * Makes a picture of an SVG.
 *
 * @param name when given, the picture is saved as `results/figures/NAME.png`
 * @throws {RangeError} when the name is not made of small letters, digits and dashes.
 */
export function picture(
  svg: string,
  size: { readonly width: number; readonly height: number },
  text: string,
  name?: string,
): Picture {
  let bytes: Uint8Array | undefined;
  const png = () => bytes ??= rasterize(svg);
  if (name !== undefined) writeFileAtomic(figurePath(name), png());
  const { width, height } = size;
  return {
    svg,
    width,
    height,
    text,
    png,
    [DISPLAY]: () => ({ "image/png": png().toBase64(), "text/plain": text }),
    live: () => ({ "image/svg+xml": svg, "text/plain": text }),
    displayMetadata: { "image/png": { width, height } },
  };
}

/** The file of a saved figure. */
export function figurePath(name: string): string {
  if (!/^[a-z0-9][a-z0-9-]*$/.test(name)) {
    throw new RangeError(
      `Cannot save a figure as "${name}": a name has small letters, digits and dashes`,
    );
  }
  return join(RESULTS, "figures", `${name}.png`);
}

/** Draws an SVG as PNG with the shipped fonts only, so that it is the same on every machine. */
export function rasterize(svg: string, zoom = 2): Uint8Array {
  const drawing = new Resvg(svg, {
    fitTo: { mode: "zoom", value: zoom },
    font: {
      loadSystemFonts: false,
      fontFiles: fontFiles(),
      defaultFontFamily: "DejaVu Sans",
      sansSerifFamily: "DejaVu Sans",
      monospaceFamily: "DejaVu Sans Mono",
    },
  });
  return drawing.render().asPng();
}
