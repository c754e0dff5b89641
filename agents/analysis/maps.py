"""Attention maps of one update, cell to cell, and how they lie over a grid (AIR paper, attention analysis)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from agents.models.air import AIR, State
from agents.models.mixers import Attention
from agents.models.positions import Position


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
    maps: list[Tensor] = []

    def record(mixer: Attention, inputs: tuple[Tensor, Position]) -> None:
        q, k, _ = mixer.project(*inputs)
        wide = torch.promote_types(q.dtype, torch.float32)
        cells = mixer.maps(q.to(wide), k.to(wide)).mean(1)[:, -model.cells :, -model.cells :]
        maps.append(cells / cells.sum(-1, keepdim=True).clamp_min(torch.finfo(wide).tiny))

    hooks = [mixer.register_forward_pre_hook(record) for mixer in attention_layers(model)]
    try:
        model.update(letter, state, x)
    finally:
        for hook in hooks:
            hook.remove()
    return maps


def attention_layers(model: AIR) -> list[nn.Module]:
    """Return the attention of every block, f before f_H.

    Raises:
        ValueError: the model mixes positions without attention.
    """
    if not model.config.attends:
        raise ValueError(
            f"the model mixes positions by {model.config.mixer!r}, expected 'attention' or 'units' to analyse"
        )
    return [block.mixer for block in (*model.f, *model.f_H)]


def mass(maps: Tensor, cells: Tensor) -> Tensor:
    """(B, C): the share of each query's attention that lies on its cells, (C, C) for all or (B, C, C) per puzzle."""
    return (maps * cells).sum(-1)


def normalised_entropy(maps: Tensor) -> Tensor:
    """(B, C): entropy of each query's attention over the C cells, 0 for one cell, 1 for all alike."""
    return -torch.xlogy(maps, maps).sum(-1) / math.log(maps.shape[-1])
