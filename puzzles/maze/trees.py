"""Perfect mazes: random spanning trees, with exactly one way between any two cells.

The rooms are the cells at even coordinates, and each edge of the tree opens the cell between two of them. The border is
not walled. Where a side is even its last line lies beyond the last rooms: there each cell beside a room is opened as a
dead end, which keeps one way between any two cells.
"""

from __future__ import annotations

import numpy as np

from puzzles.compiling import njit
from puzzles.maze.braid import open_dead_ends
from puzzles.maze.cells import OPEN, WALL
from puzzles.maze.search import place_and_search
from puzzles.random import below, shuffle

ALGORITHMS = ("depth-first", "wilson", "kruskal", "prim")


@njit(cache=True, nogil=True)
def draw_tree(grid, min_path, algorithm, braid, left, pause, moves, queue, state):
    """Draw (maze, start, goal) until the path has ``min_path`` moves; return whether it came to that, and draws left.

    There are ``left`` draws in all; with ``pause`` of them left it stops, and the next call goes on from ``state``.
    Start and goal are two uniform open cells. ``braid`` is the fraction of dead ends to open. ``grid`` is that of the
    last draw; ``moves`` and ``queue`` are what its searches work in.
    """
    while left > pause:
        left -= 1
        _carve(grid, algorithm, state)
        if braid > 0.0:
            open_dead_ends(grid, braid, state)
        start = _random_open_cell(grid, state)
        goal = _random_open_cell(grid, state)
        if start != goal and place_and_search(grid, start, goal, moves, queue) >= min_path:
            return True, left
    return False, left


@njit(cache=True, nogil=True)
def _carve(grid, algorithm, state):
    """Make ``grid`` a perfect maze by ``ALGORITHMS[algorithm]``."""
    rows, columns = grid.shape
    for row in range(rows):
        for column in range(columns):
            beside_room = (row % 2 == 0 and column == columns - 1) or (column % 2 == 0 and row == rows - 1)
            is_room = row % 2 == 0 and column % 2 == 0
            grid[row, column] = OPEN if is_room or beside_room else WALL
    if algorithm == 0:
        _depth_first(grid, state)
    elif algorithm == 1:
        _wilson(grid, state)
    elif algorithm == 2:
        _kruskal(grid, state)
    else:
        _prim(grid, state)


@njit(cache=True, nogil=True)
def _random_open_cell(grid, state):
    """Return one of the open cells, counted row by row, each as likely as the others."""
    rows, columns = grid.shape
    while True:
        cell = below(state, rows * columns)
        if grid[cell // columns, cell % columns] == OPEN:
            return cell


# -- algorithms --------------------------------------------------------------------------------------------------------


@njit(cache=True, nogil=True)
def _depth_first(grid, state):
    """Go to a random new neighbour while there is one, and back where there is none; start in a random room."""
    rows, columns = _rooms(grid)
    joined = np.zeros(rows * columns, np.bool_)
    stack = np.empty(rows * columns, np.int64)
    ways = np.empty(4, np.int64)
    stack[0] = below(state, rows * columns)
    joined[stack[0]] = True
    depth = 1
    while depth > 0:
        room = stack[depth - 1]
        count = 0
        for other in _neighbours(room, rows, columns):
            if other >= 0 and not joined[other]:
                ways[count] = other
                count += 1
        if count == 0:
            depth -= 1
            continue
        other = ways[below(state, count)]
        _open_between(grid, room, other, columns)
        joined[other] = True
        stack[depth] = other
        depth += 1


@njit(cache=True, nogil=True)
def _wilson(grid, state):
    """Join each room by a random walk to the tree without its loops: every spanning tree is equally likely.

    D. B. Wilson, Generating random spanning trees more quickly than the cover time, STOC 1996.
    """
    rows, columns = _rooms(grid)
    joined = np.zeros(rows * columns, np.bool_)
    onward = np.empty(rows * columns, np.int64)
    joined[below(state, rows * columns)] = True
    for first in range(rows * columns):
        room = first
        while not joined[room]:
            # Where the walk last left a room overwrites where it left it before, and so cuts the loop between.
            onward[room] = _random_neighbour(room, rows, columns, state)
            room = onward[room]
        room = first
        while not joined[room]:
            joined[room] = True
            _open_between(grid, room, onward[room], columns)
            room = onward[room]


@njit(cache=True, nogil=True)
def _kruskal(grid, state):
    """Take all edges in random order and keep those that join two trees."""
    rows, columns = _rooms(grid)
    edges = np.empty(2 * rows * columns, np.int64)  # 2 * room + 0 to the right, + 1 downwards
    count = 0
    for room in range(rows * columns):
        if room % columns < columns - 1:
            edges[count] = 2 * room
            count += 1
        if room < (rows - 1) * columns:
            edges[count] = 2 * room + 1
            count += 1
    shuffle(state, edges[:count])
    parent = np.arange(rows * columns)
    for edge in edges[:count]:
        room = edge // 2
        other = room + (columns if edge % 2 else 1)
        root = _root(parent, room)
        other_root = _root(parent, other)
        if root != other_root:
            parent[root] = other_root
            _open_between(grid, room, other, columns)


@njit(cache=True, nogil=True)
def _prim(grid, state):
    """Grow a tree from a random room by random edges of those that leave it, each as likely as the others."""
    rows, columns = _rooms(grid)
    joined = np.zeros(rows * columns, np.bool_)
    inner = np.empty(4 * rows * columns, np.int64)
    outer = np.empty(4 * rows * columns, np.int64)
    newest = below(state, rows * columns)
    count = 0
    while newest >= 0:
        joined[newest] = True
        for other in _neighbours(newest, rows, columns):
            if other >= 0 and not joined[other]:
                inner[count] = newest
                outer[count] = other
                count += 1
        newest = -1
        while count > 0 and newest < 0:
            pick = below(state, count)
            count -= 1
            room, other = inner[pick], outer[pick]
            inner[pick], outer[pick] = inner[count], outer[count]
            if not joined[other]:
                _open_between(grid, room, other, columns)
                newest = other


# -- rooms -------------------------------------------------------------------------------------------------------------


@njit(cache=True, nogil=True)
def _rooms(grid):
    """Return how many rows and columns of rooms there are; rooms are counted row by row."""
    return (grid.shape[0] + 1) // 2, (grid.shape[1] + 1) // 2


@njit(cache=True, nogil=True)
def _neighbours(room, rows, columns):
    """Return the rooms above, to the right, below and to the left, -1 where there is none."""
    column = room % columns
    return (
        room - columns if room >= columns else -1,
        room + 1 if column < columns - 1 else -1,
        room + columns if room < (rows - 1) * columns else -1,
        room - 1 if column > 0 else -1,
    )


@njit(cache=True, nogil=True)
def _random_neighbour(room, rows, columns, state):
    """Return one of the neighbours, each as likely as the others."""
    while True:
        other = _neighbours(room, rows, columns)[below(state, 4)]
        if other >= 0:
            return other


@njit(cache=True, nogil=True)
def _open_between(grid, room, other, columns):
    """Open the cell between two neighbouring rooms: its coordinates are the sums of theirs."""
    grid[room // columns + other // columns, room % columns + other % columns] = OPEN


@njit(cache=True, nogil=True)
def _root(parent, room):
    """Return the root of the tree that ``room`` is in, halving the way there."""
    while parent[room] != room:
        parent[room] = parent[parent[room]]
        room = parent[room]
    return room
