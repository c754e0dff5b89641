import { afterAll, beforeAll, expect, test } from "vitest";
import type { Browser } from "playwright-core";
import { launch, open, serve, type Site, thinkThrough } from "./browser";

/**
 * Milliseconds of one ACT step, its updates alone, that are allowed on one core. What is measured is the fastest of a
 * whole run: other programs may share the processor.
 */
const MODELS = { "sudoku-extreme": 50, "maze-hard": 300 } as const;

let site: Site;
let browser: Browser;

beforeAll(async () => {
  site = await serve();
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
  site?.close();
});

test.each(Object.entries(MODELS))("an ACT step of %s is fast", async (model, most) => {
  const page = await browser.newPage();
  await open(page, `${site.address}#m=${model}`);
  await thinkThrough(page);
  const fastest = Number((await page.locator("#about").textContent())?.match(/(\d+) ms an ACT step/)?.[1]);
  console.log(`${model}: an ACT step takes ${fastest} ms in Chromium`);
  expect(fastest).toBeLessThan(most);
  await page.close();
});
