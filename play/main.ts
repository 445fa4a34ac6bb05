/**
 * The page to play on: wires the board, the model and the controls together. `deno task play`.
 *
 * @module
 */

import "./jitless.ts";
import { sampleIndex } from "@lib/analysis/distribution.ts";
import { sharpen } from "@lib/analysis/temperature.ts";
import { makeFen } from "@lib/chess/fen.ts";
import { makePgn, readPgn } from "@lib/chess/pgn.ts";
import { legalMoves, type Move, WHITE } from "@lib/chess/position.ts";
import { makeSan, makeUci, parseSan, parseUci } from "@lib/chess/san.ts";
import { type GameState, newGame, outcome, playMove } from "@lib/play/game.ts";
import { random } from "@lib/random.ts";
import { playBoard } from "./board.ts";
import { candidates, drawCandidates, expectedRewards, slipText, voteText } from "./candidates.ts";
import { DEPTH, rewards as askStockfish } from "./engine.ts";
import { makeLink, type PageState, parseLink, type Side } from "./link.ts";
import { type Offer, offers, policy, startBackend } from "./network.ts";
import { describePosition, movesText } from "./words.ts";

/** Candidates shown as bars. */
const BARS = 8;

/** Milliseconds before the model moves, so that one sees what one has played slide. */
const PAUSE = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 350;

const find = <E extends HTMLElement>(id: string) => document.getElementById(id) as E;
const [status, problem, list, vote, reward] = ["status", "problem", "candidates", "vote", "reward"]
  .map((id) => find(id));
const [modelChoice, youChoice] = ["model", "you"].map((id) => find<HTMLSelectElement>(id));
const [tauSlider, moveField, fenField, hints] = ["tau", "move", "fen", "hints"]
  .map((id) => find<HTMLInputElement>(id));
const pgnField = find<HTMLTextAreaElement>("pgn");
const [backButton, engineButton] = ["back", "engine"].map((id) => find<HTMLButtonElement>(id));

const board = playBoard(find("board"), (move) => play(move));

let models: Offer[] = [];
let game: GameState = newGame();
let seed = newSeed();
let bottom: "white" | "black" = "white";
/** What the model thinks of the position, when it has thought. */
let thought: Awaited<ReturnType<typeof policy>> | undefined;
let scores: Map<Move, number> | undefined;
/** Grows with every change: what was computed for an earlier one is dropped. */
let turnCount = 0;
/** The last address written here, to tell a link that someone else has set. */
let written = "";

const tau = () => Number(tauSlider.value);
const you = () => youChoice.value as Side;
const isYours = () => you() === "both" || (game.position.turn === WHITE) === (you() === "white");

function newSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0];
}

function say(error: unknown): void {
  problem.textContent = error instanceof Error ? error.message : String(error);
  problem.hidden = false;
}

/** Runs what a person asked for; what goes wrong is said on the page. */
async function attempt(action: () => unknown): Promise<void> {
  problem.hidden = true;
  try {
    await action();
  } catch (error) {
    say(error);
  }
}

function setGame(start: string | null, moves: Iterable<Move>): void {
  const next = newGame(start);
  for (const move of moves) playMove(next, move);
  game = next;
}

function play(move: Move): void {
  attempt(() => {
    playMove(game, move);
    return update();
  });
}

