"""Braided mazes: dead ends of a perfect maze opened into loops."""

from __future__ import annotations

import numpy as np

from puzzles.compiling import njit
from puzzles.maze.cells import OPEN, WALL
from puzzles.maze.rules import COLUMN_STEPS, ROW_STEPS, inside
from puzzles.random import below, shuffle


@njit(cache=True, nogil=True)
def open_dead_ends(grid, fraction, state):
    """Open dead ends of ``grid`` in random order until at least ``fraction`` of them, to the nearest whole, are gone.

    A dead end is an open cell with one open neighbour. It is opened through one of the walls beside it that have an
    open cell straight across, each as likely as the others, which makes a loop. That may open a second dead end too.
    One that has no such wall stays, in the narrowest mazes and at the ends of the last line of an even side.
    """
    rows, columns = grid.shape
    ends = np.empty(rows * columns, np.int64)
    left = 0
    for cell in range(rows * columns):
        row, column = cell // columns, cell % columns
        if _is_dead_end(grid, row, column):
            ends[left] = cell
            left += 1
    ends = ends[:left]
    wanted = left - np.int64(left * fraction + 0.5)
    shuffle(state, ends)
    for cell in ends:
        if left <= wanted:
            break
        row, column = cell // columns, cell % columns
        if not _is_dead_end(grid, row, column):
            continue
        move = _random_way_through(grid, row, column, state)
        if move < 0:
            continue
        row_step, column_step = ROW_STEPS[move], COLUMN_STEPS[move]
        left -= 1 + _is_dead_end(grid, row + 2 * row_step, column + 2 * column_step)
        grid[row + row_step, column + column_step] = OPEN


@njit(cache=True, nogil=True)
def _is_dead_end(grid, row, column):
    rows, columns = grid.shape
    if grid[row, column] == WALL:
        return False
    ways = 0
    for move in range(4):
        next_row, next_column = row + ROW_STEPS[move], column + COLUMN_STEPS[move]
        ways += inside(next_row, next_column, rows, columns) and grid[next_row, next_column] != WALL
    return ways == 1


@njit(cache=True, nogil=True)
def _random_way_through(grid, row, column, state):
    """Return a move that leads through one wall to an open cell, each as likely as the others; -1 if none does."""
    rows, columns = grid.shape
    chosen = -1
    count = 0
    for move in range(4):
        next_row, next_column = row + ROW_STEPS[move], column + COLUMN_STEPS[move]
        across_row, across_column = next_row + ROW_STEPS[move], next_column + COLUMN_STEPS[move]
        if (
            inside(across_row, across_column, rows, columns)
            and grid[next_row, next_column] == WALL
            and grid[across_row, across_column] != WALL
        ):
            count += 1
            if below(state, count) == 0:
                chosen = move
    return chosen
