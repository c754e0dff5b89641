"""What each cell attends to in an update, layer by layer and head by head."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from agents.models.air import AIR, State
from agents.models.mixers import Attention
from agents.models.positions import Position


def attention_by_layer(
    model: AIR, letter: str, state: State, x: Tensor, read: Callable[[Tensor], Tensor] = lambda maps: maps
) -> list[Tensor]:
    """Return what ``read`` makes of each layer's attention maps in one update.

    A map is (B, heads, C, C): row i is what cell i attends to. It is the softmax over all positions, of which those
    before the cells (prefix, level token) are dropped, so a row sums to at most 1. At least float32.

    Args:
        model: whose blocks attend.
        letter: which update, "L" or "H".
        state: the states that it reads.
        x: (B, S, D), the embedded puzzles.
        read: called once per layer, so that the maps of one layer alone are held at a time.

    Raises:
        ValueError: the model mixes positions without attention.
    """
    found: list[Tensor] = []

    def record(mixer: Attention, inputs: tuple[Tensor, Position]) -> None:
        q, k, _ = mixer.project(*inputs)
        wide = torch.promote_types(q.dtype, torch.float32)
        found.append(read(mixer.maps(q.to(wide), k.to(wide))[..., -model.cells :, -model.cells :]))

    hooks = [mixer.register_forward_pre_hook(record) for mixer in attention_layers(model)]
    try:
        with torch.compiler.set_stance("force_eager"):  # compiled blocks call no hooks
            model.update(letter, state, x)
    finally:
        for hook in hooks:
            hook.remove()
    return found


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
