import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { launch, open, serve, type Site, thinkThrough, typePuzzle } from "./browser";

const ROW = "5...27..9..41......1..5.3...92.6.8...5......66..7..29.8...7...2.......8...9..36..";
const SOLUTION = "583427169974136528216859374792364851351298746648715293865971432137642985429583617";

let site: Site;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let errors: string[];

beforeAll(async () => {
  site = await serve();
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
  site?.close();
});
beforeEach(async () => {
  context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  page = await context.newPage();
  errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("request", (request) => request.url().startsWith(site.address) || errors.push(`asks ${request.url()}`));
});
afterEach(async () => {
  await context.close();
  expect(errors).toEqual([]);
});

const text = (id: string) => page.locator(`#${id}`).textContent();
const updates = async () => Number((await text("counter"))?.match(/\d+$/)?.[0] ?? 0);

async function stepTo(update: number): Promise<void> {
  await page.keyboard.press(".");
  await page.locator("#counter", { hasText: new RegExp(` ${update}$`) }).waitFor();
}

/** The digits that a board says to a screen reader. */
async function spoken(board: string): Promise<string> {
  const labels = await page
    .locator(`#board-${board} [role=gridcell]`)
    .evaluateAll((cells) => cells.map((cell) => cell.ariaLabel));
  return labels
    .map((label) => label?.match(/: ([1-9]|blank|undecided|candidates)/)?.[1]?.replace(/\w{2,}/, "."))
    .join("");
}

test("the published row is typed and solved, and not solved where z_L is frozen", async () => {
  await open(page, site.address);
  await typePuzzle(page, ROW);
  await expect.poll(() => spoken("puzzle")).toBe(ROW);
  await expect.poll(() => page.url()).toContain(`#m=sudoku-extreme&p=${ROW}`);

  await thinkThrough(page);
  await expect.poll(() => text("verdict")).toBe("solved");
  await expect.poll(() => spoken("puzzle")).toBe(SOLUTION);
  await expect.poll(() => spoken("z_H")).toBe(SOLUTION);
  await expect.poll(() => text("live")).toMatch(/^ACT step \d+, H update \d+, halting probability \d\.\d\d, solved$/);
  const needed = await updates();
  expect(needed % 8).toBe(0);

  // Back to the start, z_L frozen from there on: the same model, as many updates as it needed and four times more.
  await page.keyboard.press("r");
  await page.keyboard.press("l");
  await page.locator("[data-freeze=L][aria-pressed=true]").waitFor();
  await page.locator("#play").click();
  await page.waitForFunction(
    (least) => Number(document.querySelector("#counter")?.textContent?.match(/\d+$/)?.[0] ?? 0) >= least,
    5 * needed,
    { timeout: 200_000 },
  );
  await page.keyboard.press(" ");
  await expect.poll(() => text("verdict")).toBe("not solved");
  await expect.poll(() => spoken("z_L")).toBe(".".repeat(81));
});

test("one steps on, back and to a moment, and what was thought is thought again after a release", async () => {
  await open(page, `${site.address}#m=sudoku-extreme&p=${ROW}`);
  for (let update = 1; update <= 10; update++) {
    await stepTo(update);
  }
  const tenth = [await spoken("z_H"), await spoken("z_L"), await text("halting")];
  await page.keyboard.press(",");
  await page.locator("#counter", { hasText: "ACT step 2 · L update 9" }).waitFor();
  await page.keyboard.press("Shift+<");
  await page.locator("#counter", { hasText: "ACT step 1 · H update 8" }).waitFor();
  await page.locator("#time").fill("5");
  await page.locator("#counter", { hasText: "L update 5" }).waitFor();
  expect(await page.locator("#time").getAttribute("aria-valuetext")).toContain("ACT step 1, L update 5");

  // Freezing forgets what came later; released at once, the model thinks the same again.
  await page.keyboard.press("h");
  await page.locator("[data-freeze=H][aria-pressed=true]").waitFor();
  await page.keyboard.press("h");
  await page.locator("[data-freeze=H][aria-pressed=false]").waitFor();
  expect(await page.locator("#time").inputValue()).toBe("5");
  for (let update = 6; update <= 10; update++) {
    await stepTo(update);
  }
  expect([await spoken("z_H"), await spoken("z_L"), await text("halting")]).toEqual(tenth);
});

