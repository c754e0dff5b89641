"""Records: one evaluation as one JSON file in ``results/``, from which leaderboard, README and cards are written.

A file per record merges in git without conflict. Its name says model, test set, count, ACT steps and search, so that
``find_record`` knows what need not be measured again; measuring it again replaces the file.
"""

from __future__ import annotations

import datetime
import hashlib
import os
import platform
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import torch

from agents.checkpoints.chain import Chain, read_chain
from agents.checkpoints.folder import WEIGHTS
from agents.checkpoints.manifest import read_checked
from agents.config.reading import read_object
from agents.config.structure import structure
from agents.evaluation.attempts import AttemptsEvaluation
from agents.evaluation.full import Evaluation
from agents.evaluation.sources import by_source, proportion
from agents.models.cost import count_parameters
from agents.pretrained import OWNER, find
from agents.thinking.agent import AIRAgent
from puzzles.build import GENERATOR
from puzzles.dataset import Dataset
from puzzles.files import write_json
from puzzles.mixing import sources
from puzzles.shares import MIXTURE_BY_SHARES

FOLDER = Path("results")
"""The folder of the records, in the root of the repository."""

RECORDED = "air-envs eval --record"
"""Origin of a record that was measured, not taken over from an older page."""


class Share(TypedDict):
    """What ``proportion`` returns."""

    right: int
    accuracy: float
    interval_95: tuple[float, float]


class _TestSet(TypedDict):
    name: str
    kind: str
    split: str
    checksum: str | None


class _Record(TypedDict):
    """What every record has, among others."""

    model: str
    test_set: _TestSet
    puzzles: int
    exact: Share
    rules: Share | None
    act_steps: int
    halt: float | None
    attempts: int
    date: str
    origin: str


def evaluation_record(
    run: str,
    agent: AIRAgent,
    dataset: Dataset,
    evaluation: Evaluation,
    attempts: AttemptsEvaluation | None = None,
    noise: float | None = None,
    command: list[str] | None = None,
    seconds: float | None = None,
) -> dict[str, Any]:
    """Return the record of an evaluation; no path in it belongs to this machine.

    Args:
        run: folder or name of the model.
        agent: that was measured.
        dataset: that it was measured on.
        evaluation: of the first puzzles of a split.
        attempts: the same puzzles, retried; they are the result then.
        noise: standard deviation of the noise; other searches record none.
        command: words of the command line.
        seconds: wall time of the measurement; None takes the evaluation's own.
    """
    exact, solved = evaluation.exact[:, -1], evaluation.solved[:, -1]
    mean_steps = float(evaluation.steps.mean())
    search: dict[str, Any] = {"attempts": 1, "search": None}
    if attempts is not None:
        exact, solved = attempts.exact[:, -1], attempts.solved[:, -1]
        mean_steps = float(attempts.steps[:, -1].mean())
        added = noise if attempts.search in ("noise", "first-to-halt") else None
        search = {"attempts": attempts.steps.shape[1], "search": attempts.search, "noise": added}
    family = agent.family
    return {
        "model": model_name(run),
        "weights": _weights(run),
        "parameters": count_parameters(agent.model.config),
        "structure": structure(agent.model.config)._asdict(),
        "trained_on": _trained_on(run),
        "test_set": {
            "name": dataset.path.stem,
            "kind": kind_of(dataset, evaluation.split),
            "family": family.name,
            "split": evaluation.split,
            "split_rule": evaluation.split_rule,
            "checksum": dataset.attributes["checksum"],
            "generator": dataset.provenance.generator,
        },
        "puzzles": len(exact),
        "exact": proportion(exact),
        "rules": proportion(solved),
        "cells": round(float((evaluation if attempts is None else attempts).cells[-1]), 6),
        "by_source": by_source(dataset, evaluation.split, exact, solved),
        "act_steps": evaluation.exact.shape[1],
        "halt": evaluation.halt if attempts is None else attempts.threshold,
        "mean_act_steps": round(mean_steps, 3),
        **search,
        "curve": _by_steps(evaluation) if attempts is None else _by_attempts(attempts),
        "dtype": evaluation.dtype,
        "hardware": hardware(agent.device),
        "seconds": round(evaluation.seconds if seconds is None else seconds, 1),
        "date": datetime.date.today().isoformat(),
        "commit": current_commit(),
        "command": portable(command) if command else None,
        "origin": RECORDED,
    }


def record_name(record: dict[str, Any]) -> str:
    """Return the file name of a record: what was measured, not when or where."""
    parts = [record["model"], record["test_set"]["name"], str(record["puzzles"]), f"{record['act_steps']}-steps"]
    if record["test_set"]["split"] != "test":
        parts.insert(2, record["test_set"]["split"])
    if record["search"] is not None:
        parts.append(f"{record['search']}-{record['attempts']}")
    elif record["halt"] is not None and record["halt"] < 1:
        parts.append(f"halt-{record['halt']:g}")
    return re.sub(r"[^\w.+-]+", "-", "--".join(parts)) + ".json"


