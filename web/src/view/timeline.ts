/** The course of a model's thinking: a tick for each update, and the curve of the halting probability. */

import { at } from "../rules/shape";
import type { History } from "../think/history";
import { element, setAttribute, sized } from "./dom";
import { type Brush, FONT } from "./paint";
import { blend, type Theme } from "./theme";
import { momentWords } from "./words";

/** CSS pixels before the first and after the last update: half the thumb of the slider that lies over the canvas. */
const INSET = 10;
const FEWEST_STEPS = 4;
/** CSS pixels between two labels of ACT steps. */
const LABEL_ROOM = 26;

/** Updates that the timeline has room for: whole ACT steps, at least those made so far. */
export function span(history: History): number {
  const steps = Math.max(FEWEST_STEPS, Math.ceil(history.updates / history.program.length));
  return steps * history.program.length;
}

/** How many ACT steps lie between two labels, so that labels keep their distance. */
export function labelEvery(steps: number, width: number): number {
  const room = Math.max(1, Math.floor(width / LABEL_ROOM));
  return [1, 2, 4, 5, 8, 10, 20, 50, 100].find((every) => steps / every <= room) ?? steps;
}

export class Timeline {
  private shown: { history: History; theme: Theme } | null = null;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly slider: HTMLInputElement,
  ) {
    new ResizeObserver(() => this.paint()).observe(canvas);
  }

  show(history: History, theme: Theme): void {
    this.shown = { history, theme };
    setAttribute(this.slider, "max", String(span(history)));
    this.slider.value = String(history.cursor);
    setAttribute(this.slider, "aria-valuetext", momentWords(history));
    this.paint();
  }

  private paint(): void {
    if (!this.shown || this.canvas.clientWidth === 0) return;
    const { brush, ratio } = sized(this.canvas);
    brush.setTransform(ratio, 0, 0, ratio, 0, 0);
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight];
    brush.clearRect(0, 0, width, height);
    paintTimeline(brush, width, height, this.shown.history, this.shown.theme);
  }
}

/** Draw a history into `width` x `height` pixels. */
export function paintTimeline(brush: Brush, width: number, height: number, history: History, theme: Theme): void {
  const total = span(history);
  const x = (update: number) => INSET + (update / total) * (width - 2 * INSET);
  const foot = height - 15;
  const ticks = foot - 13;
  const y = (probability: number) => ticks - 5 - probability * (ticks - 11);

  brush.fillStyle = blend(theme.page, theme.muted, 0.08);
  brush.beginPath();
  brush.roundRect(0, 0, width, foot, 8);
  brush.fill();
  brush.font = `11px ${FONT}`;
  brush.textAlign = "left";
  brush.textBaseline = "alphabetic";
  brush.fillStyle = theme.good;
  brush.fillText("halting probability", INSET + 6, 15);
  steps(brush, history, total, width, x, height, foot, theme);
  letters(brush, history, (x(1) - x(0)) * 0.62, x, ticks, foot - 5, theme);
  curve(brush, history, x, y, theme);

  brush.fillStyle = theme.text;
  brush.beginPath();
  brush.roundRect(x(history.cursor) - 1, 2, 2, foot - 4, 1);
  brush.fill();
  brush.beginPath();
  brush.arc(x(history.cursor), y(history.now.halting ?? 0), 4, 0, 2 * Math.PI);
  brush.fill();
}

function steps(
  brush: Brush,
  history: History,
  total: number,
  width: number,
  x: (update: number) => number,
  height: number,
  foot: number,
  theme: Theme,
): void {
  const count = total / history.program.length;
  const every = labelEvery(count, width);
  brush.textAlign = "center";
  for (let step = 0; step <= count; step++) {
    const labelled = step % every === 0;
    brush.fillStyle = blend(theme.page, theme.muted, labelled ? 0.3 : 0.15);
    brush.fillRect(Math.round(x(step * history.program.length)), 0, 1, foot);
    brush.fillStyle = theme.muted;
    if (labelled) brush.fillText(String(step), x(step * history.program.length), height - 2);
  }
}

function letters(
  brush: Brush,
  history: History,
  room: number,
  x: (update: number) => number,
  top: number,
  bottom: number,
  theme: Theme,
): void {
  const wide = Math.max(0.75, Math.min(room, 7));
  for (const { update, letter } of history.moments) {
    if (letter === "") continue;
    const own = history.program[(update - 1) % history.program.length] === "H" ? theme.accent_h : theme.accent_l;
    const later = update > history.cursor;
    const colour = letter === "-" ? blend(theme.page, theme.muted, 0.35) : own;
    brush.fillStyle = later ? blend(theme.page, colour, 0.4) : colour;
    const shrink = letter === "-" ? 2 : 0;
    brush.beginPath();
    brush.roundRect(x(update) - wide / 2, top + shrink, wide, bottom - top - 2 * shrink, Math.min(1.5, wide / 2));
    brush.fill();
  }
}

function curve(
  brush: Brush,
  history: History,
  x: (update: number) => number,
  y: (probability: number) => number,
  theme: Theme,
): void {
  const points = history.moments.map(({ update, halting }) => [x(update), y(halting ?? 0)] as const);
  const [first, last] = [at(points, 0), at(points, points.length - 1)];
  brush.beginPath();
  brush.moveTo(...first);
  for (const point of points) brush.lineTo(...point);
  brush.strokeStyle = theme.good;
  brush.lineWidth = 2;
  brush.lineJoin = "round";
  brush.stroke();
  brush.lineTo(last[0], y(0));
  brush.lineTo(first[0], y(0));
  brush.globalAlpha = 0.14;
  brush.fillStyle = theme.good;
  brush.fill();
  brush.globalAlpha = 1;
}

/** The letters of one ACT step, the update just made lit. */
export function programTags(history: History): HTMLElement[] {
  const place = history.cursor === 0 ? -1 : (history.cursor - 1) % history.program.length;
  return [...history.program].map((letter, index) => {
    const state = index === place ? "lit" : index < place ? "done" : "";
    const frozen = history.frozen.has(letter === "H" ? "H" : "L") ? " frozen" : "";
    return element("span", { class: `tag ${letter} ${state}${frozen}` }, letter);
  });
}
