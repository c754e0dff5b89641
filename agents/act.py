"""Adaptive computation time: a batch that is always full, each sequence halting in its own time (AIR paper; HRM)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from agents.batches import PuzzleBatches
from agents.config import TrainConfig
from agents.losses import act_loss, correct_cells
from agents.model import AIR, Output, State

Step = Callable[[Tensor, State], tuple[State, Output]]


class Carry(NamedTuple):
    """What one training step hands to the next: B sequences, each at its own ACT step."""

    state: State
    tokens: Tensor
    """(B, C) uint8: the puzzles being worked on."""
    labels: Tensor
    """(B, C) uint8."""
    steps: Tensor
    """(B,) int32: ACT steps taken on the puzzle."""
    halted: Tensor
    """(B,) bool: done; the next step replaces these."""


class Metrics(NamedTuple):
    """Sums over one step's sequences, left on the device. All but the losses count halted sequences only."""

    loss: Tensor
    answer_loss: Tensor
    sequences: Tensor
    halted: Tensor
    cell_accuracy: Tensor
    exact_accuracy: Tensor
    q_halt_accuracy: Tensor
    steps: Tensor


def add_metrics(a: Metrics, b: Metrics) -> Metrics:
    """Add the sums of two stretches of training."""
    return Metrics(*(x + y for x, y in zip(a, b, strict=True)))


def initial_carry(model: AIR, batch: int, dtype: torch.dtype) -> Carry:
    """Return a carry in which every sequence waits to be replaced by a fresh puzzle."""
    device = model.H_init.device
    cells = model.positions - model.config.prefix
    empty = torch.zeros((batch, cells), dtype=torch.uint8, device=device)
    steps = torch.zeros(batch, dtype=torch.int32, device=device)
    state = State(*(z.contiguous() for z in model.initial_state(batch, dtype)))
    return Carry(state, empty, empty, steps, torch.ones(batch, dtype=torch.bool, device=device))


def refill(model: AIR, carry: Carry, tokens: Tensor, labels: Tensor) -> Carry:
    """Replace the halted sequences in place by fresh puzzles at their initial state."""
    halted = carry.halted
    fresh = model.initial_state(len(halted), carry.state.z_H.dtype)
    return Carry(
        state=carry.state.restart(halted, fresh),
        tokens=torch.where(halted[:, None], tokens, carry.tokens),
        labels=torch.where(halted[:, None], labels, carry.labels),
        steps=torch.where(halted, 0, carry.steps),
        halted=torch.zeros_like(halted),
    )


def halting(output: Output, steps: Tensor, least: Tensor, max_steps: int, q_continue: bool) -> Tensor:
    """(B,) bool: at the step limit, or the q head says halt and the sequence has had its least number of steps."""
    wants = output.q_halt > (output.q_continue if q_continue else 0)
    return (steps >= max_steps) | (wants & (steps >= least))


def least_steps(batch: int, max_steps: int, exploration: float, generator: torch.Generator) -> Tensor:
    """(B,) int64: with probability ``exploration`` a minimum number of steps from 2 to max_steps, else 0."""
    device = generator.device
    held = torch.rand(batch, generator=generator, device=device) < exploration
    return held * torch.randint(min(2, max_steps), max_steps + 1, (batch,), generator=generator, device=device)


@torch.no_grad()
def continue_target(step: Step, carry: Carry, max_steps: int) -> Tensor:
    """(B,) target probability of q_continue: what one more ACT step thinks of halting, or of going on after it."""
    _, after = step(carry.tokens, carry.state)
    last = carry.steps >= max_steps
    return torch.where(last, after.q_halt, torch.maximum(after.q_halt, after.q_continue)).sigmoid()


def act_train_step(
    model: AIR, step: Step, carry: Carry, batches: PuzzleBatches, config: TrainConfig, generator: torch.Generator
) -> tuple[Carry, Tensor, Metrics]:
    """Refill, take one ACT step with gradient, and decide who halts. Nothing here waits for the device.

    Args:
        model: whose weights are trained.
        step: the model's forward, compiled or not.
        carry: from the previous step.
        batches: where fresh puzzles come from.
        config: of the run.
        generator: on the device; all randomness comes from it.

    Returns:
        The next carry, the loss to differentiate (mean over the batch), and the metrics.
    """
    max_steps, q_continue = model.config.max_steps, model.config.q_continue
    carry = refill(model, carry, *batches.draw(len(carry.halted), generator))
    state, output = step(carry.tokens, carry.state)
    steps = carry.steps + 1
    least = least_steps(len(steps), max_steps, config.exploration, generator)
    halted = halting(output, steps, least, max_steps, q_continue)
    carry = Carry(state, carry.tokens, carry.labels, steps, halted)

    q_target = continue_target(step, carry, max_steps) if q_continue else None
    labels = carry.labels.long()
    correct = correct_cells(output.logits, labels)
    exact = correct.all(-1)
    loss, answer = act_loss(output, labels, exact, q_target, config.loss)
    with torch.no_grad():
        metrics = Metrics(
            loss=loss.detach(),
            answer_loss=answer,
            sequences=torch.full_like(answer, len(steps)),
            halted=halted.sum(),
            cell_accuracy=(correct.float().mean(-1) * halted).sum(),
            exact_accuracy=(exact & halted).sum(),
            q_halt_accuracy=(((output.q_halt > 0) == exact) & halted).sum(),
            steps=(steps * halted).sum(),
        )
    return carry, loss / len(steps), metrics
