"""Ways to compile a model with ``torch.compile``."""

from __future__ import annotations

import torch
from torch import nn

from agents.models.air import AIR

CUDA_GRAPHS = ("reduce-overhead", "max-autotune")
"""Ways that capture CUDA graphs, where there is CUDA: what such a call returns, the next call overwrites."""

SHAPES = 64
"""How many versions of one function may be compiled, one per batch size, grid shape and so on. By itself torch stops at
eight, and continues uncompiled."""


def compiled(model: AIR, way: str, dynamic: bool | None = False) -> nn.Module:
    """Return a module that computes what ``model`` computes, with its weights.

    Args:
        model: on its device.
        way: ``"off"`` for the model itself; ``"blocks"`` compiles the Transformer blocks where they are, all of them at
            once, in seconds; a mode of ``torch.compile``, such as ``"default"``, compiles the whole forward, which
            takes minutes for a long program and fuses a little more.
        dynamic: False compiles again for every batch size. None, for a model that meets many, compiles for the first
            one and then once for all others.
    """
    if way == "off":
        return model
    torch._dynamo.config.recompile_limit = SHAPES
    if way == "blocks":
        for block in (*model.f, *model.f_H):
            block.compile(dynamic=dynamic)
        return model
    return torch.compile(model, dynamic=dynamic, mode=way)  # type: ignore[return-value]