/** Shows the game as it is now, asks the model, and lets it move when it is its turn. */
async function update(): Promise<void> {
  const turn = ++turnCount;
  thought = scores = undefined;
  const end = outcome(game), { position, moves } = game, last = moves.at(-1);
  board.turn(bottom);
  board.show(position, last, !end && isYours());
  board.arrows([]);
  find("position").textContent = describePosition(position);
  const legal = end ? [] : legalMoves(position).map((move) => makeSan(position, move));
  find("legal").replaceChildren(...legal.map((san) => new Option(san)));
  find("moves").textContent = movesText(game) || "None yet.";
  fenField.value = makeFen(position);
  pgnField.value = pgn();
  backButton.disabled = moves.length === 0;
  describeModel();
  const words = movesText(game, 2);
  status.textContent = end
    ? `${words}. ${end.result.replaceAll("1/2", "½")}: ${end.reason}.`
    : `${words ? `${words}. ` : ""}${
      isYours() ? `${position.turn === WHITE ? "White" : "Black"} to move.` : "The model thinks…"
    }`;
  writeLink();
  if (end) return draw();

  const found = await policy(modelChoice.value, position.copy());
  if (turn !== turnCount) return;
  thought = found;
  draw();
  if (isYours()) return;
  await new Promise((resolve) => setTimeout(resolve, PAUSE));
  if (turn !== turnCount) return;
  const next = random(seed, "play", moves.length);
  playMove(game, found.moves[sampleIndex(sharpen(found.p, tau()), next)]);
  await update();
}

function offer(): Offer {
  return models.find(({ id }) => id === modelChoice.value)!;
}

function describeModel(): void {
  const { crowd, parameters, positions } = offer();
  find("about").textContent = `BoardNet, ${thousands(parameters)} parameters, trained on ` +
    `${thousands(positions)} positions of ${crowd}.`;
}

/** Draws what depends on the temperature, which moves nothing else. */
function draw(): void {
  const text = tau().toFixed(2);
  find("tau-value").textContent = `τ = ${text}`;
  tauSlider.ariaValueText = `${text}, ${
    tau() === 0
      ? "always the majority’s move"
      : tau() < 1
      ? "sharper than the crowd"
      : tau() === 1
      ? "as the crowd plays"
      : "wilder than the crowd"
  }`;
  const visible = thought && (hints.checked || !isYours());
  list.hidden = vote.hidden = !visible;
  engineButton.disabled = !visible || scores !== undefined;
  reward.textContent = "";
  find("legend").hidden = !visible;
  if (!thought || !visible) return board.arrows([]);
  const all = candidates(game.position, thought, tau(), scores);
  board.arrows(all.map(({ move, sharpened }) => ({ move, weight: sharpened })));
  drawCandidates(list, all.slice(0, BARS), isYours(), play);
  vote.textContent = voteText(all, offer().crowd, tau());
  const expected = expectedRewards(all);
  find("legend").textContent = "Bar: how often at this τ. Mark: how often at τ = 1." +
    (expected ? " Right: the mover’s chance to win after it." : "");
  if (!expected) return;
  const [crowd, sharpened, best] = [expected.crowd, expected.sharpened, expected.best]
    .map((r) => (100 * r).toFixed(1));
  reward.textContent =
    `Expected chance to win after its move: ${crowd} % at τ = 1, ${sharpened} % ` +
    `at τ = ${text}; the best move has ${best} % (Stockfish, depth ${DEPTH}). ${slipText(all)}`;
}

const thousands = (n: number) => n < 1e6 ? `${Math.round(n / 1e3)} k` : `${(n / 1e6).toFixed(1)} M`;

function state(): PageState {
  const moves = Array.from(game.moves, makeUci);
  return { model: modelChoice.value, tau: tau(), you: you(), seed, start: game.start, moves };
}

function writeLink(): void {
  written = `#${makeLink(state())}`;
  history.replaceState(null, "", written);
}

/** Takes the state from the address; what it does not say stays as it is. */
async function readLink(): Promise<void> {
  const usual = { ...state(), start: null, moves: [] };
  const { state: linked, problems } = parseLink(location.hash, usual, models.map(({ id }) => id));
  modelChoice.value = linked.model;
  tauSlider.value = String(linked.tau);
  youChoice.value = linked.you;
  seed = linked.seed;
  if (linked.you !== "both") bottom = linked.you;
  const next = newGame(linked.start);
  for (const uci of linked.moves) playMove(next, parseUci(next.position, uci));
  game = next;
  await attempt(update);
  if (problems.length) say(`Not all of the link could be read: ${problems.join("; ")}.`);
}

