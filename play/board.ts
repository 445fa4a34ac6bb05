/**
 * The board: cm-chessboard (MIT), with a policy as arrows over it.
 *
 * @module
 */

import { Chessboard, INPUT_EVENT_TYPE } from "cm-chessboard";
import { MARKER_TYPE, Markers } from "cm-chessboard/src/extensions/markers/Markers.js";
import { PromotionDialog } from "cm-chessboard/src/extensions/promotion-dialog/PromotionDialog.js";
import { makeFen } from "@lib/chess/fen.ts";
import {
  BLACK,
  legalMoves,
  type Move,
  moveFrom,
  movePromotion,
  moveTo,
  type Position,
  QUEEN,
  squareName,
  WHITE,
} from "@lib/chess/position.ts";
import { parseUci } from "@lib/chess/san.ts";

/** A move and its weight, 0 to 1. */
export interface WeightedMove {
  readonly move: Move;
  readonly weight: number;
}

/** The board on the page. */
export interface PlayBoard {
  /**
   * Shows a position; the last move's squares are marked. Moves are taken when `input` is true, from
   * when the pieces have come to rest: the element's `data-input` is "on" then, "off" before.
   */
  show(position: Position, last: Move | undefined, input: boolean): void;
  /** Shows arrows, as wide and as dark as their weights. */
  arrows(moves: readonly WeightedMove[]): void;
  /** Which side is at the bottom. */
  turn(side: "white" | "black"): void;
}

interface MoveEvent {
  readonly type: string;
  readonly squareFrom: string;
  readonly squareTo: string;
}

/** Arrows lighter than this are left out. */
const FAINTEST = 0.02;

/** Puts a board into an element; `onMove` is told of each legal move that is made on it. */
export function playBoard(element: HTMLElement, onMove: (move: Move) => void): PlayBoard {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const board = new Chessboard(element, {
    assetsUrl: "board/",
    style: {
      cssClass: "lab",
      borderType: "none",
      pieces: { file: "pieces/standard.svg" },
      animationDuration: still ? 0 : 200,
    },
    extensions: [
      { class: Markers, props: { autoMarkers: MARKER_TYPE.frame } },
      { class: PromotionDialog, props: { language: "en" } },
    ],
  });
  const drawing = element.querySelector("svg.cm-chessboard")!;
  drawing.setAttribute("aria-label", "Chessboard");
  drawing.setAttribute("aria-describedby", "position");
  const overlay = document.createElementNS(SVG, "svg");
  overlay.setAttribute("viewBox", "0 0 8 8");
  overlay.setAttribute("class", "arrows");
  overlay.setAttribute("aria-hidden", "true");
  element.append(overlay);

  let shown: Position | undefined, shows = 0, bottom: "white" | "black" = "white";
  let drawn: readonly WeightedMove[] = [];
  const draw = () => overlay.replaceChildren(...drawn.map((arrow) => arrowShape(arrow, bottom)));

  const handle = ({ type, squareFrom, squareTo }: MoveEvent): boolean => {
    if (!shown) return false;
    const moves = legalMoves(shown).filter((move) => squareName(moveFrom(move)) === squareFrom);
    if (type === INPUT_EVENT_TYPE.moveInputStarted) {
      board.addLegalMovesMarkers(moves.map((move) => ({ to: squareName(moveTo(move)) })));
      return moves.length > 0;
    }
    if (type === INPUT_EVENT_TYPE.moveInputCanceled) board.removeLegalMovesMarkers();
    if (type !== INPUT_EVENT_TYPE.validateMoveInput) return true;
    board.removeLegalMovesMarkers();
    const fitting = moves.filter((move) => squareName(moveTo(move)) === squareTo);
    if (fitting.length === 0) return false;
    if (!movePromotion(fitting[0])) {
      setTimeout(() => onMove(fitting[0])); // when the board has done its part
      return true;
    }
    const position = shown, fen = makeFen(position);
    const color = position.turn === WHITE ? "w" : "b";
    board.showPromotionDialog(squareTo, color, (choice: { piece?: string }) => {
      const piece = choice.piece?.[1];
      if (piece) onMove(parseUci(position, squareFrom + squareTo + piece));
      else board.setPosition(fen, false);
    });
    return true;
  };

  return {
    show(position, last, input) {
      const show = ++shows;
      shown = position.copy();
      board.disableMoveInput();
      element.dataset.input = "off";
      board.setPosition(makeFen(position), true).then(() => {
        if (!input || show !== shows) return;
        board.enableMoveInput(handle, position.turn === BLACK ? "b" : "w");
        element.dataset.input = "on";
      });
      board.removeLegalMovesMarkers();
      board.removeMarkers(MARKER_TYPE.square);
      if (last !== undefined) {
        for (const square of [moveFrom(last), moveTo(last)]) {
          board.addMarker(MARKER_TYPE.square, squareName(square));
        }
      }
    },
    arrows(moves) {
      // Promotions of one pawn share an arrow: the queen's.
      drawn = moves.filter(({ move, weight }) =>
        weight >= FAINTEST && [0, QUEEN].includes(movePromotion(move))
      ).toSorted((a, b) => a.weight - b.weight);
      draw();
    },
    turn(side) {
      if (side === bottom) return;
      bottom = side;
      board.setOrientation(side[0], false);
      draw();
    },
  };
}

const SVG = "http://www.w3.org/2000/svg";

/** One arrow from the middle of a square to near the middle of another. */
function arrowShape({ move, weight }: WeightedMove, bottom: "white" | "black"): SVGElement {
  const middle = (square: number): [number, number] => {
    const file = square & 7, rank = square >> 3;
    return bottom === "white" ? [file + 0.5, 7.5 - rank] : [7.5 - file, rank + 0.5];
  };
  const [x1, y1] = middle(moveFrom(move)), [x2, y2] = middle(moveTo(move));
  const length = Math.hypot(x2 - x1, y2 - y1), dx = (x2 - x1) / length, dy = (y2 - y1) / length;
  const half = 0.03 + 0.09 * Math.sqrt(weight),
    head = 2.6 * half + 0.04,
    neck = length - 0.12 - head;
  const at = (along: number, aside: number) =>
    `${(x1 + along * dx - aside * dy).toFixed(3)},${(y1 + along * dy + aside * dx).toFixed(3)}`;
  const arrow = document.createElementNS(SVG, "polygon");
  arrow.setAttribute(
    "points",
    [
      at(0.2, half),
      at(neck, half),
      at(neck, head),
      at(length - 0.12, 0),
      at(neck, -head),
      at(neck, -half),
      at(0.2, -half),
    ].join(" "),
  );
  arrow.setAttribute("opacity", (0.25 + 0.6 * Math.sqrt(weight)).toFixed(3));
  return arrow;
}
