"""Sudoku grids that the tests share, and references that are too slow to be used."""

import numpy as np

import puzzles

PUBLISHED = "5...27..9..41......1..5.3...92.6.8...5......66..7..29.8...7...2.......8...9..36.."
PUBLISHED_SOLUTION = "583427169974136528216859374792364851351298746648715293865971432137642985429583617"
SIDES = [4, 6, 8, 9, 10, 12, 15, 16]
BOXES = {4: (2, 2), 6: (2, 3), 8: (2, 4), 9: (3, 3), 10: (2, 5), 12: (3, 4), 15: (3, 5), 16: (4, 4)}


def sudoku(side):
    return puzzles.family(f"sudoku-{side}x{side}")


def seeds(count, first=0):
    return np.arange(first, first + count, dtype=np.uint64)


def peers(side, row, column):
    height, width = BOXES[side]
    return {
        (r, c)
        for r in range(side)
        for c in range(side)
        if (r == row or c == column or (r // height, c // width) == (row // height, column // width))
    } - {(row, column)}


def brute_force(grid):
    """Every solution of one grid as a tuple of cells, cell after cell, without any cleverness."""
    side = len(grid)
    cells = [int(value) for value in grid.ravel()]
    around = [[r * side + c for r, c in peers(side, *divmod(cell, side))] for cell in range(side * side)]

    def fill(cell):
        if cell == side * side:
            yield tuple(cells)
            return
        given_value = cells[cell]
        for value in [given_value] if given_value else range(1, side + 1):
            if all(cells[peer] != value for peer in around[cell]):
                cells[cell] = value
                yield from fill(cell + 1)
                cells[cell] = given_value

    return list(fill(0))


ALL_4X4 = np.array(brute_force(np.zeros((4, 4), np.uint8)), np.uint8).reshape(-1, 4, 4)
