"""Small mazes, and references that are too slow to be used: plain search, every shortest path."""

import math
from collections import deque

import numpy as np
from hypothesis import strategies as st

import puzzles
from puzzles.maze import GOAL, OPEN, START, WALL


def maze(rows, columns):
    return puzzles.family(f"maze-{rows}x{columns}")


def seeds(count, first=0):
    return np.arange(first, first + count, dtype=np.uint64)


def parse(*lines):
    return maze(len(lines), len(lines[0])).parse("".join(lines))


def neighbours(grid, cell):
    for step in ((1, 0), (0, -1), (0, 1), (-1, 0)):
        row, column = cell[0] + step[0], cell[1] + step[1]
        if 0 <= row < grid.shape[0] and 0 <= column < grid.shape[1] and grid[row, column] != WALL:
            yield row, column


def search(grid, origin):
    """Moves from ``origin`` to every cell it reaches."""
    moves = {origin: 0}
    queue = deque([origin])
    while queue:
        cell = queue.popleft()
        for other in neighbours(grid, cell):
            if other not in moves:
                moves[other] = moves[cell] + 1
                queue.append(other)
    return moves


def first_path(grid):
    """The inner cells of the shortest path that a search from the start finds first, last one first."""
    start, goal = cell_of(grid, START), cell_of(grid, GOAL)
    found_from = {start: start}
    queue = deque([start])
    while goal not in found_from:
        cell = queue.popleft()
        for other in neighbours(grid, cell):
            if other not in found_from:
                found_from[other] = cell
                queue.append(other)
    cell = found_from[goal]
    while cell != start:
        yield cell
        cell = found_from[cell]


def cell_of(grid, value):
    (cell,) = np.argwhere(grid == value)
    return tuple(int(x) for x in cell)


def shortest_paths(grid):
    """The inner cells of every shortest path from start to goal."""
    start, goal = cell_of(grid, START), cell_of(grid, GOAL)
    moves = search(grid, goal)

    def walk(cell):
        if cell == goal:
            yield ()
            return
        for other in neighbours(grid, cell):
            if moves[other] == moves[cell] - 1:
                for rest in walk(other):
                    yield (other, *rest)

    return [frozenset(path[:-1]) for path in walk(start)] if start in moves else []


SHAPES = st.tuples(st.integers(2, 4), st.integers(2, 4))


@st.composite
def small_puzzles(draw, shapes=SHAPES):
    shape = draw(shapes)
    cells = draw(st.lists(st.sampled_from([WALL, OPEN, OPEN]), min_size=math.prod(shape), max_size=math.prod(shape)))
    grid = np.array(cells, np.uint8)
    start, goal = draw(st.lists(st.integers(0, len(cells) - 1), min_size=2, max_size=2, unique=True))
    grid[start], grid[goal] = START, GOAL
    return grid.reshape(shape)


# -- rules -------------------------------------------------------------------------------------------------------------
