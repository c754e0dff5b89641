"""What ``benchmarks.gpu`` measures: the paper's sizes and toy ones, and ways to train."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

from agents.config.model import AIRConfig
from agents.config.presets import PRESETS


class Way(NamedTuple):
    """One way to train."""

    fields: dict[str, Any]
    """Of ``TrainConfig``."""
    kernels: bool = True
    """Use those of our own where they fit."""


_BLOCKS, _FLOAT8 = {"compile": "blocks"}, {"float8": True}
WAYS: dict[str, Way] = {
    "eager, torch's kernels": Way({"compile": "off"}, kernels=False),
    "blocks compiled, torch's kernels": Way(_BLOCKS, kernels=False),
    "blocks compiled": Way(_BLOCKS),
    "blocks compiled, float8": Way(_BLOCKS | _FLOAT8),
    "CUDA graphs, float8": Way({"compile": "reduce-overhead"} | _FLOAT8),
}


class Sizes(NamedTuple):
    """How large everything is."""

    product: int
    """Rows and columns of the matrices whose product is the ceiling."""
    sudoku: AIRConfig
    batch: int
    maze: AIRConfig
    maze_batches: tuple[int, ...]
    ways: dict[str, tuple[str, ...]]
    """Keys of ``WAYS`` to compare, with the continue target and halt-only."""
    maze_way: str
    """Key of ``WAYS``."""
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
    ways={
        "continue target": tuple(WAYS),
        "halt-only": ("blocks compiled, float8", "CUDA graphs, float8"),
    },
    maze_way="blocks compiled, float8",
    profiled=("blocks compiled, float8",),
    steps=10,
    puzzles=8_192,
    evaluated_at_once=(512, 4096),
)
_TINY = AIRConfig(family="sudoku-4x4", hidden=32, heads=2, layers=1, h_cycles=1, l_cycles=1)
TINY = Sizes(
    product=256,
    sudoku=_TINY,
    batch=8,
    maze=dataclasses.replace(_TINY, family="maze-5x5"),
    maze_batches=(2, 4),
    ways={"continue target": ("eager, torch's kernels", "blocks compiled, float8"), "halt-only": ("blocks compiled",)},
    maze_way="blocks compiled",
    profiled=("eager, torch's kernels",),
    steps=2,
    puzzles=24,
    evaluated_at_once=(4, 8),
)
