/** Buttons, keys, the clipboard and the address: each does one thing of the app. */

import type { App } from "./app";
import { BOARDS, type Page } from "./render";
import { at } from "./rules/shape";
import { fromHash, toHash } from "./share";
import type { StateLetter } from "./think/letters";
import { SPEEDS } from "./think/player";
import { byId, element, setText } from "./view/dom";
import { rememberTheme } from "./view/theme";

interface Key {
  /** As `KeyboardEvent.key` has it, in upper case. */
  readonly keys: readonly string[];
  /** As the help shows it. */
  readonly shown: string;
  readonly words: string;
  act(): void;
}

/** Wire the document to the app. */
export function bind(app: App, page: Page): void {
  const keys = keyTable(app, page);
  lists(app, keys);
  buttons(app, page);
  dialogs(app);
  document.addEventListener("keydown", (event) => press(event, app, page, keys));
  document.addEventListener("paste", (event) => {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (!isTyping(event.target) && text.trim() !== "") void read(app, text, (line) => app.say(line, true));
  });
  window.addEventListener("hashchange", () => {
    const { model, puzzle } = fromHash(location.hash);
    void app.open(model, puzzle);
  });
}

/** What the address is to hold. */
export function addressOf(app: App): string {
  return toHash(app.entry.name, app.rules.shape, app.history.puzzle);
}

function keyTable(app: App, page: Page): Key[] {
  return [
    { keys: [" "], shown: "Space", words: "play, pause", act: () => app.toggle() },
    { keys: ["."], shown: ".", words: "one update on", act: () => void app.step() },
    { keys: [","], shown: ",", words: "one update back", act: () => back(app) },
    { keys: [">", ":"], shown: "Shift .", words: "one ACT step on", act: () => void app.actStep() },
    { keys: ["<", ";"], shown: "Shift ,", words: "one ACT step back", act: () => backStep(app) },
    { keys: ["R"], shown: "R", words: "to the start", act: () => app.seek(0) },
    { keys: ["H"], shown: "H", words: "freeze or release z_H", act: () => void app.freeze("H") },
    { keys: ["L"], shown: "L", words: "freeze or release z_L", act: () => void app.freeze("L") },
    { keys: ["+", "="], shown: "+", words: "faster", act: () => faster(app, 1) },
    { keys: ["-"], shown: "−", words: "slower", act: () => faster(app, -1) },
    { keys: ["N"], shown: "N", words: "another puzzle", act: () => void app.newPuzzle() },
    { keys: ["T"], shown: "T", words: "type or paste a puzzle", act: () => openText(app) },
    { keys: ["K"], shown: "K", words: "copy a link to the puzzle", act: () => void copyLink(app) },
    { keys: ["M"], shown: "M", words: "choose a model", act: () => byId("model", HTMLSelectElement).focus() },
    { keys: ["I"], shown: "I", words: "light or dark colours", act: () => switchTheme(page) },
    { keys: ["?"], shown: "?", words: "this help", act: () => byId("help-dialog", HTMLDialogElement).showModal() },
    { keys: ["ESCAPE"], shown: "Esc", words: "select no cell", act: () => app.select(null) },
  ];
}

/** Keys that do something on a board alone; shown in the help. */
const BOARD_KEYS = [
  ["Arrows", "move the selected cell"],
  ["1–9, A–G", "write a digit into the puzzle"],
  ["W, O, S, G", "write wall, open, start, goal"],
  ["0, Backspace", "erase the cell"],
] as const;

