"""Training puzzles that live on the training device: batches and their symmetry copies are drawn there."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

import puzzles
from agents.config.training import DataOrder
from agents.data import counted
from puzzles.dataset import Dataset

EPOCHS_AT_A_TIME = 2_000
"""Epochs between the evaluations of HRM, TRM and AIR, at whose end their loader starts again: 20,000 epochs over 1,000
puzzles in batches of 768 are 10 times 2,604 steps, 26,040."""
_ORDER, _COPY = 0, 1
"""Streams of random numbers."""
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

    Copies are made when they are drawn. Where ``PuzzleFamily.every_copy`` labels them again, all are made beforehand.

    Args:
        family: of the puzzles.
        data: the puzzles.
        device: to keep them on.
        symmetry: draw a symmetry copy of each.
        order: "replacement" draws puzzles with replacement; "epochs" as the authors' loader does, see ``_in_epochs``.
        copies: how many copies each puzzle has, the same in every run, besides itself; None draws a new one each time.
        seed: of the epochs.

    Raises:
        PuzzleError: mazes labelled by another rule than their copies would be.
        ValueError: a number of copies where there is no symmetry to copy by, or all copies are made beforehand.
    """

    def __init__(
        self,
        family: puzzles.PuzzleFamily,
        data: puzzles.Puzzles,
        device: torch.device,
        symmetry: bool = True,
        order: DataOrder = "replacement",
        copies: int | None = None,
        seed: int = 0,
    ):
        self.family = family
        every = family.every_copy(data) if symmetry else None
        self.symmetry = symmetry and every is None
        if copies is not None and not self.symmetry:
            had = f"all copies of {family.name} are made beforehand" if every else "no symmetry"
            raise ValueError(f"copies {copies}: {had}, expected none")
        self.order, self.copies, self.seed = order, copies, seed
        self.puzzles = len(data.puzzle)
        data = every or data
        # Puzzle and solution side by side, (N, 2, cells): what is done to one is done to the other at once.
        self.grids = torch.stack((to_tokens(data.puzzle), to_tokens(data.solution)), 1).to(device)
        self._orders: dict[int, Tensor] = {}

    def __len__(self) -> int:
        return len(self.grids)

    def draw(
        self, size: int, generator: torch.Generator, rows: slice = slice(None), step: int = 0
    ) -> tuple[Tensor, Tensor]:
        """Draw puzzles: tokens and labels, (size, cells) uint8 each, or only the ``rows`` of these.

        A cell's token is its value plus 1, so a relabelling moves tokens as it moves values.

        Args:
            size: of the batch.
            generator: of what does not follow from the step.
            rows: of the batch.
            step: how many batches were drawn before: where in the epochs this one is.
        """
        device = self.grids.device
        place: Tensor | None = None
        if self.order == "epochs":
            index, place = self._in_epochs(size, step)
        else:
            index = torch.randint(len(self), (size,), generator=generator, device=device)
        if not self.symmetry:
            grids = self.grids[index[rows]]
        elif self.copies is None:
            uniform = torch.rand((size, self.family.symmetry_dim), generator=generator, device=device)
            grids = self._copied(self.grids[index[rows]], uniform[rows])
        elif place is None:
            copy = torch.randint(self.copies + 1, (size,), generator=generator, device=device)
            grids = self.fixed_copies(index[rows], copy[rows])
        else:
            copy = counted.below(self.copies + 1, self.seed, _COPY, place)
            grids = self.fixed_copies(index[rows], copy[rows])
        return grids[:, 0], grids[:, 1]

    def fixed_copies(self, index: Tensor, copy: Tensor) -> Tensor:
        """Return numbered copies of puzzles, the same in every run: (B, 2, cells) uint8, puzzle and solution.

        Args:
            index: (B,) int64: which puzzles.
            copy: (B,) int64: which copies; 0 is the puzzle itself.
        """
        channel = torch.arange(self.family.symmetry_dim, device=index.device)
        uniform = counted.uniform(index[:, None], copy[:, None], channel)
        grids = self.grids[index]
        return torch.where((copy == 0)[:, None, None], grids, self._copied(grids, uniform))

    def _copied(self, grids: Tensor, uniform: Tensor) -> Tensor:
        """Return the copies that uniform numbers, (B, symmetry_dim), pick."""
        order, relabel = self.family.symmetries(uniform)
        if relabel is not None:
            tokens = F.pad(relabel.to(torch.uint8) + 1, (1, 0))
            grids = tokens.gather(1, grids.flatten(1).long()).view_as(grids)
        return grids.gather(2, order[:, None].expand(-1, 2, -1))

    def _in_epochs(self, size: int, step: int) -> tuple[Tensor, Tensor]:
        """Return the puzzles of one batch, (size,) int64, as the loader of HRM, TRM and AIR does, and their places.

        A place counts the puzzles of all epochs before it.

        In an epoch every puzzle comes once, in an order of its own. Batches run on over the ends of epochs, but for
        every ``EPOCHS_AT_A_TIME`` of them: what is left over there is no whole batch, and is left out.

        Raises:
            ValueError: so many epochs do not fill one batch.
        """
        count = self.puzzles
        batches = EPOCHS_AT_A_TIME * count // size
        if not batches:
            raise ValueError(
                f"batch {size}, expected at most {EPOCHS_AT_A_TIME * count:,} of {count} puzzles in epochs"
            )
        pass_, batch = divmod(step, batches)
        first = pass_ * EPOCHS_AT_A_TIME * count + batch * size
        epochs = range(first // count, (first + size - 1) // count + 1)
        self._orders = {epoch: self._order(epoch) for epoch in epochs}
        start = first % count
        parts = (
            order[max(0, start - n * count) : start + size - n * count] for n, order in enumerate(self._orders.values())
        )
        index, place = torch.cat(list(parts)), torch.arange(first, first + size, device=self.grids.device)
        if len(self) > count:  # the copies made beforehand follow the puzzles, in the same order each
            index = index + count * counted.below(len(self) // count, self.seed, _COPY, place)
        return index, place

    def _order(self, epoch: int) -> Tensor:
        """Return the order of all puzzles in an epoch, (N,) int64; one that the batch before has seen is kept."""
        if epoch in self._orders:
            return self._orders[epoch]
        puzzle = torch.arange(self.puzzles, device=self.grids.device)
        return counted.words(self.seed, _ORDER, epoch, puzzle).argsort(stable=True)


def to_tokens(grids: puzzles.Grids, device: torch.device | str = "cpu") -> Tensor:
    """Turn grids into model tokens: (N, rows, columns) uint8 cells to (N, cells) uint8, each cell plus 1."""
    return torch.from_numpy(grids.reshape(len(grids), -1) + 1).to(device)


def to_cells(logits: Tensor, family: puzzles.PuzzleFamily) -> Tensor:
    """Decode logits over tokens to cells: (B, C, V) to (B, rows, columns) uint8, ``family.undecided`` for padding."""
    token = logits.argmax(-1)
    return torch.where(token == PADDING, family.undecided, token - 1).to(torch.uint8).unflatten(1, family.shape)
