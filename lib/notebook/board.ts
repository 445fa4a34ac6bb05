/**
 * Chess positions as pictures, with what a model thinks of them: arrows for moves, heat for squares.
 *
 * @module
 */

import { makeFen, parseFen } from "@lib/chess/fen.ts";
import {
  EMPTY,
  type Move,
  moveFrom,
  moveTo,
  Position,
  type Square,
  squareName,
} from "@lib/chess/position.ts";
import { escapeMarkup } from "@lib/notebook/display.ts";
import { PALETTE } from "@lib/notebook/figure.ts";
import { FONT, textWidth, wrapText } from "@lib/notebook/fonts.ts";
import { type Picture, picture } from "@lib/notebook/svg.ts";

/** An arrow over the board. */
export interface Arrow {
  /** A move, packed or in UCI letters such as `e2e4`. */
  readonly move: Move | string;
  /** Strength of 0 … 1, such as the move's probability: shown as thickness (default 1). */
  readonly weight?: number;
  /** A CSS colour (default blue). */
  readonly color?: string;
  /** A few letters at the arrow's head, such as `62 %`. */
  readonly label?: string;
}

/** How a board looks; all optional. */
export interface BoardOptions {
  /** Arrows, the first on top. */
  readonly arrows?: readonly Arrow[];
  /** A number for each square, a1 = 0, b1 = 1, … h8 = 63, shown as depth of colour: `[64]`. */
  readonly heat?: ArrayLike<number>;
  /** Squares to mark, such as those of the last move. */
  readonly marked?: readonly (Square | string)[];
  /** Whose side is below (default: White's). */
  readonly orientation?: "white" | "black";
  /** The finding, in a sentence. */
  readonly title?: string;
  /** What the reader must know to judge it. */
  readonly caption?: string;
  /** Width and height of the board in pixels (default 360). */
  readonly size?: number;
  /** When given, the board is saved as `results/figures/NAME.png`. */
  readonly name?: string;
}

const WOOD = ["#b98d63", "#f0e4cf"];
const PAPER = ["#d6d6d6", "#f4f4f4"]; // under heat, so that its colour stays one
const GLYPHS = ["", "♟", "♞", "♝", "♜", "♛", "♚"];
const WORDS = ["", "pawn", "knight", "bishop", "rook", "queen", "king"];
const FRAME = 20;

/**
 * Draws a position.
 *
 * @param position a `Position`, a FEN, or anything with a method `fen()`, such as chess.js's `Chess`
 * @throws {SyntaxError} when the FEN or the move of an arrow cannot be read.
 * @throws {RangeError} when the heat has not 64 numbers.
 *
 * ```ts
 * import { board } from "@lib/notebook/mod.ts";
 * import assert from "node:assert/strict";
 *
 * const drawn = board("8/8/8/3k4/8/8/8/R3K3 w - - 0 1", { arrows: [{ move: "a1a5", weight: 0.6 }] });
 * assert.match(drawn.text, /White: king e1, rook a1; Black: king d5/);
 * ```
 */
export function board(
  position: Position | string | { fen(): string },
  options: BoardOptions = {},
): Picture {
  const read = asPosition(position);
  const { size = 360, title = "", caption = "", name } = options;
  const cell = size / 8;
  const width = size + 2 * FRAME;
  const parts: string[] = [];
  let y = title ? 14 : 0;
  const write = (text: string, fontSize: number, style: string, weight: "regular" | "bold") => {
    for (const line of wrapText(text, fontSize, width - 2 * FRAME, weight)) {
      y += fontSize;
      parts.push(
        `<text x="${FRAME}" y="${y}" font-size="${fontSize}" ${style}>${escapeMarkup(line)}</text>`,
      );
      y += 0.35 * fontSize;
    }
  };
  if (title) write(title, 14, 'font-weight="bold"', "bold");
  y += title ? 8 : FRAME;
  parts.push(`<g transform="translate(${FRAME},${y})">${drawBoard(read, options, cell)}</g>`);
  y += size + FRAME;
  if (caption) {
    y += 6;
    write(caption, 11.5, 'fill="#444"', "regular");
    y += 8;
  }
  const height = Math.ceil(y);
  const words = [title, describePosition(read), caption].filter(Boolean).join("\n");
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"` +
    ` ${FONT} font-size="12" fill="#1b1b1b" role="img"><title>${escapeMarkup(words)}</title>` +
    `<rect width="100%" height="100%" fill="white"/>${parts.join("")}</svg>`;
  return picture(svg, { width, height }, words, name);
}

