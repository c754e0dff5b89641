"""Perfect mazes: spanning trees, with exactly one way between any two cells."""

from __future__ import annotations

import numpy as np
from numba import njit

from puzzles.maze.cells import GOAL, OPEN, START, WALL
from puzzles.maze.rules import COLUMN_STEPS, ROW_STEPS, fill_distances, inside
from puzzles.random import below


@njit(cache=True, nogil=True)
def draw_perfect(grid, min_path, draws, queue, moves, state):
    """Draw (maze, start, goal) until start and goal are at least ``min_path`` moves apart; return whether they are."""
    rows, columns = grid.shape
    for _ in range(draws):
        _carve(grid, queue, state)
        start = below(state, rows * columns)
        goal = below(state, rows * columns)
        if start == goal or grid[start // columns, start % columns] == WALL:
            continue
        fill_distances(grid, start, queue, moves)
        if moves[goal // columns, goal % columns] >= min_path:
            grid[start // columns, start % columns] = START
            grid[goal // columns, goal % columns] = GOAL
            return True
    return False


@njit(cache=True, nogil=True)
def _carve(grid, stack, state):
    """Make ``grid`` a perfect maze by a random depth-first search over the rooms, the cells at even coordinates.

    Borders are not walled. Where a side is even its last line lies beyond the last rooms: there each cell beside a
    room is opened as a dead end, which keeps one way between any two cells.
    """
    rows, columns = grid.shape
    for row in range(rows):
        for column in range(columns):
            grid[row, column] = WALL
    room_rows = (rows + 1) // 2
    room_columns = (columns + 1) // 2
    room = below(state, room_rows * room_columns)
    grid[2 * (room // room_columns), 2 * (room % room_columns)] = OPEN
    stack[0] = room
    depth = 1
    ways = np.empty(4, np.int64)
    while depth > 0:
        row = 2 * (stack[depth - 1] // room_columns)
        column = 2 * (stack[depth - 1] % room_columns)
        count = 0
        for move in range(4):
            next_row = row + 2 * ROW_STEPS[move]
            next_column = column + 2 * COLUMN_STEPS[move]
            if inside(next_row, next_column, rows, columns) and grid[next_row, next_column] == WALL:
                ways[count] = move
                count += 1
        if count == 0:
            depth -= 1
            continue
        move = ways[below(state, count)]
        grid[row + ROW_STEPS[move], column + COLUMN_STEPS[move]] = OPEN
        row += 2 * ROW_STEPS[move]
        column += 2 * COLUMN_STEPS[move]
        grid[row, column] = OPEN
        stack[depth] = row // 2 * room_columns + column // 2
        depth += 1
    if rows % 2 == 0:
        for column in range(0, columns, 2):
            grid[rows - 1, column] = OPEN
    if columns % 2 == 0:
        for row in range(0, rows, 2):
            grid[row, columns - 1] = OPEN
