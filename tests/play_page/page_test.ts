import assert from "node:assert/strict";
import { staticFile } from "@lib/tasks/play.ts";
import { buildSite } from "@lib/tasks/site.ts";
import { findChromium, openPage, type Page } from "./chromium.ts";

const chromium = findChromium();
if (!chromium) console.log("the page in a browser: skipped, there is no Chromium on the PATH");

const READY = "document.body?.dataset.ready";
const YOUR_MOVE = `/to move/.test(document.getElementById("status").textContent)`;
const text = (id: string) => `document.getElementById("${id}").textContent`;
const value = (id: string) => `document.getElementById("${id}").value`;

function setTau(page: Page, tau: number): Promise<void> {
  return page.run(`{ const slider = document.getElementById("tau"); slider.value = ${tau};
    slider.dispatchEvent(new Event("input")); slider.dispatchEvent(new Event("change")); }`);
}

async function typeMove(page: Page, move: string): Promise<void> {
  const before = await page.run<string>(text("moves"));
  await page.run(`document.getElementById("move").value = "${move}";
    document.getElementById("move-form").requestSubmit()`);
  await page.until(`${text("moves")} !== ${JSON.stringify(before)} && ${YOUR_MOVE}`);
}

/** The middle of a square of the board as White sees it. */
function middle(page: Page, square: string): Promise<{ x: number; y: number }> {
  return page.run(`(() => {
    const { left, top, width } = document.getElementById("board").getBoundingClientRect();
    const [file, rank] = ["abcdefgh".indexOf("${square[0]}"), 8 - ${square[1]}];
    return { x: left + width * (file + .5) / 8, y: top + width * (rank + .5) / 8 };
  })()`);
}

async function mouse(page: Page, type: string, at: { x: number; y: number }): Promise<void> {
  const buttons = type === "Released" ? 0 : 1;
  const params = { type: `mouse${type}`, ...at, button: "left", buttons, clickCount: 1 };
  await page.send("Input.dispatchMouseEvent", params);
}

async function click(page: Page, square: string): Promise<void> {
  const at = await middle(page, square);
  await mouse(page, "Pressed", at);
  await mouse(page, "Released", at);
}

