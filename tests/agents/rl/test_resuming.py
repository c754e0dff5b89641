"""Runs that are resumed, extended and interrupted."""

import copy
import dataclasses
import json
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from agents.checkpoints.errors import CheckpointError
from agents.checkpoints.kinds import TRAINING
from agents.config.rl import TaskConfig
from agents.rl.learning.runs import resumed
from agents.rl.learning.training import RunKeeper, train
from agents.rl.saved import load
from agents.training.runs.log import read_metrics
from air_envs.curriculum import CurriculumPuzzles
from puzzles import build_dataset
from puzzles.sudoku import SudokuOptions
from tests.agents.rl.small_runs import MAZE, SUDOKU, assert_same, config, run, weights


@pytest.mark.parametrize("algorithm", ["ppo", "maskable_ppo", "clone"])
def test_a_resumed_run_goes_on_as_one_without_a_break(algorithm: Any, tmp_path: Path) -> None:
    whole = run(tmp_path / "whole", algorithm=algorithm)
    part = dataclasses.replace(whole, output=tmp_path / "part", steps=64, lr_schedule="constant")
    train(part, progress=False)
    train(resumed(part.output, {"steps": 128}), resume=True, progress=False)
    straight = run(tmp_path / "straight", algorithm=algorithm, lr_schedule="constant")
    assert_same(weights(part.output), weights(straight.output))
    kept = list(read_metrics(part.output, "train"))
    assert [line["step"] for line in kept] == [32, 64, 96, 128]
    for mine, theirs in zip(kept, read_metrics(straight.output, "train"), strict=True):
        for name in ("loss", "value_loss", "return", "solved", "episodes"):
            assert mine.get(name) == theirs.get(name), (mine["step"], name)


