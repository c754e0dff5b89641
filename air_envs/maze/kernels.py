"""Moving an agent in each of N mazes, and measuring a path that is only partly right.

Distances and what counts as solved come from ``puzzles.maze.rules``.
"""

from __future__ import annotations

import numpy as np

from puzzles.compiling import njit
from puzzles.maze.cells import GOAL, OPEN, PATH, START, WALL
from puzzles.maze.rules import COLUMN_STEPS, ROW_STEPS, find, inside


@njit(cache=True, nogil=True)
def start(rows, puzzle, distance, agent, optimal, to_go, mask, solved, progress, efficiency):
    """Stand at the start in the given ``rows`` of the batch; all from ``agent`` on is filled in there."""
    for i in rows:
        cell = find(puzzle[i], START)
        agent[i, 0] = cell // puzzle.shape[2]
        agent[i, 1] = cell % puzzle.shape[2]
        optimal[i] = distance[i, agent[i, 0], agent[i, 1]]
        to_go[i] = optimal[i]
        solved[i] = False
        progress[i] = 0.0
        efficiency[i] = 0.0
        _legal_moves(puzzle[i], agent[i], mask[i])


@njit(cache=True, nogil=True)
def move(actions, puzzle, distance, optimal, steps, grid, agent, to_go, mask, refused, solved, progress, efficiency):
    """Move each agent up, right, down or left (0 to 3); walls and edges refuse. All from ``grid`` on is updated."""
    rows, columns = puzzle.shape[1:]
    for i in range(len(actions)):
        row = agent[i, 0] + ROW_STEPS[actions[i]]
        column = agent[i, 1] + COLUMN_STEPS[actions[i]]
        refused[i] = not inside(row, column, rows, columns) or puzzle[i, row, column] == WALL
        if refused[i]:
            continue
        agent[i, 0] = row
        agent[i, 1] = column
        if puzzle[i, row, column] == OPEN:
            grid[i, row, column] = PATH
        to_go[i] = distance[i, row, column]
        solved[i] = to_go[i] == 0
        progress[i] = 1.0 - to_go[i] / optimal[i]
        efficiency[i] = optimal[i] / steps[i] if solved[i] else 0.0
        _legal_moves(puzzle[i], agent[i], mask[i])


@njit(cache=True, nogil=True)
def _legal_moves(puzzle, place, mask):
    rows, columns = puzzle.shape
    for action in range(4):
        row = place[0] + ROW_STEPS[action]
        column = place[1] + COLUMN_STEPS[action]
        mask[action] = inside(row, column, rows, columns) and puzzle[row, column] != WALL


@njit(cache=True, nogil=True)
def look(rows, grid, agent, window):
    """Copy the cells around the agents of the given ``rows`` of the batch into ``window``; walls beyond the edge."""
    side = window.shape[1]
    for i in rows:
        for k in range(side):
            for j in range(side):
                row = agent[i, 0] + k - side // 2
                column = agent[i, 1] + j - side // 2
                window[i, k, j] = grid[i, row, column] if inside(row, column, grid.shape[1], grid.shape[2]) else WALL


@njit(cache=True, nogil=True)
def measure(puzzle, distance, optimal, grid, to_go, progress):
    """Follow the marked cells from the start, each a move nearer to the goal, as far as they lead.

    ``to_go`` is the distance where they end; ``progress`` the moves made over ``optimal`` plus the marked cells that
    were of no use. It is 1 for a shortest path alone.
    """
    count, rows, columns = puzzle.shape
    queue = np.empty(rows * columns, np.int64)
    seen = np.empty((rows, columns), np.bool_)
    for i in range(count):
        marked = 0
        for row in range(rows):
            for column in range(columns):
                marked += grid[i, row, column] == PATH
                seen[row, column] = False
        queue[0] = find(puzzle[i], START)
        head = 0
        tail = 1
        nearest = optimal[i]
        while head < tail:
            row = queue[head] // columns
            column = queue[head] % columns
            head += 1
            here = distance[i, row, column]
            nearest = min(nearest, here)
            for action in range(4):
                r = row + ROW_STEPS[action]
                c = column + COLUMN_STEPS[action]
                if here == 0 or not inside(r, c, rows, columns) or seen[r, c] or distance[i, r, c] != here - 1:
                    continue
                if grid[i, r, c] == PATH or grid[i, r, c] == GOAL:
                    seen[r, c] = True
                    queue[tail] = r * columns + c
                    tail += 1
        made = optimal[i] - nearest
        used = made if nearest > 0 else made - 1  # the goal itself is not marked
        to_go[i] = nearest
        progress[i] = made / (optimal[i] + marked - used)
