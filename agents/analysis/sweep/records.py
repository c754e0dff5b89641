"""One JSON file per run of an experiment: ``OUTPUT/EXPERIMENT/MEMBER-SEED.json``. Needs no torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypedDict

from agents.analysis.sweep.experiments import Experiment
from agents.analysis.sweep.split import Measured
from agents.config.reading import read_object
from agents.config.training import TrainConfig, differences, json_values, train_config_of

RECORDS = Path("results/ablations")
"""Where the records are if nothing else is said."""
HALF = 0.5
"""The accuracy that ``steps_to_half`` waits for."""
ELSEWHERE = ("output", "dataset", "device", "compile", "wandb")
"""Fields of a run that say where it ran, not what was trained."""

Record = dict[str, Any]


class _Fields(TypedDict):
    """Of a ``TrainConfig``, which checks them itself."""


class _Point(TypedDict):
    step: int
    exact_accuracy: float


class _Test(TypedDict):
    exact_accuracy: float
    exact_accuracy_interval_95: tuple[float, float]
    cell_accuracy: float


class _End(TypedDict, total=False):
    """A run to its end has ``test``, any other ``diverged``."""

    test: _Test
    diverged: str


class _Record(_End):
    """What every record has."""

    member: str
    seed: int
    config: _Fields
    dataset: str
    measured_puzzles: int
    curve: tuple[_Point, ...]
    checkpoints: tuple[Measured, ...]
    steps_to_half: float | None
    seconds: float


def record_path(output: Path, experiment: str, member: str, seed: int) -> Path:
    """Return the path of the record of a run."""
    return output / experiment / f"{member}-{seed}.json"


def settings(config: TrainConfig) -> dict[str, Any]:
    """Return what was trained, as values of JSON: the fields of a run without those that say where."""
    return {name: value for name, value in json_values(config).items() if name not in ELSEWHERE}


def read_record(path: Path, config: TrainConfig) -> Record | None:
    """Read the record of a finished run; None where there is none.

    Raises:
        ValueError: a damaged record, or that of a run with other settings.
    """
    if not path.is_file():
        return None
    record, theirs = _read(path)
    require_same(path, theirs, config)
    return record


def require_same(path: Path, theirs: TrainConfig, config: TrainConfig) -> None:
    """Refuse a run that was trained with other settings.

    Args:
        path: of the run or its record.
        theirs: as it was trained.
        config: as it should be.

    Raises:
        ValueError: a field differs.
    """
    for field, (found, expected) in _trained_otherwise(theirs, config).items():
        raise ValueError(f"{path}: was trained with {field} {found}, expected {expected}: choose another output")


def read_same_run(path: Path, config: TrainConfig, dataset: str, measured: int) -> Record | None:
    """Read the record of the same run from another experiment of the same output; None where there is none.

    The paper's default is a member of several experiments. It is trained once.

    Args:
        path: where the record of the run will lie.
        config: of the run.
        dataset: checksum of its dataset.
        measured: test puzzles on which each checkpoint is measured.

    Raises:
        ValueError: a file that is no record.
    """
    for other in sorted(path.parents[1].glob(f"*/{path.name}")):
        record, theirs = _read(other)
        same = (record["dataset"], record["measured_puzzles"]) == (dataset, measured)
        if other != path and same and not _trained_otherwise(theirs, config):
            return record
    return None


def read_records(output: Path, experiment: Experiment) -> list[Record]:
    """Read the records of an experiment that are there, in the order of seeds and members.

    Seeds beyond the planned ones count as well.

    Raises:
        ValueError: a damaged one, or that of a run with other settings.
    """
    folder = output / experiment.name
    seeds = set()
    for path in folder.glob("*-*.json"):
        number = path.stem.rpartition("-")[2]
        if not number.isdecimal():
            raise ValueError(f"{path}: seed {number!r} in its name, expected MEMBER-SEED.json")
        seeds.add(int(number))
    found = []
    for seed in sorted(seeds):
        for member in experiment.members:
            path = record_path(output, experiment.name, member, seed)
            record = read_record(path, experiment.run(member, seed, Path()))
            if record is not None:
                found.append(record)
    return found


def steps_to_half(curve: Iterable[Mapping[str, float]]) -> float | None:
    """Return after how many steps the accuracy first reached 50 %, between evaluations by a straight line.

    Args:
        curve: evaluations in order, each with ``step`` and ``exact_accuracy``.

    Returns:
        None where it never did.
    """
    step, accuracy = 0.0, 0.0
    for point in curve:
        if point["exact_accuracy"] >= HALF:
            rise = point["exact_accuracy"] - accuracy
            return step + (point["step"] - step) * (HALF - accuracy) / rise
        step, accuracy = point["step"], point["exact_accuracy"]
    return None


def _read(path: Path) -> tuple[Record, TrainConfig]:
    """Read a record, and what its run was trained with.

    A field that a later version adds is absent from earlier records, which had its default.
    """
    record = read_object(path, _Record, "the record of a run")
    if "diverged" not in record and not ("test" in record and record["checkpoints"]):
        raise ValueError(
            f"{path}: not the record of a run: neither diverged nor measured, expected test and checkpoints"
        )
    if path.name != (expected := record_path(path, "", record["member"], record["seed"]).name):
        raise ValueError(f"{path}: not the record of a run: that of another, expected the name {expected}")
    try:
        return record, train_config_of({"dataset": "", "output": "", **record["config"]})
    except ValueError as error:
        raise ValueError(f"{path}: not the record of a run: config: {error}") from error


def _trained_otherwise(theirs: TrainConfig, config: TrainConfig) -> dict[str, tuple[Any, Any]]:
    """Return the fields in which a run differs from what it should be: found and expected value by name."""
    return {field: both for field, both in differences(theirs, config).items() if field not in ELSEWHERE}
