/**
 * The little of a browser that Observable Plot needs to draw: a document (linkedom) and a canvas that
 * can hold an image and write itself as PNG.
 *
 * @module
 */

import { crc32, deflateSync } from "node:zlib";
import { parseHTML } from "linkedom";

let shared: Document | undefined;

/** The document that plots are drawn in; made at the first call. */
export function plotDocument(): Document {
  if (shared) return shared;
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const createElement = document.createElement.bind(document);
  document.createElement =
    ((name: string) => name === "canvas" ? canvas() : createElement(name)) as never;
  return shared = document as unknown as Document;
}

/** A canvas of pixels without drawing: what raster marks and colour ramps use. */
function canvas() {
  let pixels = new Uint8ClampedArray(0);
  const self = {
    width: 300,
    height: 150,
    getContext: () => ({
      createImageData: (width: number, height: number) => ({
        width,
        height,
        data: new Uint8ClampedArray(4 * width * height),
      }),
      putImageData(image: { width: number; height: number; data: Uint8ClampedArray }) {
        self.width = image.width;
        self.height = image.height;
        pixels = image.data.slice();
      },
    }),
    toDataURL: () =>
      `data:image/png;base64,${encodePng(pixels, self.width, self.height).toBase64()}`,
  };
  return self;
}

/**
 * Writes RGBA pixels as a PNG file.
 *
 * @param pixels red, green, blue, alpha of each pixel, row by row: `[height * width * 4]`
 * @throws {RangeError} when the number of bytes does not fit the size.
 */
export function encodePng(
  pixels: Uint8Array | Uint8ClampedArray,
  width: number,
  height: number,
): Uint8Array {
  if (pixels.length !== 4 * width * height) {
    throw new RangeError(
      `Cannot write a PNG of ${width} × ${height}: needs ${
        4 * width * height
      } bytes, not ${pixels.length}`,
    );
  }
  const stride = 4 * width;
  const rows = new Uint8Array((stride + 1) * height); // each row opens with its filter, 0: none
  for (let y = 0; y < height; y++) {
    rows.set(pixels.subarray(y * stride, (y + 1) * stride), y * (stride + 1) + 1);
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, 6, 0, 0, 0], 8); // 8 bits a channel, RGBA
  const signature = new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10]);
  const parts = [
    signature,
    chunk("IHDR", header),
    chunk("IDAT", new Uint8Array(deflateSync(rows))),
    chunk("IEND", new Uint8Array(0)),
  ];
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}
