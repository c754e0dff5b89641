/** The entry of the page. */

import "./styles/index.css";
import { App } from "./app";
import { addressOf, bind } from "./controls";
import { fetchModels } from "./model/manifest";
import { Session } from "./model/session";
import { Page } from "./render";
import { fromHash } from "./share";
import { byId, setText } from "./view/dom";
import { applyTheme, followSystemTheme, preferredTheme } from "./view/theme";

async function start(): Promise<void> {
  applyTheme(preferredTheme(), document.documentElement);
  const base = new URL("./", location.href.split("#")[0]).href;
  const worker = new Worker(new URL("./model/worker.ts", import.meta.url), { type: "module" });
  const entries = await fetchModels(base);
  const page: Page = new Page(() => app, preferredTheme());
  const changed = () => {
    page.draw();
    if (app.history.puzzle !== addressed) writeAddress();
  };
  let addressed: Uint8Array | null = null;
  const writeAddress = () => {
    addressed = app.history.puzzle;
    history.replaceState(null, "", addressOf(app));
  };
  const app: App = new App(entries, new Session(worker, base), base, changed);
  followSystemTheme((name) => {
    page.theme = name;
    page.draw();
  });
  bind(app, page);
  const { model, puzzle } = fromHash(location.hash);
  await app.open(model, puzzle);
  document.documentElement.dataset["ready"] = "true";
  // Without it the page works as well, but needs a network.
  if ("serviceWorker" in navigator) {
    await navigator.serviceWorker.register("./sw.js").catch((error: unknown) => console.warn(error));
  }
}

start().catch((error: unknown) => {
  setText(
    byId("note", HTMLElement),
    `The page cannot start: ${error instanceof Error ? error.message : String(error)}`,
  );
});
