"""What ``benchmarks.gpu`` measures: the paper's sizes and toy ones, and ways to train."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

from agents.config import AIRConfig
from agents.presets import PRESETS

WAYS: dict[str, dict[str, Any]] = {
    "eager": {"compile": "off"},
    "blocks compiled": {"compile": "blocks"},
    "CUDA graphs": {"compile": "reduce-overhead"},
    "CUDA graphs, float8": {"compile": "reduce-overhead", "float8": True},
    "blocks compiled, float8": {"compile": "blocks", "float8": True},
}
"""How to train: fields of ``TrainConfig``."""


class Sizes(NamedTuple):
    """How large everything is."""

    product: int
    """Rows and columns of the matrices whose product is the ceiling."""
    sudoku: AIRConfig
    batch: int
    maze: AIRConfig
    maze_batches: tuple[int, ...]
    ways: tuple[str, ...]
    """Keys of ``WAYS`` to compare."""
    profiled: tuple[str, ...]
    """Keys of ``WAYS`` whose kernels to time."""
    steps: int
    """Training steps in each timing, by default."""
    puzzles: int
    """Evaluated."""
    evaluated_at_once: tuple[int, ...]
    """Batches to try: what a small one computes may stay in the card's cache from one product to the next."""


PAPER = Sizes(
    product=8192,
    sudoku=PRESETS["sudoku-extreme-1k"].model,
    batch=768,
    maze=PRESETS["maze-hard-1k"].model,
    maze_batches=(96, 192),
    ways=("eager", "blocks compiled", "CUDA graphs", "CUDA graphs, float8"),
    profiled=("blocks compiled", "blocks compiled, float8"),
    steps=10,
    puzzles=16_384,
    evaluated_at_once=(128, 512, 4096),
)
_TINY = AIRConfig(family="sudoku-4x4", hidden=32, heads=2, layers=1, h_cycles=1, l_cycles=1)
TINY = Sizes(
    product=256,
    sudoku=_TINY,
    batch=8,
    maze=dataclasses.replace(_TINY, family="maze-5x5"),
    maze_batches=(2, 4),
    ways=("eager", "blocks compiled", "blocks compiled, float8"),
    profiled=("eager",),
    steps=2,
    puzzles=24,
    evaluated_at_once=(4, 8),
)
