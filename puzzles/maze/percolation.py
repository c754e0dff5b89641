"""Percolation mazes: every cell is a wall by chance, independently, and only mazes with a long shortest path count.

The process behind the Maze-Hard data set: wall probability uniform between two bounds for each maze, start and goal
uniform, kept if their distance is at least 109 moves at 30x30, which about nine in a million draws are.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from puzzles.maze.cells import GOAL, OPEN, START, WALL
from puzzles.maze.rules import fill_distances
from puzzles.random import below, uniform

# What is known of a cell while a draw is searched.
_UNKNOWN, _WALL, _NEAR_START, _NEAR_GOAL = range(4)


@njit(cache=True, nogil=True)
def draw_percolation(grid, min_path, wall_low, wall_high, draws, queue, moves, state):
    """Draw (wall probability, grid, start, goal) until the path has ``min_path`` moves; return whether that happened.

    This is plain rejection, so the mazes kept follow its law exactly. What makes it fast is that a cell is drawn only
    when it is first looked at: a probe looks for any path shorter than ``min_path``, which rejects most draws after
    a small part of the grid. Only where it finds none is the grid completed and the distance measured.
    """
    rows, columns = grid.shape
    width = columns + 2  # a border of walls spares the search the question whether a cell is inside
    known = np.full((rows + 2) * width, _WALL, np.uint8)
    known.reshape((rows + 2, width))[1:-1, 1:-1] = _UNKNOWN
    work = _workspace(rows, columns)
    for _ in range(draws):
        wall = wall_low + (wall_high - wall_low) * uniform(state)
        start = _random_cell(rows, columns, state)
        goal = _random_cell(rows, columns, state)
        if start == goal or uniform(state) < wall or uniform(state) < wall:
            continue
        length, seen_size = _probe(known, start, goal, wall, width, work, state)
        if length >= min_path:
            for row in range(rows):
                for column in range(columns):
                    cell = (row + 1) * width + column + 1
                    if known[cell] == _UNKNOWN:
                        grid[row, column] = WALL if uniform(state) < wall else OPEN
                    else:
                        grid[row, column] = WALL if known[cell] == _WALL else OPEN
            start_row, start_column = start // width - 1, start % width - 1
            goal_row, goal_column = goal // width - 1, goal % width - 1
            grid[start_row, start_column] = START
            grid[goal_row, goal_column] = GOAL
            fill_distances(grid, goal_row * columns + goal_column, queue, moves)
            if moves[start_row, start_column] >= min_path:
                return True
        for k in range(seen_size):
            known[work.seen[k]] = _UNKNOWN
    return False


class _Workspace(NamedTuple):
    """The arrays of a probe; cells are numbered row by row in the grid with its border."""

    seen: NDArray[np.int32]
    """(cells,): the cells drawn, to be made unknown again."""
    depth: NDArray[np.int32]
    """(cells,): moves from the origin along the way a cell was found on."""
    beneath: NDArray[np.int32]
    """(cells,): the cell under each one in its stack, -1 at the bottom."""
    tops: NDArray[np.int32]
    """(2, distances): for each search, stacks of cells by their distance from the other's origin; -1 if empty."""
    row: NDArray[np.int32]
    column: NDArray[np.int32]


@njit(cache=True, nogil=True)
def _workspace(rows, columns):
    cells = (rows + 2) * (columns + 2)
    every = np.arange(cells)
    return _Workspace(
        np.empty(cells, np.int32),
        np.empty(cells, np.int32),
        np.empty(cells, np.int32),
        np.empty((2, rows + columns), np.int32),
        (every // (columns + 2)).astype(np.int32),
        (every % (columns + 2)).astype(np.int32),
    )


@njit(cache=True, nogil=True)
def _random_cell(rows, columns, state):
    return (below(state, rows) + 1) * (columns + 2) + below(state, columns) + 1


@njit(cache=True, nogil=True)
def _probe(known, start, goal, wall, width, work, state):
    """Return (moves of some path from start to goal or -1, cells seen), drawing cells into ``known`` on the way.

    Two searches take turns, one from either end; each goes on from the cell that lies nearest to the other end as the
    crow flies. One that has no cell left shows that there is no path.
    """
    seen, depth, beneath, tops, rows, columns = work
    tops[:] = -1
    origins = (start, goal)
    nearest = np.empty(2, np.int64)
    steps = (-width, 1, width, -1)
    for side in range(2):
        origin = origins[side]
        known[origin] = _NEAR_START + side
        seen[side] = origin
        depth[origin] = 0
        beneath[origin] = -1
        nearest[side] = 0
        tops[side, 0] = origin
    seen_size = 2
    side = 0
    while True:
        mine = _NEAR_START + side
        theirs = _NEAR_GOAL - side
        target = origins[1 - side]
        at = nearest[side]
        while at < tops.shape[1] and tops[side, at] < 0:
            at += 1
        if at == tops.shape[1]:
            return -1, seen_size
        cell = tops[side, at]
        tops[side, at] = beneath[cell]
        for step in steps:
            other = cell + step
            if known[other] == theirs:
                return depth[cell] + depth[other] + 1, seen_size
            if known[other] != _UNKNOWN:
                continue
            seen[seen_size] = other
            seen_size += 1
            if uniform(state) < wall:
                known[other] = _WALL
                continue
            known[other] = mine
            depth[other] = depth[cell] + 1
            distance = abs(rows[other] - rows[target]) + abs(columns[other] - columns[target])
            beneath[other] = tops[side, distance]
            tops[side, distance] = other
            at = min(at, distance)
        nearest[side] = at
        side = 1 - side
