"""A model that shows every case of halting without training."""

import torch

from agents.models.air import AIR
from tests.agents.conftest import TINY


def untrained_model() -> AIR:
    """An untrained model whose halting head says something else of every puzzle, and is surer from step to step."""
    torch.manual_seed(2)
    model = AIR(TINY)
    torch.nn.init.normal_(model.q_head.weight)
    torch.nn.init.zeros_(model.q_head.bias)
    return model
