"""Parameters, floating-point operations and memory of a configuration, computed, not measured."""

from __future__ import annotations

from typing import NamedTuple

import torch

import puzzles
from agents.config.model import AIRConfig, candidate_width, swiglu_width
from agents.models.air import AIR


def count_parameters(config: AIRConfig) -> int:
    """Count the trained numbers. The paper's model has 13.6 million, HRM 27.3, TRM 5 (MLP) to 7 (attention)."""
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in AIR(config).parameters())


def positions(config: AIRConfig) -> int:
    """Length of the sequence that f sees: level token, prefix and cells."""
    return config.first_cell + _cells(config) + (config.level_token == "prepend-strip")


def update_flops(config: AIRConfig, batch: int, letter: str = "L") -> int:
    """Operations of one update, that is one f, a multiply-add counted as two; the rest of a step is under 1 %."""
    layers = config.h_layers if letter == "H" and config.h_layers else config.layers
    return 2 * batch * layers * (_candidate_block(config) if config.mixer == "candidates" else _block(config))


def act_step_flops(config: AIRConfig, batch: int) -> int:
    """Operations of one ACT step without a gradient, as in evaluation."""
    return sum(update_flops(config, batch, letter) for letter in config.program)


def training_step_flops(config: AIRConfig, batch: int) -> int:
    """Operations of one training step.

    Updates with a gradient count three times, and the target of q_continue is one more ACT step: 16 updates' worth for
    the paper's ``LLHLLH``, 10 without the target.
    """
    tail = sum(update_flops(config, batch, letter) for letter in config.gradient)
    return act_step_flops(config, batch) * (2 if config.q_continue else 1) + 2 * tail


class Memory(NamedTuple):
    """Bytes."""

    weights: int
    """Float32 weights, their gradients and two moments."""
    states: int
    """z_H and z_L, those handed on and those being computed, and the embedded puzzle."""
    activations: int
    """What the tail of the program keeps for the backward pass."""

    @property
    def total(self) -> int:
        """Peak of a training step, by the end of the forward pass."""
        return sum(self)


def training_memory(config: AIRConfig, batch: int, dtype: torch.dtype = torch.bfloat16) -> Memory:
    """Estimate the peak memory of an eager training step with a fused attention kernel; compiled, it needs less.

    Args:
        config: of the model.
        batch: sequences.
        dtype: of the hidden states.
    """
    length, width = positions(config), config.hidden
    state = batch * length * width * dtype.itemsize
    layers = sum(config.h_layers if letter == "H" and config.h_layers else config.layers for letter in config.gradient)
    return Memory(
        weights=4 * 4 * count_parameters(config),
        states=5 * state,
        activations=layers * batch * length * _kept(config, length, dtype.itemsize),
    )


def _kept(config: AIRConfig, length: int, itemsize: int) -> int:
    """Bytes per position that autograd keeps of one block; the two norms keep their input in float32."""
    width, inner = config.hidden, swiglu_width(config.hidden, config.expansion)
    if config.mixer == "candidates":
        return itemsize * (width + 4 * candidate_width(width, config.expansion)) + 4 * width
    mlp = width + 4 * inner + width * (config.convolution > 0)
    if config.mixer == "mlp":
        mixer = width + 4 * width * swiglu_width(length, config.expansion) // length
    elif config.mixer == "units":
        copies = sum(units * size for units, size in _units(config)) / len(_units(config))
        mixer = 2 * width + round(4 * width * copies / length)
    else:
        mixer = 7 * width
    return itemsize * (mlp + mixer) + 2 * 4 * width


def _block(config: AIRConfig) -> int:
    """Multiply-adds of a Transformer block for one sequence."""
    length, width = positions(config), config.hidden
    mlp = 3 * length * width * swiglu_width(width, config.expansion)
    if config.mixer == "mlp":
        mixing = 3 * length * width * swiglu_width(length, config.expansion)
    else:
        mixing = 4 * length * width * width + 2 * _attention(config)
    return mixing + mlp + _cells(config) * width * config.convolution**2


def _candidate_block(config: AIRConfig) -> int:
    """The same of a block over candidates: gate and up of each candidate and of each mean, and the way down."""
    family, length = puzzles.family(config.family), positions(config)
    width = config.hidden // family.symbols
    inner = candidate_width(width, config.expansion)
    candidates = length * family.symbols
    means = length + (1 + sum(_cells(config) // (rows * columns) for rows, columns in family.regions)) * family.symbols
    return width * inner * (3 * candidates + 2 * means)


def _attention(config: AIRConfig) -> int:
    """Multiply-adds of the queries with the keys of a block, and so many again of the weights with the values."""
    if config.mixer == "attention":
        return config.hidden * positions(config) ** 2
    units = _units(config)
    return config.hidden // len(units) * sum(number * size**2 for number, size in units)


def _units(config: AIRConfig) -> list[tuple[int, int]]:
    """For each kind of unit, how many there are, and their members: what stands before the cells, and some of those."""
    cells, before = _cells(config), positions(config) - _cells(config)
    numbers = (puzzles.family(config.family).coordinates.max(0) + 1).tolist()
    return [(number, before + cells // number) for number in numbers]


def _cells(config: AIRConfig) -> int:
    rows, columns = puzzles.family(config.family).shape
    return rows * columns
