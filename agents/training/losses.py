"""The supervised loss of one ACT step (AIR paper, training section)."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from agents.data.batches import PADDING
from agents.models.air import Output


def stablemax_cross_entropy(logits: Tensor, labels: Tensor, dtype: torch.dtype = torch.float64) -> Tensor:
    """Cross-entropy with s(x) = x + 1 for x >= 0 and 1 / (1 - x) for x < 0 in place of exp.

    Args:
        logits: (..., V).
        labels: (...) int64 tokens.
        dtype: to compute in; the paper's is float64.

    Returns:
        (...) in that dtype, or float32 on MPS, which has no float64.
    """
    x = logits.to(torch.float32 if logits.device.type == "mps" else dtype)
    s = torch.where(x < 0, 1 / (1 - x.clamp(max=0)), x + 1)
    return torch.log(s.sum(-1)) - torch.log(s.gather(-1, labels[..., None]).squeeze(-1))


def softmax_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Ordinary cross-entropy in float32: (..., V) and (...) to (...)."""
    return F.cross_entropy(logits.float().flatten(0, -2), labels.flatten(), reduction="none").view(labels.shape)


CROSS_ENTROPY: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "stablemax": stablemax_cross_entropy,
    "softmax": softmax_cross_entropy,
}


def correct_cells(logits: Tensor, labels: Tensor) -> Tensor:
    """(B, C) bool: the argmax token is the label. A cell without a label (padding) counts as correct."""
    return (logits.argmax(-1) == labels) | (labels == PADDING)


def act_loss(
    output: Output,
    labels: Tensor,
    exact: Tensor,
    q_target: Tensor | None,
    cross_entropy: str,
    halting_weight: float,
    knee: float | None = None,
) -> tuple[Tensor, Tensor]:
    """Loss of one ACT step, per sequence, summed over the batch.

    Mean cross-entropy over labelled cells, bent at a knee if there is one, and halting_weight times
    BCE(q_halt, whole grid right) + BCE(q_continue, q_target).

    Args:
        output: of the model.
        labels: (B, C) int64 tokens, 0 where a cell has no label.
        exact: (B,) bool, whether the whole grid is right.
        q_target: (B,) probabilities for q_continue; None trains the halting head alone.
        cross_entropy: a key of ``CROSS_ENTROPY``.
        halting_weight: of the two heads.
        knee: a cross-entropy c counts as knee * log(1 + c / knee): beyond the knee it grows as its logarithm; None
            takes it as it is.

    Returns:
        The total loss and the cross-entropy as it is, scalars.
    """
    labelled = labels != PADDING
    per_cell = CROSS_ENTROPY[cross_entropy](output.logits, labels) * labelled
    answer = per_cell.sum(-1) / labelled.sum(-1).clamp(min=1)
    counted = answer if knee is None else knee * torch.log1p(answer / knee)
    halting = _bce(output.q_halt, exact.to(output.q_halt.dtype))
    if q_target is not None:
        halting = halting + _bce(output.q_continue, q_target)
    return counted.sum() + halting_weight * halting, answer.sum().detach()


def _bce(logits: Tensor, target: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, target, reduction="sum")
