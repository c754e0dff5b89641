import { expect, test } from "vitest";
import { contradicts, isSolved, maze, problem, readAnswer, shortestLength } from "../../src/rules/maze";
import { type Cells, UNDECIDED } from "../../src/rules/shape";

const shape = maze(5, 5);
/** Cells of a drawing in the characters of the Python package: `# SGo`. */
const cells = (...rows: string[]): Cells => Uint8Array.from(rows.join(""), (character) => "# SGo".indexOf(character));

const PUZZLE = cells("S    ", "### #", "     ", " ### ", "    G");
const RIGHT = cells("Sooo ", "###o#", "   oo", " ###o", "    G");

test("a shortest path solves, any other answer does not", () => {
  expect(shortestLength(shape, PUZZLE)).toBe(8);
  expect(isSolved(shape, PUZZLE, RIGHT)).toBe(true);
  expect(isSolved(shape, PUZZLE, PUZZLE)).toBe(false);
  expect(isSolved(shape, PUZZLE, RIGHT.with(20, 4))).toBe(false); // a path cell astray
  expect(isSolved(shape, PUZZLE, RIGHT.with(5, 1))).toBe(false); // a wall opened
  const detour = cells("Sooo ", "###o#", "oooo ", "o### ", "ooooG");
  expect(isSolved(shape, PUZZLE, detour)).toBe(false);
});

test("of an answer only its path cells are read", () => {
  const said = RIGHT.map((value) => (value === 0 || value === 2 ? UNDECIDED : value));
  expect(readAnswer(PUZZLE, said)).toEqual(RIGHT);
  expect(isSolved(shape, PUZZLE, readAnswer(PUZZLE, RIGHT.with(5, 4)))).toBe(false); // a path cell on a wall
});

test("a path over open cells contradicts nothing, a path over a wall does", () => {
  expect(contradicts(PUZZLE, RIGHT)).not.toContain(1);
  expect(contradicts(PUZZLE, RIGHT.with(5, 4).with(6, 1).with(7, UNDECIDED)).slice(4, 9)).toEqual(
    Uint8Array.from([0, 1, 1, 0, 0]),
  );
});

test("a maze has one start, one goal and a way between them", () => {
  expect(problem(shape, PUZZLE)).toBeNull();
  expect(problem(shape, PUZZLE.with(0, 1))).toBe("0 start cells, expected 1");
  expect(problem(shape, PUZZLE.with(1, 3))).toBe("2 goal cells, expected 1");
  expect(problem(shape, PUZZLE.with(1, 0))).toBe("no way from start to goal");
});
