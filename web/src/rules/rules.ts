/** One face for both kinds of puzzle: whoever shows or checks a grid asks the rules of its shape. */

import * as maze from "./maze";
import { type Cells, type Shape, UNDECIDED } from "./shape";
import * as sudoku from "./sudoku";

export interface Rules {
  readonly shape: Shape;
  /** The name that the Python package uses, such as "sudoku-9x9". */
  readonly name: string;
  /** What a person calls it, such as "Sudoku 9×9". */
  readonly title: string;
  /** Values that a cell can take, 0 first. */
  readonly values: number;
  /** Values that a person may enter into a puzzle. */
  readonly enterable: readonly number[];
  /** The value of a cell that says nothing: blank, or open. */
  readonly blank: number;
  /** Whether a puzzle has this value in one cell only: a maze's start and goal. */
  unique(value: number): boolean;
  /** The character of a value in the text form. */
  symbol(value: number): string;
  /** What a value is called. */
  word(value: number): string;
  empty(): Cells;
  /** Whether the puzzle fixes a cell of this value. */
  given(value: number): boolean;
  /** Whether decoded cells solve the puzzle. */
  solves(puzzle: Cells, cells: Cells): boolean;
  /** Why a grid is no puzzle, else null. */
  problem(puzzle: Cells): string | null;
}

export function rulesOf(shape: Shape): Rules {
  return shape.kind === "sudoku" ? sudokuRules(shape) : mazeRules(shape);
}

function sudokuRules(shape: Shape): Rules {
  const side = shape.rows;
  return {
    shape,
    name: `sudoku-${side}x${side}`,
    title: `Sudoku ${side}×${side}`,
    values: side + 1,
    enterable: Array.from({ length: side }, (_, index) => index + 1),
    blank: 0,
    unique: () => false,
    symbol: (value) => sudoku.SYMBOLS[value] ?? "?",
    word: (value) => (value === 0 ? "blank" : value === UNDECIDED ? "undecided" : (sudoku.SYMBOLS[value] ?? "?")),
    empty: () => new Uint8Array(side * side),
    given: (value) => value > 0,
    solves: (puzzle, cells) => sudoku.isSolved(shape, puzzle, cells),
    problem: (puzzle) => sudoku.problem(shape, puzzle),
  };
}

const WORDS = ["wall", "open", "start", "goal", "path"];

function mazeRules(shape: Shape): Rules {
  const { rows, columns } = shape;
  return {
    shape,
    name: `maze-${rows}x${columns}`,
    title: `Maze ${rows}×${columns}`,
    values: WORDS.length,
    enterable: [maze.WALL, maze.OPEN, maze.START, maze.GOAL],
    blank: maze.OPEN,
    unique: (value) => value === maze.START || value === maze.GOAL,
    symbol: (value) => maze.SYMBOLS[value] ?? "?",
    word: (value) => WORDS[value] ?? "undecided",
    empty: () => new Uint8Array(rows * columns).fill(maze.OPEN),
    given: (value) => value !== maze.OPEN,
    solves: (puzzle, cells) => maze.isSolved(shape, puzzle, maze.readAnswer(puzzle, cells)),
    problem: (puzzle) => maze.problem(shape, puzzle),
  };
}