def write_record(record: dict[str, Any], folder: Path = FOLDER) -> Path:
    """Write a record, whole or not at all; return its path."""
    path = folder / record_name(record)
    write_json(path, record)
    return path


def read_records(folder: Path = FOLDER) -> list[dict[str, Any]]:
    """Read all records, in the order of their names.

    Raises:
        ValueError: a file that is no record.
    """
    return [read_object(path, _Record, "the record of an evaluation") for path in sorted(folder.glob("*.json"))]


def model_name(run: str) -> str:
    """Return the short name of a model: that of its folder, of a shipped one, or of one on the hub."""
    return Path(run).resolve().name if Path(run).is_dir() else run.removeprefix(f"{OWNER}/")


def weights_hash(folder: Path) -> str:
    """Return the sha256 of a model's weights as a safetensors file, compressed or not in its folder.

    Raises:
        CheckpointError: no weights, or others than its manifest says.
    """
    return hashlib.sha256(read_checked(folder, WEIGHTS)).hexdigest()


def check_unseen(run: str, name: str, checksum: str | None, split: str) -> bool:
    """Check that no run of a model's chain trained or selected on a split; return whether the chain is known.

    Args:
        run: folder or name of the model.
        name: of the dataset.
        checksum: of the dataset; None goes by the name.
        split: of the dataset.

    Raises:
        ValueError: one did.
    """
    chain = _chain(run)
    for link in chain:
        for data in link["datasets"] or []:
            if data["checksum" if checksum else "name"] == (checksum or name) and split in data["splits"]:
                used = f"run {link['run']} trained or selected on its {split} split"
                raise ValueError(f"{name}: {used}, expected puzzles that no run of the chain saw")
    return all(link["datasets"] is not None for link in chain)


def kind_of(dataset: Dataset, split: str) -> str:
    """Return where a test set comes from: "generated", "published", or "stand-in" for a published one."""
    if dataset.provenance.generator == MIXTURE_BY_SHARES:
        parts = dataset.provenance.parameters["sources"]
        if any(part.get("stands_for") for part in parts):
            return "stand-in"
    else:
        parts = sources(dataset, split)
    return "generated" if all(part.get("generator") == GENERATOR for part in parts) else "published"


def hardware(device: torch.device) -> dict[str, Any]:
    """Return what a device is called, and how many threads a CPU uses."""
    if device.type == "cuda":
        return {"device": "cuda", "name": torch.cuda.get_device_name(device)}
    return {"device": device.type, "name": _processor(), "threads": torch.get_num_threads()}


def current_commit() -> str | None:
    """Return the commit of the working tree, marked where it has changes; None outside a repository."""
    git = ["git", "-C", os.fspath(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        found = subprocess.run(git, capture_output=True, text=True, check=False)
    except OSError:  # no git on this machine
        return None
    return found.stdout.strip() or None if found.returncode == 0 else None


def portable(command: list[str]) -> str:
    """Return a command line without this machine's folders."""
    return shlex.join(Path(word).name if Path(word).is_absolute() else word for word in command)


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _by_steps(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Return how many puzzles are right after 1, 2, 4 ... ACT steps at most, and after all, with the mean taken."""
    most = evaluation.exact.shape[1]
    steps = sorted({2**power for power in range(most.bit_length())} | {most})
    exact, solved = evaluation.exact.sum(0), evaluation.solved.sum(0)
    taken = [float(np.minimum(evaluation.steps, step).mean()) for step in steps]
    return [_point(mean, exact[step - 1], solved[step - 1]) for mean, step in zip(taken, steps, strict=True)]


def _by_attempts(attempts: AttemptsEvaluation) -> list[dict[str, Any]]:
    """Return how many puzzles are right after each attempt, with the mean of all ACT steps taken."""
    return [
        _point(float(mean), exact, solved)
        for mean, exact, solved in zip(
            attempts.steps.mean(0), attempts.exact.sum(0), attempts.solved.sum(0), strict=True
        )
    ]


def _point(mean_act_steps: float, exact: np.integer[Any], rules: np.integer[Any]) -> dict[str, Any]:
    return {"mean_act_steps": round(mean_act_steps, 3), "exact": int(exact), "rules": int(rules)}


def _chain(run: str) -> Chain:
    folder, name = find(run), model_name(run)
    return read_chain(folder, name) if folder else [{"run": name, "datasets": None}]


def _trained_on(run: str) -> Chain:
    """Return the datasets of a run and of those before it by name and checksum; None where they are not known."""
    return [
        {
            "run": link["run"],
            "datasets": link["datasets"]
            and [{key: data[key] for key in ("name", "checksum", "splits")} for data in link["datasets"]],
        }
        for link in _chain(run)
    ]


def _weights(run: str) -> str | None:
    folder = find(run)
    return weights_hash(folder) if folder else None
