"""What an ablation leaves in its output: ``result.json`` of a run, ``ablation.json`` of all. Needs no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypedDict

from agents.config.reading import read_object

RESULT, SUMMARY = "result.json", "ablation.json"


class _Run(TypedDict):
    seed: int


class _Outcome(_Run, total=False):
    """One of a run to its end has the accuracies, any other ``diverged``."""

    diverged: str
    exact_accuracy: float
    cell_accuracy: float


class _Result(_Outcome):
    asked_puzzles: int | None


class _Member(TypedDict):
    name: str
    exact_accuracy_mean: float | None
    cell_accuracy_mean: float | None
    published_mean: float | None
    seeds: tuple[_Outcome, ...]


class _Summary(TypedDict):
    ablation: str
    family: str
    caveat: str
    members: tuple[_Member, ...]


def read_result(run: Path, seed: int) -> dict[str, Any] | None:
    """Return what a finished run measured, or that it diverged; None where it is not finished.

    Args:
        run: its folder.
        seed: that it was trained with.

    Raises:
        ValueError: a damaged ``result.json``, or that of another seed.
    """
    path = run / RESULT
    if not path.is_file():
        return None
    result = read_object(path, _Result, "the result of a run")
    _require_outcome(path, result)
    if result["seed"] != seed:
        raise ValueError(f"{path}: seed {result['seed']}, expected {seed}")
    return result


def read_summary(folder: Path) -> dict[str, Any]:
    """Return the ``ablation.json`` of an ablation's output.

    Raises:
        ValueError: a damaged one.
    """
    path = folder / SUMMARY
    family = read_object(path, _Summary, "the summary of an ablation")
    if not family["members"]:
        raise ValueError(f"{path}: no members, expected at least 1")
    for member in family["members"]:
        if not member["seeds"]:
            raise ValueError(f"{path}: {member['name']} without seeds, expected at least 1")
        for result in member["seeds"]:
            _require_outcome(path, result)
    return family


def _require_outcome(path: Path, result: dict[str, Any]) -> None:
    if "diverged" not in result and not result.keys() >= {"exact_accuracy", "cell_accuracy"}:
        raise ValueError(f"{path}: seed {result['seed']} neither measured nor diverged, expected its accuracies")
