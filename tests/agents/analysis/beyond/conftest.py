import pytest
import torch

from agents.models.air import AIR
from agents.thinking.agent import AIRAgent
from tests.agents.conftest import TINY


@pytest.fixture
def agent() -> AIRAgent:
    """An untrained model in float64 whose answers vary."""
    torch.manual_seed(2)
    model = AIR(TINY).double()
    with torch.no_grad():
        model.lm_head.weight.normal_()
    return AIRAgent(model, torch.float64)
