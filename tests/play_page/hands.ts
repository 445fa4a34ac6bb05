import type { Page } from "./chromium.ts";

/** True when the page has thought of its first position. */
export const READY = "document.body?.dataset.ready";
/** True when the person is to move. */
export const YOUR_MOVE = `/to move/.test(document.getElementById("status").textContent)`;
/** True when the board takes moves: a piece touched while the last one slides stays where it is. */
export const TAKES_MOVES = `document.getElementById("board").dataset.input === "on"`;
export const text = (id: string) => `document.getElementById("${id}").textContent`;
export const value = (id: string) => `document.getElementById("${id}").value`;

/** Moves the temperature, as a hand on the slider does. */
export function setTau(page: Page, tau: number): Promise<void> {
  return page.run(`{ const slider = document.getElementById("tau"); slider.value = ${tau};
    slider.dispatchEvent(new Event("input")); slider.dispatchEvent(new Event("change")); }`);
}

/** Types a move and waits for the answer. */
export async function typeMove(page: Page, move: string): Promise<void> {
  const before = await page.run<string>(text("moves"));
  await page.run(`document.getElementById("move").value = "${move}";
    document.getElementById("move-form").requestSubmit()`);
  await page.until(`${text("moves")} !== ${JSON.stringify(before)} && (${YOUR_MOVE} || ${OVER})`);
}

/** The middle of a square of the board as White sees it. */
export function middle(page: Page, square: string): Promise<{ x: number; y: number }> {
  return page.run(`(() => {
    const { left, top, width } = document.getElementById("board").getBoundingClientRect();
    const [file, rank] = ["abcdefgh".indexOf("${square[0]}"), 8 - ${square[1]}];
    return { x: left + width * (file + .5) / 8, y: top + width * (rank + .5) / 8 };
  })()`);
}

/** Presses, moves or releases the mouse. */
export async function mouse(page: Page, type: string, at: { x: number; y: number }): Promise<void> {
  const buttons = type === "Released" ? 0 : 1;
  const params = { type: `mouse${type}`, ...at, button: "left", buttons, clickCount: 1 };
  await page.send("Input.dispatchMouseEvent", params);
}

/** Clicks on a square. */
export async function click(page: Page, square: string): Promise<void> {
  const at = await middle(page, square);
  await mouse(page, "Pressed", at);
  await mouse(page, "Released", at);
}

/** True when the game has ended. */
export const OVER = `/ (1-0|0-1|½-½): /.test(document.getElementById("status").textContent)`;

/** Writes into a field and sends its form. */
export function put(page: Page, id: string, what: string): Promise<void> {
  return page.run(`document.getElementById("${id}").value = ${JSON.stringify(what)};
    document.getElementById("${id}-form").requestSubmit()`);
}

/** What the page says is wrong, or "". */
export const PROBLEM =
  `(document.getElementById("problem").hidden ? "" : document.getElementById("problem").textContent)`;

/** Clicks on an element. */
export function press(page: Page, id: string): Promise<void> {
  return page.run(`document.getElementById("${id}").click()`);
}