/**
 * The most probable moves of a policy as arrows, thicker where likelier, with their share.
 *
 * @param policy legal moves and their probabilities, `moves: [n]`, `p: [n]`
 * @param limit arrows at most (default 5); moves below 1 % get none
 *
 * ```ts
 * import { policyArrows } from "@lib/notebook/mod.ts";
 * import { legalMoves, startPosition } from "@lib/chess/position.ts";
 * import assert from "node:assert/strict";
 *
 * const moves = legalMoves(startPosition()).slice(0, 3);
 * const [first, ...others] = policyArrows({ moves, p: [0.3, 0.695, 0.005] });
 * assert.deepEqual([first.move, first.label, others.length], [moves[1], "70 %", 1]);
 * ```
 */
export function policyArrows(
  policy: { readonly moves: ArrayLike<Move>; readonly p: ArrayLike<number> },
  limit = 5,
): Arrow[] {
  return Array.from(policy.moves, (move, i) => ({ move, weight: policy.p[i] }))
    .filter(({ weight }) => weight >= 0.01)
    .sort((a, b) => b.weight - a.weight)
    .slice(0, limit)
    .map((arrow) => ({ ...arrow, label: `${Math.round(100 * arrow.weight)} %` }));
}

function asPosition(position: Position | string | { fen(): string }): Position {
  if (position instanceof Position) return position;
  return parseFen(typeof position === "string" ? position : position.fen());
}

function drawBoard(position: Position, options: BoardOptions, cell: number): string {
  const black = options.orientation === "black";
  const corner = (square: Square): [number, number] => {
    const file = square & 7;
    const rank = square >> 3;
    return [(black ? 7 - file : file) * cell, (black ? rank : 7 - rank) * cell];
  };
  const squares = Array.from({ length: 64 }, (_, square) => square);
  const fill = (square: Square, style: string) => {
    const [x, y] = corner(square);
    return `<rect x="${x}" y="${y}" width="${cell}" height="${cell}" ${style}/>`;
  };
  const isLight = (square: Square) => ((square >> 3) + square) % 2 === 1;
  const ground = options.heat ? PAPER : WOOD;
  const parts = squares.map((square) => fill(square, `fill="${ground[isLight(square) ? 1 : 0]}"`));

  for (const marked of options.marked ?? []) {
    const square = typeof marked === "string" ? parseSquare(marked) : marked;
    parts.push(fill(square, 'fill="#e6c200" fill-opacity="0.5"'));
  }
  parts.push(...drawHeat(options.heat, fill));
  parts.push(...squares.map((square) => drawPiece(position.pieceAt(square), corner(square), cell)));
  const arrows = [...options.arrows ?? []].reverse();
  parts.push(...arrows.map((arrow) => drawArrow(arrow, corner, cell)));
  parts.push(...arrows.map((arrow) => drawLabel(arrow, corner, cell)));

  const size = 8 * cell;
  const names = (i: number) => black ? 7 - i : i;
  const style = 'font-size="11" fill="#666" text-anchor="middle"';
  for (let i = 0; i < 8; i++) {
    const middle = (i + 0.5) * cell;
    parts.push(`<text x="${middle}" y="${size + 14}" ${style}>${"abcdefgh"[names(i)]}</text>`);
    parts.push(`<text x="-10" y="${middle + 4}" ${style}>${8 - names(i)}</text>`);
  }
  parts.push(`<rect width="${size}" height="${size}" fill="none" stroke="#7a5c3e"/>`);
  return parts.join("");
}

function drawHeat(
  heat: ArrayLike<number> | undefined,
  fill: (square: Square, style: string) => string,
): string[] {
  if (!heat) return [];
  if (heat.length !== 64) {
    throw new RangeError(`Cannot draw the heat of ${heat.length} squares: a board has 64`);
  }
  const most = Math.max(...Array.from(heat));
  if (!(most > 0)) return [];
  return Array.from(heat, (value, square) => {
    const depth = (0.85 * Math.max(0, value) / most).toFixed(3);
    return fill(square, `fill="#0072b2" fill-opacity="${depth}"`);
  });
}