test("the keyboard writes into the selected cell, and a cell shows its distribution", async () => {
  await open(page, `${site.address}#m=sudoku-extreme&p=${".".repeat(81)}`);
  await page.locator("#board-puzzle [data-cell='0']").click();
  await page.keyboard.press("7");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("7");
  await expect.poll(async () => (await spoken("puzzle")).slice(0, 3)).toBe("77.");
  await expect
    .poll(() => text("note"))
    .toBe("No puzzle yet: row 1, column 1: 7 appears twice in a row, column or box.");
  await page.keyboard.press("Backspace");
  await expect.poll(async () => (await spoken("puzzle")).slice(0, 3)).toBe("7..");
  await stepTo(1);
  await expect.poll(() => text("cell-title")).toMatch(/^Row 1, column 2: z_H undecided · z_L \d, \d+ %$/);
  const shares = await page
    .locator("#bars .bar.z_L")
    .evaluateAll((bars) => bars.map((bar) => Number(getComputedStyle(bar).getPropertyValue("--share"))));
  expect(shares.length).toBe(9);
  expect(shares.reduce((sum, share) => sum + share, 0)).toBeGreaterThan(0.9);
});

test("what is no puzzle is refused with a line, and the former puzzle stays", async () => {
  await open(page, `${site.address}#m=sudoku-extreme&p=${ROW}`);
  await typePuzzle(page, ROW.slice(1));
  await expect.poll(() => text("text-error")).toContain("expected 81 cells (9×9)");
  await page.keyboard.press("Escape");
  await expect.poll(() => spoken("puzzle")).toBe(ROW);
});

test("a maze of the table is solved, its link shows the same maze, and a pasted Sudoku changes the model", async () => {
  await open(page, `${site.address}#m=maze-9x9`);
  const labels = () =>
    page.locator("#board-puzzle [role=gridcell]").evaluateAll((cells) => cells.map((cell) => cell.ariaLabel));
  const [address, before] = [page.url(), await labels()];
  await thinkThrough(page);
  await expect.poll(() => text("verdict")).toBe("solved");
  await expect.poll(async () => (await labels()).some((label) => label?.endsWith("path"))).toBe(true);
  await page.keyboard.press("n");
  await page.goto("about:blank");
  await open(page, address);
  await expect.poll(labels).toEqual(before);
  await typePuzzle(page, ROW);
  await expect.poll(() => page.locator("#model").inputValue()).toBe("sudoku-extreme");
  await expect.poll(() => spoken("puzzle")).toBe(ROW);
});

test("the first load is under 15 MB, and the second needs no file again, nor a network", async () => {
  const before = site.sent();
  await open(page, site.address);
  const first = site.sent() - before;
  console.log(`first load ${(first / 1e6).toFixed(2)} MB`);
  expect(first).toBeLessThan(15e6);
  await page.waitForFunction(() =>
    navigator.serviceWorker.ready.then((worker) => worker.active?.state === "activated"),
  );
  await page.reload(); // through the service worker, which keeps what it fetches
  await page.locator("html[data-ready=true]").waitFor();
  await stepTo(1);
  const kept = site.sent();
  await page.reload();
  await page.locator("html[data-ready=true]").waitFor();
  await stepTo(1);
  expect(site.sent() - kept).toBeLessThan(60_000);
  await context.setOffline(true);
  await page.reload();
  await page.locator("html[data-ready=true]").waitFor();
});

test("a telephone or tablet shows everything in its width, in the system's dark colours", async () => {
  const telephone = await browser.newContext({
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    colorScheme: "dark",
  });
  const small = await telephone.newPage();
  await open(small, `${site.address}#m=sudoku-extreme&p=${ROW}`);
  for (const width of [320, 820, 1024, 390]) {
    await small.setViewportSize({ width, height: 844 });
    expect(await small.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
  }
  expect(await small.evaluate(() => document.documentElement.dataset["theme"])).toBe("dark");
  await small.locator("#board-z_L").tap();
  expect(await small.locator("#boards").getAttribute("data-large")).toBe("z_L");
  await small.locator("#board-z_L [data-cell='3']").tap();
  await small.locator("#keypad [data-value='4']").tap();
  await expect
    .poll(() => small.locator("#board-puzzle [data-cell='3']").getAttribute("aria-label"))
    .toBe("row 1, column 4: 4, given");
  await small.locator("#theme").tap();
  await expect.poll(() => small.evaluate(() => document.documentElement.dataset["theme"])).toBe("light");
  await telephone.close();
});

test("every control has a name, and each board is a grid of named cells", async () => {
  await open(page, `${site.address}#m=sudoku-extreme&p=${ROW}`);
  const nameless = await page.evaluate(() =>
    [...document.querySelectorAll("button, select, input, textarea, [role=grid], [role=gridcell]")]
      .filter(
        (control) =>
          !(control.ariaLabel || control.textContent?.trim() || (control as HTMLInputElement).labels?.length),
      )
      .map((control) => control.outerHTML),
  );
  expect(nameless).toEqual([]);
  for (const name of ["Puzzle and answer so far", "z_H, proposal", "z_L, scratchpad"]) {
    const grid = page.getByRole("grid", { name });
    expect(await grid.getByRole("row").count()).toBe(9);
    expect(await grid.getByRole("gridcell").count()).toBe(81);
  }
});
