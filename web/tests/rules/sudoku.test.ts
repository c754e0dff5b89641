import { expect, test } from "vitest";
import { BOXES, contradicts, isSolved, problem, repeats, seesCell, sudoku, units } from "../../src/rules/sudoku";
import { UNDECIDED } from "../../src/rules/shape";
import { readPuzzle } from "../../src/rules/text";

const nine = sudoku(9);
const PUZZLE = "5...27..9..41......1..5.3...92.6.8...5......66..7..29.8...7...2.......8...9..36..";
const SOLUTION = "583427169974136528216859374792364851351298746648715293865971432137642985429583617";
const puzzle = readPuzzle(PUZZLE, [nine]).cells;
const solution = readPuzzle(SOLUTION, [nine]).cells;

test("every side has a unit for each row, column and box, of as many cells as digits", () => {
  for (const side of BOXES.keys()) {
    const found = units(sudoku(side));
    expect(found.length).toBe(3 * side);
    for (const unit of found) expect(new Set(unit).size).toBe(side);
    expect(new Set(found.map((unit) => unit.join())).size).toBe(3 * side);
  }
});

test("the boxes of a 6x6 grid are 2 rows high and 3 columns wide", () => {
  expect(units(sudoku(6))[12]).toEqual([0, 1, 2, 6, 7, 8]);
  expect(seesCell(sudoku(6), 0, 8)).toBe(true);
  expect(seesCell(sudoku(6), 0, 9)).toBe(false);
});

test("the published row is solved by its solution and by no other grid", () => {
  expect(isSolved(nine, puzzle, solution)).toBe(true);
  expect(isSolved(nine, puzzle, puzzle)).toBe(false);
  const swapped = solution.map((digit) => (digit === 1 ? 2 : digit === 2 ? 1 : digit));
  expect(isSolved(nine, puzzle, swapped)).toBe(false);
  expect(isSolved(nine, new Uint8Array(81), swapped)).toBe(true);
  expect(isSolved(nine, puzzle, solution.with(1, UNDECIDED))).toBe(false);
});

test("both digits that are the same in a unit are marked", () => {
  const cells = new Uint8Array(81);
  cells[0] = cells[8] = 7;
  cells[40] = cells[41] = UNDECIDED;
  expect([...repeats(nine, cells).entries()].filter(([, mark]) => mark).map(([cell]) => cell)).toEqual([0, 8]);
  expect(problem(nine, cells)).toBe("row 1, column 1: 7 appears twice in a row, column or box");
  expect(problem(nine, puzzle)).toBeNull();
});

test("a given that was replaced is marked, a blank one is not", () => {
  const cells = puzzle.with(0, 6).with(4, 0);
  expect([...contradicts(puzzle, cells)].flatMap((mark, cell) => (mark ? [cell] : []))).toEqual([0]);
});
