"""Training puzzles that live on the training device: batches and their symmetry copies are drawn there."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
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
    """Draws random batches of tokens from one split, with random symmetry copies.

    Copies are made when they are drawn, or, where ``PuzzleFamily.every_copy`` labels them anew, all of them beforehand.

    Raises:
        PuzzleError: mazes labelled by another rule than their copies would be.
    """

    def __init__(
        self, family: puzzles.PuzzleFamily, data: puzzles.Puzzles, device: torch.device, symmetry: bool = True
    ):
        self.family = family
        copies = family.every_copy(data) if symmetry else None
        self.symmetry = symmetry and copies is None
        data = copies or data
        # Puzzle and solution side by side, (N, 2, cells): what is done to one is done to the other at once.
        self.grids = torch.stack((to_tokens(data.puzzle), to_tokens(data.solution)), 1).to(device)

    def __len__(self) -> int:
        return len(self.grids)

    def draw(self, size: int, generator: torch.Generator, rows: slice = slice(None)) -> tuple[Tensor, Tensor]:
        """Draw puzzles with replacement: tokens and labels, (size, cells) uint8 each, or only the ``rows`` of these.

        A cell's token is its value plus 1, so a relabelling moves tokens as it moves values.
        """
        device = self.grids.device
        index = torch.randint(len(self), (size,), generator=generator, device=device)
        grids = self.grids[index[rows]]
        if self.symmetry:
            uniform = torch.rand((size, self.family.symmetry_dim), generator=generator, device=device)
            order, relabel = self.family.symmetries(uniform[rows])
            if relabel is not None:
                tokens = F.pad(relabel.to(torch.uint8) + 1, (1, 0))
                grids = tokens.gather(1, grids.flatten(1).long()).view_as(grids)
            grids = grids.gather(2, order[:, None].expand(-1, 2, -1))
        return grids[:, 0], grids[:, 1]


def to_tokens(grids: puzzles.Grids, device: torch.device | str = "cpu") -> Tensor:
    """Turn grids into model tokens: (N, rows, columns) uint8 cells to (N, cells) uint8, each cell plus 1."""
    return torch.from_numpy(grids.reshape(len(grids), -1) + 1).to(device)


def to_cells(logits: Tensor, family: puzzles.PuzzleFamily) -> Tensor:
    """Decode logits over tokens to cells: (B, C, V) to (B, rows, columns) uint8, ``family.undecided`` for padding."""
    token = logits.argmax(-1)
    return torch.where(token == PADDING, family.undecided, token - 1).to(torch.uint8).unflatten(1, family.shape)