function pgn(): string {
  const crowd = `${modelChoice.value}, temperature ${tau()}`;
  const name = (side: Side) => you() === "both" || you() === side ? "You" : crowd;
  return makePgn({
    headers: { Event: "Play the crowd", White: name("white"), Black: name("black") },
    moves: game.moves,
    result: outcome(game)?.result ?? "*",
    ...(game.start === null ? {} : { start: game.start }),
  });
}

async function readGame(text: string): Promise<void> {
  async function* bytes() {
    yield new TextEncoder().encode(text.trim() + "\n");
  }
  for await (const read of readPgn(bytes(), { name: "the PGN" })) {
    setGame(read.start ?? null, read.moves.slice());
    youChoice.value = "both"; // to look at; choosing a side goes on from there
    return await update();
  }
  throw new Error("Cannot read the PGN: there is no game in it");
}

/** Takes back to the last position in which it was the person's turn. */
function takeBack(): void {
  const moves = [...game.moves];
  do {
    moves.pop();
    setGame(game.start, moves);
  } while (moves.length && !isYours());
}

function listen(id: string, event: string, action: (event: Event) => unknown): void {
  find(id).addEventListener(event, (happened) => {
    happened.preventDefault();
    attempt(() => action(happened));
  });
}

listen("new", "click", () => {
  seed = newSeed();
  setGame(null, []);
  return update();
});
listen("back", "click", () => {
  takeBack();
  return update();
});
listen("flip", "click", () => {
  bottom = bottom === "white" ? "black" : "white";
  board.turn(bottom);
});
listen("move-form", "submit", () => {
  const text = moveField.value.trim(), { position } = game;
  if (text === "" || outcome(game)) return;
  if (!isYours()) throw new Error("It is the model’s turn; a moment, please.");
  const move = /^[a-h][1-8][a-h][1-8][nbrq]?$/.test(text)
    ? parseUci(position, text)
    : parseSan(position, text);
  moveField.value = "";
  play(move);
});
find("model").addEventListener("change", () => attempt(update));
find("you").addEventListener("change", () => {
  const side = you();
  if (side !== "both") bottom = side;
  attempt(update);
});
tauSlider.addEventListener("input", draw);
tauSlider.addEventListener("change", writeLink);
hints.addEventListener("change", draw);
listen("engine", "click", async () => {
  const turn = turnCount;
  engineButton.disabled = true;
  reward.textContent = "Stockfish thinks…";
  try {
    const found = await askStockfish(game.position.copy());
    if (turn === turnCount) scores = found;
  } finally {
    draw();
  }
});
listen("fen-form", "submit", () => {
  setGame(fenField.value, []);
  return update();
});
listen("pgn-form", "submit", () => readGame(pgnField.value));
listen("save", "click", () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([pgn()], { type: "application/x-chess-pgn" }));
  link.download = "crowd.pgn";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
});
listen("share", "click", async () => {
  writeLink();
  status.textContent = await navigator.clipboard.writeText(location.href).then(
    () => "The link is copied.",
    () => "This browser does not let pages copy: the page’s address is the link.",
  );
});
addEventListener("hashchange", () => {
  if (location.hash !== written) readLink();
});

async function start(): Promise<void> {
  const asked = new URLSearchParams(location.search).get("backend");
  const [found, backend] = await Promise.all([offers(), startBackend(asked)]);
  models = found;
  modelChoice.replaceChildren(...models.map(({ id, crowd }) => new Option(crowd, id)));
  tauSlider.value = "1";
  find("backend").textContent =
    `Computed in this page by tfjs (${backend}); nothing is sent anywhere.`;
  await readLink();
  document.body.dataset.ready = String(Math.round(performance.now()));
}

await attempt(start);
