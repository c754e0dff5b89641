"""The processes that train one model together under ``torchrun``; alone, a group of one that never communicates.

Each holds all weights and a slice of the batch. Random numbers are drawn for the whole batch by every process alike,
so how many there are changes nothing but rounding.
"""

from __future__ import annotations

import contextlib
import gc
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel


@dataclass(frozen=True)
class Processes:
    """This process's place among ``world`` processes."""

    rank: int = 0
    world: int = 1

    @classmethod
    def current(cls) -> Processes:
        """The group that ``joined`` has entered, or a group of one."""
        if dist.is_available() and dist.is_initialized():
            return cls(dist.get_rank(), dist.get_world_size())
        return cls()

    @property
    def is_main(self) -> bool:
        """Whether this process writes and speaks for all."""
        return self.rank == 0

    def rows(self, batch: int) -> slice:
        """The rows of a batch that are this process's.

        Raises:
            ValueError: they can't be shared out evenly.
        """
        if batch % self.world:
            raise ValueError(f"batch {batch}, expected a multiple of the {self.world} processes")
        share = batch // self.world
        return slice(self.rank * share, (self.rank + 1) * share)

    def sum(self, values: Tensor) -> Tensor:
        """Add up a tensor over the processes."""
        if self.world > 1:
            values = values.clone()
            dist.all_reduce(values)
        return values

    def gather(self, rows: Tensor) -> Tensor:
        """Put the processes' rows, (N, ...) each, together in order: (world * N, ...)."""
        if self.world == 1:
            return rows
        part = rows.contiguous().view(-1).view(torch.uint8)  # bytes: not every backend knows every dtype
        whole = part.new_empty(self.world, len(part))
        dist.all_gather(list(whole), part)
        return whole.view(-1).view(rows.dtype).view(-1, *rows.shape[1:])

    def collect(self, value: Any) -> list[Any]:
        """Each process's value, in order of rank."""
        values = [value] * self.world
        if self.world > 1:
            dist.all_gather_object(values, value)
        return values

    def any(self, wish: bool) -> bool:
        """Whether it holds in some process."""
        return any(self.collect(wish))

    def share(self, module: nn.Module) -> nn.Module:
        """Let a module's gradient be the mean over the processes; its parameters become those of the first."""
        if self.world == 1:
            return module
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # broadcast_buffers has a new name, since torch 2.13 only
            # The static graph allows for parameters that the differentiated tail of the program does not reach.
            return DistributedDataParallel(module, broadcast_buffers=False, static_graph=True)

    def wait(self) -> None:
        """Wait until all have come here."""
        if self.world > 1:
            dist.barrier()


@contextlib.contextmanager
def joined() -> Iterator[Processes]:
    """Join the processes that ``torchrun`` started, gloo on CPUs and nccl on GPUs, and leave them at the end."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        yield Processes.current()
        return
    dist.init_process_group()
    try:
        yield Processes.current()
        dist.barrier()
    finally:
        gc.collect()  # what still refers to the group would end its threads too late, when Python itself ends
        dist.destroy_process_group()