Deno.test({
  name: "the page plays: moves by keys and mouse, temperature, vote, take back, FEN, PGN, link",
  ignore: !chromium,
  sanitizeResources: false, // tfjs is loaded by what site.ts imports
  fn: async (t) => {
    const folder = Deno.makeTempDirSync();
    const files = await buildSite(folder);
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request) => staticFile(folder, request),
    );
    const home = `http://127.0.0.1:${server.addr.port}/`;
    try {
      await using page = await openPage(chromium!);
      await page.resize(1280, 900);

      await t.step("it is ready within three seconds, and says what computes", async () => {
        await page.goto(home);
        await page.until(READY);
        const ready = Number(await page.run<string>(READY));
        const bytes = files.filter(({ path }) =>
          page.requests.some((address) => address === home + path) || path === "index.html"
        ).reduce((sum, { bytes }) => sum + bytes, 0);
        console.log(`policy of the first position after ${ready} ms, ${bytes / 1e6} MB`);
        assert.ok(ready < 3000, `${ready} ms`);
        assert.match(await page.run(text("backend")), /tfjs \(Web/);
      });

      await t.step("the policy sharpens as the temperature falls", async () => {
        const top = `document.querySelector("#candidates .played").textContent`;
        const shares: number[] = [];
        for (const tau of [1, 0.5, 0.2]) {
          await setTau(page, tau);
          shares.push(parseFloat(await page.run(top)));
        }
        assert.ok(shares[0] < shares[1] && shares[1] < shares[2], shares.join());
        await setTau(page, 0);
        assert.equal(await page.run(top), "100 %");
        assert.equal(await page.run(`document.querySelectorAll(".arrows polygon").length`), 1);
        assert.match(await page.run(text("vote")), /At τ = 0.00 it plays \S+ in 100 % of games/);
      });

      await t.step("the model answers moves that are typed, clicked and dragged", async () => {
        await setTau(page, 0.3);
        await typeMove(page, "Nc3");
        await click(page, "g1");
        await click(page, "f3");
        await page.until(`/2\\. Nf3 \\S/.test(${text("moves")}) && ${YOUR_MOVE}`);
        await mouse(page, "Pressed", await middle(page, "a2"));
        await mouse(page, "Moved", await middle(page, "a3"));
        await mouse(page, "Moved", await middle(page, "a4"));
        await mouse(page, "Released", await middle(page, "a4"));
        await page.until(`/3\\. a4 \\S/.test(${text("moves")}) && ${YOUR_MOVE}`);
        assert.match(await page.run(value("pgn")), /\[Black "boardnet-cap1000, temperature 0.3"\]/);
      });

      await t.step("the link opens the same game, and the same draws follow", async () => {
        const [fen, link] = [await page.run(value("fen")), await page.run<string>("location.href")];
        const answers: string[] = [];
        for (let time = 0; time < 2; time++) {
          await page.goto(link);
          await page.until(`${READY} && ${YOUR_MOVE}`);
          assert.equal(await page.run(value("fen")), fen);
          assert.equal(await page.run(value("tau")), "0.3");
          await typeMove(page, "h4");
          answers.push(await page.run(text("moves")));
        }
        assert.equal(answers[0], answers[1]);
        await page.run(`document.getElementById("back").click()`);
        await page.until(`${value("fen")} === "${fen}" && ${YOUR_MOVE}`);
      });

      await t.step("Stockfish says each move's chance to win when it is asked", async () => {
        await page.until(`!document.getElementById("engine").disabled`);
        await page.run(`document.getElementById("engine").click()`);
        await page.until(`/Expected chance .* best move has/.test(${text("reward")})`, 60);
      });

      await t.step("a position and a game can be put in; what is wrong is said", async () => {
        const put = (id: string, what: string) =>
          page.run(`document.getElementById("${id}").value = ${JSON.stringify(what)};
            document.getElementById("${id}-form").requestSubmit()`);
        const problem = `!document.getElementById("problem").hidden && ${text("problem")}`;
        await put("fen", "8/P6k/8/8/8/8/8/K5R1 w - - 0 1");
        await page.until(`/pawn a7/.test(${text("position")}) && !(${problem})`);
        await typeMove(page, "a8=N");
        assert.match(await page.run(text("moves")), /^1\. a8=N/);
        await put("fen", "8/8/8/8/8/8/8/K7 w - - 0 1");
        await page.until(`/Black has 0 kings/.test(${problem})`);
        await put("pgn", '[Variant "Atomic"]\n\n1. e4 *');
        await page.until(`/variant Atomic is not read/.test(${problem})`);
        await put("pgn", "1. f3 e5 2. g4 Qh4#");
        await page.until(`/0-1: checkmate/.test(${text("status")})`);
      });

      await t.step("a broken link opens all the same, and says what it lacks", async () => {
        await page.goto(`${home}#model=gone&tau=hot&moves=e2e4.e2e5`);
        await page.until(READY);
        const problem = await page.run<string>(text("problem"));
        for (const part of [/model “gone”/, /tau “hot”/, /move 2 of the link/]) {
          assert.match(problem, part);
        }
        await page.until(`/^1\\. e4 \\S/.test(${text("moves")})`);
      });

      await t.step("every control has a name; nothing is wider than a phone", async () => {
        const { nodes } = await page.send("Accessibility.getFullAXTree") as {
          nodes: { role?: { value: string }; name?: { value: string } }[];
        };
        const controls = nodes.filter(({ role }) =>
          ["button", "combobox", "slider", "textbox", "checkbox", "link"].includes(
            role?.value ?? "",
          )
        );
        assert.ok(controls.length > 10, `${controls.length} controls`);
        assert.deepEqual(controls.filter(({ name }) => !name?.value), []);
        await page.resize(360, 780);
        await page.until("document.documentElement.scrollWidth === 360");
      });

      await t.step("nothing is complained about, and no other host is asked", () => {
        // Chromium's own remark where there is no GPU.
        const complaints = page.complaints.filter((line) => !/No available adapters/.test(line));
        assert.deepEqual(complaints, []);
        const foreign = page.requests.filter((url) => !/^(about|data|blob):/.test(url))
          .filter((url) => !url.startsWith(home));
        assert.deepEqual(foreign, []);
      });

      await t.step("without WebAssembly it plays in JavaScript", async () => {
        await page.send("Network.setBlockedURLs", { urls: ["*.wasm"] });
        await page.goto(home);
        await page.until(READY, 30);
        assert.match(await page.run(text("backend")), /JavaScript/);
        assert.match(await page.run(text("status")), /White to move/);
      });
    } finally {
      await server.shutdown();
      Deno.removeSync(folder, { recursive: true });
    }
  },
});
