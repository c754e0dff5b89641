"""Attention maps of one update, cell to cell, and how they lie over a grid (AIR paper, attention analysis)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from agents.models.air import AIR, State
from agents.thinking.attention import attention_by_layer


def attention_maps(model: AIR, letter: str, state: State, x: Tensor) -> list[Tensor]:
    """Return what each cell attends to in every layer of an update: (B, C, C) each, rows that sum to 1.

    The softmax maps are averaged over the heads; the positions before the cells (prefix, level token) are dropped and
    the rows renormalised. At least float32.

    Args:
        model: whose blocks attend.
        letter: which update, "L" or "H".
        state: what it reads.
        x: (B, S, D), the embedded puzzles.

    Raises:
        ValueError: the model mixes positions without attention.
    """

    def mean(maps: Tensor) -> Tensor:
        cells = maps.mean(1)
        return cells / cells.sum(-1, keepdim=True).clamp_min(torch.finfo(cells.dtype).tiny)

    return attention_by_layer(model, letter, state, x, mean)


def mass(maps: Tensor, cells: Tensor) -> Tensor:
    """(B, C): the share of each query's attention that lies on its cells, (C, C) for all or (B, C, C) per puzzle."""
    return (maps * cells).sum(-1)


def normalised_entropy(maps: Tensor) -> Tensor:
    """(B, C): entropy of each query's attention over the C cells, 0 for one cell, 1 for all alike."""
    return -torch.xlogy(maps, maps).sum(-1) / math.log(maps.shape[-1])
