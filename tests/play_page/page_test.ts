import assert from "node:assert/strict";
import { join } from "node:path";
import { makeUci } from "@lib/chess/san.ts";
import { newGame } from "@lib/play/game.ts";
import { stockfishPlayer } from "@lib/play/stockfish_player.ts";
import { random } from "@lib/random.ts";
import { staticFile } from "@lib/tasks/play.ts";
import { offeredModels, writePlayPage } from "@lib/tasks/site_play.ts";
import { accessibilityFaults } from "./axe.ts";
import { findChromium, openPage, type Page } from "./chromium.ts";
import {
  click,
  middle,
  mouse,
  OVER,
  press,
  PROBLEM,
  put,
  READY,
  setTau,
  TAKES_MOVES,
  text,
  typeMove,
  value,
  YOUR_MOVE,
} from "./hands.ts";

const chromium = findChromium();
if (!chromium) console.log("the page in a browser: skipped, there is no Chromium on the PATH");

/** Chromium's own remark where there is no GPU. */
const NO_GPU = /No available adapters/;

const models = offeredModels();

/** The page on a server of this machine. */
async function serve() {
  const folder = Deno.makeTempDirSync();
  await writePlayPage(folder, models);
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => staticFile(folder, request),
  );
  return {
    folder,
    home: `http://127.0.0.1:${server.addr.port}/`,
    async [Symbol.asyncDispose]() {
      await server.shutdown();
      Deno.removeSync(folder, { recursive: true });
    },
  };
}

function still(page: Page): Promise<unknown> {
  const features = [{ name: "prefers-reduced-motion", value: "reduce" }];
  return page.send("Emulation.setEmulatedMedia", { features });
}

