"""How the embedded puzzle enters an update: the operators of the AIR paper's ablation.

Shapes: W, the width of a slot (``agents.models.slots``).
"""

from __future__ import annotations

from torch import Tensor, nn

from agents.models.layers import Linear


class Operator(nn.Module):
    """How the embedded puzzle enters an update; this one adds it (AIR paper, ablation of the operator)."""

    def __init__(self, width: int):
        super().__init__()

    def prepare(self, x: Tensor) -> Tensor:
        """Turn the embedded puzzle, once per ACT step, into what is injected: (..., W) to the same."""
        return x

    def inject(self, z: Tensor, other: Tensor, times: float, x: Tensor) -> Tensor:
        """Return the input of an update of ``z``: z + other + times * x; 0 times costs nothing."""
        h = z + other
        return h if times == 0 else h + x if times == 1 else h + times * x


class Subtract(Operator):
    """Subtract the puzzle."""

    def prepare(self, x: Tensor) -> Tensor:
        """Return -x."""
        return -x


class LinearOperator(Operator):
    """Add a learned linear map of the puzzle."""

    def __init__(self, width: int):
        super().__init__(width)
        self.g = Linear(width, width)

    def prepare(self, x: Tensor) -> Tensor:
        """Return W x."""
        return self.g(x)


class Nonlinear(LinearOperator):
    """Add a learned linear map of the puzzle, squashed."""

    def prepare(self, x: Tensor) -> Tensor:
        """Return tanh(W x)."""
        return super().prepare(x).tanh()


class Hadamard(Operator):
    """Multiply with the puzzle."""

    def inject(self, z: Tensor, other: Tensor, times: float, x: Tensor) -> Tensor:
        """Return z + (other + z) * times * x; without x the plain sum."""
        return z + other if times == 0 else z + (other + z) * (times * x)


OPERATORS: dict[str, type[Operator]] = {
    "add": Operator,
    "subtract": Subtract,
    "linear": LinearOperator,
    "nonlinear": Nonlinear,
    "hadamard": Hadamard,
}
