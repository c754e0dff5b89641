"""The metrics of a stretch of training: summed on the device, reduced to means once per line of the log."""

from __future__ import annotations

import torch
from torch import Tensor

from agents.training.act import Metrics
from agents.training.processes import Processes


class Meter:
    """Sums the metrics of steps since the last line.

    Attributes:
        window: the sums, on the device; None where no step was taken since.
    """

    def __init__(self) -> None:
        self.window: Metrics | None = None

    def add(self, metrics: Metrics) -> None:
        """Add those of one step; waits for nothing."""
        self.window = (
            metrics if self.window is None else Metrics(*(a + b for a, b in zip(self.window, metrics, strict=True)))
        )

    def means(self, processes: Processes) -> dict[str, float]:
        """Reduce the sums of all processes to means and start from zero. Training waits for the device here alone.

        Returns:
            The losses per sequence; the other metrics, and ``puzzles``, how many, of the sequences that have halted.
        """
        assert self.window is not None
        sums = processes.sum(torch.stack([value.float() for value in self.window])).tolist()
        total = dict(zip(Metrics._fields, sums, strict=True))
        self.window = None
        sequences, halted = total.pop("sequences"), total.pop("halted")
        means = {name: total.pop(name) / sequences for name in ("loss", "answer_loss")}
        if halted:
            means |= {name: value / halted for name, value in total.items()}
        return {**means, "puzzles": halted}

    def state(self, processes: Processes) -> list[Tensor] | None:
        """The sums of all processes, for a checkpoint."""
        return [processes.sum(value) for value in self.window] if self.window else None

    def load_state(self, state: list[Tensor] | None, processes: Processes) -> None:
        """Continue with what ``state`` returned; the main process holds all of it."""
        mine = 1 if processes.is_main else 0
        self.window = Metrics(*(value * mine for value in state)) if state else None
