"""How far a level token gets: ``python -m benchmarks.level_tokens`` prints two tables, within a minute on one core.

Not a model but the optimizer is what stops a token, so that a token alone is trained: with the paper's AdamATan2,
learning rate, warm-up, weight decay and number of steps, under a gradient that always wants it larger. So the figures
are bounds: a gradient that changes its sign moves a token less.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from agents.config.training import TrainConfig
from agents.models.layers import truncated_normal
from agents.training.optim import AdamATan2

WIDTH = 512
"""Channels of a token: the paper's hidden size."""
STEPS = 26_040
"""Of the paper's run on Sudoku-Extreme."""
SHOWN = (200, 2_000, 10_000, STEPS)
NOISE = 5.0
"""Standard deviation of a noisy gradient, whose mean is 1."""
RUN = TrainConfig(dataset=Path("none"), output=Path("none"), steps=STEPS)
"""The paper's learning rate, warm-up and weight decay."""
DTYPES = (torch.bfloat16, torch.float32)


def travel(steps: int, noise: float, shown: tuple[int, ...]) -> Iterator[tuple[int, list[list[float]]]]:
    """Train a token of each start and dtype.

    Args:
        steps: of training.
        noise: standard deviation of the gradient, whose mean is -1: the token should grow.
        shown: steps after which to look.

    Yields:
        A step of ``shown``; and for each start, zero and normal, and each of ``DTYPES``, how far the token is from its
        start, root mean square.
    """
    torch.manual_seed(0)
    starts = (torch.zeros(WIDTH), truncated_normal(WIDTH))
    tokens = [[nn.Parameter(start.to(dtype)) for dtype in DTYPES] for start in starts]
    first = [[token.detach().clone() for token in row] for row in tokens]
    optimizer = AdamATan2([token for row in tokens for token in row], RUN.lr, weight_decay=RUN.weight_decay)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = RUN.lr_at(step)
        gradient = torch.randn(WIDTH) * noise - 1
        for row in tokens:
            for token in row:
                token.grad = gradient.to(token.dtype)
        optimizer.step()
        if step + 1 in shown:
            pairs = ((zip(a, b, strict=True)) for a, b in zip(tokens, first, strict=True))
            yield step + 1, [[_distance(token.detach(), start) for token, start in pair] for pair in pairs]


def spacings(lr: float) -> Iterator[tuple[float, float, float, bool]]:
    """Yield where bfloat16 spaces numbers wider, the spacing from there on, half of it, and whether ``lr`` moves them.

    A weight of at least the first number, up to twice that, is a multiple of the spacing: 8 significant bits. Adding
    less than half of it is rounded away.
    """
    for exponent in range(-8, 1):
        least = 2.0**exponent
        above = torch.nextafter(torch.tensor(least, dtype=torch.bfloat16), torch.tensor(2.0, dtype=torch.bfloat16))
        spacing = float(above) - least
        moved = torch.tensor(least, dtype=torch.bfloat16) + torch.tensor(lr, dtype=torch.bfloat16)
        yield least, spacing, spacing / 2, bool(moved > least)


def _distance(token: Tensor, start: Tensor) -> float:
    return float((token.float() - start.float()).square().mean().sqrt())


def main(steps: int = STEPS) -> None:
    """Print both tables.

    Args:
        steps: of training.
    """
    shown = tuple(step for step in SHOWN if step < steps) + (steps,)
    print(f"## Level tokens with AdamATan2, learning rate {RUN.lr:g}, {steps:,} steps\n")
    print("Distance from the start, root mean square over the channels.\n")
    print("| gradient | steps | from zero, bfloat16 | from zero, float32 | normal, bfloat16 | normal, float32 |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, noise in (("always -1", 0.0), (f"-1 ± {NOISE:g}", NOISE)):
        for step, distances in travel(steps, noise, shown):
            figures = " | ".join(f"{distance:.4f}" for row in distances for distance in row)
            print(f"| {name} | {step:,} | {figures} |", flush=True)
    print("\n| a bfloat16 weight of | is a multiple of | loses updates below | update of the learning rate |")
    print("| ---: | ---: | ---: | --- |")
    for least, spacing, half, moves in spacings(RUN.lr):
        kept = "moves it" if moves else "is lost"
        print(f"| {least:.4f} to {2 * least:.4f} | {spacing:.2e} | {half:.2e} | {kept} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=STEPS)
    main(parser.parse_args().steps)
