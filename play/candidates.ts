/**
 * The policy of a position as bars, and what it means as a vote.
 *
 * @module
 */

import type { Distribution } from "@lib/analysis/distribution.ts";
import { sharpen } from "@lib/analysis/temperature.ts";
import type { Move, Position } from "@lib/chess/position.ts";
import { makeSan } from "@lib/chess/san.ts";

/** A move as the model sees it. */
export interface Candidate {
  readonly move: Move;
  readonly san: string;
  /** f̂(y|x), the model's share at τ = 1. */
  readonly share: number;
  /** f̂_τ(y|x), what it plays at the temperature. */
  readonly sharpened: number;
  /** Stockfish's chance to win after the move, if it was asked. */
  readonly reward: number | undefined;
}

/** All candidates of a position, the likeliest first. */
export function candidates(
  position: Position,
  { moves, p }: Distribution,
  tau: number,
  rewards: ReadonlyMap<Move, number> | undefined,
): Candidate[] {
  const sharpened = sharpen(p, tau);
  return Array.from(moves, (move, i) => ({
    move,
    san: makeSan(position, move),
    share: p[i],
    sharpened: sharpened[i],
    reward: rewards?.get(move),
  })).sort((a, b) => b.share - a.share);
}

const percent = (p: number): string =>
  p > 0 && p < 0.005 ? "<1 %" : p < 1 && p >= 0.995 ? ">99 %" : `${Math.round(100 * p)} %`;

/** What the candidates say as a vote among the players that the model learned from. */
export function voteText(list: readonly Candidate[], crowd: string, tau: number): string {
  const [first, second] = list;
  const top = list.reduce((a, b) => b.sharpened > a.sharpened ? b : a);
  const others = second ? `, ${percent(second.share)} ${second.san}` : ": there is no other move";
  return `Among ${crowd}, as the model has learned them, ${percent(first.share)} ` +
    `choose ${first.san}${others}. At τ = 1 it plays as one of them, drawn at random, with all ` +
    `their slips; as τ falls to 0 it takes their majority vote, ${first.san}, in which errors that ` +
    `they do not share are outvoted. At τ = ${tau.toFixed(2)} it plays ${top.san} in ` +
    `${percent(top.sharpened)} of games.`;
}

/** Win-% points below the best move that make a move a slip. */
const SLIP = 10;

/**
 * Why the vote helps here, or does not: how much of the crowd slips, and whether on one move or on
 * many. Needs the rewards of all candidates.
 */
export function slipText(list: readonly Candidate[]): string {
  const best = Math.max(...list.map(({ reward }) => reward!));
  const cost = ({ reward }: Candidate) => Math.round(100 * (best - reward!));
  const slips = list.filter((candidate) => cost(candidate) >= SLIP);
  const share = slips.reduce((sum, slip) => sum + slip.share, 0), [first] = list;
  if (slips.includes(first)) {
    return `The majority itself slips: ${first.san} gives away ${
      cost(first)
    } points. An error that ` +
      `they share is not outvoted.`;
  }
  if (share < 0.01) return "Hardly any of them slips here: there is little to outvote.";
  const spread = slips.length === 1
    ? `all on ${slips[0].san}`
    : `spread over ${slips.length} moves, the most frequent ${slips[0].san} with ` +
      percent(slips[0].share);
  return `${percent(share)} of them give away ${SLIP} points or more, ${spread}: fewer than the ` +
    `${percent(first.share)} for ${first.san}, so that the vote is none of these slips.`;
}

/** R(f̂) = Σ f̂(y|x) r(x, y) at τ = 1 and at the temperature, or undefined until Stockfish has said. */
export function expectedRewards(
  list: readonly Candidate[],
): { crowd: number; sharpened: number; best: number } | undefined {
  let crowd = 0, sharpened = 0, best = 0;
  for (const { reward, share, sharpened: q } of list) {
    if (reward === undefined) return undefined;
    crowd += share * reward;
    sharpened += q * reward;
    best = Math.max(best, reward);
  }
  return { crowd, sharpened, best };
}

/**
 * Draws the bars: one row a move, a button that plays it; the bar is what is played at τ, the mark
 * what is played at τ = 1.
 */
export function drawCandidates(
  list: HTMLElement,
  shown: readonly Candidate[],
  playable: boolean,
  onPlay: (move: Move) => void,
): void {
  // Rows are kept while their move stays, so that a moving temperature moves bars, not the focus.
  const rows = new Map(
    [...list.children].map((row) => [(row as HTMLElement).dataset.key, row as HTMLElement]),
  );
  const focused = list.contains(document.activeElement);
  list.replaceChildren(...shown.map((candidate) => {
    const { move, san, share, sharpened, reward } = candidate, key = `${san} ${move}`;
    const row = rows.get(key) ?? newRow(key, san);
    const button = row.querySelector("button")!;
    button.disabled = !playable;
    button.onclick = () => onPlay(move);
    const [bar, mark, played, usual, chance] = [".bar", ".mark", ".played", ".usual", ".chance"]
      .map((name) => row.querySelector<HTMLElement>(name)!);
    bar.style.width = `${100 * sharpened}%`;
    mark.style.left = `${100 * share}%`;
    played.textContent = percent(sharpened);
    usual.textContent = ` at this temperature, ${percent(share)} at 1` +
      (reward === undefined ? "" : "; chance to win ");
    chance.textContent = reward === undefined ? "" : percent(reward);
    return row;
  }));
  // Who has played by a row goes on from the list, not from the top of the page.
  if (focused && !list.contains(document.activeElement)) list.focus({ preventScroll: true });
}

function newRow(key: string, san: string): HTMLElement {
  const row = document.createElement("li");
  row.dataset.key = key;
  const button = document.createElement("button");
  button.type = "button";
  const part = (className: string, text = "") => {
    const span = document.createElement("span");
    span.className = className;
    span.textContent = text;
    return span;
  };
  const track = part("track");
  track.append(part("bar"), part("mark"));
  // What bar and columns say to the eye is said in words to a screen reader.
  button.append(part("san", san), part("hidden", ": "), track);
  button.append(part("played"), part("hidden usual"), part("chance"));
  row.append(button);
  return row;
}
