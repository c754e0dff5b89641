"""Adaptive computation time: a batch that is always full, each sequence halting in its own time (AIR paper; HRM)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from agents.config.training import TrainConfig
from agents.data.batches import PuzzleBatches
from agents.models.air import AIR, Output, State
from agents.training.losses import act_loss, correct_cells

Step = Callable[[Tensor, State], tuple[State, Output]]


class Carry(NamedTuple):
    """What one training step hands to the next: B sequences, each at its own ACT step."""

    state: State
    tokens: Tensor
    """(B, C) uint8: the puzzles being worked on."""
    labels: Tensor
    """(B, C) uint8."""
    limit: Tensor
    """(B,) int32: ACT steps the puzzle gets at most."""
    steps: Tensor
    """(B,) int32: ACT steps taken on the puzzle."""
    halted: Tensor
    """(B,) bool: done; the next step replaces these."""

    @property
    def tensors(self) -> list[Tensor]:
        """All of it, each with B rows."""
        return [*self.state, *self[1:]]

    @classmethod
    def of(cls, tensors: Iterable[Tensor]) -> Carry:
        """Return the carry of such ``tensors``."""
        z_H, z_L, *rest = tensors
        return cls(State(z_H, z_L), *rest)


class Draws(NamedTuple):
    """The random numbers of one training step."""

    tokens: Tensor
    """(B, C) uint8: a fresh puzzle per sequence, for those that have halted."""
    labels: Tensor
    """(B, C) uint8."""
    limit: Tensor
    """(B,) int32: ACT steps the fresh puzzle gets at most."""
    least: Tensor
    """(B,) int32: ACT steps below which halting is held off now."""


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


def initial_carry(model: AIR, batch: int, dtype: torch.dtype) -> Carry:
    """Return a carry in which every sequence waits to be replaced by a fresh puzzle."""
    device = model.H_init.device
    empty = torch.zeros((batch, model.cells), dtype=torch.uint8, device=device)
    none = torch.zeros(batch, dtype=torch.int32, device=device)
    state = State(*(z.detach().contiguous() for z in model.initial_state(batch, dtype)))
    return Carry(state, empty, empty, none, none, torch.ones(batch, dtype=torch.bool, device=device))


def draw(
    batches: PuzzleBatches,
    config: TrainConfig,
    generator: torch.Generator,
    rows: slice = slice(None),
    step: int = 0,
) -> Draws:
    """Draw the random numbers of one step of these batches, for the whole batch, and return those of ``rows``."""
    batch, most = config.batch, config.most_act_steps
    tokens, labels = batches.draw(batch, generator, rows, step)
    least = least_steps(batch, most, config.exploration, generator)
    limit = torch.full_like(least, most)
    if not config.early_halting:
        least = limit.clone()
    if config.random_act_steps:
        limit.random_(config.random_act_steps, most + 1, generator=generator)
    return Draws(tokens, labels, limit[rows], least[rows])


def refill(carry: Carry, draws: Draws, fresh: State) -> Carry:
    """Replace the halted sequences in place by fresh puzzles at their initial state."""
    halted = carry.halted
    return Carry(
        state=carry.state.restart(halted, fresh),
        tokens=torch.where(halted[:, None], draws.tokens, carry.tokens),
        labels=torch.where(halted[:, None], draws.labels, carry.labels),
        limit=torch.where(halted, draws.limit, carry.limit),
        steps=torch.where(halted, 0, carry.steps),
        halted=torch.zeros_like(halted),
    )


def halting(output: Output, steps: Tensor, least: Tensor, limit: Tensor, q_continue: bool) -> Tensor:
    """(B,) bool: at the step limit, or the q head says halt and the sequence has had its least number of steps."""
    wants = output.q_halt > (output.q_continue if q_continue else 0)
    return (steps >= limit) | (wants & (steps >= least))


def least_steps(batch: int, max_steps: int, exploration: float, generator: torch.Generator) -> Tensor:
    """(B,) int32: with probability ``exploration`` a minimum number of steps from 2 to max_steps, else 0."""
    device = generator.device
    held = torch.rand(batch, generator=generator, device=device) < exploration
    least = torch.randint(min(2, max_steps), max_steps + 1, (batch,), generator=generator, device=device)
    return (held * least).int()


@torch.no_grad()
def continue_target(step: Step, carry: Carry) -> Tensor:
    """(B,) target probability of q_continue: what one more ACT step thinks of halting, or of going on after it."""
    _, after = step(carry.tokens, carry.state)
    last = carry.steps >= carry.limit
    return torch.where(last, after.q_halt, torch.maximum(after.q_halt, after.q_continue)).sigmoid()


def act_train_step(
    model: AIR, step: Step, carry: Carry, draws: Draws, config: TrainConfig, look_ahead: Step | None = None
) -> tuple[Carry, Tensor, Metrics]:
    """Refill, take one ACT step with gradient, and decide who halts. Nothing here waits for the device.

    Args:
        model: whose weights are trained.
        step: the model's forward, compiled or not, alone or distributed.
        carry: from the previous step.
        draws: all randomness of this one.
        config: names the losses and weighs them.
        look_ahead: the forward for the target of q_continue, which needs no gradient; by default ``step``.

    Returns:
        The next carry, the loss to differentiate (mean over the batch), and the metrics.
    """
    carry = refill(carry, draws, model.initial_state(len(carry.halted), carry.state.z_H.dtype))
    state, output = step(carry.tokens, carry.state)
    steps, q_continue = carry.steps + 1, model.config.q_continue
    halted = halting(output, steps, draws.least, carry.limit, q_continue)
    carry = carry._replace(state=state, steps=steps, halted=halted)

    q_target = continue_target(step if look_ahead is None else look_ahead, carry) if q_continue else None
    labels = carry.labels.long()
    correct = correct_cells(output.logits, labels)
    exact = correct.all(-1)
    total, answer = act_loss(output, labels, exact, q_target, config.loss, config.halting_weight, config.loss_knee)
    with torch.no_grad():
        metrics = Metrics(
            loss=total.detach(),
            answer_loss=answer,
            sequences=torch.full_like(answer, len(steps)),
            halted=halted.sum(),
            cell_accuracy=(correct.float().mean(-1) * halted).sum(),
            exact_accuracy=(exact & halted).sum(),
            q_halt_accuracy=(((output.q_halt > 0) == exact) & halted).sum(),
            steps=(steps * halted).sum(),
        )
    return carry, total / len(steps), metrics
