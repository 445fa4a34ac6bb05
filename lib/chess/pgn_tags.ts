/**
 * The tags of a PGN game, read from its bytes: one by one without strings for the others, or all.
 *
 * @module
 */

/**
 * The game that the scanner stands on. One record is used for all games: read what you need before
 * the next one. Positions are indices into `bytes`.
 */
export interface GameSpan {
  /** The bytes around the game. */
  bytes: Uint8Array;
  /** The game's number in the file, from 1. */
  index: number;
  /** The line on which it starts, from 1. */
  line: number;
  /** Where its tags start. */
  start: number;
  /** Where its moves start. */
  moves: number;
  /** The line of that place. */
  movesLine: number;
  /** Where it ends: the start of the next game, or the end of the file. */
  end: number;
  /** Does the file end with it? */
  last: boolean;
  /** The number of its tags. */
  tagCount: number;
  /** For each tag four positions: start and end of its name, start and end of its value. */
  tags: Int32Array;
  /** Why its tags cannot be read, or "". */
  problem: string;
  /** The line of the problem. */
  problemLine: number;
}

// The number of the tag of this name, or -1.
function findTag({ bytes, tags, tagCount }: Readonly<GameSpan>, name: string): number {
  search:
  for (let k = 0; k < tagCount; k++) {
    const start = tags[4 * k];
    if (tags[4 * k + 1] - start !== name.length) continue;
    for (let i = 0; i < name.length; i++) {
      if (bytes[start + i] !== name.charCodeAt(i)) continue search;
    }
    return k;
  }
  return -1;
}

/** A tag's value, or undefined if the game has no such tag. */
export function tagText(span: Readonly<GameSpan>, name: string): string | undefined {
  const k = findTag(span, name);
  return k < 0 ? undefined : tagValue(span, k);
}

/** A tag's value as a whole number of 0 or more; NaN if it is missing or not one, such as `"?"`. */
export function tagNumber(span: Readonly<GameSpan>, name: string): number {
  const k = findTag(span, name);
  if (k < 0) return NaN;
  const { bytes, tags } = span, start = tags[4 * k + 2], end = tags[4 * k + 3];
  if (start === end || end - start > 15) return NaN;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = bytes[i] - 0x30;
    if (digit >>> 0 > 9) return NaN;
    value = value * 10 + digit;
  }
  return value;
}

/** Has the game a tag with this very value? The cheapest test of a text. */
export function tagIs(span: Readonly<GameSpan>, name: string, value: string): boolean {
  const k = findTag(span, name);
  if (k < 0 || span.tags[4 * k + 3] - span.tags[4 * k + 2] !== value.length) return false;
  for (let i = 0; i < value.length; i++) {
    if (span.bytes[span.tags[4 * k + 2] + i] !== value.charCodeAt(i)) return false;
  }
  return true;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const latin1 = new TextDecoder("windows-1252");

// PGN is Latin-1 by its standard and UTF-8 by use.
function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return latin1.decode(bytes);
  }
}

const unescape = (text: string) => text.includes("\\") ? text.replace(/\\(["\\])/g, "$1") : text;

function tagValue({ bytes, tags }: Readonly<GameSpan>, k: number): string {
  return unescape(decode(bytes.subarray(tags[4 * k + 2], tags[4 * k + 3])));
}

let lastNames: string[] = [];

/** All tags of the game as a record. */
export function tagRecord(span: Readonly<GameSpan>): Record<string, string> {
  const { tags, tagCount, start, moves } = span;
  const headers: Record<string, string> = {};
  if (tagCount === 0) return headers;
  // One decoding for all, cut by byte positions, which are right if every character is one byte.
  const text = decode(span.bytes.subarray(start, moves));
  const cut = text.length === moves - start;
  const escaped = text.includes("\\");
  const names: string[] = [];
  for (let k = 0; k < tagCount; k++) {
    const at = tags[4 * k] - start, length = tags[4 * k + 1] - tags[4 * k];
    let name = lastNames[k]; // mostly the same tags in game after game
    if (!cut) name = decode(span.bytes.subarray(tags[4 * k], tags[4 * k + 1]));
    else if (name === undefined || name.length !== length || !text.startsWith(name, at)) {
      name = text.slice(at, at + length);
    }
    names.push(name);
    headers[name] = cut && !escaped
      ? text.slice(tags[4 * k + 2] - start, tags[4 * k + 3] - start)
      : tagValue(span, k);
  }
  lastNames = names;
  return headers;
}
