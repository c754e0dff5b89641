/** Where the cells of a board lie on a canvas: square cells of whole device pixels, centred in the space given. */

import type { Shape } from "../rules/shape";

export interface Layout {
  readonly rows: number;
  readonly columns: number;
  readonly left: number;
  readonly top: number;
  /** Side of a cell in device pixels. */
  readonly cell: number;
  /** Width of the lines between cells. */
  readonly thin: number;
  /** Width of the lines around boxes and boards. */
  readonly thick: number;
}

/** The largest board that fits a canvas of `width` x `height` device pixels together with its frame. */
export function fit(shape: Shape, width: number, height: number): Layout {
  const { rows, columns } = shape;
  let cell = Math.max(1, Math.min(Math.floor(width / columns), Math.floor(height / rows)));
  const frame = () => 2 * thickness(cell);
  while (cell > 1 && (columns * cell + frame() > width || rows * cell + frame() > height)) cell--;
  return {
    rows,
    columns,
    left: Math.floor((width - columns * cell) / 2),
    top: Math.floor((height - rows * cell) / 2),
    cell,
    thin: Math.max(1, Math.round(cell / 44)),
    thick: thickness(cell),
  };
}

/** (left, top) of a cell. */
export function corner(layout: Layout, cell: number): [number, number] {
  const row = Math.floor(cell / layout.columns);
  const column = cell % layout.columns;
  return [layout.left + column * layout.cell, layout.top + row * layout.cell];
}

function thickness(cell: number): number {
  return Math.max(2, Math.round(cell / 19));
}
