"""Training puzzles that live on the training device: batches and their symmetry copies are drawn there."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

import puzzles
from puzzles.dataset import Dataset

PADDING = 0
"""The token that is no cell: unlabelled in targets, undecided in answers."""


def open_dataset(path: Path | str, family: str) -> Dataset:
    """Open a dataset for a model of one family.

    Raises:
        ValueError: the file holds another family.
        DatasetError: the file is damaged.
    """
    dataset = Dataset(path)
    if dataset.family.name != family:
        raise ValueError(f"{path}: holds {dataset.family.name}, the model is for {family}")
    return dataset


class PuzzleBatches:
    """Draws random batches of tokens from one split, with random symmetry copies."""

    def __init__(
        self, family: puzzles.PuzzleFamily, data: puzzles.Puzzles, device: torch.device, symmetry: bool = True
    ):
        self.family = family
        self.symmetry = symmetry
        self.puzzle = to_tokens(data.puzzle, device)
        self.solution = to_tokens(data.solution, device)

    def __len__(self) -> int:
        return len(self.puzzle)

    def draw(self, size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw puzzles with replacement: tokens and labels, (size, cells) uint8 each.

        A cell's token is its value plus 1, so a relabelling moves tokens as it moves values.
        """
        device = self.puzzle.device
        index = torch.randint(len(self), (size,), generator=generator, device=device)
        tokens, labels = self.puzzle[index], self.solution[index]
        if not self.symmetry:
            return tokens, labels
        uniform = torch.rand((size, self.family.symmetry_dim), generator=generator, device=device)
        order, relabel = self.family.symmetries(uniform)
        tokens, labels = tokens.gather(1, order), labels.gather(1, order)
        if relabel is not None:
            tokens, labels = ((relabel.gather(1, (grid - 1).long()) + 1).to(torch.uint8) for grid in (tokens, labels))
        return tokens, labels


def to_tokens(grids: puzzles.Grids, device: torch.device | str = "cpu") -> Tensor:
    """Turn grids into model tokens: (N, rows, columns) uint8 cells to (N, cells) uint8, each cell plus 1."""
    return torch.from_numpy(grids.reshape(len(grids), -1) + 1).to(device)


def to_cells(logits: Tensor, family: puzzles.PuzzleFamily) -> Tensor:
    """Decode logits over tokens to cells: (B, C, V) to (B, rows, columns) uint8, ``family.undecided`` for padding."""
    token = logits.argmax(-1)
    return torch.where(token == PADDING, family.undecided, token - 1).to(torch.uint8).unflatten(1, family.shape)
