"""One JSON file per run of an experiment: ``OUTPUT/EXPERIMENT/MEMBER-SEED.json``. Needs no torch."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from agents.analysis.sweep.experiments import Experiment
from agents.config.training import TrainConfig, json_values
from puzzles.files import replacing

HALF = 0.5
"""The accuracy that ``steps_to_half`` waits for."""
_KEYS = {"member", "seed", "config", "dataset", "measured_puzzles", "curve", "checkpoints", "steps_to_half", "seconds"}
"""Of every record; one of a run to its end has ``test`` too, any other ``diverged``."""
_ELSEWHERE = ("output", "dataset", "device", "compile", "wandb")
"""Fields of a run that say where it ran, not what was trained."""

Record = dict[str, Any]


def record_path(output: Path, experiment: str, member: str, seed: int) -> Path:
    """Return the path of the record of a run."""
    return output / experiment / f"{member}-{seed}.json"


def settings(config: TrainConfig) -> dict[str, Any]:
    """Return what was trained, as values of JSON: the fields of a run without those that say where."""
    return {name: value for name, value in json_values(config).items() if name not in _ELSEWHERE}


def write_record(path: Path, record: Record) -> None:
    """Write a record, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(record, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def read_record(path: Path, config: TrainConfig) -> Record | None:
    """Read the record of a finished run; None where there is none.

    Raises:
        ValueError: no record, or that of a run with other settings.
    """
    if not path.is_file():
        return None
    record = _read(path)
    require_same(path, record["config"], config)
    return record


def require_same(path: Path, theirs: Mapping[str, Any], config: TrainConfig) -> None:
    """Refuse a run that was trained with other settings.

    A field that a later version adds is absent from earlier records, which had its default.

    Args:
        path: of the run or its record.
        theirs: its ``settings``.
        config: as it should be.

    Raises:
        ValueError: a field differs.
    """
    for field, found, expected in _differences(theirs, config):
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
        record = _read(other)
        same = (record.get("dataset"), record.get("measured_puzzles")) == (dataset, measured)
        if other != path and same and not list(_differences(record["config"], config)):
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


def steps_to_half(curve: Iterable[Mapping[str, float]], level: float = HALF) -> float | None:
    """Return after how many steps the accuracy first reached a level, between evaluations by a straight line.

    Args:
        curve: evaluations in order, each with ``step`` and ``exact_accuracy``.
        level: to reach.

    Returns:
        None where it never did.
    """
    step, accuracy = 0.0, 0.0
    for point in curve:
        if point["exact_accuracy"] >= level:
            rise = point["exact_accuracy"] - accuracy
            return step + (point["step"] - step) * (level - accuracy) / rise
        step, accuracy = point["step"], point["exact_accuracy"]
    return None


def _read(path: Path) -> Record:
    try:
        record: Record = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # no UTF-8, or no JSON
        raise ValueError(f"{path}: {error}, expected the record of a run") from error
    if not isinstance(record, dict) or not isinstance(record.get("config"), dict):
        raise ValueError(f"{path}: no object with a config, expected the record of a run")
    if missing := (_KEYS if "diverged" in record else _KEYS | {"test"}) - record.keys():
        raise ValueError(f"{path}: no {min(missing)}, expected the record of a run")
    return record


def _differences(theirs: Mapping[str, Any], config: TrainConfig) -> Iterator[tuple[str, Any, Any]]:
    """Yield the fields in which a run differs from what it should be: name, found and expected value."""
    found = _flat(theirs)
    for field, value in _flat(settings(config)).items():
        if field in found and found[field] != value:
            yield field, found[field], value


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        found |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return found
