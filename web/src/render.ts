/** Draws the state of the page into the document. */

import type { App } from "./app";
import { at } from "./rules/shape";
import { Board } from "./view/board";
import { cellBars, cellTitle } from "./view/cell";
import { byId, element, setAttribute, setText } from "./view/dom";
import { type BoardName, sceneOf } from "./view/scene";
import { applyTheme, type ThemeName, themeOf } from "./view/theme";
import { programTags, Timeline } from "./view/timeline";
import { momentWords, percent } from "./view/words";

export const BOARDS: readonly BoardName[] = ["puzzle", "z_H", "z_L"];

/** Milliseconds between two moments that a screen reader says while the model plays. */
const PAUSE_BETWEEN_WORDS = 3000;
/** Keys in a row of the keypad at most. */
const MOST_ACROSS = 11;
const PLAY = '<svg viewBox="0 0 20 20" aria-hidden="true"><path class="fill" d="M6 3.8v12.4L16 10z"/></svg>';
const PAUSE =
  '<svg viewBox="0 0 20 20" aria-hidden="true"><path class="fill" d="M5 4h3.6v12H5zM11.4 4H15v12h-3.6z"/></svg>';

export class Page {
  readonly boards: readonly Board[];
  private readonly timeline = new Timeline(byId("timeline", HTMLCanvasElement), byId("time", HTMLInputElement));
  private due = 0;
  private family = "";
  private announced = 0;

  constructor(
    private readonly app: () => App,
    public theme: ThemeName,
  ) {
    this.boards = BOARDS.map(
      (name) => new Board(byId(`board-${name}`, HTMLElement), name, (cell) => app().select(cell)),
    );
  }

  /** Draw at the next frame of the screen; many changes before it are drawn once. */
  readonly draw = (): void => {
    this.due ||= requestAnimationFrame(() => {
      this.due = 0;
      this.drawNow();
    });
  };

  private drawNow(): void {
    const app = this.app();
    const { history, rules, view } = app;
    const theme = themeOf(this.theme);
    if (document.documentElement.dataset["theme"] !== this.theme) applyTheme(this.theme, document.documentElement);
    if (this.family !== rules.name) this.lay(app);
    for (const [index, name] of BOARDS.entries()) {
      at(this.boards, index).show(rules, sceneOf(history, name, view.selected), theme);
    }
    this.timeline.show(history, theme);
    this.status(app);
    byId("bars", HTMLElement).replaceChildren(...cellBars(history, view.selected));
    setText(byId("cell-title", HTMLElement), cellTitle(history, view.selected));
    const note = byId("note", HTMLElement);
    setText(note, view.note);
    note.classList.toggle("error", view.wrong);
    this.announce(app);
  }

  /** What depends on the model and its kind of puzzle alone. */
  private lay({ rules }: App): void {
    this.family = rules.name;
    document.documentElement.dataset["kind"] = rules.shape.kind;
    const keys = rules.enterable.map((value) =>
      element(
        "button",
        { type: "button", "data-value": String(value), class: `key ${rules.word(value)}` },
        rules.shape.kind === "sudoku" ? rules.symbol(value) : rules.word(value),
      ),
    );
    const erase = element(
      "button",
      { type: "button", "data-value": String(rules.blank), class: "key", "aria-label": "Erase" },
      "⌫",
    );
    if (rules.shape.kind === "sudoku") keys.push(erase);
    const keypad = byId("keypad", HTMLElement);
    keypad.style.setProperty("--across", String(Math.ceil(keys.length / Math.ceil(keys.length / MOST_ACROSS))));
    keypad.replaceChildren(...keys);
    byId("legend", HTMLElement).replaceChildren(...legend(rules.shape.kind));
  }

  private status({ history, entry, player, view }: App): void {
    const { now } = history;
    const { parameters, act_steps, program } = entry.manifest;
    const pace = history.fastest === null ? "" : ` · ${history.fastest.toFixed(0)} ms an ACT step`;
    const size = `${parameters.toLocaleString("en")} weights · ${program} · ${act_steps} ACT steps`;
    setText(byId("about", HTMLElement), size + pace);
    byId("model", HTMLSelectElement).value = entry.name;
    byId("program", HTMLElement).replaceChildren(...programTags(history));
    const made = now.letter === "-" ? "frozen update" : `${now.letter} update`;
    const counter =
      now.update === 0 ? "before the first update" : `ACT step ${history.actStep} · ${made} ${now.update}`;
    setText(byId("counter", HTMLElement), view.loading ? "loading the model…" : counter);
    setText(byId("halting", HTMLElement), now.halting === null ? "–" : now.halting.toFixed(2));
    byId("meter", HTMLElement).style.width = percent(now.halting ?? 0).replace(" ", "");
    const verdict = byId("verdict", HTMLElement);
    setText(verdict, now.update === 0 ? "" : now.solved ? "solved" : "not solved");
    verdict.classList.toggle("solved", now.solved);
    const play = byId("play", HTMLButtonElement);
    const label = player.playing
      ? "Pause"
      : history.updates === 0
        ? "Think"
        : history.atEnd && history.finished
          ? "Think on"
          : "Play";
    if (play.dataset["label"] !== label) {
      play.dataset["label"] = label;
      play.innerHTML = `${player.playing ? PAUSE : PLAY}<span>${label}</span>`;
    }
    for (const button of document.querySelectorAll<HTMLElement>("[data-freeze]")) {
      const frozen = history.frozen.has(button.dataset["freeze"] === "H" ? "H" : "L");
      setAttribute(button, "aria-pressed", String(frozen));
      setText(button, frozen ? "frozen" : "freeze");
    }
  }

  /** Say the moment, but while playing only as often as can be listened to. */
  private announce({ history, player }: App): void {
    const now = performance.now();
    if (player.playing && now - this.announced < PAUSE_BETWEEN_WORDS) return;
    this.announced = now;
    setText(byId("live", HTMLElement), momentWords(history));
  }
}

function legend(kind: "sudoku" | "maze"): HTMLElement[] {
  const marks = [
    ["changed", "changed"],
    ...(kind === "sudoku" ? [["breaks", "breaks a rule"]] : []),
    ["contradicts", "contradicts the puzzle"],
    ["undecided", "undecided"],
  ] as const;
  return marks.map(([mark, words]) => element("li", {}, element("span", { class: `mark ${mark}` }), words ?? ""));
}
