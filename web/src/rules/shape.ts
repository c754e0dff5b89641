/** Grids: their shape and their cells, numbered row by row. */

export type Kind = "sudoku" | "maze";

/** (rows * columns) cell values, row by row. */
export type Cells = Uint8Array<ArrayBuffer>;

export interface Shape {
  readonly kind: Kind;
  readonly rows: number;
  readonly columns: number;
  /** Rows and columns of a Sudoku's box; [0, 0] for a maze. */
  readonly box: readonly [number, number];
}

/** What a model says of a cell that it leaves undecided: its padding token. */
export const UNDECIDED = 255;

/** The cell at a number; an index outside the grid is an error of the program. */
export function at<T>(values: ArrayLike<T>, index: number): T {
  const value = values[index];
  if (value === undefined) throw new RangeError(`index ${index}, expected 0 to ${values.length - 1}`);
  return value;
}

/** Numbers of the cells above, right, below and left of a cell that lie in the grid. */
export function neighbours(shape: Shape, cell: number): number[] {
  const { rows, columns } = shape;
  const row = Math.floor(cell / columns);
  const column = cell % columns;
  const found: number[] = [];
  if (row > 0) found.push(cell - columns);
  if (column < columns - 1) found.push(cell + 1);
  if (row < rows - 1) found.push(cell + columns);
  if (column > 0) found.push(cell - 1);
  return found;
}
