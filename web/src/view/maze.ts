/** How a maze is painted: solid walls, a round green start, a diamond goal, the path as one rounded line. */

import { contradicts, GOAL, PATH, START, WALL } from "../rules/maze";
import { at, type Cells, neighbours, type Shape, UNDECIDED } from "../rules/shape";
import { corner, type Layout } from "./layout";
import { type Brush, flag, hatch, ring, write } from "./paint";
import type { Scene } from "./scene";
import { blend, type Theme } from "./theme";

const FAINTEST = 0.2;
/** Width of the path as a share of a cell. */
const PATH_WIDTH = 0.34;

export function paintMaze(brush: Brush, layout: Layout, shape: Shape, scene: Scene, theme: Theme): void {
  const { cells } = scene;
  const size = layout.cell;
  const strength = (cell: number) => FAINTEST + (1 - FAINTEST) * (scene.confidence?.[cell] ?? 1);
  const wrong = contradicts(scene.puzzle, cells);

  brush.fillStyle = theme.board;
  brush.fillRect(layout.left, layout.top, layout.columns * size, layout.rows * size);
  openLines(brush, layout, theme);
  for (const [cell, value] of cells.entries()) {
    const [left, top] = corner(layout, cell);
    const highlit = scene.highlight?.[cell] === 1;
    if (value === WALL || highlit) {
      const ground = value === WALL ? blend(theme.board, theme.wall, strength(cell)) : theme.board;
      brush.fillStyle = highlit ? blend(ground, theme.changed, theme.highlight) : ground;
      brush.fillRect(left, top, size, size);
    }
    if (value === UNDECIDED) hatch(brush, left, top, size, highlit ? theme.muted : theme.undecided);
  }
  for (const [cell, value] of cells.entries()) {
    brush.globalAlpha = strength(cell);
    if (isWay(value)) pathPiece(brush, layout, shape, cells, cell, wrong[cell] === 1 ? theme.conflict : theme.path);
    if (value === START || value === GOAL) marker(brush, layout, cell, value, theme);
    brush.globalAlpha = 1;
    if (wrong[cell] === 1) flag(brush, ...corner(layout, cell), size, theme.conflict);
  }
  frame(brush, layout, theme);
  if (scene.selected !== null) {
    ring(brush, ...corner(layout, scene.selected), size, Math.max(2, layout.thick), theme.entry);
  }
}

function isWay(value: number): boolean {
  return value === PATH || value === START || value === GOAL;
}

/** One cell's piece of the rounded line, to each neighbour on the path. */
function pathPiece(brush: Brush, layout: Layout, shape: Shape, cells: Cells, cell: number, colour: string): void {
  const reached = neighbours(shape, cell).filter((other) => isWay(at(cells, other)));
  if (at(cells, cell) !== PATH && reached.length === 0) return;
  const size = layout.cell;
  const [left, top] = corner(layout, cell);
  const [x, y] = [left + size / 2, top + size / 2];
  brush.save();
  brush.beginPath();
  brush.rect(left, top, size, size);
  brush.clip();
  brush.strokeStyle = colour;
  brush.lineWidth = Math.max(1.5, size * PATH_WIDTH * (reached.length > 0 ? 1 : 1.25));
  brush.lineCap = "round";
  brush.lineJoin = "round";
  brush.beginPath();
  brush.moveTo(x, y);
  brush.lineTo(x, y);
  for (const other of reached) {
    const [otherLeft, otherTop] = corner(layout, other);
    brush.moveTo(x, y);
    brush.lineTo(otherLeft + size / 2, otherTop + size / 2);
  }
  brush.stroke();
  brush.restore();
}

function marker(brush: Brush, layout: Layout, cell: number, value: number, theme: Theme): void {
  const size = layout.cell;
  const [left, top] = corner(layout, cell);
  const [x, y] = [left + size / 2, top + size / 2];
  brush.fillStyle = value === START ? theme.start : theme.goal;
  brush.beginPath();
  if (value === START) {
    brush.arc(x, y, size * 0.41, 0, 2 * Math.PI);
  } else {
    const reach = size * 0.49;
    brush.moveTo(x, y - reach);
    brush.lineTo(x + reach, y);
    brush.lineTo(x, y + reach);
    brush.lineTo(x - reach, y);
    brush.closePath();
  }
  brush.fill();
  if (size >= 15) {
    brush.fillStyle = theme.marker_text;
    write(brush, value === START ? "S" : "G", size * 0.34, 700, x, y);
  }
}

/** Faint lines between cells, where they are large enough to count. */
function openLines(brush: Brush, layout: Layout, theme: Theme): void {
  const { left, top, cell, rows, columns, thin } = layout;
  if (cell < 8) return;
  brush.fillStyle = blend(theme.board, theme.line, 0.45);
  for (let k = 1; k < columns; k++) brush.fillRect(left + k * cell, top, thin, rows * cell);
  for (let k = 1; k < rows; k++) brush.fillRect(left, top + k * cell, columns * cell, thin);
}

function frame(brush: Brush, layout: Layout, theme: Theme): void {
  const { left, top, cell, rows, columns, thick } = layout;
  brush.strokeStyle = theme.wall;
  brush.lineWidth = thick;
  brush.strokeRect(left - thick / 2, top - thick / 2, columns * cell + thick, rows * cell + thick);
}