def test_a_curriculum_rises_and_a_resumed_run_keeps_its_level(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = tmp_path / "mazes.h5"
    build_dataset(dataset, "maze-5x5", train=60, test=20, progress=False)
    task = dataclasses.replace(MAZE, dataset=dataset, curriculum=(8,))
    full = task.make_curriculum()
    assert full is not None
    assert [level.take(np.arange(len(level))).rating.max() <= 8 for level in full.levels] == [True, False]
    easy = CurriculumPuzzles.by_rating(dataset, (8,), threshold=0.1, window=8)
    monkeypatch.setattr(TaskConfig, "make_curriculum", lambda task: copy.deepcopy(easy))
    fields: dict[str, Any] = {"task": task, "policy": "convolution", "lr_schedule": "constant", "steps": 512}
    straight = run(tmp_path / "straight", **fields, checkpoint_every=256)
    levels = [line["level"] for line in read_metrics(straight.output, "train")]
    assert (levels[0], levels[-1]) == (0, 1)
    part = run(tmp_path / "part", **fields | {"steps": 256}, checkpoint_every=256)
    assert torch.load(part.output / TRAINING, weights_only=True)["level"] == 1
    train(resumed(part.output, {"steps": 512}), resume=True, progress=False)
    assert [line["level"] for line in read_metrics(part.output, "train")] == levels
    assert_same(weights(part.output), weights(straight.output))
    with pytest.raises(ValueError, match="curriculum without dataset, expected one"):
        dataclasses.replace(MAZE, curriculum=(8,))
    with pytest.raises(ValueError, match="curriculum without a rating, expected the highest of each level"):
        dataclasses.replace(task, curriculum=())


def test_a_curriculum_rises_between_checkpoints_however_often(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = tmp_path / "mazes.h5"
    build_dataset(dataset, "maze-5x5", train=60, test=20, progress=False)
    task = dataclasses.replace(MAZE, dataset=dataset, curriculum=(8,))
    many = CurriculumPuzzles.by_rating(dataset, (8,), window=40)  # more than a checkpoint's steps have
    monkeypatch.setattr(TaskConfig, "make_curriculum", lambda task: copy.deepcopy(many))
    fields: dict[str, Any] = {"task": task, "policy": "convolution", "algorithm": "clone", "lr_schedule": "constant"}
    straight = run(tmp_path / "straight", **fields, steps=512, checkpoint_every=128)
    part = run(tmp_path / "part", **fields, steps=128, checkpoint_every=128)
    state = torch.load(part.output / TRAINING, weights_only=True)
    assert state["level"] == 0
    assert 0 < len(state["outcomes"]) < 40
    train(resumed(part.output, {"steps": 512}), resume=True, progress=False)
    levels = [[line["level"] for line in read_metrics(each.output, "train")] for each in (straight, part)]
    assert levels[0][-1] == 1
    assert levels[0] == levels[1]
    assert_same(weights(part.output), weights(straight.output))
    for damaged, message in (
        ({"level": 2}, "curriculum: start: found 2, expected an integer from 0 to 1"),
        ({"outcomes": [1]}, r"outcomes \[1\], expected a list of true and false"),
        ({"outcomes": [True] * 41}, "curriculum: outcomes: found 41, expected at most the window, 40"),
    ):
        torch.save(state | damaged, part.output / TRAINING)
        with pytest.raises(CheckpointError, match=rf"training\.pt: {message}"):
            train(resumed(part.output, {"steps": 1024}), resume=True, progress=False)


def test_dqn_resumes_with_an_empty_buffer(tmp_path: Path) -> None:
    first = run(tmp_path / "run", algorithm="dqn")
    before = weights(first.output)
    train(resumed(first.output, {"steps": 192}), resume=True, progress=False)
    assert not all(torch.equal(before[name], weight) for name, weight in weights(first.output).items())
    assert [line["step"] for line in read_metrics(first.output, "train")][-1] == 192


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_ctrl_c_and_sigterm_save(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = RunKeeper._on_step

    def press(keeper: RunKeeper) -> bool:
        if keeper.num_timesteps == 72:
            os.kill(os.getpid(), number)
        return usual(keeper)

    monkeypatch.setattr(RunKeeper, "_on_step", press)
    fields: dict[str, Any] = {"log_every": 128, "checkpoint_every": 32, "lr_schedule": "constant"}
    begun = config(tmp_path / "run", steps=1_000_000, **fields)
    with pytest.raises(KeyboardInterrupt):
        train(begun, progress=False)
    state = torch.load(begun.output / TRAINING, weights_only=True)
    assert state["steps"] == 96, "the update under way ends first"
    monkeypatch.undo()
    train(resumed(begun.output, {"steps": 128}), resume=True, progress=False)
    assert torch.load(begun.output / TRAINING, weights_only=True)["steps"] == 128
    (mine,) = read_metrics(begun.output, "train")
    (theirs,) = read_metrics(run(tmp_path / "straight", **fields).output, "train")
    for name in ("episodes", "return", "solved", "moves", "loss"):
        assert mine[name] == theirs[name], name
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.parametrize("steps", [64, 1_000_000], ids=["last", "on the way"])
def test_ctrl_c_breaks_off_an_evaluation(steps: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    beyond = []

    def press(*args: object, **fields: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        beyond.append(args)

    monkeypatch.setattr("agents.rl.learning.training.measure", press)
    begun = config(tmp_path / "run", steps=steps, eval_every=64)
    with pytest.raises(KeyboardInterrupt):
        train(begun, progress=False)
    assert not beyond
    assert torch.load(begun.output / TRAINING, weights_only=True)["steps"] == 64
    monkeypatch.undo()
    assert train(resumed(begun.output, {"steps": 64}), resume=True, progress=False).count == begun.eval_puzzles


def test_a_resumed_run_makes_the_evaluation_that_was_broken_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agents.rl.learning.training.measure", lambda *_, **__: os.kill(os.getpid(), signal.SIGTERM))
    begun = config(tmp_path / "run")
    with pytest.raises(KeyboardInterrupt):
        train(begun, progress=False)
    assert not list(read_metrics(begun.output, "validation"))
    monkeypatch.undo()
    train(resumed(begun.output, {}), resume=True, progress=False)
    straight = run(tmp_path / "straight")
    mine, theirs = (list(read_metrics(each.output, "validation")) for each in (begun, straight))
    assert [line["step"] for line in mine] == [64, 128]
    assert [line | {"seconds": 0} for line in mine] == [line | {"seconds": 0} for line in theirs]
    assert_same(weights(begun.output), weights(straight.output))


def test_resuming_a_finished_run_evaluates_it_again(tmp_path: Path) -> None:
    done = run(tmp_path / "run", steps=33)  # makes 64
    before = weights(done.output)
    found = train(resumed(done.output, {"eval_puzzles": 5}), resume=True, progress=False)
    assert found.count == 5
    (line,) = read_metrics(done.output, "validation")
    assert (line["step"], line["puzzles"]) == (64, 5), "in place of the former line"
    assert_same(weights(done.output), before)
    with pytest.raises(ValueError, match=r"run: the run has made 64 steps, expected at most 32"):
        train(resumed(done.output, {"steps": 32}), resume=True, progress=False)
    assert load(done.output).config.steps == 33


def test_a_run_is_resumed_with_the_configuration_and_the_dataset_that_it_had(tmp_path: Path) -> None:
    path = tmp_path / "sudokus.h5"
    build_dataset(path, "sudoku-4x4", SudokuOptions(clues=10), train=20, test=5, progress=False)
    done = run(tmp_path / "run", task=dataclasses.replace(SUDOKU, clues=None, dataset=path), steps=32)
    written = (done.output / "rl.json").read_text()

    def go_on(values: dict[str, Any]) -> None:
        (done.output / "rl.json").write_text(json.dumps(json.loads(written) | values))
        train(resumed(done.output, {"steps": 64}), resume=True, progress=False)

    with pytest.raises(CheckpointError, match=r"rl\.json: gamma 0\.5, but the run was trained with 0\.99"):
        go_on({"gamma": 0.5})
    other = tmp_path / "others.h5"
    build_dataset(other, "sudoku-4x4", SudokuOptions(clues=10), train=20, test=5, seed=1, progress=False)
    task = json.loads(written)["task"]
    with pytest.raises(CheckpointError, match=r"run: was trained on another dataset than .*others\.h5 holds now"):
        go_on({"task": task | {"dataset": str(other)}})
    moved = path.rename(tmp_path / "moved.h5")
    go_on({"task": task | {"dataset": str(moved)}, "log_every": 64})
    assert torch.load(done.output / TRAINING, weights_only=True)["steps"] == 64


def test_a_run_of_an_earlier_version_is_resumed(tmp_path: Path) -> None:
    done = run(tmp_path / "run", steps=32)
    state = torch.load(done.output / TRAINING, weights_only=True)
    for name in ("config", "dataset", "episodes", "outcomes"):
        del state[name]
    torch.save(state, done.output / TRAINING)
    train(resumed(done.output, {"steps": 64}), resume=True, progress=False)
    assert torch.load(done.output / TRAINING, weights_only=True)["steps"] == 64
