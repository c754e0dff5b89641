"""Attention maps of one update, cell to cell, and what they cover of a grid (AIR paper, attention analysis)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from agents.models.air import AIR, State
from agents.thinking.attention import attention_by_layer


def attention_maps(model: AIR, letter: str, state: State, x: Tensor) -> list[Tensor]:
    """Return what each cell attends to in every layer of an update: (B, heads, C, C) each, rows that sum to 1.

    The positions before the cells (prefix, level token) are dropped and the rows renormalised, head by head. At least
    float32.

    Args:
        model: whose blocks attend.
        letter: which update, "L" or "H".
        state: what it reads.
        x: (B, S, D), the embedded puzzles.

    Raises:
        ValueError: the model mixes positions without attention.
    """
    return attention_by_layer(model, letter, state, x, _renormalised)


def mass(maps: Tensor, cells: Tensor) -> Tensor:
    """Return the share of each query's attention on its cells.

    Args:
        maps: (..., C, C).
        cells: bool, (C, C), or with further axes that broadcast against those of ``maps``.

    Returns:
        (..., C).
    """
    return (maps * cells).sum(-1)


def normalised_entropy(maps: Tensor) -> Tensor:
    """(..., C): entropy of each query's attention over the C cells, 0 for one cell, 1 for all alike."""
    return -torch.xlogy(maps, maps).sum(-1) / math.log(maps.shape[-1])


def _renormalised(maps: Tensor) -> Tensor:
    return maps / maps.sum(-1, keepdim=True).clamp_min(torch.finfo(maps.dtype).tiny)
