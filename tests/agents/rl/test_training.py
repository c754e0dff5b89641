"""Runs of every algorithm: reproduced, saved, loaded, resumed and interrupted."""

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

from agents.checkpoints.errors import CheckpointError, OccupiedError
from agents.checkpoints.kinds import TRAINING, WEIGHTS
from agents.checkpoints.lock import locked
from agents.config.rl import RLConfig, TaskConfig
from agents.rl.learning.runs import begin, resumed
from agents.rl.learning.training import RunKeeper, train
from agents.rl.measuring import unseen_puzzles
from agents.rl.saved import load
from agents.training.runs.divergence import TrainingDiverged
from agents.training.runs.log import read_metrics
from air_envs.curriculum import CurriculumPuzzles
from puzzles import build_dataset
from puzzles.dataset.layout import SPLITS
from puzzles.sudoku import SudokuOptions

SUDOKU = TaskConfig(size=4, clues=10, action_mask="candidates", end_on_contradiction=True, max_episode_steps=8)
MAZE = TaskConfig(id="air_envs/Maze-v0", rows=5, columns=5, max_episode_steps=20)
SMALL: dict[str, Any] = {
    "num_envs": 8,
    "n_steps": 4,
    "batch": 16,
    "steps": 128,
    "hidden": 8,
    "layers": 2,
    "log_every": 32,
    "eval_every": 64,
    "eval_puzzles": 16,
    "checkpoint_every": 64,
    "learning_starts": 16,
    "buffer": 64,
}
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


def config(output: Path, **fields: Any) -> RLConfig:
    return RLConfig(output=output, **{"task": SUDOKU} | SMALL | fields)


def run(output: Path, **fields: Any) -> RLConfig:
    """Train from the start."""
    found = config(output, **fields)
    train(found, progress=False)
    return found


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load(folder).model.policy.state_dict()


def assert_same(ours: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor]) -> None:
    assert ours.keys() == theirs.keys()
    for name in ours:
        assert torch.equal(ours[name], theirs[name]), name


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


@pytest.mark.parametrize("algorithm", ["ppo", "dqn", "clone"])
def test_the_learning_rate_falls_to_the_last_step_and_not_below_zero(algorithm: Any, tmp_path: Path) -> None:
    done = run(tmp_path / "run", algorithm=algorithm, steps=100)  # makes 128
    train(resumed(done.output, {"steps": 200}), resume=True, progress=False)  # makes 224
    rates = [line["lr"] / done.lr for line in read_metrics(done.output, "train")]
    assert rates == pytest.approx(
        [1, 1 - 32 / 100, 1 - 64 / 100, 1 - 96 / 100, 1 - 128 / 200, 1 - 160 / 200, 1 - 192 / 200]
    )


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


