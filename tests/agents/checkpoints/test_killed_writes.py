"""A kill at any change of the file system leaves a whole checkpoint: the one of before, or the new one."""

import itertools
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from agents.checkpoints.errors import CheckpointError
from agents.checkpoints.folder import (
    load_model,
    load_training,
    publish_newest,
    rewind,
    save_best,
    save_checkpoint,
)
from agents.checkpoints.kinds import checkpoint_steps
from agents.checkpoints.manifest import check_files, read_object
from agents.models.air import AIR
from tests.agents.checkpoints.conftest import SMALL
from tests.agents.forked import dies_at_event, forked

EVENTS = {"os.rename", "os.link", "os.remove", "os.rmdir", "os.mkdir"}
"""Changes of names in the file system, as Python's audit events call them; what is written lies under other names."""


def filled(value: float) -> AIR:
    """A model of which every weight is one number."""
    model = AIR(SMALL)
    with torch.no_grad():
        for weight in model.state_dict().values():
            weight.fill_(value)
    return model


def number(folder: Path) -> float:
    """The number that a checkpoint's weights all are."""
    (found,) = {float(value) for weight in load_model(folder).state_dict().values() for value in weight.unique()}
    return found


def killed(work: Callable[[], object], undo: Callable[[], object]) -> Iterator[int]:
    """Do work over and over, killed before each of its changes in turn, until none is left to be killed at."""
    for event in range(1, 1_000):
        undo()
        ended = forked(lambda event=event: (dies_at_event(event, EVENTS), work()))
        assert ended.code in (0, 9), ended.err
        yield event
        if ended.code == 0:
            assert event > 5, "the work makes changes"
            return


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A run of two checkpoints, of steps 1 and 2, and a best model, of 2."""
    run = tmp_path / "saved"
    for step in (1, 2):
        save_checkpoint(filled(step), {"step": step}, run, step, keep=2)
    save_best(filled(2), {"step": 2}, run)
    return run


def afresh(saved: Path, run: Path) -> None:
    """Copy a run, its links as links."""
    shutil.rmtree(run, ignore_errors=True)
    shutil.copytree(saved, run, copy_function=os.link)


def test_while_a_checkpoint_is_saved(saved: Path, tmp_path: Path) -> None:
    run, seen = tmp_path / "run", set()
    for _ in killed(lambda: save_checkpoint(filled(3), {"step": 3}, run, 3, keep=2), lambda: afresh(saved, run)):
        assert number(run) in (2, 3), "read before the run is resumed"
        before = load_training(run, "cpu")["step"]
        publish_newest(run)
        step = load_training(run, "cpu")["step"]
        assert step in (before, 3)
        assert number(run) == step
        assert number(run / "best") == 2
        assert not [path for path in run.rglob(".*") if path.is_dir()], "nothing large is left over"
        for kept in checkpoint_steps(run):
            check_files(run / "checkpoints" / f"step-{kept}")
            assert number(run / "checkpoints" / f"step-{kept}") == kept
        seen.add((before, step))
    assert seen == {(2, 2), (2, 3), (3, 3)}
    assert checkpoint_steps(run) == [2, 3]


def test_while_the_first_checkpoint_is_saved(tmp_path: Path) -> None:
    run, seen = tmp_path / "run", set()
    undo = lambda: shutil.rmtree(run, ignore_errors=True)  # noqa: E731
    for _ in killed(lambda: save_checkpoint(filled(1), {"step": 1}, run, 1, keep=2), undo):
        run.mkdir(exist_ok=True)
        try:
            seen.add(number(run))
            publish_newest(run)
            assert number(run) == load_training(run, "cpu")["step"] == 1
        except CheckpointError:
            assert not checkpoint_steps(run)
            seen.add(None)
    assert seen == {None, 1}


def test_while_the_best_model_is_replaced(saved: Path, tmp_path: Path) -> None:
    run, seen = tmp_path / "run", set()
    for _ in killed(lambda: save_best(filled(3), {"step": 3}, run), lambda: afresh(saved, run)):
        found = number(run / "best")
        publish_newest(run)
        assert number(run / "best") == found
        assert read_object(run / "best", "evaluation.json") == {"step": found}
        seen.add(found)
    assert seen == {2, 3}


def test_while_a_run_goes_back(saved: Path, tmp_path: Path) -> None:
    run, seen = tmp_path / "run", set()
    for _ in killed(lambda: rewind(run, 1), lambda: afresh(saved, run)):
        assert number(run) in (1, 2)
        publish_newest(run)
        assert number(run) == load_training(run, "cpu")["step"]
        seen.add(number(run))
    assert seen == {1, 2}


def test_a_run_is_read_while_it_is_trained(tmp_path: Path) -> None:
    run, enough = tmp_path / "run", tmp_path / "enough"
    save_checkpoint(filled(0), {"step": 0}, run, 0, keep=2)
    child = os.fork()
    if child == 0:
        for step in itertools.takewhile(lambda _: not enough.exists(), itertools.count(1)):
            time.sleep(0.02)
            save_checkpoint(filled(step), {"step": step}, run, step, keep=2)
        os._exit(0)
    seen, deadline = [], time.monotonic() + 60
    while len(set(seen)) < 6 and time.monotonic() < deadline:
        seen.append(number(run))
    enough.touch()
    os.waitpid(child, 0)
    assert seen == sorted(seen)
    assert len(set(seen)) == 6
    assert number(run) == checkpoint_steps(run)[-1]


def test_what_a_person_has_put_into_the_folder_is_what_is_read(saved: Path) -> None:
    """The best model in place of the newest, which no kill leaves."""
    save_best(filled(7), {"step": 1}, saved)
    shutil.rmtree(saved / "copy", ignore_errors=True)
    for name in ("config.json", "model.safetensors", "manifest.json"):
        (saved / name).unlink()
        shutil.copy(saved / "best" / name, saved)
    assert number(saved) == 7
