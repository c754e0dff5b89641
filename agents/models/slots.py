"""How the channels of a position are laid out, and with them what is read off and into a state.

Shapes: B batch, D hidden, V vocabulary, n symbols, d = D / n.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import puzzles
from agents.config.model import AIRConfig

NEVER = -1e4
"""Logit of a token that is no symbol, where symbols alone are answered."""


class OneSlot(nn.Module):
    """All channels together: the vectors of a model have D of them, its embedding and its answer a row per token.

    Attributes:
        width: channels of the model's vectors.
        words: rows of its embedding.
        answers: rows of its lm_head.
    """

    def __init__(self, config: AIRConfig, family: puzzles.PuzzleFamily):
        super().__init__()
        self.width = config.hidden
        self.words = self.answers = family.vocabulary_size

    def spread(self, vectors: Tensor) -> Tensor:
        """Lay vectors out over the channels of a position: (..., width) to (..., D)."""
        return vectors

    def table(self, embedding: Tensor) -> Tensor:
        """Return the embedding of each token: (words, width) to (V, D)."""
        return embedding

    def split(self, z: Tensor) -> Tensor:
        """Return what lm_head reads: (..., D) to the same."""
        return z

    def logits(self, answers: Tensor) -> Tensor:
        """Return the logits of the tokens from what lm_head says: (..., V) to the same."""
        return answers

    def mean(self, z: Tensor) -> Tensor:
        """Return what the halting head reads: (..., D) to (..., width)."""
        return z


class SymbolSlots(OneSlot):
    """A slot of d channels per symbol, such as a digit, all with the same weights: slot k represents symbol k here.

    The words are three: no symbol stands in the cell, another one does, this one does. Symbols alone are answered.

    Raises:
        ValueError: the family has no symbols, or hidden is no multiple of their number.
    """

    which: Tensor

    def __init__(self, config: AIRConfig, family: puzzles.PuzzleFamily):
        super().__init__(config, family)
        self.symbols = family.symbols
        if not self.symbols:
            raise ValueError(f"mixer {config.mixer!r} with family {family.name}, expected one with symbols, as Sudoku")
        if config.hidden % self.symbols:
            raise ValueError(f"hidden {config.hidden}, expected a multiple of the {self.symbols} symbols")
        self.width = config.hidden // self.symbols
        self.words, self.answers = 3, 1
        self.before = family.vocabulary_size - self.symbols  # padding and the blank cell
        which = F.pad(torch.eye(self.symbols, dtype=torch.long) + 1, (0, 0, self.before, 0))
        self.register_buffer("which", which, persistent=False)

    def spread(self, vectors: Tensor) -> Tensor:
        """Give every slot the same: (..., d) to (..., D)."""
        return vectors.repeat(*[1] * (vectors.dim() - 1), self.symbols)

    def table(self, embedding: Tensor) -> Tensor:
        """Return the embedding of each token: (3, d) to (V, D)."""
        return embedding[self.which].flatten(1)

    def split(self, z: Tensor) -> Tensor:
        """Return the slots: (..., D) to (..., n, d)."""
        return z.unflatten(-1, (self.symbols, self.width))

    def logits(self, answers: Tensor) -> Tensor:
        """Return the logits of the tokens from that of each slot: (..., n, 1) to (..., V)."""
        return F.pad(answers.squeeze(-1), (self.before, 0), value=NEVER)

    def mean(self, z: Tensor) -> Tensor:
        """Return the mean of the slots: (..., D) to (..., d)."""
        return self.split(z).mean(-2)


def slots(config: AIRConfig, family: puzzles.PuzzleFamily) -> OneSlot:
    """Build the layout that ``config.mixer`` wants."""
    return (SymbolSlots if config.mixer == "candidates" else OneSlot)(config, family)