function drawPiece(code: number, [x, y]: [number, number], cell: number): string {
  const piece = code & 7;
  if (piece === EMPTY) return "";
  const white = code >> 3 === 0;
  const colors = white
    ? 'fill="#fff" stroke="#1b1b1b" stroke-width="1.6"'
    : 'fill="#1b1b1b" stroke="#f4f4f4" stroke-width="1"';
  return `<text x="${x + cell / 2}" y="${y + 0.82 * cell}" font-family="DejaVu Sans" ` +
    `font-stretch="normal" font-size="${0.92 * cell}" text-anchor="middle" ` +
    `paint-order="stroke" stroke-linejoin="round" ${colors}>${GLYPHS[piece]}</text>`;
}

type Corner = (square: Square) => [number, number];

function drawArrow(arrow: Arrow, corner: Corner, cell: number): string {
  const [from, to] = endsOf(arrow.move).map((square) => {
    const [x, y] = corner(square);
    return [x + cell / 2, y + cell / 2];
  });
  const weight = Math.min(1, Math.max(0, arrow.weight ?? 1));
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
  const [dx, dy] = [(to[0] - from[0]) / length, (to[1] - from[1]) / length];
  const half = cell * (0.03 + 0.1 * weight);
  const head = half + cell * 0.13;
  const neck = length - 2 * head;
  // along and across the arrow, from its tail to its tip and back
  const outline = [
    [cell * 0.1, half],
    [neck, half],
    [neck, head],
    [length, 0],
    [neck, -head],
    [neck, -half],
    [cell * 0.1, -half],
  ].map(([along, across]) =>
    `${(from[0] + dx * along - dy * across).toFixed(1)},${
      (from[1] + dy * along + dx * across).toFixed(1)
    }`
  );
  const color = escapeMarkup(arrow.color ?? PALETTE[0]);
  return `<path d="M${outline.join("L")}Z" fill="${color}" fill-opacity="${
    (0.45 + 0.4 * weight).toFixed(2)
  }" stroke="white" stroke-width="0.75"/>`;
}

function drawLabel(arrow: Arrow, corner: Corner, cell: number): string {
  if (!arrow.label) return "";
  const [from, to] = endsOf(arrow.move).map(corner);
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
  const beyond = (i: 0 | 1) => cell * (0.5 + 0.26 * (to[i] - from[i]) / length); // past the tip
  const width = textWidth(arrow.label, 10.5) + 8;
  const x = Math.min(8 * cell - width / 2, Math.max(width / 2, to[0] + beyond(0)));
  const y = Math.min(8 * cell - 7, Math.max(7, to[1] + beyond(1)));
  const color = escapeMarkup(arrow.color ?? PALETTE[0]);
  return `<rect x="${x - width / 2}" y="${y - 7}" width="${width}" height="14" rx="3" ` +
    `fill="white" stroke="${color}"/><text x="${x}" y="${y + 3.8}" ` +
    `font-size="10.5" text-anchor="middle">${escapeMarkup(arrow.label)}</text>`;
}

function endsOf(move: Move | string): [Square, Square] {
  if (typeof move === "number") return [moveFrom(move), moveTo(move)];
  return [parseSquare(move.slice(0, 2)), parseSquare(move.slice(2, 4))];
}

function parseSquare(name: string): Square {
  if (!/^[a-h][1-8]$/.test(name)) {
    throw new SyntaxError(`Cannot draw on the square "${name}": squares are a1 … h8`);
  }
  return "abcdefgh".indexOf(name[0]) + 8 * (Number(name[1]) - 1);
}

/** The position in words, for readers without the picture. */
function describePosition(position: Position): string {
  const side = (color: number) => {
    const pieces = Array.from({ length: 64 }, (_, square) => square)
      .filter((square) => (position.pieceAt(square) & 7) !== EMPTY)
      .filter((square) => position.pieceAt(square) >> 3 === color)
      .sort((a, b) => (position.pieceAt(b) & 7) - (position.pieceAt(a) & 7));
    return pieces.map((square) => `${WORDS[position.pieceAt(square) & 7]} ${squareName(square)}`)
      .join(", ");
  };
  const turn = position.turn === 0 ? "White" : "Black";
  return `White: ${side(0)}; Black: ${side(1)}. ${turn} to move (${makeFen(position)})`;
}