def test_refusals(tmp_path: Path) -> None:
    done = run(tmp_path / "run", steps=32)
    with pytest.raises(OccupiedError, match=r"holds rl\.json; --overwrite"):
        train(done, progress=False)
    with pytest.raises(ValueError, match=r"gamma 0\.5, but the run has 0\.99; a resumed run may change steps, "):
        resumed(done.output, {"gamma": 0.5})
    with pytest.raises(CheckpointError, match=r"none: no rl\.json, expected the folder of a run"):
        load(tmp_path / "none")
    early = config(tmp_path / "early")
    begin(early)  # and no more: killed
    with pytest.raises(CheckpointError, match=r"ended before its first checkpoint; start it again with --overwrite"):
        resumed(early.output, {})
    with pytest.raises(CheckpointError, match=r"the run has not reached its first checkpoint"):
        load(early.output)
    with pytest.raises(ValueError, match="found sudoku-4x4, expected a maze"):
        run(tmp_path / "maze", policy="neighbours")
    for task, message in (
        (dataclasses.replace(SUDOKU, id="air_envs/Nope-v0"), "task.id 'air_envs/Nope-v0', expected one of air_envs/Su"),
        (dataclasses.replace(SUDOKU, rows=4), "task.rows 4 with air_envs/Sudoku-v0, expected none"),
        (dataclasses.replace(MAZE, size=4), "task.size 4 with air_envs/Maze-v0, expected none"),
    ):
        with pytest.raises(ValueError, match=message):
            run(tmp_path / "task", task=task)
    with pytest.raises(ValueError, match="batch 64, expected at most num_envs"):
        config(tmp_path, batch=64)
    for algorithm in ("ppo", "maskable_ppo"):
        for batch in (1, 31):
            message = (
                rf"batch {batch} of num_envs \* n_steps, 32, makes a gradient step of one board, expected 2 or more"
            )
            with pytest.raises(ValueError, match=message):
                config(tmp_path, algorithm=algorithm, batch=batch)
    assert config(tmp_path, algorithm="clone", batch=1).batch == 1
    with pytest.raises(ValueError, match="policy air without init_from"):
        config(tmp_path, policy="air")
    with pytest.raises(ValueError, match="freeze with policy units"):
        config(tmp_path, freeze=True)
    with pytest.raises(ValueError, match=r"lr 1e\+40, expected at most 1e\+30"):
        config(tmp_path, lr=1e40)
    with pytest.raises(ValueError, match=r"gamma 1\.5, expected 0 to 1"):
        config(tmp_path, gamma=1.5)

    path = done.output / "rl.json"
    values = json.loads(path.read_text())
    path.write_text(json.dumps(values | {"hidden": 16}))
    with pytest.raises(CheckpointError, match=rf"{WEIGHTS}: Error.* size mismatch"):
        load(done.output)
    path.write_text(json.dumps(values | {"hidden": "many"}))
    with pytest.raises(ValueError, match=r"rl\.json: hidden 'many', expected an integer"):
        load(done.output)
    path.write_text("null")
    with pytest.raises(ValueError, match=r"rl\.json: configuration None, expected an object of fields"):
        load(done.output)
    path.write_text(json.dumps(values))
    state = torch.load(done.output / TRAINING, weights_only=True)
    moments, shape = state["optimizer"]["state"], r"key optimizer.state.0.exp_avg of shape \(3,\), expected"
    for damaged, message in (
        (state | {"steps": -7}, "steps -7, expected an integer of 0 or more"),
        (state | {"steps": 32.0}, "steps 32.0, expected an integer of 0 or more"),
        (state | {"updates": True}, "updates True, expected an integer of 0 or more"),
        (state | {"seconds": float("nan")}, "seconds nan, expected a number of at least 0"),
        (state | {"episodes": [1.0]}, "episodes: 1 values, expected 4 values"),
        (state | {"config": "no"}, "config: not JSON"),
        (state | {"policy": {}}, "missing keys: policy.action_net"),
        (state | {"optimizer": {}}, "optimizer: expected the state of an optimizer"),
        (state | {"optimizer": {"state": {}}}, "optimizer.state is empty, expected that of 2 updates"),
        (state | {"optimizer": {"state": moments | {0: moments[0] | {"exp_avg": torch.zeros(3)}}}}, shape),
        (state | {"optimizer": {"state": {0: {}}}}, "missing keys: optimizer.state.0.exp_avg"),
        ([], "expected the state of a run of air-envs train-rl"),
    ):
        torch.save(damaged, done.output / TRAINING)
        with pytest.raises(CheckpointError, match=rf"training\.pt: {message}"):
            train(resumed(done.output, {"steps": 64}), resume=True, progress=False)
    for data in (b"", b"\x80\x02no"):
        (done.output / TRAINING).write_bytes(data)
        with pytest.raises(CheckpointError, match=r"training\.pt: not a torch file"):
            train(resumed(done.output, {"steps": 64}), resume=True, progress=False)
    (done.output / WEIGHTS).write_bytes(b"no")
    with pytest.raises(CheckpointError, match=r"model\.safetensors: "):
        load(done.output)
