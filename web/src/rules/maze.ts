/** The rules of the maze: mark a shortest path from start to goal, moving up, right, down and left. */

import { at, type Cells, neighbours, type Shape } from "./shape";

export const WALL = 0;
export const OPEN = 1;
export const START = 2;
export const GOAL = 3;
export const PATH = 4;

/** The character of each cell value. */
export const SYMBOLS = "# SGo";

/** The shape of a maze. */
export function maze(rows: number, columns: number): Shape {
  return { kind: "maze", rows, columns, box: [0, 0] };
}

/** Moves from each cell to the goal over cells that `passable` accepts; -1 where there is no way. */
export function distances(shape: Shape, cells: Cells, passable: (value: number) => boolean): Int32Array {
  const moves = new Int32Array(cells.length).fill(-1);
  const goal = cells.indexOf(GOAL);
  if (goal < 0) return moves;
  moves[goal] = 0;
  const queue = [goal];
  for (const cell of queue) {
    for (const next of neighbours(shape, cell)) {
      if (moves[next] === -1 && passable(at(cells, next))) {
        moves[next] = at(moves, cell) + 1;
        queue.push(next);
      }
    }
  }
  return moves;
}

/** Moves of a shortest path from start to goal; -1 where there is none. */
export function shortestLength(shape: Shape, puzzle: Cells): number {
  const start = puzzle.indexOf(START);
  return start < 0
    ? -1
    : at(
        distances(shape, puzzle, (value) => value !== WALL),
        start,
      );
}

/** The puzzle with the path cells of an answer marked; start and goal stay, and so does a path cell on a wall. */
export function readAnswer(puzzle: Cells, answer: Cells): Cells {
  return puzzle.map((value, cell) => (answer[cell] === PATH && value <= OPEN ? PATH : value));
}

/** Whether the grid is the puzzle with one shortest path marked, any of them, and nothing else changed. */
export function isSolved(shape: Shape, puzzle: Cells, grid: Cells): boolean {
  let marked = 0;
  for (const [cell, value] of grid.entries()) {
    const given = at(puzzle, cell);
    if (value === PATH && given === OPEN) marked++;
    else if (value !== given) return false;
  }
  const start = puzzle.indexOf(START);
  if (start < 0) return false;
  const along = at(
    distances(shape, grid, (value) => value >= START),
    start,
  );
  return along === marked + 1 && shortestLength(shape, puzzle) === along;
}

/** 1 for each cell that says something else than the puzzle; a path over open cells says nothing else. */
export function contradicts(puzzle: Cells, cells: Cells): Uint8Array {
  return Uint8Array.from(puzzle, (given, cell) => {
    const value = at(cells, cell);
    return value === given || value > PATH || (value === PATH && given === OPEN) ? 0 : 1;
  });
}

/** Why a grid is no puzzle; null where it is one. */
export function problem(shape: Shape, puzzle: Cells): string | null {
  for (const [value, name] of [
    [START, "start"],
    [GOAL, "goal"],
  ] as const) {
    const count = puzzle.filter((cell) => cell === value).length;
    if (count !== 1) return `${count} ${name} cells, expected 1`;
  }
  return shortestLength(shape, puzzle) < 0 ? "no way from start to goal" : null;
}
