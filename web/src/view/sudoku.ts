/** How a Sudoku is painted: givens bold on a tint, entries lighter and blue, conflicts and contradictions vermilion. */

import { contradicts, repeats, seesCell, SYMBOLS } from "../rules/sudoku";
import { at, type Shape, UNDECIDED } from "../rules/shape";
import { corner, type Layout } from "./layout";
import { type Brush, flag, hatch, ring, write } from "./paint";
import type { Scene } from "./scene";
import { blend, type Theme } from "./theme";

/** Opacity of a digit of confidence 0: it can still be read. */
const FAINTEST = 0.3;
/** How far the row, column and box of the selected cell take the colour of entries. */
const IN_SIGHT = 0.09;
/** Pixels of a pencilled digit's height below which a dot in its place stands for it. */
const SMALLEST = 4;

export function paintSudoku(brush: Brush, layout: Layout, shape: Shape, scene: Scene, theme: Theme): void {
  const { cells, puzzle, selected } = scene;
  const contradicted = contradicts(puzzle, cells);
  const repeated = repeats(shape, cells);
  const size = layout.cell;
  for (let cell = 0; cell < cells.length; cell++) {
    const [left, top] = corner(layout, cell);
    const value = at(cells, cell);
    const given = at(puzzle, cell) > 0;
    const highlit = scene.highlight?.[cell] === 1;
    const wrong = contradicted[cell] === 1 || repeated[cell] === 1;
    const confidence = scene.confidence?.[cell] ?? 1;

    let ground = given ? theme.given_cell : theme.board;
    if (selected !== null && seesCell(shape, selected, cell)) ground = blend(ground, theme.entry, IN_SIGHT);
    if (wrong) ground = blend(ground, theme.conflict_cell, 0.3 + 0.7 * confidence);
    if (highlit) ground = blend(ground, theme.changed, theme.highlight);
    brush.fillStyle = ground;
    brush.fillRect(left, top, size, size);

    if (value === UNDECIDED) {
      hatch(brush, left, top, size, highlit ? theme.muted : theme.undecided);
    } else if (value > 0) {
      const plain = given && contradicted[cell] !== 1;
      brush.fillStyle = wrong ? theme.conflict : plain ? theme.given : theme.entry;
      brush.globalAlpha = FAINTEST + (1 - FAINTEST) * confidence;
      write(brush, SYMBOLS[value] ?? "?", size * 0.5, plain ? 700 : 400, left + size / 2, top + size / 2);
      brush.globalAlpha = 1;
    } else if (scene.candidates) {
      pencil(
        brush,
        left,
        top,
        size,
        shape,
        scene.candidates.subarray(cell * shape.rows, (cell + 1) * shape.rows),
        theme,
      );
    }
    if (contradicted[cell] === 1) flag(brush, left, top, size, theme.conflict);
  }
  lines(brush, layout, shape, theme);
  if (selected !== null) ring(brush, ...corner(layout, selected), size, Math.max(2, layout.thick), theme.entry);
}

/** Write small digits into a blank cell, each in its own place and strength: the cell is divided as a box is. */
function pencil(
  brush: Brush,
  left: number,
  top: number,
  size: number,
  shape: Shape,
  digits: Float32Array,
  theme: Theme,
): void {
  const [down, across] = shape.box;
  const margin = size * 0.06;
  const wide = (size - 2 * margin) / across;
  const high = (size - 2 * margin) / down;
  const height = Math.min(wide * 0.9, high * 0.62, size * 0.22);
  brush.fillStyle = theme.muted;
  for (const [index, strength] of digits.entries()) {
    if (strength < 0.05) continue;
    const x = left + margin + ((index % across) + 0.5) * wide;
    const y = top + margin + (Math.floor(index / across) + 0.5) * high;
    brush.globalAlpha = FAINTEST + (1 - FAINTEST) * Math.min(1, strength);
    if (height < SMALLEST) {
      brush.beginPath();
      brush.arc(x, y, Math.max(0.8, Math.min(wide, high) * 0.3), 0, 2 * Math.PI);
      brush.fill();
    } else {
      write(brush, SYMBOLS[index + 1] ?? "?", height, height < 9 ? 600 : 400, x, y);
    }
  }
  brush.globalAlpha = 1;
}

function lines(brush: Brush, layout: Layout, shape: Shape, theme: Theme): void {
  const { left, top, cell, thin, thick } = layout;
  const side = shape.rows * cell;
  const [boxRows, boxColumns] = shape.box;
  const before = Math.floor(thick / 2);
  brush.fillStyle = theme.line;
  for (let k = 1; k < shape.rows; k++) {
    const offset = k * cell - Math.floor(thin / 2);
    brush.fillRect(left + offset, top, thin, side);
    brush.fillRect(left, top + offset, side, thin);
  }
  brush.fillStyle = theme.frame;
  for (let k = 0; k <= shape.rows; k += boxColumns) {
    brush.fillRect(left + k * cell - before, top - before, thick, side + thick);
  }
  for (let k = 0; k <= shape.rows; k += boxRows) {
    brush.fillRect(left - before, top + k * cell - before, side + thick, thick);
  }
}
