"""Guesses: symbols put into blank cells of a puzzle, drawn from what a model holds likely."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import puzzles


def guess(puzzle: puzzles.Grids, probability: NDArray[np.floating], rng: np.random.Generator) -> puzzles.Grids:
    """Fill in one blank cell of each puzzle, drawn by how much it is in doubt, with a symbol drawn by its probability.

    Args:
        puzzle: (N, rows, columns) uint8; 0 is blank. A full one stays.
        probability: (N, C, V): of each token, as a model answers.
        rng: draws both.
    """
    filled = puzzle.reshape(len(puzzle), -1).copy()
    symbols = probability[:, :, 2:].astype(np.float64)  # after padding and the blank cell
    doubt = np.where(filled == 0, 1 - symbols.max(2) + np.finfo(np.float32).eps, 0)
    row = np.arange(len(filled))
    cell = _draw(doubt, rng)
    symbol = 1 + _draw(symbols[row, cell], rng)
    filled[row, cell] = np.where(filled[row, cell] == 0, symbol, filled[row, cell])
    return filled.reshape(puzzle.shape)


def _draw(weights: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.intp]:
    """Draw an index of each row of (N, K) weights, which need not sum to 1: (N,)."""
    sums = weights.cumsum(1)
    return (sums < rng.random(len(weights))[:, None] * sums[:, -1:]).sum(1).clip(max=weights.shape[1] - 1)