Deno.test({
  name: "the page in a browser",
  ignore: !chromium,
  sanitizeResources: false, // tfjs is loaded by what site.ts imports
  fn: async (t) => {
    await using site = await serve();
    const { home, folder } = site;
    await using page = await openPage(chromium!);
    await page.resize(1280, 900);

    await t.step("its first move comes within three seconds; its weight is said", async () => {
      let first = Infinity, ready = Infinity;
      for (let time = 0; time < 3 && first > 3000; time++) { // the machine may be busy
        await page.goto(`${home}#you=black`);
        await page.until(`${READY} && ${YOUR_MOVE}`);
        [first, ready] = [await page.run("performance.now()"), Number(await page.run(READY))];
      }
      const bytes = [...new Set(page.requests)].filter((url) => url.startsWith(home))
        .map((url) => new URL(url).pathname.slice(1) || "index.html")
        .reduce((sum, path) => sum + Deno.statSync(join(folder, path)).size, 0);
      console.log(
        `ready after ${ready} ms, first move seen after ${Math.round(first)} ms and ` +
          `${(bytes / 1e6).toFixed(1)} MB`,
      );
      assert.match(await page.run(text("moves")), /^1\. \S+$/);
      const busy = Deno.loadavg()[0] / navigator.hardwareConcurrency;
      if (busy < 2) assert.ok(first < 3000, `${first} ms`);
      else console.log(`not timed: ${busy.toFixed(1)} processes want each core`);
      assert.match(await page.run(text("backend")), /tfjs \(Web/);
      // Any static host will do: none is asked for the headers that threads would want.
      assert.equal(await page.run("typeof SharedArrayBuffer"), "undefined");
    });

    await t.step("it offers the models that the site was built with", async () => {
      assert.deepEqual(
        await page.run(
          `[...document.getElementById("model").options].map((o) => [o.value, o.text])`,
        ),
        models.map(({ id, crowd }) => [id, crowd]),
      );
      const { id, crowd } = models.at(-1)!;
      await page.run(`{ const choice = document.getElementById("model"); choice.value = "${id}";
        choice.dispatchEvent(new Event("change")); }`);
      await page.until(`${text("vote")}.startsWith("Among ${crowd},")`);
      assert.match(await page.run(text("about")), new RegExp(`positions of ${crowd}\\.$`));
    });

    await t.step("the policy sharpens as the temperature falls", async () => {
      await page.goto(home);
      await page.until(`${READY} && ${YOUR_MOVE}`);
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
      await page.send("Emulation.setCPUThrottlingRate", { rate: 4 }); // pieces slide while it thinks
      await setTau(page, 0.3);
      await typeMove(page, "Nc3");
      await page.until(TAKES_MOVES);
      await click(page, "g1");
      await click(page, "f3");
      await page.until(`/2\\. Nf3 \\S/.test(${text("moves")}) && ${YOUR_MOVE}`);
      await page.until(TAKES_MOVES);
      await mouse(page, "Pressed", await middle(page, "a2"));
      await mouse(page, "Moved", await middle(page, "a3"));
      await mouse(page, "Moved", await middle(page, "a4"));
      await mouse(page, "Released", await middle(page, "a4"));
      await page.send("Emulation.setCPUThrottlingRate", { rate: 1 });
      await page.until(`/3\\. a4 \\S/.test(${text("moves")}) && ${YOUR_MOVE}`);
      const black = new RegExp(`\\[Black "${models[0].id}, temperature 0.3"\\]`);
      assert.match(await page.run(value("pgn")), black);
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
      await press(page, "back");
      await page.until(`${value("fen")} === "${fen}" && ${YOUR_MOVE}`);
    });

    await t.step(
      "Stockfish says what each move is worth, and whether the crowd slips",
      async () => {
        await page.until(`!document.getElementById("engine").disabled`);
        await press(page, "engine");
        await page.until(`/Expected chance .* best move has/.test(${text("reward")})`);
        assert.match(await page.run(text("reward")), /slips?|give away 10 points/);
        assert.deepEqual(await accessibilityFaults(page), []);
      },
    );

    await t.step("a position and a game can be put in; what is wrong is said", async () => {
      await put(page, "fen", "8/P6k/8/8/8/8/8/K5R1 w - - 0 1");
      await page.until(`/pawn a7/.test(${text("position")}) && ${PROBLEM} === ""`);
      await typeMove(page, "a8=N");
      assert.match(await page.run(text("moves")), /^1\. a8=N/);
      const wrong: [id: string, what: string, said: RegExp][] = [
        ["fen", "8/8/8/8/8/8/8/K7 w - - 0 1", /Black has 0 kings/],
        ["fen", "<img src=x onerror=alert(1)>", /Cannot read the FEN/],
        ["pgn", '[Variant "Atomic"]\n\n1. e4 *', /variant Atomic is not read/],
        ["pgn", "1. e4 e5 2. Ke3 *", /Ke3/],
        ["pgn", "  ", /there is no game in it/],
      ];
      for (const [id, what, said] of wrong) {
        const before = await page.run(text("position"));
        await put(page, id, what);
        await page.until(`${said}.test(${PROBLEM})`);
        assert.equal(await page.run(text("position")), before, "the game stays");
      }
      await put(page, "move", "e2e9");
      await page.until(`/e2e9/.test(${PROBLEM})`);
      await put(page, "pgn", '[White "<img src=x onerror=alert(1)>"]\n\n1. f3 e5 2. g4 Qh4# 0-1');
      await page.until(`/0-1: checkmate/.test(${text("status")})`);
      assert.equal(await page.run(`document.querySelectorAll("main img").length`), 0);
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

    await t.step("a whole game is played by keys alone, the temperature moved within", async () => {
      await still(page);
      await page.goto(`${home}#seed=7&tau=1.5`);
      await page.until(`${READY} && ${YOUR_MOVE}`);
      await using person = await stockfishPlayer({ depth: 4 });
      let plies = 0;
      for (; plies < 200 && !await page.run(OVER); plies += 2) {
        const game = newGame(await page.run<string>(value("fen")));
        const [choice] = await person.choose([game], [random(1, "person")]);
        assert.ok("move" in choice);
        await typeMove(page, makeUci(choice.move));
        if (plies === 4) await setTau(page, 1.2);
      }
      assert.ok(plies < 200, "it has ended");
      const [status, pgn] = [await page.run<string>(text("status")), await page.run(value("pgn"))];
      const result = / (1-0|0-1|½-½): [a-z ]+\.$/.exec(status)![1].replaceAll("½", "1/2");
      assert.match(String(pgn), new RegExp(`\\[Result "${result}"\\]`));
      assert.match(String(pgn), /temperature 1\.2/);
      // The link of a game that is over opens it, over.
      await page.goto(await page.run<string>("location.href"));
      await page.until(`${READY} && ${text("status")} === ${JSON.stringify(status)}`);
      assert.deepEqual(await accessibilityFaults(page), []);
    });

    await t.step("on a phone: touched moves, nothing wider than the screen", async () => {
      await page.resize(360, 780);
      await page.send("Emulation.setTouchEmulationEnabled", { enabled: true });
      await page.goto(home);
      await page.until(`${READY} && ${YOUR_MOVE}`);
      for (const square of ["e2", "e4"]) {
        await page.until(TAKES_MOVES);
        const touchPoints = [await middle(page, square)];
        await page.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints });
        await page.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
      }
      await page.until(`/^1\\. e4 \\S/.test(${text("moves")}) && ${YOUR_MOVE}`);
      await page.run(`document.querySelector("details").open = true`);
      await page.until("document.documentElement.scrollWidth === 360");
      // Board and slider are seen together, so that the arrows are seen to sharpen.
      const [top, bottom] = await page.run<number[]>(`[document.getElementById("board"),
        document.getElementById("tau")].map((e) => e.getBoundingClientRect())
        .flatMap(({ top, bottom }, i) => i ? [bottom] : [top])`);
      assert.ok(bottom - top < 780, `${bottom - top}`);
      for (const scheme of ["light", "dark"]) {
        const features = [{ name: "prefers-color-scheme", value: scheme }];
        await page.send("Emulation.setEmulatedMedia", { features });
        assert.deepEqual(await accessibilityFaults(page), [], scheme);
      }
    });

    await t.step("nothing is complained about, and no other host is asked", () => {
      assert.deepEqual(page.complaints.filter((line) => !NO_GPU.test(line)), []);
      const foreign = page.requests.filter((url) => !/^(about|data|blob):/.test(url))
        .filter((url) => !url.startsWith(home));
      assert.deepEqual(foreign, []);
    });

    await t.step("without WebAssembly it plays in JavaScript, and misses Stockfish", async () => {
      await page.send("Network.setBlockedURLs", { urls: ["*.wasm"] });
      await page.goto(home);
      await page.until(READY);
      assert.match(await page.run(text("backend")), /JavaScript/);
      assert.match(await page.run(text("status")), /White to move/);
      await page.until(`!document.getElementById("engine").disabled`);
      await press(page, "engine");
      await page.until(`/Cannot ask Stockfish/.test(${PROBLEM})`);
    });

    await t.step("a model that cannot be loaded is said", async () => {
      await page.send("Network.setBlockedURLs", { urls: ["*.safetensors"] });
      await page.goto(home);
      await page.until(`/Cannot load models.*is the server still there/.test(${PROBLEM})`);
    });
  },
});

Deno.test({
  name: "opened as a file the page says what it needs",
  ignore: !chromium,
  fn: async () => {
    await using page = await openPage(chromium!);
    await page.goto(new URL("../../play/index.html", import.meta.url).href);
    await page.until(`/opened as a file.*deno task play/.test(${text("status")})`);
  },
});

Deno.test({
  name: "on WebGPU, here by a software adapter, the policy is that of WebAssembly",
  ignore: !chromium,
  sanitizeResources: false,
  fn: async () => {
    await using site = await serve();
    const { home } = site;
    const flags = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];
    await using page = await openPage(chromium!, flags);
    const rows = `[...document.querySelectorAll("#candidates button")].map((b) => b.textContent)`;
    const policies: string[][] = [];
    for (const asked of ["webgpu", "wasm", ""]) {
      await page.goto(`${home}${asked && `?backend=${asked}`}#you=both&moves=e2e4.e7e5.g1f3`);
      await page.until(`${READY} && ${rows}.length > 0`);
      const backend = await page.run<string>(text("backend"));
      if (asked === "webgpu" && !/WebGPU/.test(backend)) {
        return console.log("WebGPU in the page: skipped, this Chromium has no software adapter");
      }
      // Unasked, a software adapter is left alone.
      assert.match(backend, asked === "webgpu" ? /WebGPU: .*software adapter/ : /WebAssembly/);
      policies.push(await page.run(rows));
    }
    assert.deepEqual(policies[0], policies[1]);
    assert.deepEqual(page.complaints, []);
  },
});
