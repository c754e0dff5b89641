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
from puzzles.maze.rules import fill_distances, find
from puzzles.random import below, uniform

# What is known of a cell while a draw is searched.
_UNKNOWN, _WALL, _NEAR_START, _NEAR_GOAL = range(4)


class Workspace(NamedTuple):
    """The arrays of a probe; cells are numbered row by row in the grid with a border of walls around it."""

    known: NDArray[np.uint8]
    """(cells,): what is known of each cell."""
    seen: NDArray[np.int32]
    """(cells,): the cells drawn, to be made unknown again."""
    depth: NDArray[np.int32]
    """(cells,): moves from the origin along the way a cell was found on."""
    beneath: NDArray[np.int32]
    """(cells,): the cell under each one in its stack, -1 at the bottom."""
    tops: NDArray[np.int32]
    """(2, distances): for each search, stacks of cells by their distance from the other's origin; -1 if empty."""
    row: NDArray[np.int64]
    """(cells,): the row of each cell."""
    column: NDArray[np.int64]
    """(cells,): the column of each cell."""


def probe_workspace(rows: int, columns: int) -> Workspace:
    """Return the ``Workspace`` of a grid, nothing known; every draw leaves it so."""
    row, column = np.divmod(np.arange((rows + 2) * (columns + 2)), columns + 2)
    inner = (row >= 1) & (row <= rows) & (column >= 1) & (column <= columns)
    known = np.where(inner, _UNKNOWN, _WALL).astype(np.uint8)
    seen, depth, beneath = (np.empty(len(row), np.int32) for _ in range(3))
    return Workspace(known, seen, depth, beneath, np.empty((2, rows + columns), np.int32), row, column)


@njit(cache=True, nogil=True)
def draw_percolation(grid, min_path, wall_low, wall_high, draws, work, queue, moves, state):
    """Draw (wall probability, grid, start, goal) until the path has ``min_path`` moves; return whether that happened.

    This is plain rejection, so the mazes kept follow its law exactly. What makes it fast is that a cell is drawn only
    when it is first looked at: a probe looks for any path shorter than ``min_path``, which rejects most draws after
    a small part of the grid. Only where it finds none is the grid completed and the distance measured.
    """
    rows, columns = grid.shape
    width = columns + 2  # a border of walls spares the search the question whether a cell is inside
    for _ in range(draws):
        wall = wall_low + (wall_high - wall_low) * uniform(state)
        start = _random_cell(rows, columns, state)
        goal = _random_cell(rows, columns, state)
        if start == goal or uniform(state) < wall or uniform(state) < wall:
            continue
        length, seen_size = _probe(start, goal, wall, width, work, state)
        kept = False
        if length >= min_path:
            _complete(grid, work.known, start, goal, wall, state)
            fill_distances(grid, find(grid, GOAL), queue, moves)
            kept = moves[start // width - 1, start % width - 1] >= min_path
        for k in range(seen_size):
            work.known[work.seen[k]] = _UNKNOWN
        if kept:
            return True
    return False


@njit(cache=True, nogil=True)
def _complete(grid, known, start, goal, wall, state):
    """Write what is known into ``grid``, and draw the cells that are not."""
    rows, columns = grid.shape
    for row in range(rows):
        for column in range(columns):
            cell = (row + 1) * (columns + 2) + column + 1
            if cell == start:
                grid[row, column] = START
            elif cell == goal:
                grid[row, column] = GOAL
            elif known[cell] == _WALL or (known[cell] == _UNKNOWN and uniform(state) < wall):
                grid[row, column] = WALL
            else:
                grid[row, column] = OPEN


@njit(cache=True, nogil=True)
def _random_cell(rows, columns, state):
    return (below(state, rows) + 1) * (columns + 2) + below(state, columns) + 1


@njit(cache=True, nogil=True)
def _probe(start, goal, wall, width, work, state):
    """Return (moves of some path from start to goal or -1, cells seen), drawing cells into ``known`` on the way.

    Two searches take turns, one from either end; each goes on from the cell that lies nearest to the other end as the
    crow flies. One that has no cell left shows that there is no path.
    """
    known, seen, depth, beneath, tops, rows, columns = work
    origins = (start, goal)
    nearest = np.empty(2, np.int64)
    steps = (-width, 1, width, -1)
    for side in range(2):
        for distance in range(tops.shape[1]):
            tops[side, distance] = -1
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