function press(event: KeyboardEvent, app: App, page: Page, keys: readonly Key[]): void {
  const command = event.ctrlKey || event.metaKey || event.altKey;
  if (command || event.defaultPrevented || isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const onBoard = page.boards.some((board) => board.focused);
  const value = onBoard ? enteredValue(app, event.key) : null;
  if (value !== null) {
    event.preventDefault();
    return app.enter(value);
  }
  if (event.key === " " && event.target instanceof HTMLButtonElement) return;
  const key = keys.find((candidate) => candidate.keys.includes(event.key.toUpperCase()));
  if (!key) return;
  event.preventDefault();
  key.act();
}

/** The cell value that a key writes, null for another key. */
function enteredValue({ rules }: App, key: string): number | null {
  if (["Backspace", "Delete", "0"].includes(key)) return rules.blank;
  const character = key.toUpperCase();
  const written = (value: number) =>
    rules.shape.kind === "sudoku" ? rules.symbol(value) : rules.word(value).charAt(0).toUpperCase();
  return character.length === 1 ? (rules.enterable.find((value) => written(value) === character) ?? null) : null;
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

function lists(app: App, keys: readonly Key[]): void {
  const model = byId("model", HTMLSelectElement);
  for (const kind of ["sudoku", "maze"]) {
    const group = element("optgroup", { label: kind === "sudoku" ? "Sudoku" : "Maze" });
    for (const { name, manifest } of app.entries) {
      if (manifest.kind === kind)
        group.append(new Option(`${manifest.name} · ${manifest.rows}×${manifest.columns}`, name));
    }
    if (group.children.length > 0) model.append(group);
  }
  model.addEventListener("change", () => {
    const entry = app.entries.find(({ name }) => name === model.value);
    if (entry) void app.choose(entry);
  });
  const speed = byId("speed", HTMLSelectElement);
  speed.append(...SPEEDS.map((value) => new Option(value === Infinity ? "full" : `${value} / s`, String(value))));
  speed.value = String(app.player.speed);
  speed.addEventListener("change", () => (app.player.speed = Number(speed.value)));
  const rows = [...keys.map(({ shown, words }) => [shown, words] as const), ...BOARD_KEYS];
  byId("keys", HTMLElement).append(
    ...rows.flatMap(([shown, words]) => [element("dt", {}, element("kbd", {}, shown)), element("dd", {}, words)]),
  );
}

function buttons(app: App, page: Page): void {
  const on = (id: string, act: () => void) => byId(id, HTMLButtonElement).addEventListener("click", act);
  on("play", () => app.toggle());
  on("back", () => back(app));
  on("forward", () => void app.step());
  on("restart", () => app.seek(0));
  on("new", () => void app.newPuzzle());
  on("clear", () => app.clear());
  on("share", () => void copyLink(app));
  on("type", () => openText(app));
  on("theme", () => switchTheme(page));
  on("help", () => byId("help-dialog", HTMLDialogElement).showModal());
  const time = byId("time", HTMLInputElement);
  time.addEventListener("input", () => {
    app.player.pause();
    app.seek(Number(time.value));
  });
  for (const button of document.querySelectorAll<HTMLElement>("[data-freeze]")) {
    button.addEventListener("click", () => void app.freeze(button.dataset["freeze"] as StateLetter));
  }
  const boards = byId("boards", HTMLElement);
  const enlarge = (name: string | undefined) => {
    if (name) boards.dataset["large"] = name;
  };
  for (const name of BOARDS) {
    const board = byId(`board-${name}`, HTMLElement);
    board.addEventListener("click", () => enlarge(name));
  }
  for (const button of document.querySelectorAll<HTMLElement>("[data-show]")) {
    button.addEventListener("click", () => enlarge(button.dataset["show"]));
  }
  byId("keypad", HTMLElement).addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-value]") : null;
    if (button) app.enter(Number(button.dataset["value"]));
  });
}

function dialogs(app: App): void {
  const dialog = byId("text-dialog", HTMLDialogElement);
  byId("text-cancel", HTMLButtonElement).addEventListener("click", () => dialog.close());
  dialog.querySelector("form")?.addEventListener("submit", (event) => {
    event.preventDefault();
    const error = byId("text-error", HTMLElement);
    setText(error, "");
    const text = byId("text", HTMLTextAreaElement).value;
    void read(app, text, (line) => setText(error, line)).then((done) => done && dialog.close());
  });
}

/** Read a puzzle; returns whether it could be read, else `refuse` gets the line that says why. */
async function read(app: App, text: string, refuse: (line: string) => void): Promise<boolean> {
  try {
    await app.read(text);
    return true;
  } catch (error) {
    refuse(error instanceof Error ? error.message : String(error));
    return false;
  }
}

function openText(app: App): void {
  app.player.pause();
  const text = byId("text", HTMLTextAreaElement);
  text.value = app.text;
  setText(byId("text-error", HTMLElement), "");
  byId("text-dialog", HTMLDialogElement).showModal();
  text.select();
}

async function copyLink(app: App): Promise<void> {
  const link = new URL(addressOf(app), location.href).href;
  // Browsers allow it on secure pages alone, and only where the user has not forbidden it.
  const allowed = "clipboard" in navigator;
  const copied =
    allowed &&
    (await navigator.clipboard.writeText(link).then(
      () => true,
      () => false,
    ));
  app.say(copied ? "The link is copied." : "The link is the address of this page.", false);
}

function back(app: App): void {
  app.player.pause();
  app.seek(app.history.cursor - 1);
}

function backStep(app: App): void {
  app.player.pause();
  const length = app.history.program.length;
  app.seek((Math.ceil(app.history.cursor / length) - 1) * length);
}

function faster(app: App, steps: number): void {
  const index = SPEEDS.indexOf(app.player.speed) + steps;
  app.player.speed = at(SPEEDS, Math.max(0, Math.min(SPEEDS.length - 1, index)));
  byId("speed", HTMLSelectElement).value = String(app.player.speed);
}

function switchTheme(page: Page): void {
  page.theme = page.theme === "dark" ? "light" : "dark";
  rememberTheme(page.theme);
  page.draw();
}
