"""Runs of every algorithm: reproduced, saved, loaded and refused."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from agents.checkpoints.errors import CheckpointError, OccupiedError
from agents.checkpoints.kinds import TRAINING
from agents.checkpoints.lock import locked
from agents.rl.learning.runs import resumed
from agents.rl.learning.training import RunKeeper, train
from agents.rl.measuring import unseen_puzzles
from agents.rl.saved import load
from agents.training.runs.divergence import TrainingDiverged
from agents.training.runs.log import read_metrics
from puzzles import build_dataset
from puzzles.dataset.layout import SPLITS
from puzzles.sudoku import SudokuOptions
from tests.agents.rl.small_runs import MAZE, SUDOKU, assert_same, config, run, weights

RUNS = {
    "ppo": {"algorithm": "ppo"},
    "maskable_ppo": {},
    "dqn": {"algorithm": "dqn"},
    "clone": {"algorithm": "clone"},
    "mlp": {"policy": "mlp"},
    "dqn of mlp": {"algorithm": "dqn", "policy": "mlp"},
    "convolution": {"policy": "convolution"},
    "maze": {"task": MAZE, "policy": "neighbours"},
    "dqn of maze": {"task": MAZE, "policy": "neighbours", "algorithm": "dqn"},
    "clone of maze": {"task": MAZE, "policy": "convolution", "algorithm": "clone"},
}


@pytest.mark.parametrize("fields", RUNS.values(), ids=RUNS)
def test_one_seed_trains_one_agent_and_it_is_loaded_as_it_was(fields: dict[str, Any], tmp_path: Path) -> None:
    trained = run(tmp_path / "a", **fields)
    run(tmp_path / "b", **fields)
    run(tmp_path / "c", **fields, seed=1)
    agent = load(tmp_path / "a")
    assert agent.config == trained
    assert_same(weights(tmp_path / "a"), weights(tmp_path / "b"))
    ours, other = (torch.cat([w.flatten() for w in weights(tmp_path / name).values()]) for name in ("a", "c"))
    assert not torch.equal(ours, other)

    lines = list(read_metrics(tmp_path / "a"))
    assert {line["step"] for line in lines if line["split"] == "validation"} == {64, 128}
    assert {line["step"] for line in lines if line["split"] == "train"} == {32, 64, 96, 128}
    for line in lines:
        assert 0 <= line.get("solved", 0) <= 1

    envs = agent.config.make_envs(6, unseen=True)
    observations, infos = envs.reset(seed=3)
    masks = infos["action_mask"].astype(bool)
    probabilities = agent.policy.probabilities(observations, masks)
    assert probabilities.dtype == np.float32
    assert probabilities.shape == masks.shape
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)
    assert not probabilities[~masks].any()
    if agent.config.algorithm == "dqn":
        assert ((probabilities == 0) | (probabilities == 1)).all()
    if agent.config.algorithm == "maskable_ppo":
        chosen, _ = agent.model.predict(observations, action_masks=masks, deterministic=True)  # type: ignore[call-arg]
        np.testing.assert_array_equal(probabilities.argmax(1), chosen)


@pytest.mark.parametrize("algorithm", ["ppo", "dqn", "clone"])
def test_the_learning_rate_falls_to_the_last_step_and_not_below_zero(algorithm: Any, tmp_path: Path) -> None:
    done = run(tmp_path / "run", algorithm=algorithm, steps=100)  # makes 128
    train(resumed(done.output, {"steps": 200}), resume=True, progress=False)  # makes 224
    rates = [line["lr"] / done.lr for line in read_metrics(done.output, "train")]
    assert rates == pytest.approx(
        [1, 1 - 32 / 100, 1 - 64 / 100, 1 - 96 / 100, 1 - 128 / 200, 1 - 160 / 200, 1 - 192 / 200]
    )


def test_what_cannot_be_trained_changes_nothing_in_the_folder(tmp_path: Path) -> None:
    done = run(tmp_path / "run", steps=32)
    before = {path.name: path.read_bytes() for path in done.output.iterdir()}
    other = tmp_path / "none"
    for fields, message in (
        ({"policy": "neighbours"}, "expected a maze"),
        ({"device": "banana"}, "device 'banana'"),
        ({"init_from": str(other)}, r"none: no model\.safetensors, expected the folder of a run"),
    ):
        with pytest.raises(ValueError, match=message):
            train(dataclasses.replace(done, **fields), progress=False, overwrite=True)
        with pytest.raises(ValueError, match=message):
            train(config(tmp_path / "new", **fields), progress=False)
    with pytest.raises(ValueError, match="device 'banana'"):
        train(resumed(done.output, {"device": "banana"}), resume=True, progress=False)
    with locked(done.output):
        for resume in (False, True):
            with pytest.raises(CheckpointError, match="is writing into this run"):
                train(dataclasses.replace(done, steps=64), resume=resume, overwrite=True, progress=False)
    assert {path.name: path.read_bytes() for path in done.output.iterdir()} == before
    assert not (tmp_path / "new").exists()
    (tmp_path / "file").touch()
    with pytest.raises(OccupiedError, match="file: a file is there, expected a folder"):
        run(tmp_path / "file")


def test_a_run_that_diverges_keeps_its_last_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = RunKeeper._on_step

    def overflow(keeper: RunKeeper) -> bool:
        if keeper.num_timesteps == 96:
            next(keeper.model.policy.parameters()).data.fill_(float("inf"))
        return usual(keeper)

    monkeypatch.setattr(RunKeeper, "_on_step", overflow)
    with pytest.raises(TrainingDiverged, match=r"run: a weight is not finite at step 96; lower --lr"):
        run(tmp_path / "run")
    assert torch.load(tmp_path / "run" / TRAINING, weights_only=True)["steps"] == 64
    assert all(weight.isfinite().all() for weight in weights(tmp_path / "run").values())


def test_a_run_starts_from_the_weights_of_another(tmp_path: Path) -> None:
    cloned = run(tmp_path / "clone", algorithm="clone")
    run(tmp_path / "more", init_from=str(cloned.output), lr=0.0)
    assert_same(weights(tmp_path / "more"), weights(cloned.output))


def test_training_and_evaluation_have_different_puzzles(tmp_path: Path) -> None:
    assert SUDOKU.unseen() == SUDOKU.arguments() | {"pool": 1}
    path = tmp_path / "sudokus.h5"
    build_dataset(path, "sudoku-4x4", SudokuOptions(clues=10), train=40, test=5, progress=False)
    task = dataclasses.replace(SUDOKU, clues=None, dataset=path)
    counts = {split: len(unseen_puzzles(task.id, task.arguments(), split=split)) for split in SPLITS}
    assert counts == {"train": 36, "validation": 4, "test": 5}
    assert len(config(tmp_path, task=task).make_envs(2).unwrapped.source) == 36
    assert len(config(tmp_path, task=task).make_envs(2, unseen=True).unwrapped.source) == 5


def test_experts_of_a_dataset_are_imitated(tmp_path: Path) -> None:
    path = tmp_path / "sudokus.h5"
    build_dataset(path, "sudoku-4x4", SudokuOptions(clues=10), train=20, test=5, progress=False)
    task = dataclasses.replace(SUDOKU, clues=None, dataset=path)
    cloned = run(tmp_path / "run", algorithm="clone", task=task)
    assert load(cloned.output).config.task.dataset == path
    assert list(read_metrics(cloned.output, "validation"))[-1]["puzzles"] == 2, "set aside from its train split"
