"""Which puzzles are measured and in batches of which size; what full and early-stopped evaluation share."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

import puzzles
from agents.models.air import State
from agents.thinking.agent import AIRAgent
from puzzles.dataset import Dataset

Shard = tuple[int, int]
"""(rank, world): this process takes the rank-th of ``world`` slices, counted from 0."""

SHRINKS = 3
"""How often the batch of a compiled agent may be halved: at most four shapes to compile."""

GPU_BATCH = 256
"""Puzzles at a time where nothing is asked for, on a GPU."""

CPU_BYTES = 1 << 20
"""Of a hidden state of the batch where nothing is asked for, on a CPU: what a block computes from it fits the cache."""


class Selection(NamedTuple):
    """The puzzles to measure, and how."""

    data: puzzles.Puzzles
    max_steps: int
    """ACT steps per puzzle, at most."""
    size: int
    """Puzzles at a time."""
    shrinks: int = SHRINKS
    """How often the batch may be halved as it empties."""

    @property
    def sizes(self) -> list[int]:
        """The batch sizes that an emptying batch may shrink to, the largest first."""
        return sorted({max(1, self.size >> k) for k in range(self.shrinks + 1)}, reverse=True)


def select(
    agent: AIRAgent,
    dataset: Dataset,
    split: str = "test",
    count: int | None = None,
    max_steps: int | None = None,
    batch: int | None = None,
    shard: Shard = (0, 1),
) -> Selection:
    """Choose the first puzzles of a split, or the slice of them that ``shard`` names.

    All batches get the same size, at most ``batch``: one shape to compile, and next to no padding.

    Args:
        agent: of the dataset's family.
        dataset: opened.
        split: of the dataset.
        count: how many puzzles, from the first on; None takes all.
        max_steps: ACT steps per puzzle; None takes the model's maximum.
        batch: puzzles at a time, at most; None takes ``default_batch``.
        shard: this process's slice of them.

    Raises:
        ValueError: a number below 1, no such shard, or the model is for another family.
        DatasetError: no such split, or a damaged one.
    """
    steps = agent.act_steps(max_steps)
    for name, value in {"puzzles": count, "batch": batch}.items():
        if value is not None and value < 1:
            raise ValueError(f"{name} {value}, expected at least 1")
    if dataset.family != agent.family:
        raise ValueError(f"{dataset.path}: holds {dataset.family.name}, the model is for {agent.family.name}")
    rank, world = shard
    if not 0 <= rank < world:
        raise ValueError(f"shard {rank} of {world}, expected 0 to {world - 1}")
    data = dataset.split(split).take(slice(count))
    first, last = (len(data.puzzle) * part // world for part in (rank, rank + 1))
    return in_batches(agent, data.take(slice(first, last)), steps, batch)


def in_batches(agent: AIRAgent, data: puzzles.Puzzles, steps: int, batch: int | None = None) -> Selection:
    """Return puzzles in batches of one size, at most ``batch``; the arguments are as for ``select``."""
    batch = batch or default_batch(agent)
    batches = max(1, -(-len(data.puzzle) // batch))
    size = max(1, -(-len(data.puzzle) // batches))
    compiled = agent.step is not agent.model
    return Selection(data, steps, size, SHRINKS if compiled else size.bit_length())


def default_batch(agent: AIRAgent) -> int:
    """Return how many puzzles to think about at a time: on a CPU as many as the cache holds, else ``GPU_BATCH``.

    A state per candidate takes a third of the time per puzzle with 11 of them at a time than with 256.
    """
    if agent.device.type != "cpu":
        return GPU_BATCH
    return max(1, CPU_BYTES // (agent.model.positions * agent.model.config.hidden * agent.dtype.itemsize))


def fresh_state(agent: AIRAgent, size: int) -> State:
    """Return the states that puzzles start from, laid out as the model returns them: compiled code has one case."""
    return State(*(z.contiguous() for z in agent.initial_state(size)))


def warm_up(agent: AIRAgent, sizes: list[int]) -> None:
    """Take an ACT step at each batch size, so that no timing counts compiling and first uses."""
    cells = agent.family.rows * agent.family.columns
    for size in sizes:
        tokens = torch.ones((size, cells), dtype=torch.uint8, device=agent.device)
        agent.step(tokens, fresh_state(agent, size))[1].q_halt.cpu()


class Marked:
    """What answers are worth, compared with the labels by ``mark``; a base of the evaluations."""

    right: NDArray[np.int32]
    answers: puzzles.Grids

    @property
    def exact(self) -> NDArray[np.bool_]:
        """In the shape of ``right``: every cell of the answer equals the label's."""
        return self.right == self._cells

    @property
    def cells(self) -> NDArray[np.float64]:
        """Mean over the puzzles of the fraction of cells that equal the label's, in the shape of a row of ``right``."""
        return self.right.mean(0) / self._cells

    @property
    def _cells(self) -> int:
        return self.answers.shape[1] * self.answers.shape[2]


def mark(
    family: puzzles.PuzzleFamily, data: puzzles.Puzzles, answers: puzzles.Grids
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Compare T answers to each of N puzzles, (N, T, rows, columns) uint8, with the label and with the rules.

    Returns:
        How many cells equal the label's, (N, T) int32; and whether the answer is right by the rules, (N, T) bool.
    """
    right = (answers == data.solution[:, None]).sum((2, 3), dtype=np.int32)
    puzzle = np.repeat(data.puzzle, answers.shape[1], axis=0)
    read = family.read_answer(puzzle, answers.reshape(-1, *family.shape))
    return right, family.is_solved(puzzle, read).reshape(right.shape)
