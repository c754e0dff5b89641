/** One board: a canvas that shows a scene, and over it a grid of cells for pointer, keyboard and screen readers. */

import type { Rules } from "../rules/rules";
import { element, setAttribute, sized } from "./dom";
import { fit, type Layout } from "./layout";
import { paintMaze } from "./maze";
import { type BoardName, type Scene } from "./scene";
import { paintSudoku } from "./sudoku";
import type { Theme } from "./theme";
import { BOARD_WORDS, cellWords } from "./words";

const MOVES: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [-1, 0],
  ArrowRight: [0, 1],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
};

export class Board {
  private readonly canvas = element("canvas", { "aria-hidden": "true" });
  private readonly grid = element("div", { role: "grid", class: "cells" });
  private cells: HTMLElement[] = [];
  private rules: Rules | null = null;
  private shown: { scene: Scene; theme: Theme } | null = null;

  /**
   * @param root where the board is put.
   * @param select called with the cell that the user selects.
   */
  constructor(
    private readonly root: HTMLElement,
    private readonly name: BoardName,
    private readonly select: (cell: number) => void,
  ) {
    this.grid.setAttribute("aria-label", BOARD_WORDS[name]);
    root.append(this.canvas, this.grid);
    this.grid.addEventListener("pointerdown", (event) => this.pick(event.target));
    this.grid.addEventListener("focusin", (event) => this.pick(event.target));
    this.grid.addEventListener("keydown", (event) => this.move(event));
    new ResizeObserver(() => this.paint()).observe(root);
  }

  /** Show a scene of a puzzle. */
  show(rules: Rules, scene: Scene, theme: Theme): void {
    if (this.rules?.name !== rules.name) this.lay(rules);
    this.shown = { scene, theme };
    this.paint();
    for (const [cell, target] of this.cells.entries()) {
      const selected = scene.selected === cell;
      setAttribute(target, "aria-label", cellWords(rules, scene, cell));
      setAttribute(target, "aria-selected", String(selected));
      setAttribute(target, "tabindex", selected || (scene.selected === null && cell === 0) ? "0" : "-1");
    }
  }

  /** Whether the keyboard is in this board. */
  get focused(): boolean {
    return this.grid.contains(document.activeElement);
  }

  private lay(rules: Rules): void {
    this.rules = rules;
    const { rows, columns } = rules.shape;
    this.root.style.aspectRatio = `${columns} / ${rows}`;
    this.grid.style.gridTemplate = `repeat(${rows}, 1fr) / repeat(${columns}, 1fr)`;
    const readonly = String(this.name !== "puzzle");
    this.cells = Array.from({ length: rows * columns }, (_, cell) =>
      element("div", { role: "gridcell", "data-cell": String(cell), "aria-readonly": readonly }),
    );
    const lines = Array.from({ length: rows }, (_, row) =>
      element("div", { role: "row" }, ...this.cells.slice(row * columns, (row + 1) * columns)),
    );
    this.grid.replaceChildren(...lines);
  }

  private paint(): void {
    if (!this.rules || !this.shown || this.root.clientWidth === 0) return;
    const { brush, ratio } = sized(this.canvas);
    const { shape } = this.rules;
    const layout = fit(shape, this.canvas.width, this.canvas.height);
    brush.clearRect(0, 0, this.canvas.width, this.canvas.height);
    const paint = shape.kind === "sudoku" ? paintSudoku : paintMaze;
    paint(brush, layout, shape, this.shown.scene, this.shown.theme);
    this.cover(layout, ratio);
  }

  /** Lay the grid of cells over those of the canvas. */
  private cover(layout: Layout, ratio: number): void {
    const pixels = (length: number) => `${length / ratio}px`;
    Object.assign(this.grid.style, {
      left: pixels(layout.left),
      top: pixels(layout.top),
      width: pixels(layout.columns * layout.cell),
      height: pixels(layout.rows * layout.cell),
    });
  }

  private pick(target: EventTarget | null): void {
    const cell = target instanceof HTMLElement ? target.dataset["cell"] : undefined;
    if (cell !== undefined) this.select(Number(cell));
  }

  private move(event: KeyboardEvent): void {
    const step = MOVES[event.key];
    const selected = this.shown?.scene.selected ?? 0;
    if (!step || !this.rules || event.ctrlKey || event.metaKey || event.altKey) return;
    const { rows, columns } = this.rules.shape;
    const row = Math.floor(selected / columns) + step[0];
    const column = (selected % columns) + step[1];
    event.preventDefault();
    if (row >= 0 && row < rows && column >= 0 && column < columns) this.cells[row * columns + column]?.focus();
  }
}
