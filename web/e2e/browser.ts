/** A server of the site that `SITE` names, and the Chromium of `CHROMIUM`, by default the system's. */

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

export interface Site {
  readonly address: string;
  /** Bytes sent so far. */
  sent(): number;
  close(): void;
}

/** Serve the built site without any special header, as `python -m http.server` does. */
export async function serve(folder = process.env["SITE"]): Promise<Site> {
  if (!folder) throw new Error("SITE: not set, expected the folder that air-envs web wrote");
  let bytes = 0;
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? "/", "http://site").pathname));
    const file = join(folder, path.endsWith("/") ? `${path}index.html` : path);
    const found = await stat(file).catch(() => null);
    if (!found?.isFile()) return void response.writeHead(404).end();
    bytes += found.size;
    response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { address: `http://127.0.0.1:${port}/`, sent: () => bytes, close: () => void server.close() };
}

export function launch(): Promise<Browser> {
  const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
}

/** Open a page of the site and wait until it shows a model and a puzzle. */
export async function open(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await page.locator("html[data-ready=true]").waitFor();
  await page.locator("#counter", { hasText: "before the first update" }).waitFor();
}

/** Type a puzzle into the dialog. */
export async function typePuzzle(page: Page, text: string): Promise<void> {
  await page.keyboard.press("t");
  await page.locator("#text").fill("");
  await page.locator("#text").pressSequentially(text);
  await page.locator("#text-read").click();
}

/** Think at full speed until the page stops by itself. */
export async function thinkThrough(page: Page): Promise<void> {
  await page.locator("#speed").selectOption("Infinity");
  await page.locator("#play").click();
  await page.locator("#play[data-label='Think on']").waitFor({ timeout: 200_000 });
}
