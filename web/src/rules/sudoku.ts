/** The rules of Sudoku: each row, column and box holds every digit once. Cells: 0 blank, then the digits 1 to n. */

import { at, type Cells, type Shape, UNDECIDED } from "./shape";

/** The character of each cell value. */
export const SYMBOLS = ".123456789ABCDEFG";

/** Box rows and box columns by side. */
export const BOXES: ReadonlyMap<number, readonly [number, number]> = new Map([
  [4, [2, 2]],
  [6, [2, 3]],
  [8, [2, 4]],
  [9, [3, 3]],
  [10, [2, 5]],
  [12, [3, 4]],
  [15, [3, 5]],
  [16, [4, 4]],
]);

/** The shape of a Sudoku of one of the sides in `BOXES`. */
export function sudoku(side: number): Shape {
  const box = BOXES.get(side);
  if (!box) throw new Error(`a Sudoku of side ${side}, expected one of ${[...BOXES.keys()].join(", ")}`);
  return { kind: "sudoku", rows: side, columns: side, box };
}

/** Every row, column and box as the numbers of its cells. */
export function units(shape: Shape): number[][] {
  const side = shape.rows;
  const found: number[][] = Array.from({ length: 3 * side }, () => []);
  for (let cell = 0; cell < side * side; cell++) {
    for (const unit of unitsOf(shape, cell)) at(found, unit).push(cell);
  }
  return found;
}

/** Whether two cells share a row, column or box. */
export function seesCell(shape: Shape, one: number, other: number): boolean {
  const theirs = unitsOf(shape, other);
  return unitsOf(shape, one).some((unit, which) => unit === theirs[which]);
}

/** 1 for each digit that appears twice in a row, column or box. */
export function repeats(shape: Shape, cells: Cells): Uint8Array {
  const marked = new Uint8Array(cells.length);
  for (const unit of units(shape)) {
    const places = new Map<number, number[]>();
    for (const cell of unit) {
      const digit = at(cells, cell);
      if (digit > 0 && digit !== UNDECIDED) places.set(digit, [...(places.get(digit) ?? []), cell]);
    }
    for (const same of places.values()) {
      if (same.length > 1) for (const cell of same) marked[cell] = 1;
    }
  }
  return marked;
}

/** 1 for each given that the cells replace by another digit. */
export function contradicts(puzzle: Cells, cells: Cells): Uint8Array {
  return Uint8Array.from(puzzle, (given, cell) => {
    const digit = at(cells, cell);
    return given > 0 && digit > 0 && digit !== UNDECIDED && digit !== given ? 1 : 0;
  });
}

/** Whether the grid keeps every given and holds each digit once in each row, column and box. */
export function isSolved(shape: Shape, puzzle: Cells, grid: Cells): boolean {
  const side = shape.rows;
  const kept = grid.every((digit, cell) => digit >= 1 && digit <= side && [0, digit].includes(at(puzzle, cell)));
  return kept && !repeats(shape, grid).includes(1);
}

/** Why a grid is no puzzle; null where it is one, as far as the rules say without solving it. */
export function problem(shape: Shape, puzzle: Cells): string | null {
  const first = repeats(shape, puzzle).indexOf(1);
  if (first < 0) return null;
  const [row, column] = [Math.floor(first / shape.columns) + 1, (first % shape.columns) + 1];
  return `row ${row}, column ${column}: ${SYMBOLS[at(puzzle, first)]} appears twice in a row, column or box`;
}

function unitsOf(shape: Shape, cell: number): [number, number, number] {
  const side = shape.rows;
  const [boxRows, boxColumns] = shape.box;
  const row = Math.floor(cell / side);
  const column = cell % side;
  const box = Math.floor(row / boxRows) * boxRows + Math.floor(column / boxColumns);
  return [row, side + column, 2 * side + box];
}
