import { expect, test } from "vitest";
import { readAnswer, shortestLength } from "../../src/rules/maze";
import { rulesOf } from "../../src/rules/rules";
import { type Cells, type Shape } from "../../src/rules/shape";
import { repeats, sudoku } from "../../src/rules/sudoku";
import { maze } from "../../src/rules/maze";
import cases from "../fixtures/rules.json";

/** What the rules of the Python package say; `tests/web/cases.py` writes the file. */
function shapeOf(family: string): Shape {
  const [, kind, rows, columns] = family.match(/^(\w+)-(\d+)x(\d+)$/) ?? [];
  return kind === "sudoku" ? sudoku(Number(rows)) : maze(Number(rows), Number(columns));
}

const cells = (values: readonly number[]): Cells => Uint8Array.from(values);

test.each(cases.sudoku)("a grid of $family is solved: $solved", ({ family, puzzle, grid, solved, repeats: marked }) => {
  const shape = shapeOf(family);
  expect(rulesOf(shape).name).toBe(family);
  expect(rulesOf(shape).solves(cells(puzzle), cells(grid))).toBe(solved);
  expect([...repeats(shape, cells(grid))]).toEqual(marked);
});

test.each(cases.maze)("an answer to $family is right: $solved", ({ family, puzzle, answer, read, moves, solved }) => {
  const shape = shapeOf(family);
  expect([...readAnswer(cells(puzzle), cells(answer))]).toEqual(read);
  expect(shortestLength(shape, cells(puzzle))).toBe(moves);
  expect(rulesOf(shape).problem(cells(puzzle))).toBeNull();
  expect(rulesOf(shape).solves(cells(puzzle), cells(answer))).toBe(solved);
});
