"""The split between the two states as numbers of one recorded checkpoint. Needs no torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

Checkpoint = Mapping[str, Any]
"""An entry of a record's ``checkpoints``."""
_NO_NEIGHBOURHOOD = ("queries", "ent", "viol")


class _Moment(TypedDict):
    mean: float
    last: float


class _State(TypedDict):
    entropy: _Moment
    open: _Moment
    exact_accuracy: _Moment


class _Counts(TypedDict):
    exact_accuracy: float
    content_changes: float
    whole_grids: float


class _States(TypedDict):
    z_H: _State
    z_L: _State


class _Condition(TypedDict):
    z_H: _Counts
    z_L: _Counts


_Freeze = TypedDict(
    "_Freeze",
    {
        "normal": _Condition,
        "freeze z_H": _Condition,
        "freeze z_L": _Condition,
        "freeze z_H, second half": _Condition,
        "freeze z_L, second half": _Condition,
    },
)


class Measured(TypedDict):
    """What every checkpoint of a record has, for ``read_object``. Models that attend have ``attention`` too."""

    step: int
    states: _States
    freeze: _Freeze


def accuracy(checkpoint: Checkpoint) -> float:
    """Exact accuracy of decoded z_H on the measured puzzles, after the last update."""
    return _state("z_H", "exact_accuracy")(checkpoint)


def entropy_gap(checkpoint: Checkpoint) -> float:
    """How much less certain z_L is than z_H after the last update: the difference of their entropies."""
    return _entropy_gap(checkpoint, "last")


def mean_entropy_gap(checkpoint: Checkpoint) -> float:
    """Return the same as the mean over all updates, of which the first leave z_H as it is initialised."""
    return _entropy_gap(checkpoint, "mean")


def changes_ratio(checkpoint: Checkpoint) -> float | None:
    """Content changes of z_L while z_H is frozen, as a multiple of those in a normal run; None where these are 0."""
    return _changes_ratio(checkpoint, "z_L", "freeze z_H")


def proposal_changes_ratio(checkpoint: Checkpoint) -> float | None:
    """Content changes of z_H while z_L is frozen, as a multiple of those in a normal run; None where these are 0."""
    return _changes_ratio(checkpoint, "z_H", "freeze z_L")


def locality(checkpoint: Checkpoint) -> float | None:
    """Attention mass on the first neighbourhood, L-update minus H-update: the mean over layers and queries."""
    return _attention(checkpoint, None)


def focus(checkpoint: Checkpoint) -> float | None:
    """Normalised entropy of attention, H-update minus L-update: the mean over layers and queries."""
    return _attention(checkpoint, "ent")


def _changes_ratio(checkpoint: Checkpoint, state: str, condition: str) -> float | None:
    frozen, normal = (_frozen(name, state, "content_changes")(checkpoint) for name in (condition, "normal"))
    return frozen / normal if normal else None


def _entropy_gap(checkpoint: Checkpoint, when: str) -> float:
    return _state("z_L", "entropy", when)(checkpoint) - _state("z_H", "entropy", when)(checkpoint)


def _state(state: str, measure: str, when: str = "last") -> Callable[[Checkpoint], float]:
    return lambda checkpoint: checkpoint["states"][state][measure][when]


def _frozen(condition: str, state: str, what: str) -> Callable[[Checkpoint], float]:
    return lambda checkpoint: checkpoint["freeze"][condition][state][what]


def _attention(checkpoint: Checkpoint, measure: str | None) -> float | None:
    total, count = 0.0, 0
    for group in ("control", "violation-adjacent"):
        numbers = checkpoint.get("attention", {}).get(group, {})
        name = measure or next((name for name in numbers if name not in _NO_NEIGHBOURHOOD), None)
        if name is None or not numbers.get("queries"):
            continue
        layers: Sequence[float] = numbers[name]["difference"]
        total += numbers["queries"] * sum(layers) / len(layers)
        count += numbers["queries"]
    return total / count if count else None


MEASURES: dict[str, Callable[[Checkpoint], float | None]] = {
    "accuracy": accuracy,
    "entropy of z_H": _state("z_H", "entropy"),
    "entropy of z_L": _state("z_L", "entropy"),
    "entropy, z_L - z_H": entropy_gap,
    "entropy, z_L - z_H, all updates": mean_entropy_gap,
    "open cells of z_H": _state("z_H", "open"),
    "open cells of z_L": _state("z_L", "open"),
    "changes of z_H": _frozen("normal", "z_H", "content_changes"),
    "changes of z_L": _frozen("normal", "z_L", "content_changes"),
    "whole grids of z_H": _frozen("normal", "z_H", "whole_grids"),
    "whole grids of z_L": _frozen("normal", "z_L", "whole_grids"),
    "z_H frozen: z_L exact": _frozen("freeze z_H", "z_L", "exact_accuracy"),
    "z_L frozen: z_H exact": _frozen("freeze z_L", "z_H", "exact_accuracy"),
    "z_H frozen: changes of z_L, ratio": changes_ratio,
    "z_L frozen: changes of z_H, ratio": proposal_changes_ratio,
    "z_L frozen: whole grids of z_H": _frozen("freeze z_L", "z_H", "whole_grids"),
    "z_H frozen from the middle: z_L exact": _frozen("freeze z_H, second half", "z_L", "exact_accuracy"),
    "z_H frozen from the middle: z_H exact": _frozen("freeze z_H, second half", "z_H", "exact_accuracy"),
    "z_L frozen from the middle: z_H exact": _frozen("freeze z_L, second half", "z_H", "exact_accuracy"),
    "locality of L - H": locality,
    "attention entropy, H - L": focus,
}
"""By name, in the order of the tables."""


def reached(checkpoints: Sequence[Checkpoint], measure: Callable[[Checkpoint], float | None]) -> int | None:
    """Return the step of the first checkpoint where a measure is at least half of what it is at the last one.

    Returns:
        None where it ends at 0 or below, or is not measured.
    """
    last = measure(checkpoints[-1]) if checkpoints else None
    if last is None or last <= 0:
        return None
    for checkpoint in checkpoints:
        value = measure(checkpoint)
        if value is not None and value >= last / 2:
            return int(checkpoint["step"])
    return None
